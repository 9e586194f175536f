//! Start: a code to a phone. A start while one is live for the same subject is a resend of it.

use super::accounts::named;
use super::resend::resend_live;
use super::send::{self, Sending};
use super::statistics::{self, About};
use super::{Answer, Failure, Stop, TRIES_MAX, Verifier, answer, today};
use crate::account::{AccountIdentity, Username, VerifiedPhone};
use crate::application::Application;
use crate::code::Nonce;
use crate::credential::Caller;
use crate::guess::{GuessClass, GuessTotals};
use crate::id::VerificationId;
use crate::invalid_numbers::is_known;
use crate::message::{AppHash, Locale, Origin};
use crate::phone::Phone;
use crate::ports::{Change, Inserted, Saved, Standing};
use crate::refusal::Refusal;
use crate::time::{Timestamp, after, until};
use crate::verification::{
    Budget, Command, MessageOptions, Purpose, Seed, State, Subject, Verification, open, step,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct StartRequest {
    /// The phone to prove.
    pub phone: Phone,
    /// The account it is for; a user token's own when absent.
    pub account: Option<Username>,
    /// What the proof is for.
    pub purpose: Purpose,
    /// The language of the SMS; the application's when absent.
    pub locale: Option<Locale>,
    /// The build of the Android app that may read the SMS.
    pub app_hash: Option<AppHash>,
    /// The web origin that may read the code.
    pub origin: Option<Origin>,
}

/// What a start did.
#[derive(Clone, Debug, PartialEq)]
pub enum Started {
    /// A new verification began.
    New(Verification),
    /// The live one was sent again.
    Resent(Verification),
}

/// Starts a verification, or sends the live one again.
///
/// # Errors
/// [`Failure`] when a port fails; no SMS was sent then, unless the gateway had it before the failure, in which case
/// the answer is a [`Started`] and the failure goes to the alarms.
pub async fn start(
    verifier: &Verifier,
    caller: &Caller,
    request: StartRequest,
) -> Result<Answer<Started>, Failure> {
    let about = About::new(caller.application(), Some(request.phone), Some(request.purpose));
    let answered = answer(start_or_stop(verifier, caller, request).await);
    statistics::tell_refusal(verifier, about, &answered);
    answered
}

async fn start_or_stop(verifier: &Verifier, caller: &Caller, request: StartRequest) -> Result<Started, Stop> {
    let application = verifier.application(caller.application())?;
    let message = message_options(application, &request)?;
    let account = account_of(verifier, caller, request.account.as_ref()).await?;
    let subject = Subject {
        application: application.id.clone(),
        account: account.as_ref().map(|account| account.id),
        phone: request.phone,
        purpose: request.purpose,
    };
    super::blocks::may_send(verifier, &subject, verifier.now())?;
    let opening = Opening { subject, username: account.map(|account| account.username), message };

    let mut looked_again = false;
    for _ in 0..TRIES_MAX {
        let now = verifier.now();
        let standing = verifier.ports.verifications.standing(&opening.subject, today(now)).await?;
        may_prove(application, &opening.subject, standing.proved, now)?;
        let known = is_known(&opening.subject, standing.latest.as_ref(), standing.proved);
        super::invalid_numbers::may_send(verifier, application, (opening.subject.phone, known), now)?;
        let latest = standing.latest.as_ref().map(|latest| step(latest, Command::Settle, now).next);
        let live = latest.filter(|latest| latest.is_live(now));
        if let Some(mut live) = live {
            // Whoever starts again may have changed the device or the language.
            live.message.clone_from(&opening.message);
            match resend_live(verifier, application, live, standing.guesses, now).await? {
                Some(resent) => return Ok(Started::Resent(resent)),
                None => continue,
            }
        }
        match begin(verifier, application, &opening, &standing, now).await {
            Ok(Some(begun)) => return Ok(Started::New(begun)),
            Ok(None) => {}
            // Starts that race for one subject count until they know who won: the limit may be full of their own.
            Err(Stop::Refused(refused)) if is_limit(refused.refusal) && !looked_again => looked_again = true,
            Err(stop) => return Err(stop),
        }
    }
    Err(Failure::Contended.into())
}

const fn is_limit(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::RateLimited { .. })
}

/// What a new verification begins with.
struct Opening {
    subject: Subject,
    username: Option<Username>,
    message: MessageOptions,
}

