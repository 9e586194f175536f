//! The clock that several replicas share: the database's. The clock of each machine may be wrong; a life that began on
//! one replica must end on every other at the same instant.
//!
//! Asking the database for the time before each decision would cost a round trip. Instead the distance to its clock is
//! measured, at the start and every few seconds, and added to this machine's. Owns how it is measured; never decides
//! what an instant means.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{Clock, PortError, chain};
use domain::time::Timestamp;

use crate::sql::PostgresStore;

/// How often the distance is measured anew. A machine's clock that is set in between, or that stood still while the
/// machine was asleep, is noticed within this time.
const INTERVAL: Duration = Duration::from_secs(5);
/// How often it is asked for one measurement; the answer that came fastest counts.
const SAMPLES: usize = 3;
/// A measurement that may be more wrong than this is not believed: a database under load takes its time before it looks
/// at its clock.
const ERROR_MAX_MILLIS: i64 = 250;
/// A distance, or a change of it, from which on the operator should look after the machine's clock.
const NOTEWORTHY: Duration = Duration::from_millis(500);

/// Something that has the time and has to be asked for it.
#[async_trait]
pub trait Timekeeper: Send + Sync + std::fmt::Debug + 'static {
    /// What time it is there.
    async fn time(&self) -> Result<Timestamp, PortError>;
}

#[async_trait]
impl Timekeeper for PostgresStore {
    async fn time(&self) -> Result<Timestamp, PortError> {
        Self::time(self).await
    }
}

/// Goes by a [`Timekeeper`]'s time: off by half a round trip to it at most, and by what the machine's own clock strays
/// within five seconds.
#[derive(Debug)]
pub struct SharedClock {
    own: Arc<dyn Clock>,
    keeper: Arc<dyn Timekeeper>,
    /// How far the keeper's clock is ahead of the own one.
    ahead_millis: AtomicI64,
}

/// How far away another clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Distance {
    ahead_millis: i64,
    /// How wrong that may be.
    error_millis: i64,
}

impl SharedClock {
    /// Measures once. The clock does not keep itself right: see [`SharedClock::keep`].
    ///
    /// # Errors
    /// [`PortError`] when the keeper does not answer.
    pub async fn new(own: Arc<dyn Clock>, keeper: Arc<dyn Timekeeper>) -> Result<Arc<Self>, PortError> {
        let clock = Arc::new(Self { own, keeper, ahead_millis: AtomicI64::new(0) });
        let first = clock.sample().await?;
        if first.error_millis > ERROR_MAX_MILLIS {
            tracing::warn!(error_ms = first.error_millis, "the database was slow to tell the time");
        }
        clock.go_by(first);
        Ok(clock)
    }

    /// Keeps measuring until the clock is dropped.
    pub async fn keep(clock: Weak<Self>) {
        let mut failing = false;
        loop {
            tokio::time::sleep(INTERVAL).await;
            let Some(clock) = clock.upgrade() else { return };
            match clock.measure().await {
                Ok(()) => failing = false,
                // Calls that need the database fail too and say so; this is told once an outage.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(cause = chain(&error), "the database's clock could not be asked");
                }
                Err(_) => {}
            }
        }
    }

    /// Measures anew, and goes by it unless it is too uncertain.
    async fn measure(&self) -> Result<(), PortError> {
        let distance = self.sample().await?;
        if distance.error_millis <= ERROR_MAX_MILLIS {
            self.go_by(distance);
        }
        Ok(())
    }

    /// The best of a few samples.
    async fn sample(&self) -> Result<Distance, PortError> {
        let mut best = self.sample_once().await?;
        for _ in 1..SAMPLES {
            let sample = self.sample_once().await?;
            if sample.error_millis < best.error_millis {
                best = sample;
            }
        }
        Ok(best)
    }

    async fn sample_once(&self) -> Result<Distance, PortError> {
        let asked = self.own.now();
        let time = self.keeper.time().await?;
        Ok(distance(asked, time, self.own.now()))
    }

    fn go_by(&self, distance: Distance) {
        let ahead_ms = distance.ahead_millis;
        let before = self.ahead_millis.swap(ahead_ms, Ordering::Relaxed);
        if Duration::from_millis(ahead_ms.abs_diff(before)) >= NOTEWORTHY {
            tracing::warn!(ahead_ms, "the database's clock and this machine's differ; the database's counts");
        }
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        let own = self.own.now();
        let millis = own.as_millisecond().saturating_add(self.ahead_millis.load(Ordering::Relaxed));
        Timestamp::from_millisecond(millis).unwrap_or(own)
    }

    fn ahead_millis(&self) -> Option<i64> {
        Some(self.ahead_millis.load(Ordering::Relaxed))
    }
}

