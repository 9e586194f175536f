//! Statistics in memory: what happens is added up here and handed to the store every two seconds, as one change. Owns how
//! much is held; what is told apart is the rules' affair.
//!
//! What was not handed over yet is lost with the process: at most the last seconds of a crash. What the store does not
//! take, or may have taken, is handed over again, the same under the same number, until it answers, so that nothing is
//! counted twice; meanwhile the rest is added up here.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use domain::id::StatisticWriterId;
use domain::ports::{Observer, PortError, PortErrorKind, StatisticBatch, StatisticStore, chain};
use domain::statistic::{Observation, Tally};
use tokio::time::{Instant, MissedTickBehavior};

/// How often it is handed over.
const INTERVAL: Duration = Duration::from_secs(2);
/// The most lines; there is one for each day, application, operator and purpose that something happens for, and each
/// takes a kilobyte. So many cohorts too: one for each five minutes, application, operator and route by which SMS go.
const LINES_MAX: usize = 2000;

/// Adds up what is observed.
pub struct Statistics {
    store: Arc<dyn StatisticStore>,
    writer: StatisticWriterId,
    /// Held for as long as it takes to find a line and add to it; no code that can panic runs under it.
    tally: Mutex<Tally>,
    /// Hand-overs follow each other.
    outbox: tokio::sync::Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    /// How many batches there were.
    batches: u32,
    /// What the store has not answered for.
    unanswered: Option<StatisticBatch>,
    fails: bool,
}

impl Statistics {
    /// Nothing yet. It hands nothing over by itself: see [`Statistics::keep`]. No other process may have this writer's id.
    #[must_use]
    pub fn new(store: Arc<dyn StatisticStore>, writer: StatisticWriterId) -> Arc<Self> {
        let (tally, outbox) = (Mutex::new(Tally::new(LINES_MAX)), tokio::sync::Mutex::default());
        Arc::new(Self { store, writer, tally, outbox })
    }

    /// Hands over again and again, until it is dropped.
    pub async fn keep(statistics: Weak<Self>) {
        let mut ticks = tokio::time::interval_at(Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(statistics) = statistics.upgrade() else { return };
            statistics.hand_over().await;
        }
    }

    /// Hands over what was left from the last time, and then what there is now; what happens meanwhile waits for the next
    /// time. What the store does not answer for is held; an outage is told when it begins and when it is over.
    pub async fn hand_over(&self) {
        let mut outbox = self.outbox.lock().await;
        if outbox.unanswered.is_some() && !self.deliver(&mut outbox).await {
            return;
        }
        if self.fill(&mut outbox) {
            self.deliver(&mut outbox).await;
        }
    }

    /// Hands over the unanswered batch; whether it is off our hands.
    async fn deliver(&self, outbox: &mut Outbox) -> bool {
        let Some(batch) = &outbox.unanswered else { return true };
        if let Err(error) = self.store.add_statistics(batch).await {
            let lost = error.kind != PortErrorKind::Unavailable;
            tell(&error, outbox.fails, lost);
            outbox.fails = true;
            if !lost {
                return false;
            }
        } else if std::mem::take(&mut outbox.fails) {
            tracing::info!("statistics are stored again");
        }
        outbox.unanswered = None;
        true
    }

