//! Statistics.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::application::ApplicationId;
use crate::deliverability::{Cohort, CohortKey, CohortSums, Slot, Window};
use crate::ports::{PortError, StatisticBatch, StatisticStore};
use crate::statistic::{Amounts, StatisticBy, StatisticRow};
use crate::time::Day;

/// Those of an hour.
const SLOTS_PER_SWEEP: i32 = 12;

#[async_trait]
impl StatisticStore for MemoryStore {
    async fn add_statistics(&self, batch: &StatisticBatch) -> Result<(), PortError> {
        self.call("add_statistics", |tables| {
            let last = tables.statistic_writers.get(&batch.writer);
            if last.is_some_and(|last| *last >= batch.number) {
                return Ok(());
            }
            tables.statistic_writers.insert(batch.writer, batch.number);
            for line in &batch.lines {
                tables.statistics.entry(line.key.clone()).or_default().add_all(&line.amounts);
            }
            for line in &batch.cohorts {
                tables.cohorts.entry(line.key.clone()).or_default().add_all(&line.cohort);
            }
            Ok(())
        })
        .await
    }

    async fn read_statistics(
        &self,
        application: Option<&ApplicationId>,
        from: Day,
        to: Day,
        by: StatisticBy,
    ) -> Result<Vec<StatisticRow>, PortError> {
        self.call("read_statistics", |tables| {
            let mut found: BTreeMap<String, StatisticRow> = BTreeMap::new();
            for (key, amounts) in &tables.statistics {
                let wanted = application.is_none_or(|application| key.application == *application);
                if wanted && (from..=to).contains(&key.day) {
                    let (name, since) = (key.name(by), key.day);
                    let of_name = || StatisticRow { name: name.clone(), amounts: Amounts::default(), since };
                    let found = found.entry(name.clone()).or_insert_with(of_name);
                    found.amounts.add_all(amounts);
                    found.since = found.since.min(since);
                }
            }
            Ok(found.into_values().collect())
        })
        .await
    }

    async fn sweep_statistics(&self, before: Day) -> Result<u64, PortError> {
        self.call("sweep_statistics", |tables| {
            let oldest = tables.statistics.keys().map(|key| key.day).min();
            let Some(oldest) = oldest.filter(|oldest| *oldest < before) else { return Ok(0) };
            let of_oldest = |amounts: &Amounts| amounts.present().count() as u64;
            let swept = tables.statistics.iter().filter(|(key, _)| key.day == oldest);
            let swept = swept.map(|(_, amounts)| of_oldest(amounts)).sum();
            tables.statistics.retain(|key, _| key.day > oldest);
            Ok(swept)
        })
        .await
    }

    async fn read_cohorts(
        &self,
        application: Option<&ApplicationId>,
        window: Window,
    ) -> Result<Vec<CohortSums>, PortError> {
        self.call("read_cohorts", |tables| {
            let mut found: BTreeMap<_, (Cohort, Cohort)> = BTreeMap::new();
            for (key, cohort) in &tables.cohorts {
                let wanted = application.is_none_or(|application| key.application == *application);
                if !wanted || key.slot < window.since {
                    continue;
                }
                let CohortKey { slot: _, application, operator, route } = key.clone();
                let (settled, recent) = found.entry((application, operator, route)).or_default();
                (if key.slot < window.recent { settled } else { recent }).add_all(cohort);
            }
            let sums = |((application, operator, route), (settled, recent))| CohortSums {
                application,
                operator,
                route,
                settled,
                recent,
            };
            Ok(found.into_iter().map(sums).collect())
        })
        .await
    }

    async fn sweep_cohorts(&self, before: Slot) -> Result<u64, PortError> {
        self.call("sweep_cohorts", |tables| {
            let Some(oldest) = tables.cohorts.keys().map(|key| key.slot).min() else { return Ok(0) };
            let hour = oldest.number().saturating_add(SLOTS_PER_SWEEP);
            let goes = |key: &CohortKey| key.slot < before && key.slot.number() < hour;
            let rows = |cohort: &Cohort| cohort.present().count() as u64;
            let swept =
                tables.cohorts.iter().filter(|(key, _)| goes(key)).map(|(_, cohort)| rows(cohort)).sum();
            tables.cohorts.retain(|key, _| !goes(key));
            Ok(swept)
        })
        .await
    }
}