/// The other clock showed `time` at some instant between the two of the own one: most likely in the middle.
fn distance(asked: Timestamp, time: Timestamp, answered: Timestamp) -> Distance {
    let (asked, answered) = (asked.as_millisecond(), answered.as_millisecond());
    // A clock that is set back meanwhile measures nothing.
    let took = answered.saturating_sub(asked);
    let error_millis = if took < 0 { i64::MAX } else { took / 2 + 1 };
    Distance { ahead_millis: time.as_millisecond() - (asked + took / 2), error_millis }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use domain::ports::Dependency;
    use domain::testkit::ManualClock;

    use super::*;

    /// A keeper whose answers take their time, more of it with each question.
    #[derive(Debug)]
    struct Keeper {
        time: Arc<ManualClock>,
        asker: Arc<ManualClock>,
        way_millis: AtomicI64,
        down: AtomicBool,
    }

    #[async_trait]
    impl Timekeeper for Keeper {
        async fn time(&self) -> Result<Timestamp, PortError> {
            if self.down.load(Ordering::Relaxed) {
                return Err(PortError::unavailable(Dependency::Store, "down"));
            }
            let way = Duration::from_millis(self.way_millis.fetch_add(40, Ordering::Relaxed).unsigned_abs());
            let pass = |time: Duration| {
                self.time.advance(time);
                self.asker.advance(time);
            };
            // The way back takes longer: half of the difference is what cannot be known.
            pass(way);
            let time = self.time.now();
            pass(way + Duration::from_millis(20));
            Ok(time)
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    fn keeper(own: &Arc<ManualClock>) -> Arc<Keeper> {
        Arc::new(Keeper {
            time: Arc::new(ManualClock::at(at(0))),
            asker: own.clone(),
            way_millis: AtomicI64::new(10),
            down: AtomicBool::new(false),
        })
    }

    #[tokio::test]
    async fn a_clock_that_is_wrong_shows_the_keepers_time() {
        for skew in [-3_600_000, -2_000, 0, 2_000] {
            let own = Arc::new(ManualClock::at(at(skew)));
            let keeper = keeper(&own);
            let clock = SharedClock::new(own.clone(), keeper.clone()).await.unwrap();
            let off = clock.now().as_millisecond() - keeper.time.now().as_millisecond();
            // The fastest of the answers took 10 ms to the keeper and 30 ms back.
            assert!(off.abs() <= 10, "{skew}: off by {off} ms");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_is_right_again_after_the_next_measurement() {
        let own = Arc::new(ManualClock::at(at(0)));
        let keeper = keeper(&own);
        let clock = SharedClock::new(own.clone(), keeper.clone()).await.unwrap();
        let keeping = tokio::spawn(SharedClock::keep(Arc::downgrade(&clock)));
        own.advance(Duration::from_mins(7));
        keeper.way_millis.store(0, Ordering::Relaxed);
        keeper.down.store(true, Ordering::Relaxed);
        tokio::time::sleep(INTERVAL * 3 / 2).await;
        keeper.down.store(false, Ordering::Relaxed);
        tokio::time::sleep(INTERVAL).await;
        let off = clock.now().as_millisecond() - keeper.time.now().as_millisecond();
        assert!(off.abs() <= 10, "off by {off} ms");
        drop(clock);
        keeping.await.unwrap();
    }

    #[tokio::test]
    async fn without_an_answer_there_is_no_clock() {
        let own = Arc::new(ManualClock::at(at(0)));
        let keeper = keeper(&own);
        keeper.down.store(true, Ordering::Relaxed);
        assert!(SharedClock::new(own, keeper).await.is_err());
    }

    #[tokio::test]
    async fn a_measurement_that_took_too_long_is_not_believed() {
        let own = Arc::new(ManualClock::at(at(0)));
        let keeper = keeper(&own);
        let clock = SharedClock::new(own.clone(), keeper.clone()).await.unwrap();
        let before = clock.ahead_millis.load(Ordering::Relaxed);
        own.advance(Duration::from_mins(1));
        keeper.way_millis.store(4_000, Ordering::Relaxed);
        clock.measure().await.unwrap();
        assert_eq!(clock.ahead_millis.load(Ordering::Relaxed), before);
    }

    #[test]
    fn a_clock_that_goes_back_measures_nothing() {
        assert_eq!(distance(at(5), at(0), at(4)).error_millis, i64::MAX);
        assert_eq!(distance(at(0), at(100), at(10)), Distance { ahead_millis: 95, error_millis: 6 });
    }
}
