//! The ids of accounts in memory, before the store that keeps them. Owns nothing but what never changes: an account keeps
//! its id and its name, and no account is ever deleted, so that an id once heard stays true. Everything else about an
//! account is asked of the store each time.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::ports::{AccountStore, Page, PhoneMoved, PhoneSet, PortError};
use domain::time::Timestamp;
use quick_cache::sync::Cache;

/// The most ids that are remembered; of about 200 bytes each.
const IDS_MAX: usize = 10_000;

/// An [`AccountStore`] that remembers the ids of accounts which another one knows.
pub struct CachedAccounts {
    store: Arc<dyn AccountStore>,
    ids: Cache<(ApplicationId, Username), AccountId>,
}

impl CachedAccounts {
    /// Remembers the ids of the accounts of `store`.
    #[must_use]
    pub fn new(store: Arc<dyn AccountStore>) -> Self {
        Self { store, ids: Cache::new(IDS_MAX) }
    }

    fn remember(&self, account: &Account) {
        self.ids.insert((account.application.clone(), account.username.clone()), account.id);
    }
}

#[async_trait]
impl AccountStore for CachedAccounts {
    async fn add(&self, account: &Account) -> Result<(Account, bool), PortError> {
        let (there, added) = self.store.add(account).await?;
        self.remember(&there);
        Ok((there, added))
    }

    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, PortError> {
        let found = self.store.find(application, username).await?;
        if let Some(account) = &found {
            self.remember(account);
        }
        Ok(found)
    }

    async fn id_of(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<AccountId>, PortError> {
        let name = (application.clone(), username.clone());
        if let Some(id) = self.ids.get(&name) {
            return Ok(Some(id));
        }
        let id = self.store.id_of(application, username).await?;
        if let Some(id) = id {
            self.ids.insert(name, id);
        }
        Ok(id)
    }

    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError> {
        self.store.load_account(id).await
    }

    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError> {
        self.store.list_accounts(application, page).await
    }

    async fn unlink_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<PhoneMoved>, PortError> {
        self.store.unlink_phone(application, id, now).await
    }

    async fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        now: Timestamp,
    ) -> Result<PhoneSet, PortError> {
        self.store.set_phone(application, id, phone, now).await
    }
}

impl fmt::Debug for CachedAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedAccounts").field("store", &self.store).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::testkit::MemoryStore;
    use domain::testkit::contract::{self, Ground};
    use uuid::Uuid;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn accounts_keep_their_contract() {
        let accounts = CachedAccounts::new(Arc::new(MemoryStore::default()));
        contract::account_store(Arc::new(accounts), &Ground::new(1)).await;
    }

    #[tokio::test]
    async fn an_id_is_asked_for_once() {
        let store = Arc::new(MemoryStore::default());
        let accounts = CachedAccounts::new(store.clone());
        let ram = Account {
            id: AccountId::from_uuid(Uuid::from_u128(7)),
            application: ApplicationId::default_application(),
            username: Username::parse("ram").unwrap(),
            phone: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        // That there is none is not remembered: it may be made at any time.
        for _ in 0..2 {
            assert_eq!(accounts.id_of(&ram.application, &ram.username).await.unwrap(), None);
        }
        store.add(&ram).await.unwrap();
        store.forget_calls();
        for _ in 0..3 {
            assert_eq!(accounts.id_of(&ram.application, &ram.username).await.unwrap(), Some(ram.id));
        }
        assert_eq!(store.all_calls(), 1);
        let elsewhere = ApplicationId::parse("shop").unwrap();
        assert_eq!(accounts.id_of(&elsewhere, &ram.username).await.unwrap(), None);
    }
}
