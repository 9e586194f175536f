//! The one connection that writes. Owns the queue in front of it and its health; never knows what is written.
//!
//! It is a connection behind a lock and not a pool of one: a pool tests a connection each time it comes back, in a
//! task of its own, while the next writer waits; and it never notices the connection that believes to be in a
//! transaction because SQLite ended that by itself (disk full, I/O error) and the `ROLLBACK` that followed failed.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite, Transaction};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use tokio::time::{Instant, sleep, timeout};

use super::SqliteOptions;
use super::failure::{SQLITE_BUSY, sqlite_code};
use crate::sql::Connections;

/// How soon an open is tried again that met somebody else's lock.
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

pub(super) struct Writer {
    options: SqliteConnectOptions,
    acquire_timeout: Duration,
    connection: Mutex<Option<SqliteConnection>>,
    /// Whether the last turn ended well. Otherwise the next one begins with a look at the connection.
    settled: AtomicBool,
    closed: AtomicBool,
}

/// A turn at the connection.
pub(super) struct Turn<'a> {
    connection: MappedMutexGuard<'a, SqliteConnection>,
    settled: &'a AtomicBool,
}

impl Writer {
    pub(super) async fn open(
        options: SqliteConnectOptions,
        waits: &SqliteOptions,
    ) -> Result<Self, sqlx::Error> {
        let connection = connect(&options, waits.busy_timeout).await?;
        Ok(Self {
            options,
            acquire_timeout: waits.acquire_timeout,
            connection: Mutex::new(Some(connection)),
            settled: AtomicBool::new(true),
            closed: AtomicBool::new(false),
        })
    }

    /// Waits for a turn: first come, first served, no longer than the acquire time-out.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, sqlx::Error> {
        timeout(self.acquire_timeout, self.next_turn()).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    async fn next_turn(&self) -> Result<Turn<'_>, sqlx::Error> {
        let mut slot = self.connection.lock().await;
        if self.closed.load(Ordering::Acquire) {
            return Err(sqlx::Error::PoolClosed);
        }
        let usable = match slot.as_mut() {
            Some(connection) => self.settled.load(Ordering::Acquire) || is_idle(connection).await,
            None => false,
        };
        if !usable {
            *slot = None;
            *slot = Some(self.options.connect().await?);
        }
        self.settled.store(false, Ordering::Release);
        let connection = MutexGuard::try_map(slot, Option::as_mut).map_err(|_| sqlx::Error::PoolClosed)?;
        Ok(Turn { connection, settled: &self.settled })
    }

    /// Whether somebody has a turn at the moment.
    pub(super) fn connections(&self) -> Connections {
        let used = u32::from(self.connection.try_lock().is_err());
        Connections { pool: "writer", used, idle: 1 - used, max: 1 }
    }

    /// Lets those who have a turn finish, and nobody after them begin.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        if let Some(connection) = self.connection.lock().await.take() {
            // The file is whole however this goes; what is not written back now is at the next opening.
            let _ = connection.close().await;
        }
    }
}

impl Turn<'_> {
    /// A transaction that has the file's lock from the start.
    pub(super) async fn begin(&mut self) -> Result<Transaction<'_, Sqlite>, sqlx::Error> {
        self.connection.begin_with("BEGIN IMMEDIATE").await
    }

    /// Ends the turn after everything went well.
    pub(super) fn settle(self) {
        self.settled.store(true, Ordering::Release);
    }
}

impl Deref for Turn<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Turn<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

/// Whether the connection answers and is in no transaction; a rollback that is under way is waited for.
async fn is_idle(connection: &mut SqliteConnection) -> bool {
    connection.ping().await.is_ok() && !connection.is_in_transaction()
}

/// Connects. Going over to WAL in a new file, and cleaning up when the last connection of another process closes, take
/// a lock that SQLite's own wait does not cover, so that an open that meets it is tried again here.
async fn connect(
    options: &SqliteConnectOptions,
    busy_timeout: Duration,
) -> Result<SqliteConnection, sqlx::Error> {
    let give_up_at = Instant::now() + busy_timeout;
    loop {
        match options.connect().await {
            Err(sqlx::Error::Database(error))
                if sqlite_code(error.as_ref()) == Some(SQLITE_BUSY) && Instant::now() < give_up_at =>
            {
                sleep(OPEN_AGAIN_AFTER).await;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long enough for a busy machine.
    const PATIENCE: Duration = Duration::from_secs(30);

    async fn writer(directory: &tempfile::TempDir, acquire_timeout: Duration) -> Writer {
        let path = directory.path().join("verify.db");
        let options = SqliteOptions { acquire_timeout, ..SqliteOptions::at(&path) };
        Writer::open(super::super::connecting(&path, &options).create_if_missing(true), &options)
            .await
            .unwrap()
    }

    async fn works(writer: &Writer) {
        let mut turn = writer.turn().await.unwrap();
        turn.begin().await.unwrap().commit().await.unwrap();
        turn.settle();
    }

    #[tokio::test]
    async fn a_turn_that_broke_off_is_rolled_back() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(&directory, PATIENCE).await;
        {
            let mut turn = writer.turn().await.unwrap();
            let mut transaction = turn.begin().await.unwrap();
            sqlx::query("CREATE TABLE half_made (id INTEGER)").execute(&mut *transaction).await.unwrap();
        }
        works(&writer).await;
        let mut turn = writer.turn().await.unwrap();
        let found = sqlx::query("SELECT 1 FROM sqlite_schema").fetch_optional(&mut *turn).await.unwrap();
        assert!(found.is_none());
    }

    #[tokio::test]
    async fn a_connection_that_lost_its_transaction_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(&directory, PATIENCE).await;
        {
            let mut turn = writer.turn().await.unwrap();
            let mut transaction = turn.begin().await.unwrap();
            // As SQLite does by itself when the disk is full. The rollback that follows finds no transaction.
            sqlx::query("ROLLBACK").execute(&mut *transaction).await.unwrap();
        }
        works(&writer).await;
    }

    #[tokio::test]
    async fn nobody_waits_for_a_turn_without_end() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(&directory, Duration::from_millis(50)).await;
        let turn = writer.turn().await.unwrap();
        assert!(matches!(writer.turn().await.err(), Some(sqlx::Error::PoolTimedOut)));
        drop(turn);
    }

    #[tokio::test]
    async fn behind_a_close_nobody_writes() {
        let directory = tempfile::tempdir().unwrap();
        let writer = writer(&directory, PATIENCE).await;
        writer.close().await;
        assert!(matches!(writer.turn().await.err(), Some(sqlx::Error::PoolClosed)));
    }
}
