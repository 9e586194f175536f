//! The estimates of delivery in memory: looked at again every half minute, so that a send costs no query for them. Owns how
//! old they may become; what they say is decided by the rules.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use domain::deliverability::{Estimates, Window};
use domain::ports::{Clock, DeliveryEstimates, PortError, StatisticStore, chain};
use tokio::time::{Instant, MissedTickBehavior};

/// How often it is looked: slots are ten times as long.
const INTERVAL: Duration = Duration::from_secs(30);
/// The first look, behind what a command of a moment does.
const FIRST: Duration = Duration::from_secs(2);
/// What is older is not believed any more, and everything goes at its usual pace.
const AGE_MAX: Duration = Duration::from_mins(5);

/// Holds what is known of the SMS of all applications.
pub struct EstimateSnapshot {
    store: Arc<dyn StatisticStore>,
    clock: Arc<dyn Clock>,
    /// What is known, and when the look began that brought it. Held for as long as it takes to count one more owner; no
    /// code that can panic runs under it.
    held: RwLock<Option<(Arc<Estimates>, Instant)>>,
}

impl EstimateSnapshot {
    /// Nothing is known yet. It does not look by itself: see [`EstimateSnapshot::keep`].
    #[must_use]
    pub fn new(store: Arc<dyn StatisticStore>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { store, clock, held: RwLock::new(None) })
    }

    /// Looks again and again, until the snapshot is dropped. An outage is told when it begins and when it is over.
    pub async fn keep(snapshot: Weak<Self>) {
        let mut ticks = tokio::time::interval_at(Instant::now() + FIRST, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            ticks.tick().await;
            let Some(snapshot) = snapshot.upgrade() else { return };
            let failed = snapshot.look().await.err();
            if let Some(error) = failed.as_ref().filter(|_| !failing) {
                tracing::warn!(cause = chain(error), "what becomes of the SMS could not be read");
            } else if failing && failed.is_none() {
                tracing::info!("what becomes of the SMS is read again");
            }
            failing = failed.is_some();
        }
    }

    async fn look(&self) -> Result<(), PortError> {
        let (began, window) = (Instant::now(), Window::at(self.clock.now()));
        let estimates = Estimates::new(window, &self.store.read_cohorts(None, window).await?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::new(estimates), began));
        Ok(())
    }
}

impl DeliveryEstimates for EstimateSnapshot {
    fn estimates(&self) -> Arc<Estimates> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some((estimates, began)) if began.elapsed() <= AGE_MAX => Arc::clone(estimates),
            Some(_) | None => Arc::new(Estimates::none(Window::at(self.clock.now()))),
        }
    }
}

impl fmt::Debug for EstimateSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EstimateSnapshot").field("store", &self.store).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::application::ApplicationId;
    use domain::deliverability::{Cohort, CohortKey, CohortLine, CohortMeasure};
    use domain::id::StatisticWriterId;
    use domain::ports::StatisticBatch;
    use domain::route::RouteName;
    use domain::testkit::{ManualClock, MemoryStore};
    use domain::time::Timestamp;

    use super::*;

    async fn sent(store: &MemoryStore, now: Timestamp, number: u32) {
        let mut cohort = Cohort::default();
        cohort.add(CohortMeasure::Sent, 1);
        let key = CohortKey {
            slot: Window::at(now).since,
            application: ApplicationId::default_application(),
            operator: None,
            route: RouteName::parse("nepal").unwrap(),
        };
        let writer = StatisticWriterId::from_uuid(uuid::Uuid::from_u128(7));
        let cohorts = vec![CohortLine { key, cohort }];
        store.add_statistics(&StatisticBatch { writer, number, lines: Vec::new(), cohorts }).await.unwrap();
    }

    fn sends(snapshot: &EstimateSnapshot) -> u64 {
        snapshot.estimates().rows().iter().map(|row| row.estimate.sends).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_is_half_a_minute_old_at_most_and_forgotten_in_an_outage() {
        let now = Timestamp::from_second(1_768_464_000).unwrap();
        let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(ManualClock::at(now)));
        let snapshot = EstimateSnapshot::new(store.clone(), clock);
        tokio::spawn(EstimateSnapshot::keep(Arc::downgrade(&snapshot)));
        sent(&store, now, 1).await;
        assert_eq!((sends(&snapshot), store.calls("read_cohorts")), (0, 0));
        tokio::time::sleep(Duration::from_millis(2001)).await;
        assert_eq!((sends(&snapshot), store.calls("read_cohorts")), (1, 1));
        sent(&store, now, 2).await;
        assert_eq!(sends(&snapshot), 1, "to ask is to look at what is held");
        tokio::time::sleep(INTERVAL).await;
        assert_eq!((sends(&snapshot), store.calls("read_cohorts")), (2, 2));
        store.set_down(true);
        tokio::time::sleep(AGE_MAX.saturating_sub(Duration::from_secs(1))).await;
        assert_eq!(sends(&snapshot), 2);
        tokio::time::sleep(INTERVAL).await;
        assert_eq!(sends(&snapshot), 0, "what is too old is not believed");
        store.set_down(false);
        tokio::time::sleep(INTERVAL).await;
        assert_eq!(sends(&snapshot), 2);
    }
}
