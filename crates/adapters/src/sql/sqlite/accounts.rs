//! Accounts.

use async_trait::async_trait;
use domain::account::{Account, Username};
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::ports::{AccountStore, Page, PortError};
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::columns::{Columns, account_columns};
use super::failure::Failure;
use super::{Database, SqliteStore};
use crate::sql::rows::RowFault;

pub(super) const ADD: &str =
    "INSERT INTO accounts (id, application, username, phone, phone_verified_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (application, username) DO NOTHING";

pub(super) const FIND: &str =
    concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.application = $1 AND a.username = $2");

pub(super) const LOAD: &str = concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.id = $1");

pub(super) const LIST: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.application = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3"
);

#[async_trait]
impl AccountStore for SqliteStore {
    async fn add(&self, account: &Account) -> Result<(Account, bool), PortError> {
        self.0.add(account).await.map_err(Database::store_failed)
    }

    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, PortError> {
        self.0.find(application, username).await.map_err(Database::store_failed)
    }

    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError> {
        self.0.load_account(id).await.map_err(Database::store_failed)
    }

    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError> {
        self.0.list_accounts(application, page).await.map_err(Database::store_failed)
    }
}

impl Database {
    async fn add(&self, account: &Account) -> Result<(Account, bool), Failure> {
        let mut turn = self.writer.turn().await?;
        let added = sqlx::query(ADD)
            .bind(account.id.uuid())
            .bind(account.application.as_str())
            .bind(account.username.as_str())
            .bind(account.phone.map(|held| self.vault.seal(held.phone).to_vec()))
            .bind(account.phone.map(|held| held.verified_at.as_millisecond()))
            .bind(account.created_at.as_millisecond())
            .execute(&mut *turn)
            .await?;
        turn.settle();
        if added.rows_affected() == 1 {
            return Ok((account.clone(), true));
        }
        // No account is ever deleted, so the one that stood in the way is still there.
        let present = self.find(&account.application, &account.username).await?;
        Ok((present.ok_or(RowFault("account"))?, false))
    }

    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, Failure> {
        let query = sqlx::query(FIND).bind(application.as_str()).bind(username.as_str());
        query.fetch_optional(&self.readers).await?.as_ref().map(|row| self.account(row)).transpose()
    }

    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, Failure> {
        let query = sqlx::query(LOAD).bind(id.uuid());
        query.fetch_optional(&self.readers).await?.as_ref().map(|row| self.account(row)).transpose()
    }

    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, Failure> {
        let rows = sqlx::query(LIST)
            .bind(application.as_str())
            // No id is as great: an open page begins at the end.
            .bind(page.before.map_or(Uuid::max(), AccountId::uuid))
            .bind(page.limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| self.account(row)).collect()
    }

    fn account(&self, row: &SqliteRow) -> Result<Account, Failure> {
        Columns::of(row, &self.vault).account()
    }
}
