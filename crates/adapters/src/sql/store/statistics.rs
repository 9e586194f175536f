//! The port of statistics over any SQL database.

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::deliverability::{CohortSums, Slot, Window};
use domain::ports::{PortError, StatisticBatch, StatisticStore};
use domain::statistic::{StatisticBy, StatisticRow};
use domain::time::Day;

use super::Store;
use crate::sql::engine::Engine;
use crate::sql::{cohorts, statistics};

#[async_trait]
impl<Database: Engine> StatisticStore for Store<Database> {
    async fn add_statistics(&self, batch: &StatisticBatch) -> Result<(), PortError> {
        statistics::add(&*self.0, batch).await.map_err(Database::failed)
    }

    async fn read_statistics(
        &self,
        application: Option<&ApplicationId>,
        from: Day,
        to: Day,
        by: StatisticBy,
    ) -> Result<Vec<StatisticRow>, PortError> {
        statistics::read(&*self.0, application, from, to, by).await.map_err(Database::failed)
    }

    async fn sweep_statistics(&self, before: Day) -> Result<u64, PortError> {
        statistics::sweep(&*self.0, before).await.map_err(Database::failed)
    }

    async fn read_cohorts(
        &self,
        application: Option<&ApplicationId>,
        window: Window,
    ) -> Result<Vec<CohortSums>, PortError> {
        cohorts::read(&*self.0, application, window).await.map_err(Database::failed)
    }

    async fn sweep_cohorts(&self, before: Slot) -> Result<u64, PortError> {
        cohorts::sweep(&*self.0, before).await.map_err(Database::failed)
    }
}
