//! The stores' ports over any SQL database. Owns nothing but the way from a port to what keeps it.

mod blocks;
mod credits;
mod pauses;
mod statistics;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::credential::{Credential, SecretHash};
use domain::delivery::{DeliveryRecord, GatewayTally};
use domain::id::{AccountId, CredentialId, DeliveryId, VerificationId};
use domain::idempotency::{Attempt, Begun, KeyPlace, Owner, StoredAnswer};
use domain::ports::{
    AccountStore, Approval, Approved, Change, CredentialFilter, CredentialStore, DeliveryFilter,
    DeliveryStore, Holder, IdempotencyStore, Inserted, Loaded, Page, PhoneMoved, PhoneSet, PortError, Saved,
    Standing, VerificationFilter, VerificationStore,
};
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};

use super::engine::Engine;
use super::{accounts, credentials, deliveries, idempotency};

/// Keeps verifications, the ledger of wrong checks, accounts and credentials in one SQL database. Clones share it.
pub struct Store<Database>(pub(super) Arc<Database>);

impl<Database> Clone for Store<Database> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<Database: fmt::Debug> fmt::Debug for Store<Database> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl<Database: Engine> VerificationStore for Store<Database> {
    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, PortError> {
        self.0.standing(subject, today).await.map_err(Database::failed)
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, PortError> {
        self.0.load(id, today).await.map_err(Database::failed)
    }

    async fn insert(&self, verification: &Verification) -> Result<Inserted, PortError> {
        self.0.insert(verification).await.map_err(Database::failed)
    }

    async fn save(&self, change: &Change<'_>) -> Result<Saved, PortError> {
        self.0.save(change).await.map_err(Database::failed)
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, PortError> {
        self.0.approve(approval).await.map_err(Database::failed)
    }

    async fn list(
        &self,
        filter: &VerificationFilter,
        page: Page<VerificationId>,
    ) -> Result<Vec<Verification>, PortError> {
        self.0.list(filter, page).await.map_err(Database::failed)
    }

    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, PortError> {
        self.0.sweep(before, ledger_before, max).await.map_err(Database::failed)
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.0.ping().await.map_err(Database::failed)
    }
}

#[async_trait]
impl<Database: Engine> AccountStore for Store<Database> {
    async fn add(&self, account: &Account) -> Result<(Account, bool), PortError> {
        accounts::add(&*self.0, account).await.map_err(Database::failed)
    }

    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, PortError> {
        accounts::find(&*self.0, application, username).await.map_err(Database::failed)
    }

    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError> {
        accounts::load(&*self.0, id).await.map_err(Database::failed)
    }

    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError> {
        accounts::list(&*self.0, application, page).await.map_err(Database::failed)
    }

    async fn unlink_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<PhoneMoved>, PortError> {
        self.0.unlink_phone(application, id, now).await.map_err(Database::failed)
    }

    async fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        now: Timestamp,
    ) -> Result<PhoneSet, PortError> {
        self.0.set_phone(application, id, phone, now).await.map_err(Database::failed)
    }
}

#[async_trait]
impl<Database: Engine> CredentialStore for Store<Database> {
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError> {
        credentials::issue(&*self.0, credential, hash).await.map_err(Database::failed)
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError> {
        credentials::holder(&*self.0, hash).await.map_err(Database::failed)
    }

    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError> {
        credentials::list(&*self.0, application, which, page).await.map_err(Database::failed)
    }

    async fn load_credential(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
    ) -> Result<Option<(Credential, Option<Username>)>, PortError> {
        credentials::load(&*self.0, application, which, id).await.map_err(Database::failed)
    }

    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, PortError> {
        credentials::revoke(&*self.0, application, which, id, now).await.map_err(Database::failed)
    }
}

#[async_trait]
impl<Database: Engine> DeliveryStore for Store<Database> {
    async fn record_delivery(
        &self,
        change: &Change<'_>,
        attempts: &[DeliveryRecord],
    ) -> Result<Saved, PortError> {
        self.0.record_delivery(change, attempts).await.map_err(Database::failed)
    }

    async fn list_deliveries(
        &self,
        application: &ApplicationId,
        filter: &DeliveryFilter,
        page: Page<DeliveryId>,
    ) -> Result<Vec<DeliveryRecord>, PortError> {
        deliveries::list(&*self.0, application, filter, page).await.map_err(Database::failed)
    }

    async fn tally_gateways(
        &self,
        application: &ApplicationId,
        since: Timestamp,
        at_most: u16,
    ) -> Result<Vec<GatewayTally>, PortError> {
        deliveries::tally(&*self.0, application, since, at_most).await.map_err(Database::failed)
    }
}

#[async_trait]
impl<Database: Engine> IdempotencyStore for Store<Database> {
    async fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<Begun, PortError> {
        idempotency::begin(&*self.0, attempt, now).await.map_err(Database::failed)
    }

    async fn finish(&self, place: &KeyPlace, owner: &Owner, answer: &StoredAnswer) -> Result<(), PortError> {
        idempotency::finish(&*self.0, place, owner, answer).await.map_err(Database::failed)
    }

    async fn release(&self, place: &KeyPlace, owner: &Owner) -> Result<(), PortError> {
        idempotency::release(&*self.0, place, owner).await.map_err(Database::failed)
    }

    async fn sweep_keys(&self, now: Timestamp, max: u32) -> Result<u64, PortError> {
        idempotency::sweep(&*self.0, now, max).await.map_err(Database::failed)
    }
}
