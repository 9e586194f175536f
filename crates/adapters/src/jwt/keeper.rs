//! Keeps the keys that an issuer publishes. Owns when they are read: in the background, again and again, and at once when
//! a token names a key that nobody has heard of, which is how a rotation shows; but not more often than bearable, because
//! anybody can make up names. Those who wait for one reading share it, and who hangs up does not end it.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Dependency, PortError, chain};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::algorithm::JwtAlgorithm;
use super::jwks::{JwksSource, ReadError, Reader};
use super::key::Key;

/// When published keys are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeeperTiming {
    /// How often they are read in any case.
    pub refresh: Duration,
    /// The least time between two readings, whatever tokens name; and the wait after one that failed.
    pub again: Duration,
    /// How long keys are used while no reading succeeds.
    pub keep: Duration,
    /// How long one reading may take.
    pub patience: Duration,
}

impl KeeperTiming {
    /// For keys at an address: read every 10 minutes, at most every 30 seconds, kept for a day.
    pub const URL: Self = Self {
        refresh: Duration::from_mins(10),
        again: Duration::from_secs(30),
        keep: Duration::from_hours(24),
        patience: Duration::from_secs(5),
    };

    /// For keys in a file: read every 10 seconds, which shows a change soon enough, at most every second.
    pub const FILE: Self =
        Self { refresh: Duration::from_secs(10), again: Duration::from_secs(1), ..Self::URL };
}

/// The published keys.
pub(super) struct Keeper {
    rounds: watch::Receiver<Round>,
    wanted: Arc<Notify>,
    timing: KeeperTiming,
}

/// What is known of the readings.
#[derive(Clone, Default)]
struct Round {
    /// When the last one began.
    begun_at: Option<Instant>,
    /// How many have ended.
    ended: u64,
    under_way: bool,
    known: Option<Known>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<[Arc<Key>]>,
    read_at: Instant,
}

impl Keeper {
    /// Begins to read the keys, until this is dropped.
    pub(super) fn start(source: JwksSource, timing: KeeperTiming) -> Result<Self, reqwest::Error> {
        let reader = Reader::new(source, timing.patience)?;
        let (sender, rounds) = watch::channel(Round { under_way: true, ..Round::default() });
        let wanted = Arc::new(Notify::new());
        tokio::spawn(keep(reader, timing, sender, wanted.clone()));
        Ok(Self { rounds, wanted, timing })
    }

    /// The keys of this algorithm that a token may be signed with: those of the name that it tells, or the only one
    /// when it tells none.
    pub(super) async fn keys(
        &self,
        id: Option<&str>,
        algorithm: JwtAlgorithm,
    ) -> Result<Vec<Arc<Key>>, PortError> {
        let mut rounds = self.rounds.clone();
        let round = rounds.borrow_and_update().clone();
        let mut known = self.still_good(&round);
        let is_strange = |keys: &Arc<[Arc<Key>]>| {
            id.is_some_and(|id| !keys.iter().any(|key| key.id.as_deref() == Some(id)))
        };
        if known.as_ref().is_none_or(is_strange) && self.may_be_read(&round) {
            if !round.under_way {
                self.wanted.notify_one();
            }
            // An error is a reading that takes too long: what is known already is all there is.
            let next = rounds.wait_for(|now| now.ended > round.ended);
            let _read = timeout(self.timing.patience + Duration::from_secs(1), next).await;
            known = self.still_good(&self.rounds.borrow());
        }
        let keys = known.ok_or_else(|| {
            PortError::unavailable(Dependency::Issuer, "its keys could not be read, or not for too long")
        })?;
        let fitting = keys.iter().filter(|key| key.algorithm == algorithm);
        Ok(match id {
            Some(_) => fitting.filter(|key| key.id.as_deref() == id).cloned().collect(),
            None => only(fitting).into_iter().cloned().collect(),
        })
    }

    fn still_good(&self, round: &Round) -> Option<Arc<[Arc<Key>]>> {
        let known = round.known.as_ref()?;
        (known.read_at.elapsed() < self.timing.keep).then(|| known.keys.clone())
    }

    fn may_be_read(&self, round: &Round) -> bool {
        round.under_way || round.begun_at.is_none_or(|begun_at| begun_at.elapsed() >= self.timing.again)
    }
}

/// The only one, if there is one and no other.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

async fn keep(reader: Reader, timing: KeeperTiming, rounds: watch::Sender<Round>, wanted: Arc<Notify>) {
    loop {
        let begun_at = Instant::now();
        rounds.send_modify(|round| {
            round.begun_at = Some(begun_at);
            round.under_way = true;
        });
        let read = timeout(timing.patience, reader.read()).await;
        let read = read.unwrap_or(Err(ReadError::TooLate(timing.patience)));
        let rest = if read.is_ok() { timing.refresh.max(timing.again) } else { timing.again };
        let known = read.map(|keys| Known { keys: keys.into(), read_at: Instant::now() });
        rounds.send_modify(|round| {
            told(known.as_ref(), round.known.as_ref());
            round.known = known.ok().or(round.known.take());
            round.under_way = false;
            round.ended += 1;
        });
        tokio::select! {
            () = rounds.closed() => return,
            () = sleep_until(begun_at + timing.again) => {}
        }
        tokio::select! {
            () = rounds.closed() => return,
            () = sleep_until(begun_at + rest) => {}
            () = wanted.notified() => {}
        }
    }
}

/// Tells the operator how a reading went, when that matters.
fn told(read: Result<&Known, &ReadError>, before: Option<&Known>) {
    match read {
        Ok(known) if known.keys.is_empty() => {
            tracing::warn!("the issuer publishes no key that is of use: no token of its is taken");
        }
        Ok(known) => {
            let ids = |known: &Known| known.keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>();
            if before.is_none_or(|before| ids(before) != ids(known)) {
                tracing::info!(keys = known.keys.len(), "the issuer's keys were read");
            }
        }
        Err(error) => {
            let cause = chain(error);
            let kept = before.map_or(0, |before| before.keys.len());
            tracing::warn!(cause, kept, "the issuer's keys could not be read");
        }
    }
}
