//! What is told to webhooks. Who asks whether there is anything to do asks the readers first: mostly there is not, and
//! nobody waits for the writer because of it.

use domain::application::ApplicationId;
use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::{Page, WebhookDeliveryFilter};
use domain::time::Timestamp;
use domain::webhook::{Attempt, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};
use uuid::Uuid;

use super::Database;
use super::events::id_at;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::engine::Engine as _;
use crate::sql::events::{
    self, WebhookEngine, delivery_columns, event_columns, known_kinds, of_known_kind, push_deliveries,
    to_hand_out,
};
use crate::sql::failure::Failure;

pub(super) const ANY_TO_HAND_OUT: &str =
    concat!("SELECT 1 FROM event_outbox o WHERE ", to_hand_out!(), " LIMIT 1");

pub(super) const WAITING: &str = concat!(
    "SELECT o.place, e.id, e.application, e.kind FROM event_outbox o LEFT JOIN events e ON e.id = o.event_id
     WHERE ",
    to_hand_out!(),
    " ORDER BY o.place LIMIT $1"
);

/// All that waited until `$1`, in the same transaction.
pub(super) const HANDED_OUT: &str =
    concat!("DELETE FROM event_outbox AS o WHERE o.place <= $1 AND ", to_hand_out!());

pub(super) const DELIVER: &str = concat!(
    "INSERT INTO webhook_deliveries
        (id, event_id, application, verification_id, webhook, status, attempts, created_at, next_at)
     SELECT ",
    id_at!("$3"),
    ", id, application, verification_id, $2, 'pending', 0, $3, $3 FROM events WHERE id = $1"
);

/// The longest due to a webhook, unless an earlier event about the same verification is still on its way there.
pub(super) const DUE: &str = concat!(
    "SELECT d.id, d.next_at FROM webhook_deliveries d
    WHERE d.webhook = $1 AND d.status = 'pending' AND d.next_at <= $2 AND NOT EXISTS
        (SELECT 1 FROM webhook_deliveries o
         WHERE o.verification_id = d.verification_id AND o.webhook = d.webhook AND o.status = 'pending'
            AND (SELECT place FROM events WHERE id = o.event_id) < (SELECT place FROM events WHERE id = d.event_id))
        AND ",
    of_known_kind!("d.event_id"),
    " ORDER BY d.next_at LIMIT $3"
);

pub(super) const CLAIM: &str = "UPDATE webhook_deliveries SET next_at = $2 WHERE id = $1";

pub(super) const CLAIMED: &str = concat!(
    "SELECT d.id, d.webhook, d.attempts, ",
    event_columns!(),
    " FROM webhook_deliveries d JOIN events e ON e.id = d.event_id LEFT JOIN accounts a ON a.id = e.account_id
      WHERE d.id = $1"
);

/// What is pending no more changes only into what was delivered.
pub(super) const STANDS: &str = "
    UPDATE webhook_deliveries SET
        attempts = attempts + 1,
        status = CASE WHEN status = 'pending' OR $2 = 'delivered' THEN $2 ELSE status END,
        next_at = CASE WHEN status = 'pending' THEN $3 END
    WHERE id = $1";

pub(super) const ATTEMPT: &str = "
    INSERT INTO webhook_attempts (delivery_id, number, at, took_ms, outcome, http_status, fault)
    SELECT id, attempts, $2, $3, $4, $5, $6 FROM webhook_deliveries WHERE id = $1";

pub(super) const GIVE_WAY: &str = "
    UPDATE webhook_deliveries SET status = 'given-up', next_at = NULL
    WHERE event_id = $1 AND webhook = $2 AND status = 'pending'";

/// The youngest delivery of an event to a webhook: the one that was just made.
pub(super) const REPLAYED: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM webhook_deliveries d JOIN events e ON e.id = d.event_id LEFT JOIN webhook_attempts t ON t.delivery_id = d.id
      WHERE d.event_id = $1 AND d.webhook = $2 AND d.status = 'pending'"
);

pub(super) const IS_OF: &str =
    concat!("SELECT 1 FROM events WHERE id = $1 AND application = $2 AND kind IN ", known_kinds!());

const SELECT: &str = concat!("SELECT ", delivery_columns!(), " FROM webhook_deliveries d INDEXED BY ");

