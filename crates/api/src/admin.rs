//! What operators do over HTTP, with an admin key and for its application only: whatever is another's reads as not there.

use domain::application::ApplicationId;
use domain::credential::Caller;

use crate::auth::Authenticated;
use crate::problem::{Problem, Slug};

mod blocks;
mod limits;

pub(crate) use blocks::BlocksApi;
pub(crate) use limits::LimitsApi;

/// The application that the caller administers.
pub(crate) fn administered(caller: Authenticated) -> Result<ApplicationId, Problem> {
    match caller.0 {
        Caller::Admin(application) => Ok(application),
        Caller::User(_) | Caller::Application(_) => {
            Err(Problem::new(Slug::ScopeMissing, "This needs a key with the scope `admin`."))
        }
    }
}
