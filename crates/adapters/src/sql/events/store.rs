//! The ports of events and webhooks over any SQL database. Owns nothing but the way from a port to what keeps it.

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::event::{Event, EventPlace};
use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::{EventFilter, EventStore, Expired, Page, PortError, WebhookDeliveryFilter, WebhookStore};
use domain::time::Timestamp;
use domain::webhook::{Attempt, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId};

use super::{EventEngine, WebhookEngine, load_delivery, load_event};
use crate::sql::store::Store;

#[async_trait]
impl<Database: EventEngine> EventStore for Store<Database> {
    async fn list_events(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> Result<Vec<Event>, PortError> {
        self.0.list_events(application, filter, page).await.map_err(Database::failed)
    }

    async fn load_event(&self, application: &ApplicationId, id: EventId) -> Result<Option<Event>, PortError> {
        load_event(&*self.0, application, id).await.map_err(Database::failed)
    }

    async fn expire(&self, now: Timestamp, max: u32) -> Result<Vec<Expired>, PortError> {
        self.0.expire(now, max).await.map_err(Database::failed)
    }

    async fn sweep_events(&self, before: Timestamp, max: u32) -> Result<u64, PortError> {
        self.0.sweep_events(before, max).await.map_err(Database::failed)
    }
}

#[async_trait]
impl<Database: WebhookEngine> WebhookStore for Store<Database> {
    async fn hand_out(
        &self,
        subscriptions: &[Subscription],
        now: Timestamp,
        max: u32,
    ) -> Result<u64, PortError> {
        self.0.hand_out(subscriptions, now, max).await.map_err(Database::failed)
    }

    async fn claim(
        &self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> Result<Vec<DueDelivery>, PortError> {
        self.0.claim(webhooks, now, until, max).await.map_err(Database::failed)
    }

    async fn record(
        &self,
        delivery: WebhookDeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) -> Result<(), PortError> {
        self.0.record(delivery, attempt, status, next_at).await.map_err(Database::failed)
    }

    async fn replay(
        &self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Option<WebhookDelivery>, PortError> {
        self.0.replay(application, event, webhook, now).await.map_err(Database::failed)
    }

    async fn list_webhook_deliveries(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
        page: Page<WebhookDeliveryId>,
    ) -> Result<Vec<WebhookDelivery>, PortError> {
        self.0.list_webhook_deliveries(application, filter, page).await.map_err(Database::failed)
    }

    async fn load_webhook_delivery(
        &self,
        application: &ApplicationId,
        id: WebhookDeliveryId,
    ) -> Result<Option<(WebhookDelivery, Vec<Attempt>)>, PortError> {
        load_delivery(&*self.0, application, id).await.map_err(Database::failed)
    }
}
