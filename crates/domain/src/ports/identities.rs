//! What reads the tokens of an application's own sign-in.

use std::fmt;

use async_trait::async_trait;

use super::PortError;
use crate::account::Username;
use crate::application::ApplicationId;
use crate::time::Timestamp;

/// Whom a token of an application's own sign-in speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The application whose issuer has signed it.
    pub application: ApplicationId,
    /// The name of the account there.
    pub username: Username,
}

/// Reads the tokens that an application's own sign-in issues to its users.
#[async_trait]
pub trait IdentityTokens: Send + Sync + fmt::Debug {
    /// Whom the token speaks for at `now`; `None` when it is no token of an issuer that is trusted, or not in force.
    ///
    /// # Errors
    /// [`PortError`] when the keys of the issuer are not to be had, so that nobody can tell.
    async fn identity(&self, token: &str, now: Timestamp) -> Result<Option<Identity>, PortError>;
}
