//! Events: pages of them, the verifications whose life is over, and what goes.

use domain::application::ApplicationId;
use domain::event::{Event, EventPlace};
use domain::ports::{EventFilter, Expired, Page};
use domain::time::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{QueryBuilder, Row as _};

use super::Database;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::engine::{Engine as _, Twice};
use crate::sql::events::{EventEngine, count, event_columns, expired, first_id_of, push_events};
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

const SELECT: &str =
    concat!("SELECT ", event_columns!(), " FROM events e LEFT JOIN accounts a ON a.id = e.account_id");

/// What somebody else is settling, or changing, is left to him: he, or the next call, ends it.
const EXPIRE: &str = "
    WITH over AS MATERIALIZED (
        SELECT id FROM verifications WHERE state = 'pending' AND expires_at <= $1
        ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
     ), expired AS (
        UPDATE verifications AS v SET state = 'expired', final_at = v.expires_at, version = v.version + 1
        FROM over WHERE v.id = over.id RETURNING v.application, v.account_id, v.phone, v.purpose, v.sent_by
     )
     SELECT application, account_id, phone, purpose, sent_by FROM expired";

/// The ids begin with the instant, so that their index finds what is old (`$1`). Deliveries and attempts go with their
/// event. One that is pending is tried next some time and keeps it, unless nobody has tried it for as long: its webhook
/// is no more. Of what was not handed out only the oldest are looked at: they are those of the oldest events.
const SWEEP: &str = "
    WITH old AS MATERIALIZED (
        SELECT e.id FROM events e
        WHERE e.id < $1 AND e.at < $2
            AND (SELECT d.id FROM webhook_deliveries d
                 WHERE d.event_id = e.id AND d.next_at >= $2 LIMIT 1) IS NULL
        LIMIT $3 FOR UPDATE OF e SKIP LOCKED
     ), waiting AS MATERIALIZED (
        SELECT o.place, o.event_id FROM event_outbox o WHERE o.place > 0 ORDER BY o.place LIMIT $3
     ), unsent AS (
        DELETE FROM event_outbox
        WHERE place = ANY (ARRAY(SELECT w.place FROM waiting w WHERE w.event_id IN (SELECT id FROM old)))
     ), swept AS (
        DELETE FROM events WHERE id = ANY (ARRAY(SELECT id FROM old)) RETURNING id
     )
     SELECT count(*) FROM swept";

/// The one number that a statement answers.
pub(super) fn number(rows: &[PgRow]) -> Result<u64, Failure> {
    let told: i64 = rows.first().ok_or(RowFault("answer"))?.try_get(0)?;
    Ok(count(told)?)
}

impl EventEngine for Database {
    async fn list_events(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> Result<Vec<Event>, Failure> {
        let mut statement = QueryBuilder::new(SELECT);
        push_events(&mut statement, application, filter, page);
        let told = self.run(statement.build(), Twice::Harmless).await?;
        told.rows.iter().map(|row| Columns::of(row, self.vault()).event()).collect()
    }

    async fn expire(&self, now: Timestamp, max: u32) -> Result<Vec<Expired>, Failure> {
        let query = sqlx::query(EXPIRE).instant(now).whole(i64::from(max));
        // Behind a lost connection what the first time has ended may be told to nobody; it was ended all the same.
        expired(self, &self.run(query, Twice::Harmless).await?.rows)
    }

    async fn sweep_events(&self, before: Timestamp, max: u32) -> Result<u64, Failure> {
        let query = sqlx::query(SWEEP).uuid(first_id_of(before)).instant(before).whole(i64::from(max));
        number(&self.run(query, Twice::Harmless).await?.rows)
    }
}
