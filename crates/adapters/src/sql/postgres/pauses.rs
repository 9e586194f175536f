//! Pauses: how they begin and end, and are told.

use domain::application::ApplicationId;
use domain::invalid_numbers::Pause;
use domain::ports::Paused;
use domain::time::Timestamp;

use super::Database;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;
use crate::sql::pauses::{self, PauseEngine, pause, resume};

/// What begins or ends (`changed`) is told at an instant.
macro_rules! told {
    ($change:expr, $kind:literal, $at:literal) => {
        concat!(
            "WITH changed AS (",
            $change,
            "), told AS (
                INSERT INTO events (id, application, kind, at, reason)
                SELECT uuid_at(",
            $at,
            "), application, '",
            $kind,
            "', ",
            $at,
            ", reason FROM changed RETURNING id
             ), waiting AS (
                INSERT INTO event_outbox (event_id) SELECT id FROM told
             )
             SELECT * FROM changed"
        )
    };
}

const PAUSE: &str = told!(pause!(), "numbers.paused", "since");
const RESUME: &str = told!(resume!(), "numbers.resumed", "$2::timestamptz");

impl PauseEngine for Database {
    async fn pause(&self, pause: &Pause, counted_since: Timestamp) -> Result<Paused, Failure> {
        let query = pauses::arguments(sqlx::query(PAUSE), pause).instant(counted_since);
        // A second time its own end is in the way.
        let told = self.run(query, Twice::Different).await?;
        Ok(if told.rows.is_empty() { Paused::Outdated } else { Paused::Stored })
    }

    async fn resume(&self, application: &ApplicationId, now: Timestamp) -> Result<Option<Pause>, Failure> {
        let query = sqlx::query(RESUME).text(application.as_str()).instant(now);
        // A second time there is none to end.
        let ended = self.run(query, Twice::Different).await?.rows;
        ended.first().map(|row| Columns::of(row, &self.vault).pause()).transpose()
    }
}
