//! Events: how one is stored, pages of them, the verifications whose life is over, and what goes.

use domain::application::ApplicationId;
use domain::event::{Event, EventKind, EventPlace};
use domain::id::{AccountId, BlockId, VerificationId};
use domain::ports::{EventFilter, Expired, Page};
use domain::time::Timestamp;
use domain::verification::Purpose;
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::Database;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::engine::{Engine as _, Twice};
use crate::sql::events::{EventEngine, event_columns, expired, first_id_of, push_events};
use crate::sql::failure::Failure;

/// An id that begins with an instant (UUIDv7), of which the milliseconds are given; as in the trigger of the schema.
macro_rules! id_at {
    ($millis:literal) => {
        concat!(
            "unhex(printf('%012X', max(",
            $millis,
            ", 0)) || '7' || substr(hex(randomblob(2)), 2) || substr('89AB', 1 + (random() & 3), 1) \
             || substr(hex(randomblob(8)), 2))"
        )
    };
}

pub(super) use id_at;

pub(super) const ADD: &str = concat!(
    "INSERT INTO events (id, application, kind, at, verification_id, purpose, account_id, phone, reason, block_id, prefix, gateway, thousandths)
     VALUES (",
    id_at!("$3"),
    ", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
);

pub(super) const TO_HAND_OUT: &str =
    "INSERT INTO event_outbox (event_id) SELECT id FROM events WHERE place = last_insert_rowid()";

/// What [`domain::verification::Command::Settle`] makes of a pending verification whose life is over at `$1`, at the end
/// of its life.
pub(super) const EXPIRE: &str = "
    UPDATE verifications SET state = 'expired', final_at = expires_at, version = version + 1
    WHERE seq IN (SELECT seq FROM verifications WHERE state = 'pending' AND expires_at <= $1
        ORDER BY expires_at LIMIT $2)
    RETURNING application, account_id, phone, purpose, sent_by";

/// Mostly there is none, and nobody waits for the writer because of the question.
pub(super) const ANY_OVER: &str =
    "SELECT 1 FROM verifications WHERE state = 'pending' AND expires_at <= $1 LIMIT 1";

/// The ids begin with the instant, so that their index finds what is old (`$1`). What nobody has tried to tell for as long
/// keeps nothing: its webhook is no more.
macro_rules! old {
    () => {
        "(SELECT e.id FROM events e
          WHERE e.id < $1 AND e.at < $2 AND NOT EXISTS
            (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = e.id AND d.next_at >= $2)
          ORDER BY e.id LIMIT $3)"
    };
}

/// Of what was not handed out only the oldest are looked at: they are those of the oldest events.
pub(super) const SWEEP_OUTBOX: &str = concat!(
    "DELETE FROM event_outbox WHERE place IN (SELECT place FROM event_outbox WHERE place > 0 ORDER BY place LIMIT $3)
        AND event_id IN ",
    old!()
);

/// Deliveries and attempts go with their event.
pub(super) const SWEEP: &str = concat!("DELETE FROM events WHERE id IN ", old!());

const SELECT: &str = concat!("SELECT ", event_columns!(), " FROM events e INDEXED BY ");

/// What an event tells.
pub(super) struct NewEvent<'a> {
    pub(super) application: &'a ApplicationId,
    pub(super) kind: EventKind,
    pub(super) at: Timestamp,
    pub(super) verification: Option<VerificationId>,
    pub(super) purpose: Option<Purpose>,
    pub(super) account: Option<AccountId>,
    /// Sealed.
    pub(super) phone: Option<&'a [u8]>,
    pub(super) reason: Option<&'a str>,
    pub(super) block: Option<BlockId>,
    pub(super) prefix: Option<i64>,
    /// A gateway, and what was left there.
    pub(super) credit: Option<(&'a str, i64)>,
}

/// Stores an event, to be handed out, in the transaction of what it tells of.
pub(super) async fn add(event: &NewEvent<'_>, transaction: &mut SqliteConnection) -> Result<(), Failure> {
    sqlx::query(ADD)
        .text(event.application.as_str())
        .text(event.kind.as_str())
        .instant(event.at)
        .uuid(event.verification.map(VerificationId::uuid))
        .text(event.purpose.map(Purpose::as_str))
        .uuid(event.account.map(AccountId::uuid))
        .bytes(event.phone)
        .text(event.reason)
        .uuid(event.block.map(BlockId::uuid))
        .whole(event.prefix)
        .text(event.credit.map(|(gateway, _)| gateway))
        .whole(event.credit.map(|(_, thousandths)| thousandths))
        .execute(&mut *transaction)
        .await?;
    sqlx::query(TO_HAND_OUT).execute(transaction).await?;
    Ok(())
}

/// The statement of a page: the filters decide by which index.
pub(super) fn listing(
    application: &ApplicationId,
    filter: &EventFilter,
    page: Page<EventPlace>,
) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(SELECT);
    statement.push(match filter {
        EventFilter { verification: Some(_), .. } => "events_by_verification",
        EventFilter { account: Some(_), .. } => "events_by_account",
        EventFilter { .. } => "events_by_application",
    });
    statement.push(" LEFT JOIN accounts a ON a.id = e.account_id");
    push_events(&mut statement, application, filter, page);
    statement
}

impl EventEngine for Database {
    async fn list_events(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> Result<Vec<Event>, Failure> {
        let rows = listing(application, filter, page).build().fetch_all(&self.readers).await?;
        rows.iter().map(|row| Columns::of(row, self.vault()).event()).collect()
    }

    async fn expire(&self, now: Timestamp, max: u32) -> Result<Vec<Expired>, Failure> {
        if sqlx::query(ANY_OVER).instant(now).fetch_all(&self.readers).await?.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query(EXPIRE).instant(now).whole(i64::from(max));
        expired(self, &self.tell(query, Twice::Different).await?.rows)
    }

    async fn sweep_events(&self, before: Timestamp, max: u32) -> Result<u64, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let old = |statement| {
            sqlx::query(statement).uuid(first_id_of(before)).instant(before).whole(i64::from(max))
        };
        old(SWEEP_OUTBOX).execute(&mut *transaction).await?;
        let swept = old(SWEEP).execute(&mut *transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(swept.rows_affected())
    }
}
