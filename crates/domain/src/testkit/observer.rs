//! An observer that remembers.

use std::sync::Mutex;

use uuid::Uuid;

use super::demand::{kept, locked};
use crate::id::StatisticWriterId;
use crate::ports::{Observer, StatisticBatch, StatisticStore};
use crate::statistic::{Happening, Observation, Tally};

/// Keeps what it was told, and adds it up.
#[derive(Debug)]
pub struct RecordedObserver(Mutex<Told>);

#[derive(Debug)]
struct Told {
    happenings: Vec<Happening>,
    tally: Tally,
    batches: u32,
}

impl Default for RecordedObserver {
    fn default() -> Self {
        Self(Mutex::new(Told { happenings: Vec::new(), tally: Tally::new(1000), batches: 0 }))
    }
}

impl RecordedObserver {
    /// What happened, in its order.
    #[must_use]
    pub fn happenings(&self) -> Vec<Happening> {
        locked(&self.0).happenings.clone()
    }

    /// Hands over what was added up since the last time.
    pub async fn hand_over(&self, store: &dyn StatisticStore) {
        let batch = {
            let mut told = locked(&self.0);
            told.batches += 1;
            let writer = StatisticWriterId::from_uuid(Uuid::from_u128(7));
            let (lines, cohorts) = (told.tally.take(), told.tally.take_cohorts());
            StatisticBatch { writer, number: told.batches, lines, cohorts }
        };
        kept(store.add_statistics(&batch).await);
    }
}

impl Observer for RecordedObserver {
    fn observe(&self, observation: &Observation<'_>) {
        let mut told = locked(&self.0);
        told.happenings.push(observation.happening);
        told.tally.observe(observation);
    }
}
