//! The part that start and resend share: take from the counters, hand the code over, note what came of it.

use super::hand_over::{HandedOver, Parcel, hand_over};
use super::{Failure, Stop, TRIES_MAX, Verifier, deliverability, invalid_numbers, statistics, today};
use crate::application::Application;
use crate::deliverability::Pace;
use crate::delivery::DeliveryRecord;
use crate::id::DeliveryId;
use crate::limit::{Member, SendParties, takes_of_a_send};
use crate::message::Content;
use crate::ports::{Change, Dependency, Lost, PortError, Receipt, Saved, SendReport, Sms, Taken};
use crate::refusal::Refusal;
use crate::route::RouteName;
use crate::statistic::{Happening, SmsRef};
use crate::time::{Timestamp, until};
use crate::verification::step::DeliveryReport;
use crate::verification::{Command, Effect, Generation, Subject, Verification, step};

/// A send that is stored and not yet handed over.
pub(super) struct Sending {
    /// The verification as stored.
    pub(super) verification: Verification,
    /// The delivery's number.
    pub(super) number: u32,
    /// The generation that the send replaced, if it did.
    pub(super) replaced: Option<Generation>,
    /// When it was sent before, if it was.
    pub(super) sent_before: Option<Timestamp>,
    /// What the send took from the counters.
    pub(super) receipt: Receipt,
}

/// Takes one send from every limit, or refuses. What can be given back is the attempt itself; that the account has turned to
/// this phone stays counted, since another send of the same race may have reached it.
///
/// A test number takes from none. Where nothing leads to the phone, or it is the test number of others, nothing is taken.
pub(super) async fn take(
    verifier: &Verifier,
    application: &Application,
    subject: &Subject,
    now: Timestamp,
) -> Result<Receipt, Stop> {
    if application.test_number(subject.phone, now).is_some() {
        return Ok(Receipt::default());
    }
    let fictitious = verifier.applications.is_fictitious(subject.phone);
    if fictitious || !verifier.ports.gateways.lead(&subject.application, subject.phone) {
        return Err(Refusal::DestinationUnsupported.into());
    }
    let parties = SendParties {
        application: &subject.application,
        account: subject.account,
        phone: verifier.phone_key.fingerprint(subject.phone),
    };
    let attempt = Member::of_attempt(verifier.ports.entropy.as_ref())?;
    let takes = takes_of_a_send(&application.policy, &parties, attempt);
    match verifier.ports.counters.take(&takes, now).await? {
        Taken::All(Receipt(mut counted)) => {
            counted.retain(|(_, member)| *member == attempt);
            Ok(Receipt(counted))
        }
        Taken::Refused { name: _, retry_after } => Err(Refusal::RateLimited { retry_after }.into()),
    }
}

/// Gives a send back to the limits. A failure here changes no answer: the limits stay stricter for a while.
pub(super) async fn refund(verifier: &Verifier, receipt: &Receipt) {
    if let Err(error) = verifier.ports.counters.refund(receipt).await {
        verifier.ports.alarms.raise(Lost::Refund, &error);
    }
}

/// Hands the code over and notes what came of it.
pub(super) async fn deliver(
    verifier: &Verifier,
    application: &Application,
    sending: Sending,
) -> Result<Verification, Stop> {
    let Sending { verification, number, replaced, sent_before, receipt } = sending;
    if application.test_number(verification.subject.phone, verification.delivery.at).is_some() {
        return simulate(verifier, verification, number).await;
    }
    let parcel = match prepare(verifier, application, &verification, number) {
        Ok(parcel) => parcel,
        Err(failure) => {
            // Nothing has left, so the send is not counted.
            refund(verifier, &receipt).await;
            return Err(failure.into());
        }
    };
    let HandedOver { attempts, report, route, refusal } = hand_over(verifier, application, parcel).await;
    tell(verifier, &verification, number > 1, &attempts, route.as_ref());
    let pace = deliverability::pace(verifier, &application.policy, &verification.subject, route.as_ref());
    let command = Command::RecordDelivery { number, report, replaced, sent_before, route, pace };
    let (recorded, effect) = record(verifier, verification, command, &attempts).await;
    match effect {
        Some(Effect::Refund) => refund(verifier, &receipt).await,
        Some(Effect::Send { .. } | Effect::Bind) | None => {}
    }
    invalid_numbers::note(verifier, application, &attempts).await;
    match refusal {
        None => Ok(recorded),
        Some(refusal) => Err(refusal.about(recorded).into()),
    }
}

