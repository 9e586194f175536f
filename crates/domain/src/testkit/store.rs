//! A store in memory: verifications, the ledger of wrong checks, accounts, credentials, events and what is told of them
//! under one lock, so that every method is one atomic promise.

mod accounts;
mod blocks;
mod credentials;
mod credits;
mod deliveries;
mod events;
mod idempotency;
mod pauses;
mod statistics;
mod verifications;
mod vitals;
mod webhooks;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use uuid::Uuid;

use super::demand::locked;
use super::trouble::Trouble;
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::block::Block;
use crate::credential::{Credential, SecretHash};
use crate::credit::CreditReading;
use crate::deliverability::{Cohort, CohortKey};
use crate::delivery::DeliveryRecord;
use crate::event::{Event, EventPlace};
use crate::guess::{GUESS_WINDOW_DAYS, GuessClass, GuessTotals};
use crate::id::{
    AccountId, BlockId, CredentialId, DeliveryId, StatisticWriterId, VerificationId, WebhookDeliveryId,
};
use crate::idempotency::KeyPlace;
use crate::invalid_numbers::Pause;
use crate::phone::Phone;
use crate::ports::{Dependency, Page, PortError};
use crate::statistic::{Amounts, StatisticKey};
use crate::time::{Day, Timestamp};
use crate::verification::Verification;

/// Keeps the promises of the stores. Every call yields once before it does anything, so that use cases that run
/// at once do get in each other's way.
#[derive(Debug)]
pub struct MemoryStore(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    trouble: Trouble,
    tables: Tables,
}

#[derive(Debug, Default)]
struct Tables {
    verifications: BTreeMap<VerificationId, Verification>,
    accounts: BTreeMap<AccountId, Account>,
    credentials: BTreeMap<CredentialId, (Credential, SecretHash)>,
    deliveries: BTreeMap<DeliveryId, DeliveryRecord>,
    ledger: BTreeMap<(Phone, Day), WrongChecks>,
    events: BTreeMap<EventPlace, Event>,
    /// The events that were not handed out yet, in their order.
    outbox: VecDeque<EventPlace>,
    webhook_deliveries: BTreeMap<WebhookDeliveryId, webhooks::StoredDelivery>,
    /// How many ids were made in here.
    ids: u64,
    keys: BTreeMap<KeyPlace, idempotency::Kept>,
    blocks: BTreeMap<BlockId, Block>,
    credits: BTreeMap<Arc<str>, CreditReading>,
    blocks_are_stale: bool,
    /// The last of each application.
    pauses: BTreeMap<ApplicationId, Pause>,
    statistics: BTreeMap<StatisticKey, Amounts>,
    cohorts: BTreeMap<CohortKey, Cohort>,
    /// The last batch of each.
    statistic_writers: BTreeMap<StatisticWriterId, u32>,
}

/// The wrong checks of one phone on one day.
#[derive(Clone, Copy, Debug, Default)]
struct WrongChecks {
    short: u32,
    long: u32,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self(Mutex::new(Inner { trouble: Trouble::new(Dependency::Store), tables: Tables::default() }))
    }
}

impl MemoryStore {
    /// Whether every call fails from now on, without doing anything.
    pub fn set_down(&self, down: bool) {
        locked(&self.0).trouble.set_down(down);
    }

    /// Lets the next calls of a method fail, without doing anything. Methods go by their names in the ports; `ping`
    /// is [`crate::ports::VerificationStore::ping`].
    pub fn fail_next(&self, method: &'static str, times: u32) {
        locked(&self.0).trouble.fail_next(method, times);
    }

    /// How often a method was called.
    #[must_use]
    pub fn calls(&self, method: &str) -> u32 {
        locked(&self.0).trouble.calls(method)
    }

    /// How often any method was called.
    #[must_use]
    pub fn all_calls(&self) -> u32 {
        locked(&self.0).trouble.all_calls()
    }

