//! Stands where the SQL stores of events and webhooks come next: every call fails.

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::event::{Event, EventPlace};
use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::{
    Dependency, EventFilter, EventStore, Page, PortError, WebhookDeliveryFilter, WebhookStore,
};
use domain::time::Timestamp;
use domain::webhook::{Attempt, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId};

/// Keeps nothing.
#[derive(Debug)]
pub(super) struct Absent;

fn absent<T>() -> Result<T, PortError> {
    Err(PortError::unavailable(Dependency::Store, "not there yet"))
}

#[async_trait]
impl EventStore for Absent {
    async fn list_events(
        &self,
        _: &ApplicationId,
        _: &EventFilter,
        _: Page<EventPlace>,
    ) -> Result<Vec<Event>, PortError> {
        absent()
    }

    async fn load_event(&self, _: &ApplicationId, _: EventId) -> Result<Option<Event>, PortError> {
        absent()
    }

    async fn expire(&self, _: Timestamp, _: u32) -> Result<u64, PortError> {
        absent()
    }

    async fn sweep_events(&self, _: Timestamp, _: u32) -> Result<u64, PortError> {
        absent()
    }
}

#[async_trait]
impl WebhookStore for Absent {
    async fn hand_out(&self, _: &[Subscription], _: Timestamp, _: u32) -> Result<u64, PortError> {
        absent()
    }

    async fn claim(
        &self,
        _: &[WebhookId],
        _: Timestamp,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<DueDelivery>, PortError> {
        absent()
    }

    async fn record(
        &self,
        _: WebhookDeliveryId,
        _: &Attempt,
        _: DeliveryStatus,
        _: Option<Timestamp>,
    ) -> Result<(), PortError> {
        absent()
    }

    async fn replay(
        &self,
        _: &ApplicationId,
        _: EventId,
        _: &WebhookId,
        _: Timestamp,
    ) -> Result<Option<WebhookDelivery>, PortError> {
        absent()
    }

    async fn list_webhook_deliveries(
        &self,
        _: &ApplicationId,
        _: &WebhookDeliveryFilter,
        _: Page<WebhookDeliveryId>,
    ) -> Result<Vec<WebhookDelivery>, PortError> {
        absent()
    }

    async fn load_webhook_delivery(
        &self,
        _: &ApplicationId,
        _: WebhookDeliveryId,
    ) -> Result<Option<(WebhookDelivery, Vec<Attempt>)>, PortError> {
        absent()
    }
}
