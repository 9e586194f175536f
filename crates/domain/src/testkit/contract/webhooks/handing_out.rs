//! Handing out: each event once to each webhook that wants it.

use std::sync::Arc;

use super::super::super::demand::kept;
use super::super::race::race;
use super::{Post, Target, of_event};
use crate::event::{Event, EventKind};
use crate::ports::WebhookDeliveryFilter;
use crate::webhook::{DeliveryStatus, Subscription, WebhookDelivery};

pub(super) async fn all(post: &Post<'_>) {
    every_webhook_that_wants_an_event_gets_it(post).await;
    kinds_and_applications_are_kept_to(post).await;
    what_nobody_wants_is_handed_out_as_well(post).await;
    it_is_bounded(post).await;
    racing_ones_hand_out_each_event_once(post).await;
}

async fn every_webhook_that_wants_an_event_gets_it(post: &Post<'_>) {
    let first = post.target();
    let second = Target { application: first.application.clone(), webhook: post.webhook() };
    let event = post.event(&first.application).await;
    let now = post.now();
    let subscriptions = [first.subscription(), second.subscription()];
    assert_eq!(kept(post.webhooks.hand_out(&subscriptions, now, 100).await), 1, "an event counts once");
    assert_eq!(kept(post.webhooks.hand_out(&subscriptions, now, 100).await), 0, "it is handed out once");

    let found = post.list(&first.application, &WebhookDeliveryFilter::default()).await;
    assert_eq!(found.len(), 2, "every webhook that wants an event must get it");
    for target in [&first, &second] {
        let to = WebhookDeliveryFilter { webhook: Some(target.webhook.clone()), ..of_event(&event) };
        let mut found = post.list(&first.application, &to).await;
        let id = found.first().map(|delivery| delivery.id);
        let expected = id.map(|id| WebhookDelivery {
            id,
            webhook: target.webhook.clone(),
            event: event.id,
            kind: event.kind,
            status: DeliveryStatus::Pending,
            attempts: 0,
            created_at: now,
            next_at: Some(now),
            last: None,
        });
        assert_eq!(found.pop(), expected, "a delivery must be due as soon as it was made");
    }
}

async fn kinds_and_applications_are_kept_to(post: &Post<'_>) {
    let (own, foreign) = (post.target(), post.target());
    let picky = Target { application: own.application.clone(), webhook: post.webhook() };
    let only_locked = Subscription { kinds: vec![EventKind::VerificationLocked], ..picky.subscription() };
    let none = Subscription { kinds: Vec::new(), ..picky.subscription() };
    post.event(&own.application).await;
    let subscriptions = [own.subscription(), foreign.subscription(), only_locked, none];
    assert_eq!(kept(post.webhooks.hand_out(&subscriptions, post.now(), 100).await), 1);
    let found = post.list(&own.application, &WebhookDeliveryFilter::default()).await;
    let to: Vec<_> = found.iter().map(|delivery| &delivery.webhook).collect();
    assert_eq!(to, [&own.webhook], "a webhook must get what it wants, of its application, and nothing else");
    let found = post.list(&foreign.application, &WebhookDeliveryFilter::default()).await;
    assert_eq!(found, [], "an event must not reach another application");
}

async fn what_nobody_wants_is_handed_out_as_well(post: &Post<'_>) {
    let target = post.target();
    post.event(&target.application).await;
    assert_eq!(post.hand_out_all(&[]).await, 1, "what nobody wants must count");
    assert_eq!(post.hand_out_all(&[&target]).await, 0, "what nobody wanted must not be told later");
}

async fn it_is_bounded(post: &Post<'_>) {
    let target = post.target();
    let mut events: Vec<Event> = Vec::new();
    for _ in 0..5 {
        events.push(post.event(&target.application).await);
    }
    let subscriptions = [target.subscription()];
    let handed_out = kept(post.webhooks.hand_out(&subscriptions, post.now(), 3).await);
    assert_eq!(handed_out, 3, "no more may be handed out than was asked for");
    for (place, event) in events.iter().enumerate() {
        let found = post.list(&target.application, &of_event(event)).await.len();
        assert_eq!(found, usize::from(place < 3), "the longest there must be handed out first");
    }
    assert_eq!(post.hand_out_all(&[&target]).await, 2, "the rest must be handed out next time");
}

async fn racing_ones_hand_out_each_event_once(post: &Post<'_>) {
    let target = post.target();
    let mut events = Vec::new();
    for _ in 0..30 {
        events.push(post.event(&target.application).await);
    }
    let now = post.now();
    let counts = race(|_| {
        let (webhooks, subscriptions) = (Arc::clone(&post.webhooks), [target.subscription()]);
        async move { kept(webhooks.hand_out(&subscriptions, now, 4).await) }
    })
    .await;
    let handed_out = counts.iter().sum::<u64>() + post.hand_out_all(&[&target]).await;
    assert_eq!(handed_out, 30, "each event must be handed out by one");
    for event in &events {
        let found = post.list(&target.application, &of_event(event)).await;
        assert_eq!(found.len(), 1, "each event must be delivered once");
    }
}
