//! A database file of a test's own.

use std::path::PathBuf;
use std::time::Duration;

use adapters::sql::{SqliteOptions, SqliteStore};
use domain::application::ApplicationId;
use domain::limit::{Limit, Member, SendParties, Take, takes_of_a_send};
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use domain::policy::{Limits, Policy};
use domain::testkit::SeededEntropy;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

pub(crate) use crate::material::{
    PHONE_DIGITS, account, approve, begin, begun, guess, inserted, mistyped, one_of_everything, phone,
    seconds, subject, today, vault,
};

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
