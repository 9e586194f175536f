//! The port of pauses over any SQL database.

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::invalid_numbers::{NumberVerdict, Pause};
use domain::ports::{PauseStore, Paused, PortError};
use domain::time::Timestamp;

use super::Store;
use crate::sql::pauses::{self, PauseEngine};

#[async_trait]
impl<Database: PauseEngine> PauseStore for Store<Database> {
    async fn number_verdicts(
        &self,
        application: &ApplicationId,
        at_most: u16,
    ) -> Result<Vec<NumberVerdict>, PortError> {
        pauses::verdicts(&*self.0, application, at_most).await.map_err(Database::failed)
    }

    async fn pause(&self, pause: &Pause, counted_since: Timestamp) -> Result<Paused, PortError> {
        self.0.pause(pause, counted_since).await.map_err(Database::failed)
    }

    async fn resume(&self, application: &ApplicationId, now: Timestamp) -> Result<Option<Pause>, PortError> {
        self.0.resume(application, now).await.map_err(Database::failed)
    }

    async fn last_pause(&self, application: &ApplicationId) -> Result<Option<Pause>, PortError> {
        pauses::last(&*self.0, application).await.map_err(Database::failed)
    }

    async fn all_pauses(&self, now: Timestamp) -> Result<Vec<Pause>, PortError> {
        pauses::all(&*self.0, now).await.map_err(Database::failed)
    }
}
