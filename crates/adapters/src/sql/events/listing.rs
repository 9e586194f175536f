//! What is asked for in a page of events or of deliveries, in any database. Owns the filters, the order and the bound;
//! which index serves is each database's.
//!
//! A statement is put together from constants, and is one of few: the filters decide which.

use domain::application::ApplicationId;
use domain::event::EventPlace;
use domain::id::{AccountId, EventId, VerificationId, WebhookDeliveryId};
use domain::ports::{EventFilter, Page, WebhookDeliveryFilter};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::known_kinds;

/// Ends a statement that reads events (`e`) with what is asked for.
pub(in crate::sql) fn push_events<DB: Database>(
    statement: &mut QueryBuilder<DB>,
    application: &ApplicationId,
    filter: &EventFilter,
    page: Page<EventPlace>,
) where
    i64: Encode<'static, DB> + Type<DB>,
    String: Encode<'static, DB> + Type<DB>,
    Uuid: Encode<'static, DB> + Type<DB>,
{
    let before = page.before.map_or(i64::MAX, |before| i64::try_from(before.0).unwrap_or(i64::MAX));
    statement.push(" WHERE e.place < ").push_bind(before);
    statement.push(" AND e.application = ").push_bind(application.as_str().to_owned());
    if let Some(verification) = filter.verification {
        statement.push(" AND e.verification_id = ").push_bind(VerificationId::uuid(verification));
    }
    if let Some(account) = filter.account {
        statement.push(" AND e.account_id = ").push_bind(AccountId::uuid(account));
    }
    if let Some(kind) = filter.kind {
        statement.push(" AND e.kind = ").push_bind(kind.as_str().to_owned());
    } else {
        statement.push(concat!(" AND e.kind IN ", known_kinds!()));
    }
    statement.push(" ORDER BY e.place DESC LIMIT ").push_bind(i64::from(page.limit));
}

/// Ends a statement that reads deliveries (`d`) and their events (`e`) with what is asked for.
pub(in crate::sql) fn push_deliveries<DB: Database>(
    statement: &mut QueryBuilder<DB>,
    application: &ApplicationId,
    filter: &WebhookDeliveryFilter,
    page: Page<WebhookDeliveryId>,
) where
    i64: Encode<'static, DB> + Type<DB>,
    String: Encode<'static, DB> + Type<DB>,
    Uuid: Encode<'static, DB> + Type<DB>,
{
    // No id is as great: an open page begins at the end.
    let before = page.before.map_or(Uuid::max(), WebhookDeliveryId::uuid);
    statement.push(" WHERE d.id < ").push_bind(before);
    statement.push(" AND d.application = ").push_bind(application.as_str().to_owned());
    if let Some(event) = filter.event {
        statement.push(" AND d.event_id = ").push_bind(EventId::uuid(event));
    }
    if let Some(webhook) = &filter.webhook {
        statement.push(" AND d.webhook = ").push_bind(webhook.as_str().to_owned());
    }
    if let Some(status) = filter.status {
        // In words, so that the index of those that stand so serves.
        statement.push(" AND d.status = '").push(status.as_str()).push("'");
    }
    statement.push(concat!(" AND e.kind IN ", known_kinds!()));
    statement.push(" ORDER BY d.id DESC LIMIT ").push_bind(i64::from(page.limit));
}
