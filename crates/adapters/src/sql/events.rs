//! Events and what is told of them, in any database: what a database has to do, and what all of them do alike.

mod columns;
mod kinds;
mod listing;
mod store;

use domain::application::ApplicationId;
use domain::event::{Event, EventPlace};
use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::{EventFilter, Expired, Page, WebhookDeliveryFilter};
use domain::time::Timestamp;
use domain::webhook::{
    Attempt, AttemptOutcome, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId,
};
use uuid::Uuid;

pub(super) use self::columns::{delivery_columns, event_columns};
pub(super) use self::kinds::{known_kinds, of_known_kind, to_hand_out};
pub(super) use self::listing::{push_deliveries, push_events};
use super::arguments::Arguments;
use super::columns::Columns;
use super::engine::Engine;
use super::failure::Failure;
use super::rows::RowFault;

/// A database that keeps events; see the port for what the methods mean.
pub(super) trait EventEngine: Engine {
    /// [`domain::ports::EventStore::list_events`].
    fn list_events(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> impl Future<Output = Result<Vec<Event>, Failure>> + Send;

    /// [`domain::ports::EventStore::expire`].
    fn expire(&self, now: Timestamp, max: u32) -> impl Future<Output = Result<Vec<Expired>, Failure>> + Send;

    /// [`domain::ports::EventStore::sweep_events`].
    fn sweep_events(&self, before: Timestamp, max: u32) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// A database that keeps what is told to webhooks; see the port for what the methods mean.
pub(super) trait WebhookEngine: Engine {
    /// [`domain::ports::WebhookStore::hand_out`].
    fn hand_out(
        &self,
        subscriptions: &[Subscription],
        now: Timestamp,
        max: u32,
    ) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// [`domain::ports::WebhookStore::claim`].
    fn claim(
        &self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> impl Future<Output = Result<Vec<DueDelivery>, Failure>> + Send;

    /// [`domain::ports::WebhookStore::record`].
    fn record(
        &self,
        delivery: WebhookDeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// [`domain::ports::WebhookStore::replay`].
    fn replay(
        &self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<WebhookDelivery>, Failure>> + Send;

    /// [`domain::ports::WebhookStore::list_webhook_deliveries`].
    fn list_webhook_deliveries(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
        page: Page<WebhookDeliveryId>,
    ) -> impl Future<Output = Result<Vec<WebhookDelivery>, Failure>> + Send;
}

pub(super) const LOAD_EVENT: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM events e LEFT JOIN accounts a ON a.id = e.account_id
      WHERE e.id = $1 AND e.application = $2 AND e.kind IN ",
    known_kinds!()
);

/// A row for each attempt, or one when there was none.
pub(super) const LOAD_DELIVERY: &str = concat!(
    "SELECT ",
    delivery_columns!(),
    " FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
      LEFT JOIN webhook_attempts t ON t.delivery_id = d.id
      WHERE d.id = $1 AND d.application = $2 AND e.kind IN ",
    known_kinds!(),
    " ORDER BY t.number"
);

async fn load_event<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    id: EventId,
) -> Result<Option<Event>, Failure> {
    let rows = engine.ask(E::query(LOAD_EVENT).uuid(id.uuid()).text(application.as_str())).await?;
    rows.first().map(|row| Columns::of(row, engine.vault()).event()).transpose()
}

async fn load_delivery<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    id: WebhookDeliveryId,
) -> Result<Option<(WebhookDelivery, Vec<Attempt>)>, Failure> {
    let rows = engine.ask(E::query(LOAD_DELIVERY).uuid(id.uuid()).text(application.as_str())).await?;
    let rows = rows.iter().map(|row| Columns::of(row, engine.vault()).delivery());
    let rows: Vec<WebhookDelivery> = rows.collect::<Result<_, _>>()?;
    let attempts = rows.iter().filter_map(|row| row.last).collect();
    // The last row has the last attempt.
    Ok(rows.into_iter().last().map(|delivery| (delivery, attempts)))
}

/// What they are about, row by row: application, account, phone and purpose.
pub(super) fn expired<E: Engine>(engine: &E, rows: &[E::Row]) -> Result<Vec<Expired>, Failure> {
    rows.iter().map(|row| Columns::of(row, engine.vault()).expired()).collect()
}

/// No id of an instant from `at` on is smaller: ids begin with the instant.
pub(super) fn first_id_of(at: Timestamp) -> Uuid {
    let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

/// Binds when an attempt ended, how long it took and what came of it.
pub(super) fn attempt<Q: Arguments>(query: Q, attempt: &Attempt) -> Q {
    let (outcome, status, fault) = match attempt.outcome {
        AttemptOutcome::Taken { status } => (columns::TAKEN, Some(status), None),
        AttemptOutcome::Refused { status } => (columns::REFUSED, Some(status), None),
        AttemptOutcome::Failed(fault) => (columns::FAILED, None, Some(fault.as_str())),
    };
    query
        .instant(attempt.at)
        .whole(i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX))
        .text(outcome)
        .whole(status.map(i64::from))
        .text(fault)
}

/// A count that a database tells.
pub(super) fn count(told: i64) -> Result<u64, RowFault> {
    u64::try_from(told).map_err(|_| RowFault("count"))
}
