//! Keys and user tokens, as operators handle them. A secret is answered once, when it is issued.

use std::time::Duration;

use super::{Failure, Verifier};
use crate::account::Username;
use crate::application::ApplicationId;
use crate::credential::{Credential, CredentialKind, CredentialSecret};
use crate::id::CredentialId;
use crate::ports::{CredentialFilter, Page};
use crate::time::after;

/// Issues a credential; its secret cannot be had again.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured.
pub async fn issue(
    verifier: &Verifier,
    application: &ApplicationId,
    kind: CredentialKind,
    life: Option<Duration>,
) -> Result<(Credential, CredentialSecret), Failure> {
    let application = verifier.application(application)?.id.clone();
    let now = verifier.now();
    let entropy = verifier.ports.entropy.as_ref();
    let credential = Credential {
        id: CredentialId::new(now, entropy)?,
        application,
        kind,
        created_at: now,
        expires_at: life.map(|life| after(now, life)),
        revoked_at: None,
    };
    let secret = CredentialSecret::new(kind, entropy)?;
    verifier.ports.credentials.issue(&credential, &secret.hash()).await?;
    Ok((credential, secret))
}

/// A page of keys or of user tokens, youngest first, with the usernames of the tokens.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list(
    verifier: &Verifier,
    application: &ApplicationId,
    which: CredentialFilter,
    page: Page<CredentialId>,
) -> Result<Vec<(Credential, Option<Username>)>, Failure> {
    Ok(verifier.ports.credentials.list_credentials(application, which, page).await?)
}

/// Revokes a key or a user token at once; `None` when there is no such one.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn revoke(
    verifier: &Verifier,
    application: &ApplicationId,
    which: CredentialFilter,
    id: CredentialId,
) -> Result<Option<Credential>, Failure> {
    Ok(verifier.ports.credentials.revoke(application, which, id, verifier.now()).await?)
}
