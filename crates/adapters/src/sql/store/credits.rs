//! The port of credits over any SQL database.

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::credit::CreditReading;
use domain::ports::{CreditKept, CreditStore, PortError};

use super::Store;
use crate::sql::credits::{self, CreditEngine};

#[async_trait]
impl<Database: CreditEngine> CreditStore for Store<Database> {
    async fn keep_credit(
        &self,
        reading: &CreditReading,
        tell: &[ApplicationId],
    ) -> Result<CreditKept, PortError> {
        self.0.keep_credit(reading, tell).await.map_err(Database::failed)
    }

    async fn load_credits(&self) -> Result<Vec<CreditReading>, PortError> {
        credits::load(&*self.0).await.map_err(Database::failed)
    }
}