    /// Whether something happened that is to be handed over.
    fn fill(&self, outbox: &mut Outbox) -> bool {
        let (lines, cohorts, lost) = {
            let mut tally = self.tally();
            (tally.take(), tally.take_cohorts(), tally.take_lost())
        };
        if lost > 0 {
            tracing::warn!(lost, "something was not added to the statistics: too much is told apart");
        }
        if lines.is_empty() && cohorts.is_empty() {
            return false;
        }
        outbox.batches = outbox.batches.saturating_add(1);
        let (writer, number) = (self.writer, outbox.batches);
        outbox.unanswered = Some(StatisticBatch { writer, number, lines, cohorts });
        true
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the store will never take must not stand in the way of the rest.
fn tell(error: &PortError, fails_already: bool, lost: bool) {
    let cause = chain(error);
    if lost {
        tracing::error!(cause, "statistics of a few seconds were lost: the database does not take them");
    } else if !fails_already {
        tracing::warn!(cause, "the statistics cannot be stored; they are held in memory");
    }
}

impl Observer for Statistics {
    fn observe(&self, observation: &Observation<'_>) {
        self.tally().observe(observation);
    }
}

impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statistics").field("writer", &self.writer).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::application::ApplicationId;
    use domain::deliverability::{CohortSums, Slot, Window};
    use domain::statistic::{Happening, Measure, StatisticBy};
    use domain::testkit::{MemoryStore, phone};
    use domain::time::{Day, Timestamp};
    use domain::verification::Purpose;

    use super::*;

    fn statistics(store: &Arc<MemoryStore>) -> Arc<Statistics> {
        Statistics::new(store.clone(), StatisticWriterId::from_uuid(uuid::Uuid::from_u128(7)))
    }

    fn observe(statistics: &Statistics, application: &str) {
        statistics.observe(&Observation {
            at: Timestamp::UNIX_EPOCH,
            application: &ApplicationId::parse(application).unwrap(),
            gateway: "sparrow",
            sms: None,
            phone: Some(phone("9841234567")),
            purpose: Some(Purpose::Contact),
            happening: Happening::Started,
        });
    }

    async fn starts(store: &MemoryStore) -> u64 {
        let day = Day::of(Timestamp::UNIX_EPOCH);
        let read = store.read_statistics(None, day, day, StatisticBy::Operator).await.unwrap();
        read.iter().map(|row| row.amounts.of(Measure::Starts)).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_observed_is_stored_within_seconds() {
        let store = Arc::new(MemoryStore::default());
        let statistics = statistics(&store);
        tokio::spawn(Statistics::keep(Arc::downgrade(&statistics)));
        for _ in 0..100 {
            observe(&statistics, "default");
        }
        tokio::time::sleep(Duration::from_millis(2001)).await;
        assert_eq!((starts(&store).await, store.calls("add_statistics")), (100, 1));
        observe(&statistics, "default");
        statistics.hand_over().await;
        assert_eq!(starts(&store).await, 101);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(store.calls("add_statistics"), 2, "nothing that happened is no call");
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_service_hands_over_no_more_often() {
        let store = Arc::new(Fussy { takes: Duration::from_millis(2), ..Fussy::default() });
        let statistics =
            Statistics::new(store.clone(), StatisticWriterId::from_uuid(uuid::Uuid::from_u128(7)));
        tokio::spawn(Statistics::keep(Arc::downgrade(&statistics)));
        for _ in 0..10_000 {
            observe(&statistics, "default");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let calls = store.store.calls("add_statistics");
        assert!((4..=5).contains(&calls), "{calls} in ten seconds");
    }

    #[tokio::test]
    async fn what_a_failing_store_does_not_take_is_held_and_bounded() {
        let store = Arc::new(MemoryStore::default());
        let statistics = statistics(&store);
        store.set_down(true);
        observe(&statistics, "default");
        statistics.hand_over().await;
        for number in 0..2 * LINES_MAX {
            observe(&statistics, &format!("app-{number}"));
        }
        statistics.hand_over().await;
        store.set_down(false);
        observe(&statistics, "app-0");
        statistics.hand_over().await;
        assert_eq!(starts(&store).await, 1 + LINES_MAX as u64);
        assert_eq!(store.calls("add_statistics"), 4, "what was held goes first, and the rest at once");
    }

    /// Takes everything and its time, and does not say so the first times.
    #[derive(Debug, Default)]
    struct Fussy {
        store: MemoryStore,
        takes: Duration,
        silent: Mutex<u32>,
    }

    #[async_trait::async_trait]
    impl StatisticStore for Fussy {
        async fn add_statistics(&self, batch: &StatisticBatch) -> Result<(), PortError> {
            tokio::time::sleep(self.takes).await;
            self.store.add_statistics(batch).await?;
            let mut silent = self.silent.lock().unwrap();
            if *silent > 0 {
                *silent -= 1;
                let dependency = domain::ports::Dependency::Store;
                return Err(PortError::unavailable(dependency, std::io::Error::other("no answer")));
            }
            Ok(())
        }

        async fn read_statistics(
            &self,
            application: Option<&ApplicationId>,
            from: Day,
            to: Day,
            by: StatisticBy,
        ) -> Result<Vec<domain::statistic::StatisticRow>, PortError> {
            self.store.read_statistics(application, from, to, by).await
        }

        async fn sweep_statistics(&self, before: Day) -> Result<u64, PortError> {
            self.store.sweep_statistics(before).await
        }

        async fn read_cohorts(
            &self,
            application: Option<&ApplicationId>,
            window: Window,
        ) -> Result<Vec<CohortSums>, PortError> {
            self.store.read_cohorts(application, window).await
        }

        async fn sweep_cohorts(&self, before: Slot) -> Result<u64, PortError> {
            self.store.sweep_cohorts(before).await
        }
    }

    #[tokio::test]
    async fn what_was_taken_without_an_answer_counts_once() {
        let store = Arc::new(Fussy { silent: Mutex::new(2), ..Fussy::default() });
        let statistics =
            Statistics::new(store.clone(), StatisticWriterId::from_uuid(uuid::Uuid::from_u128(7)));
        for _ in 0..4 {
            observe(&statistics, "default");
            statistics.hand_over().await;
        }
        assert_eq!(starts(&store.store).await, 4);
    }
}
