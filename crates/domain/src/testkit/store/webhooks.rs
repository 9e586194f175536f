//! What is told to webhooks.

use async_trait::async_trait;

use super::{MemoryStore, Tables, page_of};
use crate::application::ApplicationId;
use crate::event::{Event, EventPlace};
use crate::id::{EventId, VerificationId, WebhookDeliveryId};
use crate::ports::{Page, PortError, WebhookDeliveryFilter, WebhookStore};
use crate::time::Timestamp;
use crate::webhook::{Attempt, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery, WebhookId};

/// A delivery with what its port tells only in part.
#[derive(Clone, Debug)]
pub(super) struct StoredDelivery {
    pub(super) delivery: WebhookDelivery,
    application: ApplicationId,
    verification: Option<VerificationId>,
    place: EventPlace,
    attempts: Vec<Attempt>,
}

impl StoredDelivery {
    fn is_pending(&self) -> bool {
        self.delivery.status == DeliveryStatus::Pending
    }

    fn is_due(&self, now: Timestamp) -> bool {
        self.is_pending() && self.delivery.next_at.is_none_or(|next_at| next_at <= now)
    }
}

impl Tables {
    fn deliver(&mut self, event: &Event, webhook: &WebhookId, now: Timestamp) -> WebhookDelivery {
        let id = WebhookDeliveryId::from_uuid(self.id(now));
        let delivery = WebhookDelivery {
            id,
            webhook: webhook.clone(),
            event: event.id,
            kind: event.kind,
            status: DeliveryStatus::Pending,
            attempts: 0,
            created_at: now,
            next_at: Some(now),
            last: None,
        };
        let stored = StoredDelivery {
            delivery: delivery.clone(),
            application: event.application.clone(),
            verification: event.verification,
            place: event.place,
            attempts: Vec::new(),
        };
        self.webhook_deliveries.insert(id, stored);
        delivery
    }

    fn hand_out(&mut self, subscriptions: &[Subscription], now: Timestamp, max: u32) -> u64 {
        let mut handed_out = 0;
        while handed_out < u64::from(max)
            && let Some(place) = self.outbox.pop_front()
        {
            handed_out += 1;
            let Some(event) = self.events.get(&place).cloned() else { continue };
            for wanted in subscriptions {
                if wanted.application == event.application && wanted.kinds.contains(&event.kind) {
                    self.deliver(&event, &wanted.webhook, now);
                }
            }
        }
        handed_out
    }

    /// Whether an earlier event of the same verification is still on its way to the same webhook.
    fn waits_for_another(&self, row: &StoredDelivery) -> bool {
        row.verification.is_some()
            && self.webhook_deliveries.values().any(|other| {
                other.is_pending()
                    && other.delivery.webhook == row.delivery.webhook
                    && other.verification == row.verification
                    && other.place < row.place
            })
    }

    fn claim(
        &mut self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> Vec<DueDelivery> {
        let mut due: Vec<_> = self
            .webhook_deliveries
            .values()
            .filter(|row| webhooks.contains(&row.delivery.webhook))
            .filter(|row| row.is_due(now) && !self.waits_for_another(row))
            .map(|row| (row.delivery.next_at, row.place, row.delivery.id))
            .collect();
        due.sort_unstable();
        due.truncate(usize::try_from(max).unwrap_or(usize::MAX));
        due.into_iter().filter_map(|(_, place, id)| self.claimed(id, place, until)).collect()
    }

    fn claimed(&mut self, id: WebhookDeliveryId, place: EventPlace, until: Timestamp) -> Option<DueDelivery> {
        let event = self.events.get(&place)?.clone();
        let delivery = &mut self.webhook_deliveries.get_mut(&id)?.delivery;
        delivery.next_at = Some(until);
        Some(DueDelivery { id, webhook: delivery.webhook.clone(), attempts: delivery.attempts, event })
    }

    fn record(
        &mut self,
        id: WebhookDeliveryId,
        attempt: Attempt,
        status: DeliveryStatus,
        next: Option<Timestamp>,
    ) {
        let Some(row) = self.webhook_deliveries.get_mut(&id) else { return };
        if row.is_pending() || status == DeliveryStatus::Delivered {
            row.delivery.status = status;
            row.delivery.next_at = next;
        }
        row.attempts.push(attempt);
        row.delivery.attempts += 1;
        row.delivery.last = Some(attempt);
    }

    fn replay(
        &mut self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Option<WebhookDelivery> {
        let event = self.event(event).filter(|event| event.application == *application)?.clone();
        for row in self.webhook_deliveries.values_mut() {
            if row.is_pending() && row.delivery.event == event.id && row.delivery.webhook == *webhook {
                row.delivery.status = DeliveryStatus::GivenUp;
                row.delivery.next_at = None;
            }
        }
        Some(self.deliver(&event, webhook, now))
    }
}

#[async_trait]
impl WebhookStore for MemoryStore {
    async fn hand_out(
        &self,
        subscriptions: &[Subscription],
        now: Timestamp,
        max: u32,
    ) -> Result<u64, PortError> {
        self.call("hand_out", |tables| Ok(tables.hand_out(subscriptions, now, max))).await
    }

    async fn claim(
        &self,
        webhooks: &[WebhookId],
        now: Timestamp,
        until: Timestamp,
        max: u32,
    ) -> Result<Vec<DueDelivery>, PortError> {
        self.call("claim", |tables| Ok(tables.claim(webhooks, now, until, max))).await
    }

    async fn record(
        &self,
        delivery: WebhookDeliveryId,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) -> Result<(), PortError> {
        self.call("record", |tables| {
            tables.record(delivery, *attempt, status, next_at);
            Ok(())
        })
        .await
    }

    async fn replay(
        &self,
        application: &ApplicationId,
        event: EventId,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Option<WebhookDelivery>, PortError> {
        self.call("replay", |tables| Ok(tables.replay(application, event, webhook, now))).await
    }

    async fn list_webhook_deliveries(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
        page: Page<WebhookDeliveryId>,
    ) -> Result<Vec<WebhookDelivery>, PortError> {
        self.call("list_webhook_deliveries", |tables| {
            let wanted = |row: &&StoredDelivery| {
                let delivery = &row.delivery;
                row.application == *application
                    && filter.webhook.as_ref().is_none_or(|webhook| delivery.webhook == *webhook)
                    && filter.event.is_none_or(|event| delivery.event == event)
                    && filter.status.is_none_or(|status| delivery.status == status)
            };
            let rows = page_of(tables.webhook_deliveries.iter(), page, wanted);
            Ok(rows.map(|row| row.delivery.clone()).collect())
        })
        .await
    }

    async fn load_webhook_delivery(
        &self,
        application: &ApplicationId,
        id: WebhookDeliveryId,
    ) -> Result<Option<(WebhookDelivery, Vec<Attempt>)>, PortError> {
        self.call("load_webhook_delivery", |tables| {
            let found = tables.webhook_deliveries.get(&id).filter(|row| row.application == *application);
            Ok(found.map(|row| (row.delivery.clone(), row.attempts.clone())))
        })
        .await
    }
}
