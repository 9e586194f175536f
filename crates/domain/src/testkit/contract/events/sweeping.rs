//! Sweeping: old events go with what was told of them, a bounded number at a time; what is still on its way stays.

use std::time::Duration;

use super::super::super::demand::{kept, present};
use super::super::verifications::finished;
use super::Stage;
use crate::event::{Event, EventKind};
use crate::ports::{Page, WebhookDeliveryFilter, WebhookStore};
use crate::time::{Timestamp, after};
use crate::verification::State;
use crate::webhook::{Attempt, AttemptOutcome, DeliveryStatus, Subscription, WebhookId};

/// All of it happens in 2001, where nothing else does.
pub(super) async fn all(stage: &Stage<'_>, webhooks: &dyn WebhookStore) {
    let (nobody, now) = ([], minutes(0));
    while kept(webhooks.hand_out(&nobody, now, 1000).await) > 0 {}
    while sweep(stage, minutes(60 * 24 * 100), 1000).await > 0 {}
    old_events_go_and_young_ones_stay(stage).await;
    a_sweep_is_bounded(stage).await;
    what_is_on_its_way_keeps_its_event(stage, webhooks).await;
    what_nobody_tells_any_more_keeps_nothing(stage, webhooks).await;
    what_was_not_handed_out_goes_as_well(stage, webhooks).await;
}

fn minutes(minutes: u64) -> Timestamp {
    let begin = present(Timestamp::from_second(1_000_000_000).ok(), "it is an instant");
    after(begin, Duration::from_secs(minutes * 60))
}

async fn sweep(stage: &Stage<'_>, before: Timestamp, max: u32) -> u64 {
    kept(stage.events.sweep_events(before, max).await)
}

/// An event of this instant, of an application of its own.
async fn event_at(stage: &Stage<'_>, at: Timestamp) -> Event {
    let bench = &stage.bench;
    let begun = bench.ground.verification_at(&bench.ground.subject(), at);
    bench.must_insert(&begun).await;
    let over = finished(&begun, State::Canceled { at });
    bench.must_save(&over, None).await;
    stage.only(&over).await
}

async fn is_there(stage: &Stage<'_>, event: &Event) -> bool {
    kept(stage.events.load_event(&event.application, event.id).await).is_some()
}

async fn old_events_go_and_young_ones_stay(stage: &Stage<'_>) {
    let before = minutes(100);
    let old = event_at(stage, before.saturating_sub(Duration::from_millis(1)).unwrap_or(before)).await;
    let young = event_at(stage, before).await;
    assert_eq!(sweep(stage, before, 1000).await, 1, "a sweep must tell how many events went");
    assert!(!is_there(stage, &old).await, "what happened before must go");
    assert!(is_there(stage, &young).await, "what did not happen before must stay");
    assert_eq!(sweep(stage, minutes(101), 1000).await, 1, "it must go in its time");
}

async fn a_sweep_is_bounded(stage: &Stage<'_>) {
    for minute in 0..7 {
        event_at(stage, minutes(minute)).await;
    }
    let mut swept = Vec::new();
    for _ in 0..4 {
        swept.push(sweep(stage, minutes(100), 3).await);
    }
    assert_eq!(swept, [3, 3, 1, 0], "a sweep must delete no more than was asked for, and no less");
}

/// Hands an event out to a webhook, which is due to be told from `now` on.
async fn handed_out(webhooks: &dyn WebhookStore, event: &Event, now: Timestamp) -> WebhookId {
    let webhook = present(WebhookId::parse("sweeping"), "it is a slug");
    let subscription = Subscription {
        webhook: webhook.clone(),
        application: event.application.clone(),
        kinds: EventKind::ALL.to_vec(),
    };
    while kept(webhooks.hand_out(std::slice::from_ref(&subscription), now, 1000).await) > 0 {}
    webhook
}

async fn what_nobody_tells_any_more_keeps_nothing(stage: &Stage<'_>, webhooks: &dyn WebhookStore) {
    let event = event_at(stage, minutes(0)).await;
    handed_out(webhooks, &event, minutes(1)).await;
    assert_eq!(sweep(stage, minutes(2), 1000).await, 1, "a delivery that nobody tries must keep nothing");
    assert!(!is_there(stage, &event).await, "what happened before must go");
}

async fn what_is_on_its_way_keeps_its_event(stage: &Stage<'_>, webhooks: &dyn WebhookStore) {
    let (now, event) = (minutes(1), event_at(stage, minutes(0)).await);
    let webhook = handed_out(webhooks, &event, now).await;
    assert_eq!(sweep(stage, now, 1000).await, 0, "a pending delivery must keep its event");

    let due = kept(webhooks.claim(std::slice::from_ref(&webhook), now, minutes(2), 10).await);
    let due = present(due.into_iter().next(), "the delivery must be due");
    let attempt =
        Attempt { at: now, took: Duration::from_millis(5), outcome: AttemptOutcome::Taken { status: 204 } };
    kept(webhooks.record(due.id, &attempt, DeliveryStatus::Delivered, None).await);
    assert_eq!(sweep(stage, minutes(100), 1000).await, 1, "an event that was delivered must go");
    assert!(!is_there(stage, &event).await, "what happened before must go");
    let page = Page { before: None, limit: 10 };
    let filter = WebhookDeliveryFilter::default();
    let left = kept(webhooks.list_webhook_deliveries(&event.application, &filter, page).await);
    assert_eq!(left, [], "deliveries must go with their event");
    let loaded = kept(webhooks.load_webhook_delivery(&event.application, due.id).await);
    assert_eq!(loaded, None, "deliveries must go with their event");
}

async fn what_was_not_handed_out_goes_as_well(stage: &Stage<'_>, webhooks: &dyn WebhookStore) {
    event_at(stage, minutes(0)).await;
    assert_eq!(sweep(stage, minutes(100), 1000).await, 1, "what nobody handed out must not stay for ever");
    assert_eq!(kept(webhooks.hand_out(&[], minutes(1), 1000).await), 0, "what went must not be handed out");
}
