//! Credentials.

use async_trait::async_trait;

use super::{MemoryStore, page_of};
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::credential::{Credential, CredentialKind, SecretHash};
use crate::id::{AccountId, CredentialId};
use crate::ports::{CredentialFilter, CredentialStore, Holder, Page, PortError};
use crate::time::Timestamp;

/// The account of a user token.
const fn account_of(credential: &Credential) -> Option<AccountId> {
    match credential.kind {
        CredentialKind::UserToken(account) => Some(account),
        CredentialKind::Key(_) => None,
    }
}

fn is_of(credential: &Credential, application: &ApplicationId, which: CredentialFilter) -> bool {
    let kind_fits = match (which, credential.kind) {
        (CredentialFilter::Keys, CredentialKind::Key(_)) => true,
        (CredentialFilter::UserTokens(wanted), CredentialKind::UserToken(account)) => {
            wanted.is_none_or(|wanted| wanted == account)
        }
        (CredentialFilter::Keys, CredentialKind::UserToken(_))
        | (CredentialFilter::UserTokens(_), CredentialKind::Key(_)) => false,
    };
    kind_fits && credential.application == *application
}

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError> {
        self.call("issue", |tables| {
            tables.credentials.insert(credential.id, (credential.clone(), *hash));
            Ok(())
        })
        .await
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError> {
        self.call("holder", |tables| {
            let found = tables.credentials.values().find(|(_, kept)| kept == hash);
            Ok(found.map(|(credential, _)| Holder {
                credential: credential.clone(),
                account: account_of(credential)
                    .and_then(|id| tables.accounts.get(&id))
                    .map(Account::identity),
            }))
        })
        .await
    }

    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError> {
        self.call("list_credentials", |tables| {
            let wanted = |row: &&(Credential, SecretHash)| is_of(&row.0, application, which);
            let rows = page_of(tables.credentials.iter(), page, wanted);
            Ok(rows.map(|(row, _)| (row.clone(), tables.username(account_of(row)))).collect())
        })
        .await
    }

    async fn load_credential(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
    ) -> Result<Option<(Credential, Option<Username>)>, PortError> {
        self.call("load_credential", |tables| {
            let found = tables.credentials.get(&id).map(|(found, _)| found);
            let found = found.filter(|found| is_of(found, application, which));
            Ok(found.map(|found| (found.clone(), tables.username(account_of(found)))))
        })
        .await
    }

    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, PortError> {
        self.call("revoke", |tables| {
            let Some((found, _)) = tables.credentials.get_mut(&id) else { return Ok(None) };
            if !is_of(found, application, which) {
                return Ok(None);
            }
            found.revoked_at.get_or_insert(now);
            Ok(Some(found.clone()))
        })
        .await
    }
}
