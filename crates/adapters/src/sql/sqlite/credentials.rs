//! Keys and user tokens.

use async_trait::async_trait;
use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{Credential, SecretHash};
use domain::id::{AccountId, CredentialId};
use domain::ports::{CredentialFilter, CredentialStore, Holder, Page, PortError};
use domain::time::Timestamp;
use uuid::Uuid;

use super::columns::{Columns, account_columns, credential_columns};
use super::failure::Failure;
use super::{Database, SqliteStore};
use crate::sql::rows;

pub(super) const ISSUE: &str = "INSERT INTO credentials
        (id, application, kind, account_id, secret_hash, created_at, expires_at, revoked_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const HOLDER: &str = concat!(
    "SELECT ",
    credential_columns!("c"),
    ", ",
    account_columns!(),
    " FROM credentials c LEFT JOIN accounts a ON a.id = c.account_id WHERE c.secret_hash = $1"
);

/// The order of the parameters is the same in all three.
macro_rules! list {
    ($which:literal) => {
        concat!(
            "SELECT ",
            credential_columns!("c"),
            ", a.username FROM credentials c LEFT JOIN accounts a ON a.id = c.account_id
             WHERE c.application = $1 AND c.id < $2 AND ",
            $which,
            " ORDER BY c.id DESC LIMIT $3"
        )
    };
}

pub(super) const LIST_KEYS: &str = list!("c.account_id IS NULL");
pub(super) const LIST_TOKENS: &str = list!("c.account_id IS NOT NULL");
pub(super) const LIST_TOKENS_OF_ACCOUNT: &str = list!("c.account_id = $4");

/// `$4` is whether a user token is meant, `$5` whose.
pub(super) const REVOKE: &str = concat!(
    "UPDATE credentials SET revoked_at = ifnull(revoked_at, $3)
     WHERE id = $1 AND application = $2 AND (account_id IS NOT NULL) = $4 AND ($5 IS NULL OR account_id = $5)
     RETURNING ",
    credential_columns!("credentials")
);

#[async_trait]
impl CredentialStore for SqliteStore {
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError> {
        self.0.issue(credential, hash).await.map_err(Database::store_failed)
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError> {
        self.0.holder(hash).await.map_err(Database::store_failed)
    }

    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError> {
        self.0.list_credentials(application, which, page).await.map_err(Database::store_failed)
    }

    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, PortError> {
        self.0.revoke(application, which, id, now).await.map_err(Database::store_failed)
    }
}

impl Database {
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), Failure> {
        let (kind, account) = rows::credential_kind_parts(credential.kind);
        let mut turn = self.writer.turn().await?;
        sqlx::query(ISSUE)
            .bind(credential.id.uuid())
            .bind(credential.application.as_str())
            .bind(kind)
            .bind(account.map(AccountId::uuid))
            .bind(hash.bytes().to_vec())
            .bind(credential.created_at.as_millisecond())
            .bind(credential.expires_at.map(Timestamp::as_millisecond))
            .bind(credential.revoked_at.map(Timestamp::as_millisecond))
            .execute(&mut *turn)
            .await?;
        turn.settle();
        Ok(())
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, Failure> {
        let query = sqlx::query(HOLDER).bind(hash.bytes().to_vec());
        let Some(row) = query.fetch_optional(&self.readers).await? else { return Ok(None) };
        let mut columns = Columns::of(&row, &self.vault);
        let credential = columns.credential()?;
        let account = if columns.is_null()? { None } else { Some(columns.account()?) };
        Ok(Some(Holder { credential, account }))
    }

    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, Failure> {
        let (statement, account) = match which {
            CredentialFilter::Keys => (LIST_KEYS, None),
            CredentialFilter::UserTokens(None) => (LIST_TOKENS, None),
            CredentialFilter::UserTokens(Some(account)) => (LIST_TOKENS_OF_ACCOUNT, Some(account)),
        };
        let mut query = sqlx::query(statement)
            .bind(application.as_str())
            // No id is as great: an open page begins at the end.
            .bind(page.before.map_or(Uuid::max(), CredentialId::uuid))
            .bind(page.limit);
        if let Some(account) = account {
            query = query.bind(account.uuid());
        }
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let mut columns = Columns::of(row, &self.vault);
                Ok((columns.credential()?, columns.username()?))
            })
            .collect()
    }

    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, Failure> {
        let (is_token, account) = match which {
            CredentialFilter::Keys => (false, None),
            CredentialFilter::UserTokens(account) => (true, account),
        };
        let mut turn = self.writer.turn().await?;
        // All rows are asked for, though there is one at most: only then is a commit that fails heard of.
        let revoked = sqlx::query(REVOKE)
            .bind(id.uuid())
            .bind(application.as_str())
            .bind(now.as_millisecond())
            .bind(is_token)
            .bind(account.map(AccountId::uuid))
            .fetch_all(&mut *turn)
            .await?;
        turn.settle();
        revoked.first().map(|row| Columns::of(row, &self.vault).credential()).transpose()
    }
}
