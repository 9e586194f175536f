//! Pauses: how they begin and end, and are told.

use domain::application::ApplicationId;
use domain::event::EventKind;
use domain::invalid_numbers::Pause;
use domain::ports::Paused;
use domain::time::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::Database;
use super::events::{self, NewEvent};
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::failure::Failure;
use crate::sql::pauses::{self, PauseEngine, pause, resume};

pub(super) const PAUSE: &str = pause!();
pub(super) const RESUME: &str = resume!();

impl PauseEngine for Database {
    async fn pause(&self, pause: &Pause, counted_since: Timestamp) -> Result<Paused, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let query = pauses::arguments(sqlx::query(PAUSE), pause).instant(counted_since);
        if query.fetch_optional(&mut *transaction).await?.is_none() {
            return Ok(Paused::Outdated);
        }
        tell(pause, EventKind::NumbersPaused, pause.since, &mut transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(Paused::Stored)
    }

    async fn resume(&self, application: &ApplicationId, now: Timestamp) -> Result<Option<Pause>, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let query = sqlx::query(RESUME).text(application.as_str()).instant(now);
        let Some(row) = query.fetch_optional(&mut *transaction).await? else { return Ok(None) };
        let ended = Columns::of(&row, &self.vault).pause()?;
        tell(&ended, EventKind::NumbersResumed, now, &mut transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(Some(ended))
    }
}

async fn tell(
    pause: &Pause,
    kind: EventKind,
    at: Timestamp,
    transaction: &mut SqliteConnection,
) -> Result<(), Failure> {
    let event = NewEvent {
        application: &pause.application,
        kind,
        at,
        verification: None,
        purpose: None,
        account: None,
        phone: None,
        reason: Some(pause.reason.as_str()),
        block: None,
        prefix: None,
        credit: None,
    };
    events::add(&event, transaction).await
}
