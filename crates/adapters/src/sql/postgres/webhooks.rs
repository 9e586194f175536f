//! What is told to webhooks: each call is one statement, and of several who ask at once none waits for another but
//! for handing out, which goes in the order of the events.

use std::collections::BTreeSet;

use domain::application::ApplicationId;
use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::{Page, WebhookDeliveryFilter};
use domain::time::Timestamp;
use domain::webhook::{Attempt, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId};
use sqlx::QueryBuilder;

use super::Database;
use super::events::number;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::engine::{Engine as _, Twice};
use crate::sql::events::{
    self, WebhookEngine, delivery_columns, event_columns, known_kinds, of_known_kind, push_deliveries,
    to_hand_out,
};
use crate::sql::failure::Failure;

/// Whoever hands out waits for whoever is doing so, and goes on behind him: the events about one verification are handed
/// out in their order. `$1` to `$3` are the subscriptions: webhook, application and kind.
const HAND_OUT: &str = concat!(
    "WITH waiting AS MATERIALIZED (
        SELECT o.place, o.event_id FROM event_outbox o WHERE ",
    to_hand_out!(),
    " ORDER BY o.place LIMIT $5 FOR UPDATE
     ), gone AS (
        DELETE FROM event_outbox WHERE place = ANY (ARRAY(SELECT place FROM waiting))
     ), delivered AS (
        INSERT INTO webhook_deliveries
            (id, event_id, application, verification_id, webhook, status, attempts, created_at, next_at)
        SELECT uuid_at($4), e.id, e.application, e.verification_id, s.webhook, 'pending', 0, $4, $4
        FROM waiting w
        -- Each is looked up by itself.
        CROSS JOIN LATERAL (SELECT * FROM events WHERE id = w.event_id OFFSET 0) AS e
        JOIN unnest($1::text[], $2::text[], $3::text[]) AS s (webhook, application, kind)
            ON s.application = e.application AND s.kind = e.kind
     )
     SELECT count(*) FROM waiting"
);

/// Of each webhook the longest due, unless an earlier event about the same verification is still on its way there. The
/// question is one for each row, so that no plan looks at all that is pending.
const CLAIM: &str = concat!(
    "WITH due AS MATERIALIZED (
        SELECT p.id, p.next_at FROM unnest($1::text[]) AS w (webhook)
        CROSS JOIN LATERAL (
            SELECT d.id, d.next_at FROM webhook_deliveries d
            WHERE d.webhook = w.webhook AND d.status = 'pending' AND d.next_at <= $2
                AND (SELECT o.id FROM webhook_deliveries o
                     WHERE o.verification_id = d.verification_id AND o.webhook = d.webhook AND o.status = 'pending'
                        AND (SELECT place FROM events WHERE id = o.event_id)
                            < (SELECT place FROM events WHERE id = d.event_id)
                     LIMIT 1) IS NULL
                AND ",
    of_known_kind!("d.event_id"),
    "
            ORDER BY d.next_at LIMIT $4 FOR UPDATE OF d SKIP LOCKED
        ) AS p
        ORDER BY p.next_at LIMIT $4
     ), claimed AS (
        UPDATE webhook_deliveries d SET next_at = $3 FROM due WHERE d.id = due.id
        RETURNING d.id, d.webhook, d.attempts, d.event_id, due.next_at AS due_at
     )
     SELECT c.id, c.webhook, c.attempts, ",
    event_columns!(),
    " FROM claimed c JOIN events e ON e.id = c.event_id LEFT JOIN accounts a ON a.id = e.account_id
      ORDER BY c.due_at, e.place"
);

/// What is pending no more changes only into what was delivered.
const RECORD: &str = "
    WITH recorded AS (
        UPDATE webhook_deliveries SET
            attempts = attempts + 1,
            status = CASE WHEN status = 'pending' OR $7 = 'delivered' THEN $7 ELSE status END,
            next_at = CASE WHEN status = 'pending' THEN $8 END
        WHERE id = $1 RETURNING id, attempts
     )
     INSERT INTO webhook_attempts (delivery_id, number, at, took_ms, outcome, http_status, fault)
     SELECT id, attempts, $2, $3, $4, $5, $6 FROM recorded";

