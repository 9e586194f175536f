//! The ground that a suite stands on: names, phones and instants of its own.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::super::demand::{kept, locked, present};
use super::super::{ManualClock, SeededEntropy};
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::code::{CodeLength, Nonce, PepperId};
use crate::id::{AccountId, VerificationId};
use crate::message::Locale;
use crate::phone::Phone;
use crate::policy::Policy;
use crate::ports::{Clock, Entropy};
use crate::time::Timestamp;
use crate::verification::{Budget, MessageOptions, Purpose, Seed, Subject, Verification, open};

/// Names, phones and instants that no suite with another seed has.
#[derive(Debug)]
pub struct Ground {
    clock: ManualClock,
    entropy: SeededEntropy,
    names: Mutex<BTreeMap<AccountId, Username>>,
}

/// 2026-01-15T08:00:00Z, well within a day.
const BEGIN_SECOND: i64 = 1_768_464_000;

impl Ground {
    /// The ground of this seed, in January 2026.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::at(seed, Timestamp::from_second(BEGIN_SECOND).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    /// The ground of this seed, beginning at `now`: for adapters that do not believe in any other time.
    #[must_use]
    pub fn at(seed: u64, now: Timestamp) -> Self {
        Self { clock: ManualClock::at(now), entropy: SeededEntropy::new(seed), names: Mutex::default() }
    }

    /// An instant later than every one before.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.advance(Duration::from_millis(1));
        self.clock.now()
    }

    pub(super) fn entropy(&self) -> &dyn Entropy {
        &self.entropy
    }

    pub(super) fn bytes<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        kept(self.entropy.fill(&mut bytes));
        bytes
    }

    /// Some number.
    pub(super) fn word(&self) -> u64 {
        self.entropy.word()
    }

    pub(super) fn application(&self) -> ApplicationId {
        let slug = format!("contract-{:016x}", self.entropy.word());
        present(ApplicationId::parse(&slug), "the slug of a ground is one")
    }

    /// A phone with 15 digits, the most that E.164 allows, so that no two grounds meet.
    pub(super) fn phone(&self) -> Phone {
        let digits = 977_000_000_000_000 + self.entropy.word() % 1_000_000_000_000;
        present(Phone::from_digits(digits), "fifteen digits are a phone")
    }

    /// An account that is not stored yet.
    pub(super) fn account(&self, application: &ApplicationId, name: &str) -> Account {
        let now = self.now();
        let id = kept(AccountId::new(now, &self.entropy));
        let username = username(name);
        locked(&self.names).insert(id, username.clone());
        Account { id, application: application.clone(), username, phone: None, created_at: now }
    }

    /// A subject without an account, with a phone and an application of its own.
    pub(super) fn subject(&self) -> Subject {
        Subject {
            application: self.application(),
            account: None,
            phone: self.phone(),
            purpose: Purpose::Contact,
        }
    }

    /// A verification that begins now and is not stored yet, under the default policy.
    pub(super) fn verification(&self, subject: &Subject) -> Verification {
        let now = self.now();
        self.verification_at(subject, now)
    }

    /// The same, beginning at `now`.
    pub(super) fn verification_at(&self, subject: &Subject, now: Timestamp) -> Verification {
        let message = MessageOptions { locale: Locale::English, app_hash: None, origin: None };
        let id = kept(VerificationId::new(now, &self.entropy));
        let username = subject.account.and_then(|account| locked(&self.names).get(&account).cloned());
        let budget = Budget::of(&Policy::default());
        open(id, subject.clone(), username, message, budget, self.seed(CodeLength::SIX), now)
    }

    pub(super) fn seed(&self, length: CodeLength) -> Seed {
        Seed { nonce: Nonce::from_bytes(self.bytes()), pepper: PepperId::from_bytes(self.bytes()), length }
    }
}

/// A name that is one.
pub(super) fn username(name: &str) -> Username {
    present(Username::parse(name).ok(), "the name of an account is one")
}
