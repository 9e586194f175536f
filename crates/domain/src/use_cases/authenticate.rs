//! Who calls: from a presented secret to a [`Caller`].

use super::{Failure, Verifier};
use crate::credential::{Caller, CredentialKind, CredentialSecret, Scope};

/// Looks the secret up; `None` when it opens nothing (unknown, expired, revoked, of an application that is gone).
///
/// # Errors
/// [`Failure`] when the store does not answer.
pub async fn authenticate(verifier: &Verifier, secret: &str) -> Result<Option<Caller>, Failure> {
    let Some(secret) = CredentialSecret::parse(secret) else { return Ok(None) };
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
