//! Accounts.

use async_trait::async_trait;

use super::{MemoryStore, page_of};
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::ports::{AccountStore, Page, PortError};

#[async_trait]
impl AccountStore for MemoryStore {
    async fn add(&self, account: &Account) -> Result<(Account, bool), PortError> {
        self.call("add", |tables| {
            let same = |other: &&Account| {
                other.application == account.application && other.username == account.username
            };
            if let Some(present) = tables.accounts.values().find(same) {
                return Ok((present.clone(), false));
            }
            tables.accounts.insert(account.id, account.clone());
            Ok((account.clone(), true))
        })
        .await
    }

    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, PortError> {
        self.call("find", |tables| {
            let named =
                |account: &&Account| account.application == *application && account.username == *username;
            Ok(tables.accounts.values().find(named).cloned())
        })
        .await
    }

    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError> {
        self.call("load_account", |tables| Ok(tables.accounts.get(&id).cloned())).await
    }

    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError> {
        self.call("list_accounts", |tables| {
            let wanted = |account: &&Account| account.application == *application;
            Ok(page_of(tables.accounts.iter(), page, wanted).cloned().collect())
        })
        .await
    }
}