/// What is done in place of a send to a test number. The code is known, so nothing leaves.
async fn simulate(
    verifier: &Verifier,
    verification: Verification,
    number: u32,
) -> Result<Verification, Stop> {
    if number == 1 {
        statistics::tell(verifier, &verification.subject, "", Happening::Started);
    }
    let (report, pace) = (DeliveryReport::Simulated, Pace::Usual);
    let command =
        Command::RecordDelivery { number, report, replaced: None, sent_before: None, route: None, pace };
    let (recorded, _) = record(verifier, verification, command, &[]).await;
    Ok(recorded)
}

/// Tells of a send, and of the verification that began with it unless it was sent before. The gateway of a verification is
/// that by which its SMS went, or may have; otherwise that of its last attempt.
fn tell(
    verifier: &Verifier,
    verification: &Verification,
    again: bool,
    attempts: &[DeliveryRecord],
    route: Option<&RouteName>,
) {
    let subject = &verification.subject;
    if !again {
        let sent = attempts.iter().find(|attempt| route.is_some() && attempt.route.as_ref() == route);
        let gateway = sent.or(attempts.last()).map_or("", |attempt| &attempt.gateway);
        statistics::tell(verifier, subject, gateway, Happening::Started);
    }
    for attempt in attempts {
        let SendReport { answer, credits, .. } = attempt.report;
        let sent = Happening::Sent { again, segments: attempt.segments, answer, credits };
        let sms = attempt.route.as_ref().map(|route| SmsRef { route, sent_at: verification.sent_at });
        statistics::tell_of(verifier, subject, &attempt.gateway, sms, sent);
    }
}

/// All that can fail before the SMS leaves: what has left is recorded whatever fails then.
fn prepare<'a>(
    verifier: &Verifier,
    application: &Application,
    verification: &'a Verification,
    number: u32,
) -> Result<Parcel<'a>, Failure> {
    let sms = compose(verifier, application, verification)?;
    let entropy = verifier.ports.entropy.as_ref();
    let id = DeliveryId::new(verifier.now(), entropy)?;
    let routes = verifier.ports.gateways.routes();
    let chance = if routes.are_shared() {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes)?;
        u64::from_le_bytes(bytes)
    } else {
        0
    };
    let subject = &verification.subject;
    let plan = routes.plan(&subject.application, subject.phone, chance);
    Ok(Parcel { verification, number, sms, plan, id })
}

/// The SMS of the present code.
fn compose(
    verifier: &Verifier,
    application: &Application,
    verification: &Verification,
) -> Result<Sms, Failure> {
    let Some(code) = verifier.peppers.derive(&verification.code_source()) else {
        // The caller chose the newest pepper or knew this one a moment ago: another process has other secrets.
        return Err(Failure::Contended);
    };
    let left = until(verification.delivery.at, verification.generation.expires_at);
    let minutes = (left.as_secs() / 60).max(1);
    let options = &verification.message;
    let text = application.messages.render(&Content {
        locale: options.locale,
        code: code.as_str(),
        minutes,
        app_hash: options.app_hash.as_ref(),
        origin: options.origin.as_ref(),
    });
    Ok(Sms { to: verification.subject.phone, text })
}

/// Notes the gateway's answer. The SMS has left (or not) whatever becomes of the note, so a failure is raised as an
/// alarm, and the caller is told what happened.
async fn record(
    verifier: &Verifier,
    verification: Verification,
    command: Command,
    attempts: &[DeliveryRecord],
) -> (Verification, Option<Effect>) {
    let mut current = verification;
    for _ in 0..TRIES_MAX {
        let now = verifier.now();
        let decided = step(&current, command.clone(), now);
        let effect = decided.effect;
        // An answer that comes too late changes nothing, and is kept all the same.
        let change = Change { next: &decided.next, expected: current.version, guess: None };
        match verifier.ports.deliveries.record_delivery(&change, attempts).await {
            Ok(Saved::Stored) => {
                statistics::tell_end(verifier, &current, &decided.next);
                return (decided.next, effect);
            }
            // No guess was asked about, so a spent budget cannot be the answer; looking again is right all the same.
            Ok(Saved::Conflict | Saved::BudgetSpent) => {}
            Err(error) => {
                verifier.ports.alarms.raise(Lost::DeliveryRecord, &error);
                return (decided.next, effect);
            }
        }
        match verifier.ports.verifications.load(current.id, today(now)).await {
            Ok(Some(loaded)) => current = loaded.verification,
            Ok(None) => return (decided.next, effect),
            Err(error) => {
                verifier.ports.alarms.raise(Lost::DeliveryRecord, &error);
                return (decided.next, effect);
            }
        }
    }
    let error = PortError::unavailable(Dependency::Store, Failure::Contended);
    verifier.ports.alarms.raise(Lost::DeliveryRecord, &error);
    let decided = step(&current, command, verifier.now());
    (decided.next, decided.effect)
}
