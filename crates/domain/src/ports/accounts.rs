//! What keeps accounts.

use std::fmt;

use async_trait::async_trait;

use super::{Page, PortError};
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::id::AccountId;

/// Keeps accounts.
#[async_trait]
pub trait AccountStore: Send + Sync + fmt::Debug {
    /// Stores the account unless one of this name exists in the application; answers the one that is there now, and
    /// whether it is the given one. However many add one name at once, one account comes of it.
    async fn add(&self, account: &Account) -> Result<(Account, bool), PortError>;

    /// The account of this name, compared exactly.
    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, PortError>;

    /// The account with this id.
    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError>;

    /// A page of an application's accounts, youngest first.
    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError>;
}
