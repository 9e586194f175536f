//! Counters in Redis: one server, a master that sentinels watch, or a cluster.
//!
//! A send costs one round trip. On one server all its counters are taken from by one script, at once and together: see
//! `redis/take.lua`. On a cluster only the counters about one subject (a phone, or an account of an application) are on
//! one server, so there is a script for each subject, all sent at once, and what one gives while another refuses is
//! given back: see `redis/taking.rs`.
//!
//! The scripts do what their arguments say and ask no clock: `now` comes from the caller, and which clock rules is
//! decided elsewhere. Only how long a key is kept after its last member is Redis's own time, with a minute to spare.
//!
//! No answer within the time-out, and every other failure, is an error: nothing is sent then. What a script has
//! counted meanwhile stays counted until its window has passed, since nobody knows of it. A script that may have run is
//! never sent again. What a failover loses (replication is asynchronous) is not counted any more: a limit may then be
//! exceeded by as much as was lost, and by no more.
//!
//! Redis from version 6 on. It must not evict keys (`maxmemory-policy noeviction`).

mod cluster;
mod dial;
mod failure;
mod flight;
mod link;
mod options;
mod script;
mod sentinel;
mod slots;
mod taking;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::limit::{Counter, CounterKey, Take, Usage};
use domain::ports::{Counters, PortError, Receipt, Taken, chain};
use domain::time::Timestamp;
use redis::Value;
use tokio::time::Instant;

use self::cluster::Cluster;
use self::dial::Dialer;
use self::failure::Failure;
use self::link::{Link, Target};
pub use self::options::{RedisAddress, RedisLogin, RedisMode, RedisOptions, RedisUrlFault};
use self::script::Call;
use self::taking::Taking;

/// Keeps counters in Redis. Clones share connections.
#[derive(Clone)]
pub struct RedisCounters(Arc<Shared>);

struct Shared {
    servers: Servers,
    key_prefix: String,
    answer_timeout: Duration,
    shown: String,
}

enum Servers {
    One(Arc<Link>),
    Many(Arc<Cluster>),
}

impl RedisCounters {
    /// Counters there. Connects when it is first needed, and never ends to try.
    #[must_use]
    pub fn new(options: RedisOptions) -> Self {
        let answer_timeout = options.answer_timeout;
        let shown = options.shown();
        let key_prefix = options.key_prefix.clone();
        let mode = options.mode.clone();
        let first = options.servers.first().cloned();
        let dialer = Arc::new(Dialer::new(options));
        let one = |target| Servers::One(Arc::new(Link::new(Arc::clone(&dialer), target)));
        let servers = match (mode, first) {
            (RedisMode::Single, Some(server)) => one(Target::Named(server)),
            (RedisMode::Sentinel { master_name }, _) => one(Target::Master(master_name)),
            // Without any server it is a cluster that nobody answers for.
            (RedisMode::Cluster, _) | (RedisMode::Single, None) => {
                Servers::Many(Arc::new(Cluster::new(dialer)))
            }
        };
        Self(Arc::new(Shared { servers, key_prefix, answer_timeout, shown }))
    }
}

impl fmt::Debug for RedisCounters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisCounters").field("url", &self.0.shown).finish_non_exhaustive()
    }
}

#[async_trait]
impl Counters for RedisCounters {
    /// On a cluster: what another take has counted that is not given back yet, because it was refused elsewhere, is
    /// answered as held, and is not in the receipt.
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, PortError> {
        if takes.is_empty() {
            return Ok(Taken::All(Receipt::default()));
        }
        Ok(Taking::new(&self.0, takes, now).take().await?)
    }

    async fn refund(&self, receipt: &Receipt) -> Result<(), PortError> {
        let back = |(key, member): &(_, _)| script::give_back(&self.0.key_prefix, key, *member);
        let calls: Vec<_> = receipt.0.iter().map(back).collect();
        for answer in self.0.run(&calls, self.0.deadline()).await {
            answer?;
        }
        Ok(())
    }

    async fn usage(&self, counters: &[Counter], now: Timestamp) -> Result<Vec<Usage>, PortError> {
        let prefix = &self.0.key_prefix;
        let of_one = |counter| [script::held(prefix, counter, now), script::room(prefix, counter, now)];
        let calls: Vec<_> = counters.iter().flat_map(of_one).collect();
        let mut answers = self.0.run(&calls, self.0.deadline()).await.into_iter();
        let mut usages = Vec::with_capacity(counters.len());
        while let (Some(held), Some(room)) = (answers.next(), answers.next()) {
            usages.push(script::read_usage(&held?, &room?).ok_or(Failure::Shape)?);
        }
        Ok(usages)
    }

    async fn clear(&self, counters: &[CounterKey]) -> Result<(), PortError> {
        let calls: Vec<_> = counters.iter().map(|key| script::clear(&self.0.key_prefix, key)).collect();
        for answer in self.0.run(&calls, self.0.deadline()).await {
            answer?;
        }
        Ok(())
    }

    /// Takes from a counter that is gone in a moment, where the keys live: on a replica, or without the right to
    /// write, that fails. Of a cluster every master is asked, and one that answers is enough: the others are told in
    /// the log, and calls about their keys fail, but a process that was taken out of service for them would take the
    /// rest with it.
    async fn ping(&self) -> Result<(), PortError> {
        let deadline = self.0.deadline();
        let tags = match &self.0.servers {
            Servers::One(_) => vec!["ping".to_owned()],
            Servers::Many(cluster) => cluster.tags(deadline).await?,
        };
        let calls: Vec<_> = tags.iter().map(|tag| script::probe(&self.0.key_prefix, tag)).collect();
        let mut answered = false;
        let mut failure = None;
        for answer in self.0.run(&calls, deadline).await {
            match answer.and_then(|answer| script::read_take(&answer, 1).ok_or(Failure::Shape)) {
                Ok(_) => answered = true,
                Err(why) => failure = Some(why),
            }
        }
        match (answered, failure) {
            (true, None) => Ok(()),
            (true, Some(failure)) => {
                tracing::warn!(cause = chain(&failure), "a part of the counters is unavailable");
                Ok(())
            }
            (false, failure) => Err(failure.unwrap_or(Failure::NoNode).into()),
        }
    }
}

impl Shared {
    fn deadline(&self) -> Instant {
        Instant::now() + self.answer_timeout
    }

    /// Carries calls to where they belong, all at once, and answers them in their order.
    async fn run(&self, calls: &[Call], deadline: Instant) -> Vec<Result<Value, Failure>> {
        if calls.is_empty() {
            return Vec::new();
        }
        match &self.servers {
            Servers::One(link) => link.run(&calls.iter().collect::<Vec<_>>(), false, deadline).await,
            Servers::Many(cluster) => cluster.run(calls, deadline).await,
        }
    }
}
