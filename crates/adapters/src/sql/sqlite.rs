//! The stores in one SQLite file: the embedded default, and what the command line opens beside a running server.
//!
//! One connection writes and a few read (WAL): writers of one process queue in memory, in order, instead of racing for
//! the file's lock; other processes are waited for by SQLite itself. Every wait is bounded. What reads before it
//! writes is a transaction that has the lock from the start (`BEGIN IMMEDIATE`), so that nothing it has read can
//! change; what one statement can do is one statement. A commit is on disk before it is answered
//! (`synchronous = FULL`): an answered approval survives a power failure.
//!
//! The schema holds the invariants as well (see `migrations/sqlite`), so that another program, or a mistake here,
//! cannot break them.

mod accounts;
mod blocks;
mod counters;
mod credits;
mod engine;
mod events;
mod failure;
mod listing;
mod migrations;
mod pauses;
#[cfg(test)]
mod plans;
mod statistics;
mod transfer;
mod verifications;
mod webhooks;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use self::writer::Writer;
use super::SqlError;
use super::blocks::UnreadBlocks;
use super::connections::Connections;
use super::store::Store;
use crate::phone_vault::PhoneVault;

/// Where the database is, and how long is waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The file; it is made when it is not there, for its owner only. Its directory must be there, on a local disk,
    /// and writable: SQLite keeps two more files beside it.
    pub path: PathBuf,
    /// How long a statement waits for another process. Default 5 s.
    pub busy_timeout: Duration,
    /// How long a call waits for its turn in this process. Default 5 s.
    pub acquire_timeout: Duration,
    /// How many connections read at once; at least one. Default 4.
    pub readers: u32,
}

impl SqliteOptions {
    /// The database in this file, with the defaults.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            busy_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(5),
            readers: 4,
        }
    }
}

/// Keeps verifications, the ledger of wrong checks, accounts and credentials in one SQLite file. Clones share it.
pub type SqliteStore = Store<Database>;

/// Keeps counters in the same file, so that they outlive a restart. Clones share it.
#[derive(Clone)]
pub struct SqliteCounters(Arc<Database>);

/// An open file.
pub struct Database {
    path: PathBuf,
    vault: PhoneVault,
    writer: Writer,
    readers: SqlitePool,
    unread_blocks: UnreadBlocks,
}

impl SqliteStore {
    /// Opens the database, or makes an empty one. It is not migrated: see [`SqliteStore::migrate`].
    ///
    /// # Errors
    /// [`SqlError::PhoneKey`] when the database was made with another phone key; other [`SqlError`]s when it cannot
    /// be opened.
    pub async fn open(options: &SqliteOptions, vault: PhoneVault) -> Result<Self, SqlError> {
        // An absolute path has no meaning to SQLite but that of a file; `:memory:` and `file:...` have.
        let path = std::path::absolute(&options.path)
            .and_then(|path| make_private_file(&path).map(|()| path))
            .map_err(|source| SqlError::File { path: options.path.clone(), source })?;
        let connecting = connecting(&path, options);
        let writer = Writer::open(writing(connecting.clone()), options).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            // A connection is looked at when it comes back; a file does not go away in between.
            .test_before_acquire(false)
            .connect_lazy_with(reading(connecting));
        let database = Database { path, vault, writer, readers, unread_blocks: UnreadBlocks::default() };
        database.check_phone_key().await?;
        Ok(Self(Arc::new(database)))
    }

    /// The counters in the same file.
    #[must_use]
    pub fn counters(&self) -> SqliteCounters {
        SqliteCounters(Arc::clone(&self.0))
    }

    /// How its connections are at the moment.
    #[must_use]
    pub fn connections(&self) -> Vec<Connections> {
        let (readers, number) = (&self.0.readers, |count| u32::try_from(count).unwrap_or(u32::MAX));
        let idle = number(readers.num_idle());
        let used = readers.size().saturating_sub(idle);
        let max = readers.options().get_max_connections();
        vec![Connections { pool: "readers", used, idle, max }, self.0.writer.connections()]
    }

    /// Finishes what is under way and closes the file; every later call answers that the store is unavailable. Closing
    /// is not needed for anything to be kept.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.close().await;
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl fmt::Debug for SqliteCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteCounters").field("path", &self.0.path).finish_non_exhaustive()
    }
}

/// Makes the file when it is not there, for its owner only. SQLite gives the two files beside it the same mode.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// What all connections have in common.
fn connecting(path: &Path, options: &SqliteOptions) -> SqliteConnectOptions {
    // SQLite counts milliseconds in 31 bits.
    let busy_timeout = options.busy_timeout.min(Duration::from_millis(i32::MAX.unsigned_abs().into()));
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(busy_timeout)
        .foreign_keys(true)
        .disable_statement_logging()
}

/// The most that the write-ahead log keeps on disk once it was written back.
const WAL_BYTES_MAX: &str = "67108864";

fn writing(connecting: SqliteConnectOptions) -> SqliteConnectOptions {
    connecting
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", WAL_BYTES_MAX)
}

fn reading(connecting: SqliteConnectOptions) -> SqliteConnectOptions {
    connecting.pragma("query_only", "ON")
}

#[cfg(test)]
mod tests {
    use domain::phone_key::PhoneKey;
    use sqlx::{Executor, Row as _, Sqlite};

    use super::*;

    /// What the pragmas say, whether in words or in numbers.
    async fn pragmas<const N: usize>(
        mut ask: impl AsyncFnMut(&'static str) -> sqlx::sqlite::SqliteRow,
        names: [&'static str; N],
    ) -> [String; N] {
        let mut answers = names.map(str::to_owned);
        for (name, answer) in names.into_iter().zip(&mut answers) {
            let row = ask(name).await;
            *answer = row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string());
        }
        answers
    }

    async fn one(
        connection: impl Executor<'_, Database = Sqlite>,
        pragma: &'static str,
    ) -> sqlx::sqlite::SqliteRow {
        sqlx::query(pragma).fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn commits_are_durable_and_readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let options = SqliteOptions {
            busy_timeout: Duration::from_millis(1234),
            ..SqliteOptions::at(directory.path().join("verify.db"))
        };
        let vault = PhoneVault::new(&PhoneKey::new(&[7; 32]).unwrap());
        let store = SqliteStore::open(&options, vault).await.unwrap();

        let mut turn = store.0.writer.turn().await.unwrap();
        let asked =
            ["PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys", "PRAGMA busy_timeout"];
        let told = pragmas(async |pragma| one(&mut *turn, pragma).await, asked).await;
        // Two is FULL.
        assert_eq!(told, ["wal", "2", "1", "1234"]);

        let asked = ["PRAGMA journal_mode", "PRAGMA query_only", "PRAGMA busy_timeout"];
        let told = pragmas(async |pragma| one(&store.0.readers, pragma).await, asked).await;
        assert_eq!(told, ["wal", "1", "1234"]);
    }
}
