//! Applications, as those who administer them see them. They are configured, not stored: nothing here changes one.

use super::{Answer, Failure, Verifier, answer};
use crate::application::{Application, ApplicationId};
use crate::credential::Caller;
use crate::refusal::Refusal;

/// The applications that the caller administers: its own.
///
/// # Errors
/// [`Failure`] when it is no longer configured.
pub fn list<'a>(verifier: &'a Verifier, caller: &Caller) -> Result<Answer<Vec<&'a Application>>, Failure> {
    let listed = || Ok(vec![verifier.application(administered(caller)?)?]);
    answer(listed())
}

/// One application that the caller administers.
///
/// # Errors
/// [`Failure`] when it is no longer configured.
pub fn find<'a>(
    verifier: &'a Verifier,
    caller: &Caller,
    id: &ApplicationId,
) -> Result<Answer<&'a Application>, Failure> {
    let found = || {
        if administered(caller)? != id {
            return Err(Refusal::ApplicationNotFound.into());
        }
        Ok(verifier.application(id)?)
    };
    answer(found())
}

/// The application that the caller administers.
///
/// # Errors
/// [`Refusal::ScopeMissing`] without an admin key.
pub fn administered(caller: &Caller) -> Result<&ApplicationId, Refusal> {
    caller.administers().ok_or(Refusal::ScopeMissing)
}
