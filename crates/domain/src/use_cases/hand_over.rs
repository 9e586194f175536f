//! Handing an SMS over: by the first of its routes, and by the next when a gateway certainly has not sent it. Owns the
//! order of the attempts and what they come to; what becomes of the verification is decided elsewhere.

use std::time::Duration;

use super::send::{refund, take};
use super::{Failure, Stop, Verifier};
use crate::application::Application;
use crate::delivery::DeliveryRecord;
use crate::id::DeliveryId;
use crate::ports::{Held, Lost, PortError, Receipt, SendAnswer, SendReport, Sms, SmsGateway};
use crate::refusal::Refusal;
use crate::route::{OnUnknown, Route, RouteName, RoutePlan};
use crate::time::{Timestamp, until};
use crate::verification::Verification;
use crate::verification::step::DeliveryReport;

/// With less time left than this no further route is tried: of a gateway that works but takes its time it would not be known
/// whether it has sent.
const ATTEMPT_MIN: Duration = Duration::from_secs(2);
/// When asking again makes sense, where no gateway says so.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What is handed over.
pub(super) struct Parcel<'a> {
    /// The verification as stored.
    pub(super) verification: &'a Verification,
    /// The delivery's number.
    pub(super) number: u32,
    /// The SMS.
    pub(super) sms: Sms,
    /// Its routes.
    pub(super) plan: RoutePlan,
    /// The id of the first attempt.
    pub(super) id: DeliveryId,
}

/// What came of it.
pub(super) struct HandedOver {
    /// Every attempt, in their order.
    pub(super) attempts: Vec<DeliveryRecord>,
    /// What they say about the send.
    pub(super) report: DeliveryReport,
    /// By which route the SMS went, or may have gone.
    pub(super) route: Option<RouteName>,
    /// What the caller is told.
    pub(super) refusal: Option<Refusal>,
}

/// Hands the SMS over; each route is tried once at most, and so is each gateway. All of it takes no longer than the
/// deadline of the gateways.
pub(super) async fn hand_over(
    verifier: &Verifier,
    application: &Application,
    parcel: Parcel<'_>,
) -> HandedOver {
    let mut attempts = Attempts::new(verifier, application, &parcel);
    for (tried, place) in parcel.plan.iter().enumerate() {
        let Some((route, leads_to, gateway)) = verifier.ports.gateways.by_route(*place) else { continue };
        if attempts.asked.contains(&leads_to) || !gateway.carries_to(parcel.sms.to) {
            continue;
        }
        let Some((left, id)) = attempts.next().await else { break };
        // Whoever goes on behind a call that is not answered in time must have time left for the next.
        let shares = route.on_unknown == OnUnknown::Next && tried + 1 < parcel.plan.len();
        let within = if shares { left / 2 } else { left };
        attempts.asked.push(leads_to);
        let at = verifier.now();
        let goes_on = match gateway.send(&parcel.sms, within).await {
            Ok(said) => attempts.add(id, route, gateway, said, at),
            Err(held) => attempts.add_held(held),
        };
        if !goes_on {
            break;
        }
    }
    attempts.end().await
}

/// The attempts so far, and what they come to.
struct Attempts<'a> {
    verifier: &'a Verifier,
    application: &'a Application,
    parcel: &'a Parcel<'a>,
    began: Timestamp,
    segments: u16,
    /// The version of the text's template.
    template: u16,
    /// The places of the gateways that were asked, whether they took the call or not.
    asked: Vec<usize>,
    made: Vec<DeliveryRecord>,
    /// The route of the attempt that sent, and of the first that may have.
    sent: Option<RouteName>,
    unknown: Option<RouteName>,
    receiver_refused: bool,
    /// Whether a gateway was not reached or takes nothing at the moment: later it may be otherwise.
    unreached: bool,
    /// When the first of those that take nothing at the moment may again.
    retry_after: Option<Duration>,
    /// What another SMS took from the limits, until it is known whether there is one.
    further: Option<Receipt>,
}

impl<'a> Attempts<'a> {
    fn new(verifier: &'a Verifier, application: &'a Application, parcel: &'a Parcel<'a>) -> Self {
        Self {
            verifier,
            application,
            parcel,
            began: verifier.now(),
            segments: u16::try_from(parcel.sms.text.size().segments).unwrap_or(u16::MAX),
            template: application.messages.version(parcel.verification.message.locale),
            asked: Vec::new(),
            made: Vec::with_capacity(1),
            sent: None,
            unknown: None,
            receiver_refused: false,
            unreached: false,
            retry_after: None,
            further: None,
        }
    }

