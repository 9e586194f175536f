//! The stores in PostgreSQL, 13 or newer: for more than one machine.
//!
//! A call of a port is one statement, which is one round trip and one transaction. Several processes work on one
//! database, so that nothing is decided by what a statement saw when it began: a row that is about to change is locked
//! and looked at again, and what cannot be locked, because it is not there yet, has a lock by its phone (see
//! `migrations/postgres`). Locks are taken in one order, verification before phone before accounts, so that nobody waits
//! for somebody who waits for him.
//!
//! Every wait is bounded on this side as well: a server that hangs says nothing, not even that its own time-out has
//! passed. A connection on which a call ran into its time-out is closed, and so are all idle ones; the next call looks for
//! the primary among the hosts. A statement that has certainly not happened, because the connection was lost before,
//! or that may happen twice without harm, runs again by itself.
//!
//! The schema holds the invariants as well, so that another program, or a mistake here, cannot break them.

mod accounts;
mod address;
mod blocks;
mod connector;
mod credits;
mod engine;
mod events;
mod failure;
mod listing;
mod migrations;
mod options;
mod pauses;
#[cfg(test)]
mod plans;
mod pool;
mod statistics;
mod together;
mod transfer;
mod verifications;
mod webhooks;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::PortError;
use domain::time::Timestamp;

pub use self::address::{PostgresAddress, PostgresUrlFault};
pub use self::options::PostgresOptions;
use self::pool::Pool;
use self::together::Together;
use self::verifications::statements::TIME;
use super::SqlError;
use super::blocks::UnreadBlocks;
use super::columns::Cells as _;
use super::connections::Connections;
use super::engine::Engine as _;
use super::failure::Failure;
use super::rows::RowFault;
use super::store::Store;
use crate::phone_vault::PhoneVault;

/// Keeps verifications, the ledger of wrong checks, accounts and credentials in one PostgreSQL. Clones share its
/// connections.
pub type PostgresStore = Store<Database>;

/// A database, and what goes to it together.
pub struct Database {
    access: Arc<Access>,
    together: Together,
    unread_blocks: UnreadBlocks,
}

/// The connections to a database, and what is needed to use them.
pub struct Access {
    shown: String,
    vault: PhoneVault,
    pool: Pool,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("url", &self.shown).finish_non_exhaustive()
    }
}

impl Deref for Database {
    type Target = Access;

    fn deref(&self) -> &Access {
        &self.access
    }
}

impl PostgresStore {
    /// Opens the database, which must be there. It is not migrated: see [`PostgresStore::migrate`].
    ///
    /// # Errors
    /// [`SqlError::PhoneKey`] when the database was made with another phone key; other [`SqlError`]s when no host lets
    /// us in as a primary within the acquire time-out.
    pub async fn open(options: &PostgresOptions, vault: PhoneVault) -> Result<Self, SqlError> {
        let access = Arc::new(Access {
            shown: options.shown(),
            vault,
            pool: Pool::new(options),
            acquire_timeout: options.acquire_timeout,
            statement_timeout: options.statement_timeout,
        });
        let together = Together::new(&access, options.waiting_max);
        let database = Database { access, together, unread_blocks: UnreadBlocks::default() };
        database.check_phone_key().await?;
        Ok(Self(Arc::new(database)))
    }

    /// What time it is on the primary, in whole milliseconds.
    ///
    /// # Errors
    /// [`PortError`] when it does not answer.
    pub async fn time(&self) -> Result<Timestamp, PortError> {
        self.0.time().await.map_err(Database::failed)
    }

    /// How its connections are at the moment.
    #[must_use]
    pub fn connections(&self) -> Vec<Connections> {
        vec![self.0.pool.connections()]
    }

    /// Finishes what is under way, for as long as a statement may take, and closes the connections; every later call
    /// answers that the store is unavailable. Closing is not needed for anything to be kept.
    pub async fn close(&self) {
        self.0.together.close(self.0.statement_timeout).await;
        self.0.pool.close(self.0.statement_timeout).await;
    }
}

impl Database {
    async fn time(&self) -> Result<Timestamp, Failure> {
        let rows = self.ask(sqlx::query(TIME)).await?;
        Ok(rows.first().ok_or(RowFault("time"))?.instant(0)?.ok_or(RowFault("time"))?)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("url", &self.shown).finish_non_exhaustive()
    }
}
