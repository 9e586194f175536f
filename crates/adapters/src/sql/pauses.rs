//! Pauses of applications that have met too many invalid numbers, in any database.

use domain::application::ApplicationId;
use domain::invalid_numbers::{NumberVerdict, Pause};
use domain::ports::{DELIVERIES_LOOKED_AT, Paused};
use domain::time::Timestamp;

use super::arguments::Arguments;
use super::columns::Columns;
use super::engine::Engine;
use super::failure::Failure;

/// A database that keeps pauses; see the port for what the methods mean. A change is told in its transaction, which
/// databases do each in its own way.
pub(super) trait PauseEngine: Engine {
    /// [`domain::ports::PauseStore::pause`].
    fn pause(
        &self,
        pause: &Pause,
        counted_since: Timestamp,
    ) -> impl Future<Output = Result<Paused, Failure>> + Send;

    /// [`domain::ports::PauseStore::resume`].
    fn resume(
        &self,
        application: &ApplicationId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Pause>, Failure>> + Send;
}

/// The columns of [`Columns::pause`].
macro_rules! pause_columns {
    () => {
        "application, reason, since, ends_at, in_a_row, refused, counted"
    };
}

/// Pauses (see [`arguments`]), unless the last one does not end before `$8`. Two that come at once meet on the row.
macro_rules! pause {
    () => {
        concat!(
            "INSERT INTO pauses AS last (",
            crate::sql::pauses::pause_columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (application) DO UPDATE SET reason = excluded.reason, since = excluded.since,
                ends_at = excluded.ends_at, in_a_row = excluded.in_a_row, refused = excluded.refused,
                counted = excluded.counted
             WHERE last.ends_at < $8
             RETURNING ",
            crate::sql::pauses::pause_columns!()
        )
    };
}

/// Ends the pause of `$1` at `$2`.
macro_rules! resume {
    () => {
        concat!(
            "UPDATE pauses SET ends_at = CASE WHEN since > $2 THEN since ELSE $2 END
             WHERE application = $1 AND ends_at > $2
             RETURNING ",
            crate::sql::pauses::pause_columns!()
        )
    };
}

pub(super) use {pause, pause_columns, resume};

/// Of a bounded number (`$3`) of the youngest deliveries those that say something of the number, as many as are wanted
/// (`$2`), since the last pause ended; where there was none, since `$4`.
pub(super) const VERDICTS: &str = "
    SELECT answer, answered_at FROM
        (SELECT id, answer, answered_at FROM deliveries WHERE application = $1 ORDER BY id DESC LIMIT $3) AS d
    WHERE answer IN ('accepted', 'receiver-refused')
        AND answered_at > coalesce((SELECT ends_at FROM pauses WHERE application = $1), $4)
    ORDER BY id DESC LIMIT $2";

pub(super) const LAST: &str = concat!("SELECT ", pause_columns!(), " FROM pauses WHERE application = $1");

/// All that are on, to be held in memory: there are no more than applications.
pub(super) const ALL: &str = concat!("SELECT ", pause_columns!(), " FROM pauses WHERE ends_at > $1");

/// All of a pause.
pub(super) fn arguments<Q: Arguments>(query: Q, pause: &Pause) -> Q {
    query
        .text(pause.application.as_str())
        .text(pause.reason.as_str())
        .instant(pause.since)
        .instant(pause.until)
        .whole(i64::from(pause.counts.in_a_row))
        .whole(i64::from(pause.counts.refused))
        .whole(i64::from(pause.counts.of))
}

pub(super) async fn verdicts<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    at_most: u16,
) -> Result<Vec<NumberVerdict>, Failure> {
    let query = E::query(VERDICTS)
        .text(application.as_str())
        .whole(i64::from(at_most))
        .whole(i64::from(DELIVERIES_LOOKED_AT))
        .instant(Timestamp::UNIX_EPOCH);
    let rows = engine.ask(query).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).number_verdict()).collect()
}

pub(super) async fn last<E: Engine>(
    engine: &E,
    application: &ApplicationId,
) -> Result<Option<Pause>, Failure> {
    let rows = engine.ask(E::query(LAST).text(application.as_str())).await?;
    rows.first().map(|row| Columns::of(row, engine.vault()).pause()).transpose()
}

pub(super) async fn all<E: Engine>(engine: &E, now: Timestamp) -> Result<Vec<Pause>, Failure> {
    let rows = engine.ask(E::query(ALL).instant(now)).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).pause()).collect()
}
