//! The routes as they are configured, for those who administer. Nothing here changes one.

use super::applications::administered;
use super::{Answer, Verifier};
use crate::credential::Caller;
use crate::refusal::Refused;
use crate::route::Route;

/// The routes that the caller's application has, in the order in which they are tried; of the applications that one is for, no
/// other is told.
#[must_use]
pub fn list(verifier: &Verifier, caller: &Caller) -> Answer<Vec<Route>> {
    let application = match administered(caller) {
        Ok(application) => application,
        Err(refusal) => return Answer::Refused(Refused::from(refusal)),
    };
    let own = verifier.ports.gateways.routes().of(application);
    Answer::Done(
        own.cloned()
            .map(|mut route| {
                route.takes.applications.retain(|id| id == application);
                route
            })
            .collect(),
    )
}
