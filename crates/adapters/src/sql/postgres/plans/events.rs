//! The statements about events and webhooks.

use std::time::Duration;

use domain::account::Account;
use domain::event::EventKind;
use domain::id::VerificationId;
use domain::ports::{EventFilter, EventStore as _, Page, WebhookDeliveryFilter, WebhookStore as _};
use domain::webhook::{Attempt, AttemptOutcome, DeliveryStatus, Subscription, WebhookId};
use uuid::Uuid;

use super::super::PostgresStore;
use super::now;

/// An approval was told before.
pub(super) async fn ask_about_events(store: &PostgresStore, account: &Account) {
    let application = &account.application;
    for filters in 0..8_u8 {
        let on = |bit: u8| (filters & bit != 0).then_some(());
        let filter = EventFilter {
            verification: on(1).map(|()| VerificationId::from_uuid(Uuid::from_u128(7))),
            account: on(2).map(|()| account.id),
            kind: on(4).map(|()| EventKind::VerificationApproved),
        };
        store.list_events(application, &filter, Page { before: None, limit: 10 }).await.unwrap();
    }
    let all = EventFilter::default();
    let page = Page { before: None, limit: 10 };
    let event = store.list_events(application, &all, page).await.unwrap().remove(0);
    store.load_event(application, event.id).await.unwrap();
    store.expire(now(), 10).await.unwrap();

    let webhook = WebhookId::parse("shop").unwrap();
    let kinds = EventKind::ALL.to_vec();
    let subscription = Subscription { webhook: webhook.clone(), application: application.clone(), kinds };
    store.hand_out(&[subscription], now(), 10).await.unwrap();
    store.replay(application, event.id, &webhook, now()).await.unwrap().unwrap();
    let due = store.claim(std::slice::from_ref(&webhook), now(), now(), 10).await.unwrap().remove(0);
    let attempt = Attempt { at: now(), took: Duration::ZERO, outcome: AttemptOutcome::Taken { status: 200 } };
    store.record(due.id, &attempt, DeliveryStatus::Delivered, None).await.unwrap();
    store.load_webhook_delivery(application, due.id).await.unwrap().unwrap();
    for filters in 0..8_u8 {
        let on = |bit: u8| (filters & bit != 0).then_some(());
        for status in DeliveryStatus::ALL {
            let filter = WebhookDeliveryFilter {
                webhook: on(1).map(|()| webhook.clone()),
                event: on(2).map(|()| event.id),
                status: on(4).map(|()| status),
            };
            let page = Page { before: None, limit: 10 };
            store.list_webhook_deliveries(application, &filter, page).await.unwrap();
        }
    }
    store.sweep_events(now(), 10).await.unwrap();
}
