//! Order: while an event of a verification is on its way to a webhook, those after it wait.

use std::sync::Arc;
use std::time::Duration;

use super::super::super::demand::kept;
use super::super::race::race;
use super::{CLAIM, Post, Target, failed, taken};
use crate::time::after;
use crate::webhook::DeliveryStatus;

pub(super) async fn all(post: &Post<'_>) {
    a_later_event_waits_for_an_earlier_one(post).await;
    a_later_event_does_not_wait_for_what_was_given_up(post).await;
    another_webhook_does_not_wait(post).await;
    racing_ones_keep_the_order(post).await;
}

async fn a_later_event_waits_for_an_earlier_one(post: &Post<'_>) {
    let target = post.target();
    let (first, second) = post.two_events(&target.application).await;
    post.hand_out_all(&[&target]).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    assert_eq!(due.event, first, "the earlier event must be first");
    assert_eq!(post.claim(&target, now).await, [], "while it is under way, the later one must wait");
    let next = after(now, Duration::from_hours(1));
    post.record(&due, &failed(now), DeliveryStatus::Pending, Some(next)).await;
    let meanwhile = after(now, Duration::from_mins(30));
    assert_eq!(post.claim(&target, meanwhile).await, [], "while it waits, the later one must wait");
    let due = post.claim_one(&target, next).await;
    assert_eq!(due.event, first, "the earlier event must be first again");
    post.record(&due, &taken(next), DeliveryStatus::Delivered, None).await;
    let due = post.claim_one(&target, next).await;
    assert_eq!(due.event, second, "behind the earlier event the later one must go");
}

async fn a_later_event_does_not_wait_for_what_was_given_up(post: &Post<'_>) {
    let target = post.target();
    let (_, second) = post.two_events(&target.application).await;
    post.hand_out_all(&[&target]).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    post.record(&due, &failed(now), DeliveryStatus::GivenUp, None).await;
    let due = post.claim_one(&target, now).await;
    assert_eq!(due.event, second, "nothing must wait for what was given up");
}

async fn another_webhook_does_not_wait(post: &Post<'_>) {
    let slow = post.target();
    let fast = Target { application: slow.application.clone(), webhook: post.webhook() };
    let (first, second) = post.two_events(&slow.application).await;
    // A third verification, which has nothing to do with the two.
    let third = post.event(&slow.application).await;
    post.hand_out_all(&[&slow, &fast]).await;
    let now = post.now();
    let due: Vec<_> = post.claim(&slow, now).await.into_iter().map(|due| due.event).collect();
    assert_eq!(due, [first, third], "other verifications must not wait");
    for due in post.claim(&fast, now).await {
        post.record(&due, &taken(now), DeliveryStatus::Delivered, None).await;
    }
    let due = post.claim_one(&fast, now).await;
    assert_eq!(due.event, second, "a webhook must not wait for another one");
}

async fn racing_ones_keep_the_order(post: &Post<'_>) {
    let target = post.target();
    let mut firsts = Vec::new();
    for _ in 0..10 {
        let (first, _) = post.two_events(&target.application).await;
        post.hand_out_all(&[&target]).await;
        firsts.push(first.id);
    }
    let now = post.now();
    let claims = race(|_| {
        let (webhooks, from) = (Arc::clone(&post.webhooks), [target.webhook.clone()]);
        async move { kept(webhooks.claim(&from, now, after(now, CLAIM), 2).await) }
    })
    .await;
    let mut claimed: Vec<_> = claims.into_iter().flatten().map(|due| due.event.id).collect();
    claimed.extend(post.claim(&target, now).await.into_iter().map(|due| due.event.id));
    claimed.sort_unstable();
    firsts.sort_unstable();
    assert_eq!(claimed, firsts, "of each verification the first event must be claimed, by one");
}
