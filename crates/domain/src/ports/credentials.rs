//! What keeps credentials.

use std::fmt;

use async_trait::async_trait;

use super::{Page, PortError};
use crate::account::{AccountIdentity, Username};
use crate::application::ApplicationId;
use crate::credential::{Credential, SecretHash};
use crate::id::{AccountId, CredentialId};
use crate::time::Timestamp;

/// A credential, and the account of a user token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The credential.
    pub credential: Credential,
    /// The account it stands for; present exactly for a user token.
    pub account: Option<AccountIdentity>,
}

/// Keeps credentials.
#[async_trait]
pub trait CredentialStore: Send + Sync + fmt::Debug {
    /// Stores a credential under the hash of its secret.
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError>;

    /// The credential with this hash, whether or not in force, with the account of a user token, in one look.
    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError>;

    /// A page of an application's keys, or of its user tokens, youngest first, with the usernames of the tokens.
    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError>;

    /// One credential of that kind of the application, with the username of a token.
    async fn load_credential(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
    ) -> Result<Option<(Credential, Option<Username>)>, PortError>;

    /// Revokes it at `now`; one that is revoked already keeps its instant. `None` when the application has no such
    /// credential of that kind.
    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, PortError>;
}

/// Which credentials to list, look at or revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFilter {
    /// Keys of the application.
    Keys,
    /// User tokens, of one account or of all.
    UserTokens(Option<AccountId>),
}
