//! The stores over SQL databases, one adapter for each: they keep the same contract, not the same text. Owns what the
//! adapters share: the way from a port to a statement, how values are bound and read, how stored words become values of
//! the rules, and their errors. What a database does in its own way is in the module of its name.
//!
//! A statement is never logged, because its arguments would be, and no text of an error holds a stored value.

mod accounts;
mod arguments;
mod blocks;
mod cohorts;
mod columns;
mod connections;
mod credentials;
mod credits;
mod deliveries;
mod engine;
mod events;
mod failure;
mod idempotency;
mod migrations;
mod pauses;
mod postgres;
mod rows;
mod sqlite;
mod statements;
mod statistics;
mod store;
pub mod transfer;
mod verifications;
mod vitals;

use std::path::PathBuf;

pub use connections::Connections;
pub use postgres::{PostgresAddress, PostgresOptions, PostgresStore, PostgresUrlFault};
pub use sqlite::{SqliteCounters, SqliteOptions, SqliteStore};

/// Why a database could not be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The file is not there and could not be made.
    #[error("the database file `{}` could not be made", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It could not be opened, or does not answer.
    #[error("the database cannot be used")]
    Database(#[from] sqlx::Error),
    /// No host that is asked lets us in, or answers.
    #[error("the database cannot be reached; check `database.url`")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A migration failed; none was applied.
    #[error("the database could not be migrated; nothing was changed")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// Somebody else held a lock that a migration needs for as long as it was tried; none was applied.
    #[error(
        "the database could not be migrated, and nothing was changed: for a minute somebody else held a lock on its \
         tables, such as a backup or a long transaction; migrate again when that has ended"
    )]
    Locked(#[source] Box<SqlError>),
    /// The database was migrated by a newer release.
    #[error(
        "the database has migration {version}, which this release does not know: use the release that made it"
    )]
    Newer {
        /// The migration that is not known.
        version: i64,
    },
    /// The database has a migration in another form.
    #[error("migration {version} was applied in another form than this release has it")]
    Altered {
        /// The migration.
        version: i64,
    },
    /// The phones in the database are sealed with another key.
    #[error("phone_key is not the one this database was made with")]
    PhoneKey,
}

/// A migration, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its number; migrations are applied in this order.
    pub version: i64,
    /// What it brings.
    pub description: String,
    /// Whether the database has it.
    pub applied: bool,
}
