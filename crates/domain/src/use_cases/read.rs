//! Looking: one verification, or a page of them. Looking changes nothing; a life that is over reads as expired.

use super::check::owned;
use super::{Answer, Failure, Stop, Verifier, answer, today};
use crate::credential::Caller;
use crate::id::VerificationId;
use crate::ports::{Page, VerificationFilter};
use crate::refusal::Refusal;
use crate::verification::{Command, Verification, step};

/// One verification as it stands now.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn find(
    verifier: &Verifier,
    caller: &Caller,
    id: VerificationId,
) -> Result<Answer<Verification>, Failure> {
    let now = verifier.now();
    let loaded = verifier.ports.verifications.load(id, today(now)).await?;
    let found = owned(loaded, caller).ok_or(Stop::from(Refusal::VerificationNotFound));
    answer(found.map(|loaded| step(&loaded.verification, Command::Settle, now).next))
}

/// A page of the caller's verifications, youngest first.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list(
    verifier: &Verifier,
    caller: &Caller,
    mut filter: VerificationFilter,
    page: Page<VerificationId>,
) -> Result<Vec<Verification>, Failure> {
    let now = verifier.now();
    filter.application = Some(caller.application().clone());
    match caller {
        Caller::User(own) => filter.account = Some(own.id),
        Caller::Application(_) | Caller::Admin(_) => {}
    }
    let found = verifier.ports.verifications.list(&filter, page).await?;
    Ok(found.iter().map(|verification| step(verification, Command::Settle, now).next).collect())
}
