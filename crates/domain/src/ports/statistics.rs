//! Who is told what happens, and what keeps it, added up.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::PortError;
use crate::application::ApplicationId;
use crate::deliverability::{CohortLine, CohortSums, Estimates, Slot, Window};
use crate::id::StatisticWriterId;
use crate::statistic::{Observation, StatisticBy, StatisticLine, StatisticRow};
use crate::time::Day;

/// Is told what happens, as it is decided. It never waits and never fails: what it loses changes no answer.
pub trait Observer: Send + Sync + fmt::Debug {
    /// This happened.
    fn observe(&self, observation: &Observation<'_>);
}

/// What one process adds at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatisticBatch {
    /// The process.
    pub writer: StatisticWriterId,
    /// Which of its batches it is: each has a greater number than those before.
    pub number: u32,
    /// What is added; no line twice.
    pub lines: Vec<StatisticLine>,
    /// What is added to cohorts of SMS; none twice.
    pub cohorts: Vec<CohortLine>,
}

impl StatisticBatch {
    /// The youngest day that it adds to; `None` when it adds nothing.
    #[must_use]
    pub fn day(&self) -> Option<Day> {
        let lines = self.lines.iter().map(|line| line.key.day);
        lines.chain(self.cohorts.iter().map(|line| line.key.slot.day())).max()
    }
}

/// Knows what becomes of the SMS, as it was when it was last looked at. It never waits.
pub trait DeliveryEstimates: Send + Sync + fmt::Debug {
    /// What is known, over all applications; nothing where that was too long ago.
    fn estimates(&self) -> Arc<Estimates>;
}

/// Keeps statistics, added up by day.
#[async_trait]
pub trait StatisticStore: Send + Sync + fmt::Debug {
    /// Adds to what is there, whoever else adds at the same time: all of it or nothing. A batch whose number is not
    /// greater than that of its writer's last one was added before, and changes nothing: one whose answer got lost is
    /// handed over again.
    async fn add_statistics(&self, batch: &StatisticBatch) -> Result<(), PortError>;

    /// The amounts from one day to another, both included, put together by name of what is asked for, in the order of
    /// the names. Of one application or of all.
    async fn read_statistics(
        &self,
        application: Option<&ApplicationId>,
        from: Day,
        to: Day,
        by: StatisticBy,
    ) -> Result<Vec<StatisticRow>, PortError>;

    /// Deletes the oldest day if it is before `before`, and the writers that added nothing since; answers how many rows
    /// of statistics went. Call it again until that is none.
    async fn sweep_statistics(&self, before: Day) -> Result<u64, PortError>;

    /// The cohorts of a window, of one application or of all, in the order of applications, operators (by their names, none
    /// first) and routes. What of them is of an operator that this release does not know is left out.
    async fn read_cohorts(
        &self,
        application: Option<&ApplicationId>,
        window: Window,
    ) -> Result<Vec<CohortSums>, PortError>;

    /// Deletes the oldest hour of the cohorts that are before `before`; answers how many rows went. Call it again until that
    /// is none.
    async fn sweep_cohorts(&self, before: Slot) -> Result<u64, PortError>;
}
