//! Deliverability: reading what becomes of the SMS, and how soon one may be sent again because of it.

use super::{Failure, Verifier};
use crate::application::ApplicationId;
use crate::deliverability::{Estimates, Pace, Window};
use crate::policy::Policy;
use crate::route::RouteName;
use crate::verification::Subject;

/// What is known now of the SMS of an application, or of all, by operator and route.
///
/// # Errors
/// [`Failure`] when the store does not answer.
pub async fn read(verifier: &Verifier, application: Option<&ApplicationId>) -> Result<Estimates, Failure> {
    let window = Window::at(verifier.now());
    let sums = verifier.ports.statistics.read_cohorts(application, window).await?;
    Ok(Estimates::new(window, &sums))
}

/// How soon an SMS that went by this route may be sent again: as is usual, unless the policy wants it to depend on what is
/// known of the route. It is known over all applications, and looked up in memory.
pub(super) fn pace(
    verifier: &Verifier,
    policy: &Policy,
    subject: &Subject,
    route: Option<&RouteName>,
) -> Pace {
    let (true, Some(route), Some(first_wait)) = (policy.early_resend, route, policy.cooldowns.first()) else {
        return Pace::Usual;
    };
    verifier.ports.estimates.estimates().pace(subject.phone.operator(), route, *first_wait)
}
