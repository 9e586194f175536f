//! Finds the primary: tries the hosts in turn and takes the first that may be written to. Owns what a connection begins
//! with and which host was the right one last; never keeps a connection.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};
use tokio::time::timeout;

use super::failure::{may_pass, without_values};
use super::options::PostgresOptions;

pub(super) struct Connector {
    hosts: Vec<(String, PgConnectOptions)>,
    /// The host to begin with: the one that was right last, or the one behind those that failed since.
    first: AtomicUsize,
    wants_primary: bool,
    connect_timeout: Duration,
    greeting: String,
}

/// Why no host will do, one after the other.
#[derive(Debug)]
pub(super) struct NoPrimary(Vec<(String, Refusal)>);

/// Why a host will not do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It takes no changes: it is a standby, or set up like one.
    #[error("is no primary")]
    ReadOnly,
    /// It was silent.
    #[error("does not answer")]
    Silent,
    /// It could not be reached, or did not let us in.
    #[error(transparent)]
    Failed(sqlx::Error),
}

impl Connector {
    pub(super) fn new(options: &PostgresOptions) -> Self {
        Self {
            hosts: options.address.hosts(),
            first: AtomicUsize::new(0),
            wants_primary: options.address.wants_primary(),
            connect_timeout: options.connect_timeout,
            greeting: options.greeting(),
        }
    }

    /// Asks every host once, beginning with the one that was right last.
    pub(super) async fn connect(&self) -> Result<PgConnection, NoPrimary> {
        let begin = self.first.load(Ordering::Relaxed);
        let mut refusals = Vec::new();
        for (number, (name, options)) in
            self.hosts.iter().enumerate().cycle().skip(begin).take(self.hosts.len())
        {
            let attempt = Attempt { first: &self.first, number, next: (number + 1) % self.hosts.len() };
            let answer = timeout(self.connect_timeout, self.greet(options)).await;
            drop(attempt);
            match answer {
                Ok(Ok(connection)) => {
                    self.first.store(number, Ordering::Relaxed);
                    return Ok(connection);
                }
                Ok(Err(refusal)) => refusals.push((name.clone(), refusal)),
                Err(_) => refusals.push((name.clone(), Refusal::Silent)),
            }
        }
        Err(NoPrimary(refusals))
    }

    async fn greet(&self, options: &PgConnectOptions) -> Result<PgConnection, Refusal> {
        let failed = |error| Refusal::Failed(without_values(error));
        let mut connection = options.connect().await.map_err(failed)?;
        let greeting = sqlx::raw_sql(AssertSqlSafe(self.greeting.as_str()));
        let answer = greeting.fetch_one(&mut connection).await.map_err(failed)?;
        let writable: bool = answer.try_get("writable").map_err(failed)?;
        if writable || !self.wants_primary { Ok(connection) } else { Err(Refusal::ReadOnly) }
    }
}

/// An attempt at a host. However it ends, also when nobody waits for it any more, others begin with the next host; an
/// attempt that goes well puts that right.
struct Attempt<'a> {
    first: &'a AtomicUsize,
    number: usize,
    next: usize,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        // Where another attempt has changed it meanwhile, that one knows more.
        let _ = self.first.compare_exchange(self.number, self.next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl NoPrimary {
    /// Whether a host may do a little later.
    pub(super) fn may_pass(&self) -> bool {
        self.0.iter().any(|(_, refusal)| match refusal {
            Refusal::ReadOnly | Refusal::Silent => true,
            Refusal::Failed(error) => may_pass(error),
        })
    }
}

impl fmt::Display for NoPrimary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no host is a primary that answers")?;
        for (place, (name, refusal)) in self.0.iter().enumerate() {
            let before = if place == 0 { ": " } else { "; " };
            write!(f, "{before}{name} {refusal}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NoPrimary {}
