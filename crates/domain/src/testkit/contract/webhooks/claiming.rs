//! Claiming: what is due, to one at a time, and to others when that one has died.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::super::demand::kept;
use super::super::race::race;
use super::{CLAIM, Post, failed};
use crate::time::{Timestamp, after};
use crate::webhook::{DeliveryStatus, DueDelivery};

pub(super) async fn all(post: &Post<'_>) {
    a_claim_tells_what_there_is_to_tell(post).await;
    a_claim_lasts_until_it_runs_out(post).await;
    what_is_not_due_is_not_claimed(post).await;
    only_the_webhooks_that_are_asked_for(post).await;
    the_longest_due_come_first_and_bounded(post).await;
    racing_ones_claim_each_delivery_once(post).await;
}

const MILLI: Duration = Duration::from_millis(1);

fn just_before(instant: Timestamp) -> Timestamp {
    instant.saturating_sub(MILLI).unwrap_or(instant)
}

async fn a_claim_tells_what_there_is_to_tell(post: &Post<'_>) {
    let target = post.target();
    let (first, _) = post.two_events(&target.application).await;
    post.hand_out_all(&[&target]).await;
    let due = post.claim_one(&target, post.now()).await;
    let expected = DueDelivery { id: due.id, webhook: target.webhook.clone(), attempts: 0, event: first };
    assert_eq!(due, expected, "a claim must tell the whole event");
}

async fn a_claim_lasts_until_it_runs_out(post: &Post<'_>) {
    let target = post.target();
    let (_, delivery) = post.delivery(&target).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    assert_eq!(due.id, delivery.id, "a delivery that is due must be claimed");
    let until = after(now, CLAIM);
    assert_eq!(post.claim(&target, just_before(until)).await, [], "what is claimed must be nobody else's");
    let (claimed, attempts) = post.load(&target, &delivery).await;
    assert_eq!((claimed.status, attempts.len()), (DeliveryStatus::Pending, 0), "a claim is no attempt");
    assert_eq!(claimed.next_at, Some(until), "a claim must be told as when it is tried next");
    assert_eq!(post.claim_one(&target, until).await, due, "a claim that ran out must be given again");
}

async fn what_is_not_due_is_not_claimed(post: &Post<'_>) {
    let target = post.target();
    let (_, delivery) = post.delivery(&target).await;
    let made = delivery.created_at;
    assert_eq!(post.claim(&target, just_before(made)).await, [], "what is not due must not be claimed");
    let due = post.claim_one(&target, made).await;
    let next = after(made, Duration::from_mins(5));
    post.record(&due, &failed(made), DeliveryStatus::Pending, Some(next)).await;
    assert_eq!(post.claim(&target, just_before(next)).await, [], "what waits must not be claimed");
    let again = post.claim_one(&target, next).await;
    assert_eq!(
        again,
        DueDelivery { attempts: 1, ..due },
        "what has waited must be claimed, and tell how often"
    );
    for (status, next_at) in [(DeliveryStatus::GivenUp, None), (DeliveryStatus::Delivered, None)] {
        post.record(&again, &failed(next), status, next_at).await;
        let far = after(next, Duration::from_hours(1000));
        assert_eq!(post.claim(&target, far).await, [], "what is over must not be claimed");
    }
}

async fn only_the_webhooks_that_are_asked_for(post: &Post<'_>) {
    let (first, second, third) = (post.target(), post.target(), post.target());
    for target in [&first, &second, &third] {
        post.delivery(target).await;
    }
    let now = post.now();
    let none = kept(post.webhooks.claim(&[], now, after(now, CLAIM), 10).await);
    assert_eq!(none, [], "who asks for no webhook must get nothing");
    let both = [first.webhook.clone(), third.webhook.clone()];
    let due = kept(post.webhooks.claim(&both, now, after(now, CLAIM), 10).await);
    let got: BTreeSet<_> = due.iter().map(|due| due.webhook.clone()).collect();
    assert_eq!(got, BTreeSet::from(both), "who asks for webhooks must get theirs and no others");
    assert_eq!(post.claim(&second, now).await.len(), 1, "what was not asked for must be left");
}

async fn the_longest_due_come_first_and_bounded(post: &Post<'_>) {
    let (target, other) = (post.target(), post.target());
    let mut all = Vec::new();
    for place in 0..6 {
        all.push(post.delivery(if place % 2 == 0 { &target } else { &other }).await.1.id);
    }
    let (now, webhooks) = (post.now(), [target.webhook.clone(), other.webhook.clone()]);
    let mut found = Vec::new();
    for count in [4, 2, 0] {
        let due = kept(post.webhooks.claim(&webhooks, now, after(now, CLAIM), 4).await);
        assert_eq!(due.len(), count, "a claim must take no more than was asked for, and no less");
        found.extend(due.iter().map(|due| due.id));
    }
    assert_eq!(found, all, "the longest due must come first");
}

async fn racing_ones_claim_each_delivery_once(post: &Post<'_>) {
    let target = post.target();
    for _ in 0..40 {
        post.event(&target.application).await;
    }
    post.hand_out_all(&[&target]).await;
    let now = post.now();
    let claims = race(|_| {
        let (webhooks, from) = (Arc::clone(&post.webhooks), [target.webhook.clone()]);
        async move { kept(webhooks.claim(&from, now, after(now, CLAIM), 3).await) }
    })
    .await;
    let mut all: Vec<_> = claims.into_iter().flatten().map(|due| due.id).collect();
    // Those who pass each other by may leave some.
    all.extend(post.claim(&target, now).await.into_iter().map(|due| due.id));
    let once: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!((all.len(), once.len()), (40, 40), "each delivery must be claimed by one");
}
