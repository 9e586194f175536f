//! What keeps events, and what is told to webhooks. Events are made by the stores themselves: whenever a verification
//! becomes final ([`crate::event::EventKind::of`]), an account loses its phone to another, or an operator changes
//! something that has a kind of its own, the event is stored in the same transaction, once.

use std::fmt;

use async_trait::async_trait;

use super::{Page, PortError};
use crate::application::ApplicationId;
use crate::event::{Event, EventKind, EventPlace};
use crate::id::{AccountId, EventId, VerificationId, WebhookDeliveryId};
use crate::route::RouteName;
use crate::time::Timestamp;
use crate::verification::Subject;
use crate::webhook::{Attempt, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId};

/// Which events to list. Those of one verification or account are few; kinds are looked through.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of this verification.
    pub verification: Option<VerificationId>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this kind.
    pub kind: Option<EventKind>,
}

/// A verification whose life is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Whom and what it was about.
    pub subject: Subject,
    /// The route by which its last SMS went.
    pub sent_by: Option<RouteName>,
}

/// Keeps events.
#[async_trait]
pub trait EventStore: Send + Sync + fmt::Debug {
    /// A page of an application's events, youngest first.
    async fn list_events(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> Result<Vec<Event>, PortError>;

    /// One event of the application.
    async fn load_event(&self, application: &ApplicationId, id: EventId) -> Result<Option<Event>, PortError>;

    /// Ends up to `max` pending verifications whose life is over at `now`, each at the end of its life and with its
    /// event in the same transaction; answers what they were about. Several may ask at once: each verification ends once,
    /// and is told to one of them.
    async fn expire(&self, now: Timestamp, max: u32) -> Result<Vec<Expired>, PortError>;

    /// Deletes up to `max` events from before `before`, with their deliveries and the attempts of those. A delivery that
    /// is pending keeps its event, unless it has been due since before `before` as well: its webhook is no more. Answers
    /// how many events went.
    async fn sweep_events(&self, before: Timestamp, max: u32) -> Result<u64, PortError>;
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct WebhookDeliveryFilter {
    /// To this webhook.
    pub webhook: Option<WebhookId>,
    /// Of this event.
    pub event: Option<EventId>,
    /// That stand so.
    pub status: Option<DeliveryStatus>,
}

/// Keeps what is told to webhooks. Each event reaches each webhook that wants its kind at least once, and the events of
/// one verification reach it in their order: while one is pending, those after it wait. A webhook's id is unique over
/// all applications.
#[async_trait]
pub trait WebhookStore: Send + Sync + fmt::Debug {
    /// Makes deliveries of up to `max` events that were not handed out yet, one for each subscription that wants it,
    /// and marks them as handed out, in one transaction; due at `now`. The longest there first. Several may ask at once.
    /// Answers how many events were handed out; those that nobody wants count.
    async fn hand_out(
        &self,
        subscriptions: &[Subscription],
        now: Timestamp,
        max: u32,
    ) -> Result<u64, PortError>;

    /// Claims up to `max` deliveries to these webhooks that are due at `now` until `until`: nobody else is given them
    /// before that (it is told as when it is tried next), and whoever dies with one leaves it to others then. The
    /// longest due first.
    async fn claim(
        &self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> Result<Vec<DueDelivery>, PortError>;

    /// Keeps what came of an attempt, how the delivery stands now and when it is tried next, and gives the claim back.
    /// Of a delivery that is pending no more, because its claim had run out or a replay took its place, the attempt
    /// is kept and nothing changes, but that it may turn out to be delivered. Of one that is gone nothing is kept.
    async fn record(
        &self,
        delivery: WebhookDeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) -> Result<(), PortError>;

    /// Makes a new delivery of the event to the webhook, due at `now`, whatever came of earlier ones; one that is still
    /// pending is given up in its favour. `None` when the application has no such event.
    async fn replay(
        &self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Option<WebhookDelivery>, PortError>;

    /// A page of the deliveries of an application's events, youngest first.
    async fn list_webhook_deliveries(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
        page: Page<WebhookDeliveryId>,
    ) -> Result<Vec<WebhookDelivery>, PortError>;

    /// One delivery of an event of the application, and its attempts, oldest first.
    async fn load_webhook_delivery(
        &self,
        application: &ApplicationId,
        id: WebhookDeliveryId,
    ) -> Result<Option<(WebhookDelivery, Vec<Attempt>)>, PortError>;
}
