//! Accounts.

use async_trait::async_trait;

use super::{MemoryStore, Tables, page_of};
use crate::account::{Account, Username, VerifiedPhone};
use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::ports::{AccountStore, Page, PhoneMoved, PhoneSet, PortError};
use crate::time::Timestamp;

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

    async fn unlink_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        _now: Timestamp,
    ) -> Result<Option<PhoneMoved>, PortError> {
        self.call("unlink_phone", |tables| Ok(tables.move_phone(application, id, None))).await
    }

    async fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        _now: Timestamp,
    ) -> Result<PhoneSet, PortError> {
        self.call("set_phone", |tables| {
            let holds = |account: &Account| {
                account.application == *application
                    && account.id != id
                    && account.phone.is_some_and(|held| held.phone == phone.phone)
            };
            let taken = tables.accounts.values().any(holds);
            let there = tables.accounts.get(&id).is_some_and(|account| account.application == *application);
            Ok(match there {
                true if taken => PhoneSet::Taken,
                true => {
                    tables.move_phone(application, id, Some(phone)).map_or(PhoneSet::NoAccount, PhoneSet::Set)
                }
                false => PhoneSet::NoAccount,
            })
        })
        .await
    }
}

impl Tables {
    /// Gives the account another phone, or none.
    fn move_phone(
        &mut self,
        application: &ApplicationId,
        id: AccountId,
        phone: Option<VerifiedPhone>,
    ) -> Option<PhoneMoved> {
        let account = self.accounts.get_mut(&id).filter(|account| account.application == *application)?;
        let before = std::mem::replace(&mut account.phone, phone);
        Some(PhoneMoved { account: account.clone(), before })
    }
}
