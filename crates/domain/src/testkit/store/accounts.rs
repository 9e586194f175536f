//! Accounts.

use async_trait::async_trait;
use uuid::Uuid;

use super::{MemoryStore, Tables, page_of};
use crate::account::{Account, Username, VerifiedPhone};
use crate::application::ApplicationId;
use crate::event::{Event, EventAccount, EventKind, EventPlace};
use crate::id::{AccountId, EventId};
use crate::phone::Phone;
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
        now: Timestamp,
    ) -> Result<Option<PhoneMoved>, PortError> {
        self.call("unlink_phone", |tables| {
            let moved = tables.move_phone(application, id, None);
            if let Some(PhoneMoved { account, before: Some(before) }) = &moved {
                tables.phone_moved(account, EventKind::PhoneUnlinked, before.phone, now);
            }
            Ok(moved)
        })
        .await
    }

    async fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        now: Timestamp,
    ) -> Result<PhoneSet, PortError> {
        self.call("set_phone", |tables| {
            let holds = |account: &Account| {
                account.application == *application
                    && account.id != id
                    && account.phone.is_some_and(|held| held.phone == phone.phone)
            };
            let taken = tables.accounts.values().any(holds);
            let there = tables.accounts.get(&id).is_some_and(|account| account.application == *application);
            if there && taken {
                return Ok(PhoneSet::Taken);
            }
            let Some(moved) = tables.move_phone(application, id, Some(phone)) else {
                return Ok(PhoneSet::NoAccount);
            };
            if moved.before != Some(phone) {
                tables.phone_moved(&moved.account, EventKind::PhoneChanged, phone.phone, now);
            }
            Ok(PhoneSet::Set(moved))
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

    fn phone_moved(&mut self, account: &Account, kind: EventKind, phone: Phone, now: Timestamp) {
        self.happened(Event {
            id: EventId::from_uuid(Uuid::nil()),
            place: EventPlace(0),
            application: account.application.clone(),
            kind,
            at: now,
            verification: None,
            purpose: None,
            account: Some(EventAccount { id: account.id, username: account.username.clone() }),
            phone: Some(phone),
            reason: None,
            block: None,
            prefix: None,
            credit: None,
        });
    }
}
