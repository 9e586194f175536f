//! Statistics: telling what happened, and reading what was added up.

use std::time::Duration;

use super::{Answer, Failure, Verifier};
use crate::application::ApplicationId;
use crate::phone::Phone;
use crate::refusal::Refusal;
use crate::route::RouteName;
use crate::statistic::{Happening, Observation, SmsRef, StatisticBy, StatisticRow};
use crate::time::{Day, until};
use crate::verification::{DeliveryState, Purpose, State, Subject, Verification};

/// The most days that are read at once.
pub const STATISTICS_DAYS_MAX: u16 = 92;

/// What was added up from one day to another, both included, and at most [`STATISTICS_DAYS_MAX`] of them: the earlier
/// ones are left out. Of one application or of all.
///
/// # Errors
/// [`Failure`] when the store does not answer.
pub async fn read(
    verifier: &Verifier,
    application: Option<&ApplicationId>,
    from: Day,
    to: Day,
    by: StatisticBy,
) -> Result<Vec<StatisticRow>, Failure> {
    let from = from.max(to.minus(STATISTICS_DAYS_MAX - 1));
    Ok(verifier.ports.statistics.read_statistics(application, from, to, by).await?)
}

/// What an observation is about.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    application: &'a ApplicationId,
    phone: Option<Phone>,
    purpose: Option<Purpose>,
}

impl<'a> About<'a> {
    /// A phone and a purpose, where they are known.
    pub(super) const fn new(
        application: &'a ApplicationId,
        phone: Option<Phone>,
        purpose: Option<Purpose>,
    ) -> Self {
        Self { application, phone, purpose }
    }
}

impl<'a> From<&'a Subject> for About<'a> {
    fn from(subject: &'a Subject) -> Self {
        Self::new(&subject.application, Some(subject.phone), Some(subject.purpose))
    }
}

/// The name of the gateway to which a route leads; empty where it is not configured any more.
pub(super) fn gateway_of<'a>(verifier: &'a Verifier, route: Option<&RouteName>) -> &'a str {
    let routes = verifier.ports.gateways.routes().all();
    let route = route.and_then(|name| routes.iter().find(|route| route.name == *name));
    route.map_or("", |route| &route.gateway)
}

/// Tells the observer; `gateway` is empty where none is known.
pub(super) fn tell<'a>(
    verifier: &Verifier,
    about: impl Into<About<'a>>,
    gateway: &str,
    happening: Happening,
) {
    tell_of(verifier, about, gateway, None, happening);
}

/// The same, of an SMS.
pub(super) fn tell_of<'a>(
    verifier: &Verifier,
    about: impl Into<About<'a>>,
    gateway: &str,
    sms: Option<SmsRef<'_>>,
    happening: Happening,
) {
    let About { application, phone, purpose } = about.into();
    let at = verifier.now();
    // What is tested must not pass for what people do.
    let is_test = phone.is_some_and(|phone| {
        verifier.applications.find(application).is_some_and(|own| own.test_number(phone, at).is_some())
    });
    let Some(happening) = (if is_test { happening.of_a_test() } else { Some(happening) }) else { return };
    let observation = Observation { at, application, gateway, sms, phone, purpose, happening };
    verifier.ports.observer.observe(&observation);
}

/// Tells how a verification ended, if it did, when the store has taken `next` over `current`: of all who would end it the
/// store takes one. And that its SMS arrived, when that is known with it.
pub(super) fn tell_end(verifier: &Verifier, current: &Verification, next: &Verification) {
    tell_outcome(verifier, current, next);
    if let (None, Some((sms, took))) = (arrived(current), arrived(next)) {
        let gateway = gateway_of(verifier, Some(sms.route));
        tell_of(verifier, &next.subject, gateway, Some(sms), Happening::Arrived { took });
    }
}

/// The last SMS of an approved verification that was sent, or may have been, and how long after the beginning its code came back; `None` while it is not
/// known which one that is: a code may come back before the gateway has answered.
fn arrived(verification: &Verification) -> Option<(SmsRef<'_>, Option<Duration>)> {
    let State::Approved { at } = verification.state else { return None };
    let took = match verification.delivery.state {
        DeliveryState::Sending => return None,
        DeliveryState::Sent | DeliveryState::Unknown => Some(until(verification.created_at, at)),
        DeliveryState::Failed => None,
    };
    let sms = SmsRef { route: verification.sent_by.as_ref()?, sent_at: verification.sent_at };
    Some((sms, took))
}

fn tell_outcome(verifier: &Verifier, current: &Verification, next: &Verification) {
    if current.state != State::Pending {
        return;
    }
    let happening = match next.state {
        State::Pending => return,
        State::Approved { at } => Happening::Approved { took: until(next.created_at, at) },
        State::Expired { .. } => Happening::Expired,
        State::Canceled { .. } => Happening::Canceled,
        State::Locked { .. } => Happening::Locked,
    };
    tell(verifier, &next.subject, gateway_of(verifier, next.sent_by.as_ref()), happening);
}

/// Tells of a refusal, if it is one.
pub(super) fn tell_refusal<T>(verifier: &Verifier, about: About<'_>, answer: &Result<Answer<T>, Failure>) {
    let Ok(Answer::Refused(refused)) = answer else { return };
    let refusal: Refusal = refused.refusal;
    match &refused.verification {
        Some(own) => {
            let gateway = gateway_of(verifier, own.sent_by.as_ref());
            tell(verifier, &own.subject, gateway, Happening::Refused(refusal));
        }
        None => tell(verifier, about, "", Happening::Refused(refusal)),
    }
}
