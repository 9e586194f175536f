//! Who calls: from a presented secret to a [`Caller`].

use super::accounts::named;
use super::{Failure, Verifier};
use crate::credential::{Caller, CredentialKind, CredentialSecret, Scope};

/// Looks the secret up, or reads the token of an application's own sign-in, whose account is made on first use; `None`
/// when it opens nothing (unknown, expired, revoked, of an application that is gone).
///
/// # Errors
/// [`Failure`] when the store does not answer, or the keys of the issuer are not to be had.
pub async fn authenticate(verifier: &Verifier, secret: &str) -> Result<Option<Caller>, Failure> {
    let Some(secret) = CredentialSecret::parse(secret) else { return speaks_for(verifier, secret).await };
    let Some(holder) = verifier.ports.credentials.holder(&secret.hash()).await? else { return Ok(None) };
    let in_force = holder.credential.is_in_force(verifier.now())
        && verifier.applications.find(&holder.credential.application).is_some();
    if !in_force {
        return Ok(None);
    }
    Ok(match holder.credential.kind {
        CredentialKind::UserToken(_) => holder.account.map(Caller::User),
        CredentialKind::Key(Scope::Verify) => Some(Caller::Application(holder.credential.application)),
        CredentialKind::Key(Scope::Admin) => Some(Caller::Admin(holder.credential.application)),
    })
}

/// The account that a token of the application's own sign-in speaks for.
async fn speaks_for(verifier: &Verifier, token: &str) -> Result<Option<Caller>, Failure> {
    let Some(identities) = &verifier.ports.identities else { return Ok(None) };
    let Some(identity) = identities.identity(token, verifier.now()).await? else { return Ok(None) };
    if verifier.applications.find(&identity.application).is_none() {
        return Ok(None);
    }
    Ok(Some(Caller::User(named(verifier, &identity.application, &identity.username).await?)))
}