const REPLAY: &str = concat!(
    "WITH told AS MATERIALIZED (
        SELECT id, application, kind, verification_id FROM events
        WHERE id = $1 AND application = $2 AND kind IN ",
    known_kinds!(),
    " FOR KEY SHARE
     ), gave_way AS (
        UPDATE webhook_deliveries d SET status = 'given-up', next_at = NULL
        FROM told WHERE d.event_id = told.id AND d.webhook = $3 AND d.status = 'pending'
     ), replayed AS (
        INSERT INTO webhook_deliveries
            (id, event_id, application, verification_id, webhook, status, attempts, created_at, next_at)
        SELECT uuid_at($4), id, application, verification_id, $3, 'pending', 0, $4, $4 FROM told
        RETURNING id, webhook, event_id, status, attempts, created_at, next_at
     )
     SELECT d.id, d.webhook, d.event_id, told.kind, d.status, d.attempts, d.created_at, d.next_at, NULL::timestamptz
     FROM replayed d CROSS JOIN told"
);

const SELECT: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
      LEFT JOIN webhook_attempts t ON t.delivery_id = d.id AND t.number = d.attempts"
);

impl WebhookEngine for Database {
    async fn hand_out(
        &self,
        subscriptions: &[Subscription],
        now: Timestamp,
        max: u32,
    ) -> Result<u64, Failure> {
        let wanted: BTreeSet<_> = subscriptions
            .iter()
            .flat_map(|wants| {
                wants.kinds.iter().map(|kind| (&wants.webhook, &wants.application, kind.as_str()))
            })
            .collect();
        let column = |of: fn(&(&WebhookId, &ApplicationId, &'static str)) -> String| -> Vec<String> {
            wanted.iter().map(of).collect()
        };
        let query = sqlx::query(HAND_OUT)
            .bind(column(|wants| wants.0.as_str().to_owned()))
            .bind(column(|wants| wants.1.as_str().to_owned()))
            .bind(column(|wants| wants.2.to_owned()))
            .instant(now)
            .whole(i64::from(max));
        number(&self.run(query, Twice::Harmless).await?.rows)
    }

    async fn claim(
        &self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> Result<Vec<DueDelivery>, Failure> {
        let webhooks: BTreeSet<_> = webhooks.iter().map(|webhook| webhook.as_str().to_owned()).collect();
        let query = sqlx::query(CLAIM)
            .bind(webhooks.into_iter().collect::<Vec<_>>())
            .instant(now)
            .instant(until)
            .whole(i64::from(max));
        // What a statement claimed whose answer was lost is given again when the claim has run out.
        let told = self.run(query, Twice::Harmless).await?;
        told.rows.iter().map(|row| Columns::of(row, self.vault()).due_delivery()).collect()
    }

    async fn record(
        &self,
        delivery: WebhookDeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let query = events::attempt(sqlx::query(RECORD).uuid(delivery.uuid()), attempt);
        self.run(query.text(status.as_str()).instant(next_at), Twice::Different).await.map(drop)
    }

    async fn replay(
        &self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Option<WebhookDelivery>, Failure> {
        let query = sqlx::query(REPLAY)
            .uuid(event.uuid())
            .text(application.as_str())
            .text(webhook.as_str())
            .instant(now);
        let told = self.run(query, Twice::Different).await?;
        told.rows.first().map(|row| Columns::of(row, self.vault()).delivery()).transpose()
    }

    async fn list_webhook_deliveries(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
        page: Page<WebhookDeliveryId>,
    ) -> Result<Vec<WebhookDelivery>, Failure> {
        let mut statement = QueryBuilder::new(SELECT);
        push_deliveries(&mut statement, application, filter, page);
        let told = self.run(statement.build(), Twice::Harmless).await?;
        told.rows.iter().map(|row| Columns::of(row, self.vault()).delivery()).collect()
    }
}