    /// Counts calls from zero again.
    pub fn forget_calls(&self) {
        locked(&self.0).trouble.forget_calls();
    }

    /// Whether what it knows of blocks and pauses is too old to be believed from now on.
    pub fn set_blocks_stale(&self, stale: bool) {
        locked(&self.0).tables.blocks_are_stale = stale;
    }

    /// Every verification, oldest first.
    #[must_use]
    pub fn verifications(&self) -> Vec<Verification> {
        let inner = locked(&self.0);
        inner.tables.verifications.values().map(|stored| inner.tables.answered(stored)).collect()
    }

    /// Every account, oldest first.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        locked(&self.0).tables.accounts.values().cloned().collect()
    }

    /// Every delivery, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<DeliveryRecord> {
        locked(&self.0).tables.deliveries.values().cloned().collect()
    }

    /// Every key and user token, oldest first.
    #[must_use]
    pub fn credentials(&self) -> Vec<Credential> {
        locked(&self.0).tables.credentials.values().map(|(credential, _)| credential.clone()).collect()
    }

    /// The wrong checks that are counted for a phone.
    #[must_use]
    pub fn wrong_checks(&self, phone: Phone, today: Day) -> GuessTotals {
        locked(&self.0).tables.totals(phone, today)
    }

    /// Counts wrong checks of a phone, as if they had happened.
    pub fn charge(&self, phone: Phone, day: Day, class: GuessClass, times: u32) {
        locked(&self.0).tables.charge(phone, day, class, times);
    }

    /// One call: it yields, is counted, may be told to fail, and has the tables for itself.
    async fn call<T>(
        &self,
        method: &'static str,
        act: impl FnOnce(&mut Tables) -> Result<T, PortError> + Send,
    ) -> Result<T, PortError> {
        tokio::task::yield_now().await;
        let mut inner = locked(&self.0);
        inner.trouble.enter(method)?;
        act(&mut inner.tables)
    }
}

impl Tables {
    fn totals(&self, phone: Phone, today: Day) -> GuessTotals {
        let of_today = self.ledger.get(&(phone, today)).copied().unwrap_or_default();
        let first = today.minus(GUESS_WINDOW_DAYS - 1);
        let window = self.ledger.range((phone, first)..=(phone, today));
        GuessTotals {
            short_in_window: window.map(|(_, wrong)| wrong.short).sum(),
            short_today: of_today.short,
            long_today: of_today.long,
        }
    }

    fn charge(&mut self, phone: Phone, day: Day, class: GuessClass, times: u32) {
        let wrong = self.ledger.entry((phone, day)).or_default();
        match class {
            GuessClass::Short => wrong.short += times,
            GuessClass::Long => wrong.long += times,
        }
    }

    /// An id of this store's own making, greater than every one of an earlier instant, and than those before.
    fn id(&mut self, now: Timestamp) -> Uuid {
        self.ids += 1;
        let mut tail = [0; 10];
        tail[2..].copy_from_slice(&self.ids.to_be_bytes());
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }

    /// A stored verification with the name of its account filled in.
    fn answered(&self, stored: &Verification) -> Verification {
        Verification { username: self.username(stored.subject.account), ..stored.clone() }
    }

    fn username(&self, account: Option<AccountId>) -> Option<Username> {
        self.accounts.get(&account?).map(|account| account.username.clone())
    }
}

/// The page of `rows` (oldest first, with their ids).
fn page_of<'a, Id: PartialOrd + 'a, Row: 'a>(
    rows: impl DoubleEndedIterator<Item = (&'a Id, Row)>,
    page: Page<Id>,
    wanted: impl Fn(&Row) -> bool,
) -> impl Iterator<Item = Row> {
    rows.rev()
        .filter(move |(id, row)| page.before.as_ref().is_none_or(|before| *id < before) && wanted(row))
        .map(|(_, row)| row)
        .take(usize::from(page.limit))
}
