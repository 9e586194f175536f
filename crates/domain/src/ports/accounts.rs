//! What keeps accounts.

use std::fmt;

use async_trait::async_trait;

use super::{Page, PortError};
use crate::account::{Account, Username, VerifiedPhone};
use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::time::Timestamp;

/// An account whose phone was taken from it, or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneMoved {
    /// The account as it is now.
    pub account: Account,
    /// What it had before; the same as now when nothing changed.
    pub before: Option<VerifiedPhone>,
}

/// How setting a phone went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneSet {
    /// The account has it.
    Set(PhoneMoved),
    /// Another account of the application holds it; nothing was stored.
    Taken,
    /// The application has no such account; nothing was stored.
    NoAccount,
}

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

    /// The id of the account of this name. It never changes, so that it may be remembered.
    async fn id_of(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<AccountId>, PortError> {
        Ok(self.find(application, username).await?.map(|account| account.id))
    }

    /// The account with this id.
    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError>;

    /// A page of an application's accounts, youngest first.
    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError>;

    /// Takes the phone from the account at `now`, and tells so ([`crate::event::EventKind::PhoneUnlinked`]) in the same
    /// transaction; one that has none stays as it is, and nothing is told. `None` when the application has no such
    /// account. However many take it at once, one is told that it was there.
    async fn unlink_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<PhoneMoved>, PortError>;

    /// Gives the account this phone at `now`, in the place of the one it has, unless another account of the
    /// application holds it: a phone is never taken from somebody else, whoever sets, proves or unlinks it at once. It
    /// is told ([`crate::event::EventKind::PhoneChanged`]) in the same transaction, unless nothing has changed.
    async fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        now: Timestamp,
    ) -> Result<PhoneSet, PortError>;
}
