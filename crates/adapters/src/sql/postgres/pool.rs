//! The open connections. Owns how many there are, who waits for one, and which are still good; never what they are
//! asked.
//!
//! It is not sqlx's pool, because that one talks to the server again each time a connection comes back (a second round
//! trip per call), knows one host only, and keeps what it should not: behind a time-out the answer to the last call is
//! still on its way, and when a server goes, it goes for all connections at once.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::connector::{Connector, NoPrimary};
use super::options::PostgresOptions;
use crate::sql::Connections;

/// A connection that had nothing to do for longer is asked whether it is still there before it gets a statement: one
/// that went while nobody looked costs no call then. Under load none of them waits so long.
const TRUSTED_FOR: Duration = Duration::from_millis(500);
/// How long that question may take.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// No connection lives longer: a name that means another host by now is looked up again some time, and what a server
/// keeps for a connection does not grow without end.
const LIFETIME_MAX: Duration = Duration::from_mins(30);
/// The pauses between attempts to find a primary, from the first to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long it may take to say good-bye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) struct Pool {
    connector: Connector,
    connections_max: u32,
    idle_timeout: Duration,
    permits: Semaphore,
    /// In the order in which they came back.
    idle: Mutex<VecDeque<Idle>>,
    closed: AtomicBool,
}

struct Idle {
    connection: PgConnection,
    opened_at: Instant,
    since: Instant,
}

/// A connection for one statement. Unless it is given back it is closed.
pub(super) struct Lease<'pool> {
    pub(super) connection: PgConnection,
    opened_at: Instant,
    pool: &'pool Pool,
    permit: SemaphorePermit<'pool>,
}

/// Why there is no connection to be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoConnection {
    #[error("all connections are in use")]
    Busy,
    #[error("the store is closed")]
    Closed,
    #[error(transparent)]
    NoPrimary(NoPrimary),
    #[error("no host has answered in time")]
    Silent,
}

impl Pool {
    pub(super) fn new(options: &PostgresOptions) -> Self {
        let connections_max = options.connections_max.max(1);
        Self {
            connector: Connector::new(options),
            connections_max,
            idle_timeout: options.idle_timeout,
            permits: Semaphore::new(usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS)),
            idle: Mutex::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// A connection, first come, first served, by `deadline`.
    pub(super) async fn lease(&self, deadline: Instant) -> Result<Lease<'_>, NoConnection> {
        if self.closed.load(Ordering::Acquire) {
            return Err(NoConnection::Closed);
        }
        let permit = timeout_at(deadline, self.permits.acquire()).await;
        let permit = permit.map_err(|_| NoConnection::Busy)?.map_err(|_| NoConnection::Closed)?;
        if self.closed.load(Ordering::Acquire) {
            return Err(NoConnection::Closed);
        }
        let (connection, opened_at) = match self.used_before(deadline).await {
            Some(Idle { connection, opened_at, .. }) => (connection, opened_at),
            None => (self.connect(deadline).await?, Instant::now()),
        };
        Ok(Lease { connection, opened_at, pool: self, permit })
    }

    /// The connection that came back last, if one is there and good.
    async fn used_before(&self, deadline: Instant) -> Option<Idle> {
        let mut idle = self.idle().pop_back()?;
        if idle.since.elapsed() < TRUSTED_FOR {
            return Some(idle);
        }
        let ping_by = deadline.min(Instant::now() + PING_TIMEOUT);
        if let Ok(Ok(())) = timeout_at(ping_by, idle.connection.ping()).await {
            return Some(idle);
        }
        self.forget_idle();
        None
    }

    /// A new connection to the primary. While there is none, hosts are asked again.
    pub(super) async fn connect(&self, deadline: Instant) -> Result<PgConnection, NoConnection> {
        let mut pause = PAUSE_MIN;
        let mut last = NoConnection::Silent;
        while let Ok(answer) = timeout_at(deadline, self.connector.connect()).await {
            last = match answer {
                Ok(connection) => return Ok(connection),
                Err(refused) if refused.may_pass() => NoConnection::NoPrimary(refused),
                Err(refused) => return Err(NoConnection::NoPrimary(refused)),
            };
            if Instant::now() + pause >= deadline {
                break;
            }
            // Replicas that have lost the same primary do not come all at once.
            sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        Err(last)
    }

    /// Closes all connections that nobody uses: one of them was found broken, and what broke it has likely broken the
    /// others.
    pub(super) fn forget_idle(&self) {
        let forgotten = std::mem::take(&mut *self.idle());
        drop(forgotten);
    }

    /// How the connections are at the moment.
    pub(super) fn connections(&self) -> Connections {
        let free = u32::try_from(self.permits.available_permits()).unwrap_or(u32::MAX);
        Connections {
            pool: "primary",
            used: self.connections_max.saturating_sub(free),
            idle: u32::try_from(self.idle().len()).unwrap_or(u32::MAX),
            max: self.connections_max,
        }
    }

    /// Lets those who have a connection finish, for `patience`, and nobody after them begin.
    pub(super) async fn close(&self, patience: Duration) {
        self.closed.store(true, Ordering::Release);
        let _all = timeout(patience, self.permits.acquire_many(self.connections_max)).await;
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        let close_by = Instant::now() + CLOSE_TIMEOUT;
        for Idle { connection, .. } in idle {
            // The server would notice by itself.
            let _ = timeout_at(close_by, connection.close()).await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Keeps the connection for the next one, and closes those that had nothing to do for too long.
    pub(super) fn give_back(self) {
        let Self { connection, opened_at, pool, permit } = self;
        let now = Instant::now();
        let mut idle = pool.idle();
        if now.duration_since(opened_at) < LIFETIME_MAX && !pool.closed.load(Ordering::Acquire) {
            idle.push_back(Idle { connection, opened_at, since: now });
        }
        let good = idle.partition_point(|idle| now.duration_since(idle.since) > pool.idle_timeout);
        let outdated: Vec<_> = idle.drain(..good).collect();
        drop(idle);
        drop(permit);
        drop(outdated);
    }
}
