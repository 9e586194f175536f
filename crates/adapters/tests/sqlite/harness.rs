//! A database file of a test's own, and what tests put into it.

use std::path::PathBuf;
use std::time::Duration;

use adapters::phone_vault::PhoneVault;
use adapters::sql::{SqliteOptions, SqliteStore};
use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::code::{CodeLength, Nonce, PepperId};
use domain::guess::{Guess, GuessClass};
use domain::id::{AccountId, VerificationId};
use domain::limit::{Limit, Member, SendParties, Take, takes_of_a_send};
use domain::message::Locale;
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use domain::policy::{Limits, Policy};
use domain::ports::{AccountStore, Approval, Approved, Change, Inserted, VerificationStore};
use domain::testkit::SeededEntropy;
use domain::time::{Day, Timestamp, after};
use domain::verification::{
    Budget, Command, MessageOptions, Purpose, Seed, Subject, Verification, open, step,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

/// The phone of the tests, as people write it.
pub(crate) const PHONE_DIGITS: &str = "9841234567";

/// The directory of a database.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("verify.db")
    }

    /// With long waits, because a slow disk is no fault of the adapter's.
    pub(crate) fn options(&self) -> SqliteOptions {
        let patience = Duration::from_mins(1);
        SqliteOptions { busy_timeout: patience, acquire_timeout: patience, ..SqliteOptions::at(self.path()) }
    }

    /// The database, migrated.
    pub(crate) async fn open(&self) -> SqliteStore {
        self.open_with(&self.options()).await
    }

    pub(crate) async fn open_with(&self, options: &SqliteOptions) -> SqliteStore {
        let store = SqliteStore::open(options, vault(7)).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// A connection that is not the adapter's: another program's, which does not look after foreign keys.
    pub(crate) async fn foreign(&self) -> SqliteConnection {
        SqliteConnectOptions::new()
            .filename(self.path())
            .foreign_keys(false)
            .disable_statement_logging()
            .connect()
            .await
            .unwrap()
    }
}

pub(crate) fn vault(key: u8) -> PhoneVault {
    PhoneVault::new(&PhoneKey::new(&[key; 32]).unwrap())
}

pub(crate) fn phone() -> Phone {
    Phone::from_digits(format!("977{PHONE_DIGITS}").parse().unwrap()).unwrap()
}

/// 2026-01-15T08:00:00Z.
pub(crate) fn begin() -> Timestamp {
    Timestamp::from_second(1_768_464_000).unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Timestamp {
    after(begin(), Duration::from_secs(seconds))
}

pub(crate) fn today() -> Day {
    Day::of(begin())
}

/// An account of this name that is stored, in the application `default`.
pub(crate) async fn account(store: &SqliteStore, name: &str, seed: u64) -> Account {
    let account = Account {
        id: AccountId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
        application: ApplicationId::default_application(),
        username: Username::parse(name).unwrap(),
        phone: None,
        created_at: begin(),
    };
    store.add(&account).await.unwrap().0
}

pub(crate) fn subject(account: Option<&Account>) -> Subject {
    Subject {
        application: ApplicationId::default_application(),
        account: account.map(|account| account.id),
        phone: phone(),
        purpose: Purpose::Contact,
    }
}

/// A verification that begins at `now`, with the default policy.
pub(crate) fn begun(account: Option<&Account>, seed: u64, now: Timestamp) -> Verification {
    let entropy = SeededEntropy::new(seed);
    let seed = Seed {
        nonce: Nonce::new(&entropy).unwrap(),
        pepper: PepperId::from_bytes([9; 8]),
        length: CodeLength::SIX,
    };
    open(
        VerificationId::new(now, &entropy).unwrap(),
        subject(account),
        account.map(|account| account.username.clone()),
        MessageOptions { locale: Locale::English, app_hash: None, origin: None },
        Budget::of(&Policy::default()),
        seed,
        now,
    )
}

/// The same, stored.
pub(crate) async fn inserted(store: &SqliteStore, account: Option<&Account>, seed: u64) -> Verification {
    let verification = begun(account, seed, begin());
    assert_eq!(store.insert(&verification).await.unwrap(), Inserted::Stored);
    verification
}

/// What becomes of a verification after a wrong check.
pub(crate) fn mistyped(verification: &Verification) -> Verification {
    step(verification, Command::Check { matches: false }, seconds(30)).next
}

pub(crate) const fn guess(day: Day, wrong: bool) -> Guess {
    Guess { day, class: GuessClass::Short, wrong, short_ceiling: 40, ceiling: 10 }
}

/// Approves what `verification` is about.
pub(crate) async fn approve(store: &SqliteStore, verification: &Verification, account: &Account) -> Approved {
    let approved = step(verification, Command::Check { matches: true }, seconds(60)).next;
    let approval = Approval {
        change: Change {
            next: &approved,
            expected: verification.version,
            guess: Some(guess(today(), false)),
        },
        account: account.id,
        phone: VerifiedPhone { phone: phone(), verified_at: seconds(60) },
        transfer: false,
    };
    store.approve(&approval).await.unwrap()
}

/// A take of one attempt to send to one phone, under a limit of `max` in ten minutes.
pub(crate) fn take(max: u32, phone_seed: u64, attempt_seed: u64) -> Take {
    let limits = Limits {
        sends_per_phone: vec![Limit { max, window: Duration::from_mins(10) }],
        sends_per_account: Vec::new(),
        phones_per_account: Vec::new(),
    };
    let key = PhoneKey::new(&[7; 32]).unwrap();
    let phone = Phone::from_digits(9_779_800_000_000 + phone_seed).unwrap();
    let parties = SendParties {
        application: &ApplicationId::default_application(),
        account: None,
        phone: key.fingerprint(phone),
    };
    let attempt = Member::of_attempt(&SeededEntropy::new(attempt_seed)).unwrap();
    let takes = takes_of_a_send(&Policy { limits, ..Policy::default() }, &parties, attempt);
    takes.into_iter().next().unwrap()
}