/// Opens a verification and sends its code; `None` when somebody else was faster.
async fn begin(
    verifier: &Verifier,
    application: &Application,
    opening: &Opening,
    standing: &Standing,
    now: Timestamp,
) -> Result<Option<Verification>, Stop> {
    cooled_down(standing.latest.as_ref(), now)?;
    settle(verifier, standing.latest.as_ref(), now).await?;
    let seed = seed(verifier, application, opening.subject.phone, standing.guesses, now)?;
    let ports = &verifier.ports;
    let id = VerificationId::new(now, ports.entropy.as_ref())?;
    let Opening { subject, username, message } = opening;
    let budget = Budget::of(&application.policy);
    let opened = open(id, subject.clone(), username.clone(), message.clone(), budget, seed, now);
    let number = opened.delivery.number;
    let receipt = send::take(verifier, application, subject, now).await?;
    match ports.verifications.insert(&opened).await {
        Ok(Inserted::Stored) => {}
        Ok(Inserted::LiveExists) => {
            send::refund(verifier, &receipt).await;
            return Ok(None);
        }
        Err(error) => {
            // Whether it was stored is unknown; nothing was sent, so the send is not counted.
            send::refund(verifier, &receipt).await;
            return Err(error.into());
        }
    }
    let sending = Sending { verification: opened, number, replaced: None, sent_before: None, receipt };
    Ok(Some(send::deliver(verifier, application, sending).await?))
}

/// Ends the one before, when its life is over and nobody has ended it yet, which is so for a second at most. The insert
/// would do it as well, but could not tell who was first.
async fn settle(verifier: &Verifier, latest: Option<&Verification>, now: Timestamp) -> Result<(), Failure> {
    let Some(latest) = latest else { return Ok(()) };
    let settled = step(latest, Command::Settle, now).next;
    if settled.version == latest.version {
        return Ok(());
    }
    let change = Change { next: &settled, expected: latest.version, guess: None };
    match verifier.ports.verifications.save(&change).await? {
        Saved::Stored => statistics::tell_end(verifier, latest, &settled),
        Saved::Conflict | Saved::BudgetSpent => {}
    }
    Ok(())
}

/// A verification that ended without success does not spare the wait for the next send: canceling and starting again
/// is no way around it.
fn cooled_down(latest: Option<&Verification>, now: Timestamp) -> Result<(), Refusal> {
    let Some(latest) = latest else { return Ok(()) };
    match latest.state {
        State::Approved { .. } => Ok(()),
        State::Pending | State::Expired { .. } | State::Canceled { .. } | State::Locked { .. } => {
            if now < latest.resend_at {
                return Err(Refusal::ResendTooSoon { retry_after: until(now, latest.resend_at) });
            }
            Ok(())
        }
    }
}

/// What the next code is made from; refused while the phone has no wrong checks left for today, because its code
/// could not be checked.
pub(super) fn seed(
    verifier: &Verifier,
    application: &Application,
    phone: Phone,
    guesses: GuessTotals,
    now: Timestamp,
) -> Result<Seed, Stop> {
    let policy = &application.policy;
    // Whoever is told how many digits a code has must be able to type that of a test number.
    let length = application.test_number(phone, now).map_or_else(
        || policy.guesses.code_length(policy.code_length, policy.code_length_long, guesses),
        |test| test.code.length(),
    );
    let class = GuessClass::of(length, policy.code_length_long);
    if let Some(until_when) = policy.guesses.blocked_until(class, guesses, now) {
        return Err(Refusal::RateLimited { retry_after: until(now, until_when) }.into());
    }
    let nonce = Nonce::new(verifier.ports.entropy.as_ref())?;
    Ok(Seed { nonce, pepper: verifier.peppers.newest(), length })
}

fn message_options(application: &Application, request: &StartRequest) -> Result<MessageOptions, Refusal> {
    if request.app_hash.as_ref().is_some_and(|hash| !application.app_hashes.contains(hash)) {
        return Err(Refusal::AppHashUnknown);
    }
    if request.origin.as_ref().is_some_and(|origin| !application.origins.contains(origin)) {
        return Err(Refusal::OriginUnknown);
    }
    Ok(MessageOptions {
        locale: request.locale.unwrap_or(application.messages.default_locale()),
        app_hash: request.app_hash.clone(),
        origin: request.origin.clone(),
    })
}

/// The account that the start is for. One that an application names is made on first use.
async fn account_of(
    verifier: &Verifier,
    caller: &Caller,
    account: Option<&Username>,
) -> Result<Option<AccountIdentity>, Stop> {
    match caller {
        Caller::User(own) => {
            if account.is_some_and(|named| *named != own.username) {
                return Err(Refusal::AccountForbidden.into());
            }
            Ok(Some(own.clone()))
        }
        Caller::Application(application) => {
            let Some(username) = account else { return Ok(None) };
            Ok(Some(named(verifier, application, username).await?))
        }
        Caller::Admin(_) => Err(Refusal::ScopeMissing.into()),
    }
}

fn may_prove(
    application: &Application,
    subject: &Subject,
    proved: Option<VerifiedPhone>,
    now: Timestamp,
) -> Result<(), Refusal> {
    if subject.account.is_none() {
        return Ok(());
    }
    let proved = proved.filter(|proved| proved.phone == subject.phone);
    if !subject.purpose.binds() {
        return proved.map(|_| ()).ok_or(Refusal::PhoneNotVerified);
    }
    match proved {
        Some(proved) if now < after(proved.verified_at, application.policy.reverify_after) => {
            Err(Refusal::AlreadyVerified)
        }
        Some(_) | None => Ok(()),
    }
}
