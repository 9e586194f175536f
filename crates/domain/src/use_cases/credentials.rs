//! Keys and user tokens, as operators handle them. A secret is answered once, when it is issued.

use std::time::Duration;

use super::accounts::{of_a_key, visible};
use super::applications::administered;
use super::{Answer, Failure, Stop, Verifier, answer};
use crate::account::Username;
use crate::application::ApplicationId;
use crate::credential::{Caller, Credential, CredentialKind, CredentialName, CredentialSecret, Scope};
use crate::id::{AccountId, CredentialId};
use crate::ports::{CredentialFilter, Page};
use crate::refusal::Refusal;
use crate::time::{Timestamp, after};

/// A credential to be issued.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// What it stands for.
    pub kind: CredentialKind,
    /// What people call it.
    pub name: Option<CredentialName>,
    /// When it stops to work by itself.
    pub expires_at: Option<Timestamp>,
}

/// Issues a credential without a name; its secret cannot be had again.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured.
pub async fn issue(
    verifier: &Verifier,
    application: &ApplicationId,
    kind: CredentialKind,
    life: Option<Duration>,
) -> Result<(Credential, CredentialSecret), Failure> {
    let expires_at = life.map(|life| after(verifier.now(), life));
    issue_new(verifier, application, NewCredential { kind, name: None, expires_at }).await
}

/// Issues a credential; its secret cannot be had again.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured.
pub async fn issue_new(
    verifier: &Verifier,
    application: &ApplicationId,
    new: NewCredential,
) -> Result<(Credential, CredentialSecret), Failure> {
    let application = verifier.application(application)?.id.clone();
    let NewCredential { kind, name, expires_at } = new;
    let now = verifier.now();
    let entropy = verifier.ports.entropy.as_ref();
    let credential = Credential {
        id: CredentialId::new(now, entropy)?,
        application,
        kind,
        name,
        created_at: now,
        expires_at,
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

/// Issues a key of the caller's application.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn issue_key(
    verifier: &Verifier,
    caller: &Caller,
    scope: Scope,
    name: Option<CredentialName>,
    expires_at: Option<Timestamp>,
) -> Result<Answer<(Credential, CredentialSecret)>, Failure> {
    let issued = async {
        let application = administered(caller)?;
        let new = NewCredential { kind: CredentialKind::Key(scope), name, expires_at };
        Ok(issue_new(verifier, application, new).await?)
    };
    answer(issued.await)
}

/// A page of the keys of the caller's application, youngest first.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list_keys(
    verifier: &Verifier,
    caller: &Caller,
    page: Page<CredentialId>,
) -> Result<Answer<Vec<Credential>>, Failure> {
    let listed = async {
        let found = list(verifier, administered(caller)?, CredentialFilter::Keys, page).await?;
        Ok(found.into_iter().map(|(credential, _)| credential).collect())
    };
    answer(listed.await)
}

/// One key of the caller's application.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn find_key(
    verifier: &Verifier,
    caller: &Caller,
    id: CredentialId,
) -> Result<Answer<Credential>, Failure> {
    let found = async {
        let store = &verifier.ports.credentials;
        let found = store.load_credential(administered(caller)?, CredentialFilter::Keys, id).await?;
        found.map(|(credential, _)| credential).ok_or(Refusal::KeyNotFound.into())
    };
    answer(found.await)
}

/// Revokes a key of the caller's application; revoking it twice is the same as once. A key may revoke itself,
/// which is the end of a rotation.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn revoke_key(
    verifier: &Verifier,
    caller: &Caller,
    id: CredentialId,
) -> Result<Answer<Credential>, Failure> {
    let revoked = async {
        let revoked = revoke(verifier, administered(caller)?, CredentialFilter::Keys, id).await?;
        revoked.ok_or(Refusal::KeyNotFound.into())
    };
    answer(revoked.await)
}

/// Issues a user token for an account of the caller's application.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn issue_token(
    verifier: &Verifier,
    caller: &Caller,
    account: AccountId,
    name: Option<CredentialName>,
    expires_at: Option<Timestamp>,
) -> Result<Answer<(Credential, CredentialSecret)>, Failure> {
    let issued = async {
        let application = account_of(verifier, caller, account).await?;
        let new = NewCredential { kind: CredentialKind::UserToken(account), name, expires_at };
        Ok(issue_new(verifier, application, new).await?)
    };
    answer(issued.await)
}

/// A page of the user tokens of an account of the caller's application, youngest first.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list_tokens(
    verifier: &Verifier,
    caller: &Caller,
    account: AccountId,
    page: Page<CredentialId>,
) -> Result<Answer<Vec<Credential>>, Failure> {
    let listed = async {
        let application = account_of(verifier, caller, account).await?;
        let which = CredentialFilter::UserTokens(Some(account));
        let found = list(verifier, application, which, page).await?;
        Ok(found.into_iter().map(|(credential, _)| credential).collect())
    };
    answer(listed.await)
}

/// Revokes a user token of an account of the caller's application; revoking it twice is the same as once.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn revoke_token(
    verifier: &Verifier,
    caller: &Caller,
    account: AccountId,
    id: CredentialId,
) -> Result<Answer<Credential>, Failure> {
    let revoked = async {
        let application = account_of(verifier, caller, account).await?;
        let which = CredentialFilter::UserTokens(Some(account));
        revoke(verifier, application, which, id).await?.ok_or(Refusal::TokenNotFound.into())
    };
    answer(revoked.await)
}

/// The application of a key, when the account is one of its accounts.
async fn account_of<'a>(
    verifier: &Verifier,
    caller: &'a Caller,
    account: AccountId,
) -> Result<&'a ApplicationId, Stop> {
    let application = of_a_key(caller)?;
    visible(verifier, caller, account).await?;
    Ok(application)
}
