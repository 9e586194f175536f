//! Statistics.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::application::ApplicationId;
use crate::ports::{PortError, StatisticBatch, StatisticStore};
use crate::statistic::{Amounts, StatisticBy, StatisticRow};
use crate::time::Day;

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
            let mut found: BTreeMap<String, Amounts> = BTreeMap::new();
            for (key, amounts) in &tables.statistics {
                let wanted = application.is_none_or(|application| key.application == *application);
                if wanted && (from..=to).contains(&key.day) {
                    found.entry(key.name(by)).or_default().add_all(amounts);
                }
            }
            Ok(found.into_iter().map(|(name, amounts)| StatisticRow { name, amounts }).collect())
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
}