    /// How long the next attempt may take, and its id; `None` when there is to be none.
    async fn next(&mut self) -> Option<(Duration, DeliveryId)> {
        let now = self.verifier.now();
        let left = self.verifier.ports.gateways.deadline().saturating_sub(until(self.began, now));
        if left < ATTEMPT_MIN && !self.asked.is_empty() {
            return None;
        }
        if self.made.is_empty() {
            return Some((left, self.parcel.id));
        }
        if self.unknown.is_some() && self.further.is_none() {
            // It may become a second SMS, and is counted as one.
            self.further = Some(self.take_another(now).await?);
        }
        let id = DeliveryId::new(now, self.verifier.ports.entropy.as_ref());
        Some((left, id.map_err(|error| self.raise(&error)).ok()?))
    }

    /// Takes another SMS from the limits; `None` when they have no room for it, or do not answer.
    async fn take_another(&self, now: Timestamp) -> Option<Receipt> {
        match take(self.verifier, self.application, &self.parcel.verification.subject, now).await {
            Ok(receipt) => Some(receipt),
            Err(Stop::Failed(Failure::Port(error))) => {
                self.raise(&error);
                None
            }
            // Nothing else fails where only counters are asked.
            Err(Stop::Refused(_) | Stop::Failed(Failure::Contended | Failure::ApplicationUnknown(_))) => None,
        }
    }

    fn raise(&self, error: &PortError) {
        self.verifier.ports.alarms.raise(Lost::NextRoute, error);
    }

    /// Adds an attempt that was answered; whether the next route is to be tried.
    fn add(
        &mut self,
        id: DeliveryId,
        route: &Route,
        gateway: &dyn SmsGateway,
        said: SendReport,
        began: Timestamp,
    ) -> bool {
        let Parcel { verification, number, .. } = self.parcel;
        let (name, answer) = (gateway.facts().name.clone(), said.answer);
        let at = self.verifier.now();
        self.made.push(DeliveryRecord {
            id,
            application: verification.subject.application.clone(),
            verification: verification.id,
            number: *number,
            attempt: u16::try_from(self.made.len() + 1).unwrap_or(u16::MAX),
            phone: verification.subject.phone,
            route: Some(route.name.clone()),
            gateway: name,
            report: said,
            at,
            took: until(began, at),
            segments: self.segments,
            template: Some(self.template),
        });
        match answer {
            SendAnswer::Accepted => {
                self.sent = Some(route.name.clone());
                self.further = None;
                false
            }
            SendAnswer::Unknown => {
                self.unknown.get_or_insert_with(|| route.name.clone());
                self.further = None;
                route.on_unknown == OnUnknown::Next
            }
            SendAnswer::ReceiverRefused => {
                self.receiver_refused = true;
                false
            }
            SendAnswer::Refused => true,
            SendAnswer::NotSent => {
                self.unreached = true;
                true
            }
        }
    }

    /// Adds a gateway that takes nothing at the moment; the next route is to be tried.
    fn add_held(&mut self, held: Held) -> bool {
        self.unreached = true;
        self.retry_after =
            Some(self.retry_after.map_or(held.retry_after, |known| known.min(held.retry_after)));
        true
    }

    /// What all of them come to.
    async fn end(self) -> HandedOver {
        if let Some(unused) = &self.further {
            refund(self.verifier, unused).await;
        }
        let (report, refusal) = if self.sent.is_some() {
            (DeliveryReport::Sent, None)
        } else if self.unknown.is_some() {
            (DeliveryReport::Unknown, None)
        } else if self.receiver_refused {
            (DeliveryReport::ReceiverRefused, Some(Refusal::DestinationUnsupported))
        } else if self.unreached || self.made.is_empty() {
            let retry_after = self.retry_after.unwrap_or(RETRY_AFTER);
            (DeliveryReport::NotSent, Some(Refusal::GatewayUnavailable { retry_after }))
        } else {
            (DeliveryReport::NotSent, Some(Refusal::GatewayRefused))
        };
        HandedOver { attempts: self.made, report, route: self.sent.or(self.unknown), refusal }
    }
}
