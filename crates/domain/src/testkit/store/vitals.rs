//! How the store is.

use async_trait::async_trait;

use super::MemoryStore;
use crate::application::ApplicationId;
use crate::ports::{Backlog, PortError, VitalStore};
use crate::webhook::DeliveryStatus;

#[async_trait]
impl VitalStore for MemoryStore {
    async fn schema_version(&self) -> Result<u64, PortError> {
        self.call("schema_version", |_| Ok(1)).await
    }

    async fn backlog(&self, application: &ApplicationId, max: u32) -> Result<Backlog, PortError> {
        self.call("backlog", |tables| {
            let bounded = |count: usize| (count as u64).min(u64::from(max));
            let oldest = tables.outbox.front().and_then(|place| tables.events.get(place));
            let pending = || {
                tables.webhook_deliveries.values().map(|row| &row.delivery).filter(|delivery| {
                    let of =
                        tables.event(delivery.event).is_some_and(|event| event.application == *application);
                    of && delivery.status == DeliveryStatus::Pending
                })
            };
            Ok(Backlog {
                events: bounded(tables.outbox.len()),
                oldest_event_at: oldest.map(|event| event.at),
                deliveries: bounded(pending().count()),
                oldest_delivery_at: pending().map(|delivery| delivery.created_at).min(),
            })
        })
        .await
    }
}
