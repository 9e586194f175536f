//! A database of a test's own.

use std::time::Duration;

use adapters::sql::{PostgresOptions, PostgresStore};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub(crate) use crate::material::{
    PHONE_DIGITS, account, approve, attempt, begin, begun, guess, inserted, mistyped, one_of_everything,
    phone, seconds, subject, today, vault,
};

/// An empty database.
pub(crate) struct Place {
    database: servers::Database,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self { database: servers::database().await }
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// With long waits, because a slow disk is no fault of the adapter's.
    pub(crate) fn options(&self) -> PostgresOptions {
        patient(self.url())
    }

    /// The database, migrated.
    pub(crate) async fn open(&self) -> PostgresStore {
        opened(&self.options()).await
    }

    /// A connection that is not the adapter's: another program's.
    pub(crate) async fn foreign(&self) -> PgConnection {
        foreign(self.url()).await
    }
}

/// It logs nothing, so that what is logged is the adapter's.
pub(crate) async fn foreign(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.disable_statement_logging().connect().await.unwrap()
}

pub(crate) fn patient(url: &str) -> PostgresOptions {
    let patience = Duration::from_mins(1);
    PostgresOptions {
        acquire_timeout: patience,
        statement_timeout: patience,
        ..PostgresOptions::from_url(url).unwrap()
    }
}

/// The database of these options, migrated.
pub(crate) async fn opened(options: &PostgresOptions) -> PostgresStore {
    let store = PostgresStore::open(options, vault(7)).await.unwrap();
    store.migrate().await.unwrap();
    store
}