impl WebhookEngine for Database {
    async fn hand_out(
        &self,
        subscriptions: &[Subscription],
        now: Timestamp,
        max: u32,
    ) -> Result<u64, Failure> {
        if sqlx::query(ANY_TO_HAND_OUT).fetch_all(&self.readers).await?.is_empty() {
            return Ok(0);
        }
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let waiting = sqlx::query(WAITING).whole(i64::from(max)).fetch_all(&mut *transaction).await?;
        for event in &waiting {
            deliver(event, subscriptions, now, &mut transaction).await?;
        }
        if let Some(last) = waiting.last() {
            sqlx::query(HANDED_OUT).bind(last.try_get::<i64, _>(0)?).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        turn.settle();
        Ok(waiting.len() as u64)
    }

    async fn claim(
        &self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> Result<Vec<DueDelivery>, Failure> {
        let due =
            |webhook: &WebhookId| sqlx::query(DUE).text(webhook.as_str()).instant(now).whole(i64::from(max));
        let mut any = false;
        for webhook in webhooks {
            any |= !due(webhook).fetch_all(&self.readers).await?.is_empty();
        }
        if !any {
            return Ok(Vec::new());
        }
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let mut found: Vec<(i64, Uuid)> = Vec::new();
        for webhook in webhooks {
            for row in due(webhook).fetch_all(&mut *transaction).await? {
                found.push((row.try_get(1)?, row.try_get(0)?));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(usize::try_from(max).unwrap_or(usize::MAX));
        let mut claimed = Vec::with_capacity(found.len());
        for (due_at, id) in found {
            sqlx::query(CLAIM).uuid(id).instant(until).execute(&mut *transaction).await?;
            let row = sqlx::query(CLAIMED).uuid(id).fetch_one(&mut *transaction).await?;
            claimed.push((due_at, Columns::of(&row, self.vault()).due_delivery()?));
        }
        transaction.commit().await?;
        turn.settle();
        claimed.sort_by_key(|(due_at, due)| (*due_at, due.event.place));
        Ok(claimed.into_iter().map(|(_, due)| due).collect())
    }

    async fn record(
        &self,
        delivery: WebhookDeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let stands = sqlx::query(STANDS).uuid(delivery.uuid()).text(status.as_str()).instant(next_at);
        stands.execute(&mut *transaction).await?;
        let attempt = events::attempt(sqlx::query(ATTEMPT).uuid(delivery.uuid()), attempt);
        attempt.execute(&mut *transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(())
    }

    async fn replay(
        &self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Option<WebhookDelivery>, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let is_of = sqlx::query(IS_OF).uuid(event.uuid()).text(application.as_str());
        if is_of.fetch_all(&mut *transaction).await?.is_empty() {
            return Ok(None);
        }
        let to = |statement| sqlx::query(statement).uuid(event.uuid()).text(webhook.as_str());
        to(GIVE_WAY).execute(&mut *transaction).await?;
        to(DELIVER).instant(now).execute(&mut *transaction).await?;
        let row = to(REPLAYED).fetch_one(&mut *transaction).await?;
        let delivery = Columns::of(&row, self.vault()).delivery()?;
        transaction.commit().await?;
        turn.settle();
        Ok(Some(delivery))
    }

    async fn list_webhook_deliveries(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
        page: Page<WebhookDeliveryId>,
    ) -> Result<Vec<WebhookDelivery>, Failure> {
        let rows = listing(application, filter, page).build().fetch_all(&self.readers).await?;
        rows.iter().map(|row| Columns::of(row, self.vault()).delivery()).collect()
    }
}

/// Makes the deliveries of a waiting event, unless it has gone.
async fn deliver(
    event: &SqliteRow,
    subscriptions: &[Subscription],
    now: Timestamp,
    transaction: &mut SqliteConnection,
) -> Result<(), Failure> {
    let (id, application, kind): (Option<Uuid>, Option<&str>, Option<&str>) =
        (event.try_get(1)?, event.try_get(2)?, event.try_get(3)?);
    let wants = |subscription: &&Subscription| {
        Some(subscription.application.as_str()) == application
            && subscription.kinds.iter().any(|wanted| Some(wanted.as_str()) == kind)
    };
    for subscription in subscriptions.iter().filter(wants) {
        let query = sqlx::query(DELIVER).uuid(id).text(subscription.webhook.as_str()).instant(now);
        query.execute(&mut *transaction).await?;
    }
    Ok(())
}

/// The statement of a page: the filters decide by which index.
pub(super) fn listing(
    application: &ApplicationId,
    filter: &WebhookDeliveryFilter,
    page: Page<WebhookDeliveryId>,
) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(SELECT);
    statement.push(match filter {
        WebhookDeliveryFilter { event: Some(_), .. } => "webhook_deliveries_by_event",
        WebhookDeliveryFilter { status: Some(_), .. } => "webhook_deliveries_by_status",
        WebhookDeliveryFilter { .. } => "webhook_deliveries_by_application",
    });
    statement.push(
        " JOIN events e ON e.id = d.event_id
          LEFT JOIN webhook_attempts t ON t.delivery_id = d.id AND t.number = d.attempts",
    );
    push_deliveries(&mut statement, application, filter, page);
    statement
}
