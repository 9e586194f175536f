//! Replaying: an event is told again, whatever came of it before.

use std::time::Duration;

use super::super::super::demand::{kept, present};
use super::{Post, Target, failed, of_event, taken};
use crate::event::Event;
use crate::id::EventId;
use crate::time::{Timestamp, after};
use crate::webhook::{DeliveryStatus, WebhookDelivery};

pub(super) async fn all(post: &Post<'_>) {
    what_was_delivered_is_told_again(post).await;
    what_nobody_wanted_can_be_told(post).await;
    what_is_pending_gives_way(post).await;
    what_is_under_way_gives_way_and_may_still_arrive(post).await;
    a_later_event_waits_for_the_replay_and_no_longer(post).await;
    what_is_foreign_or_not_there_is_not_told(post).await;
}

async fn replay(post: &Post<'_>, target: &Target, event: &Event, now: Timestamp) -> WebhookDelivery {
    let replayed = post.webhooks.replay(&target.application, event.id, &target.webhook, now).await;
    present(kept(replayed), "an event that is there must be told again")
}

async fn what_was_delivered_is_told_again(post: &Post<'_>) {
    let target = post.target();
    let (event, delivery) = post.delivery(&target).await;
    let due = post.claim_one(&target, post.now()).await;
    post.record(&due, &taken(post.now()), DeliveryStatus::Delivered, None).await;
    let before = post.load(&target, &delivery).await;

    let now = post.now();
    let again = replay(post, &target, &event, now).await;
    assert!(again.id > delivery.id, "a replay must be a younger delivery");
    let expected = WebhookDelivery {
        id: again.id,
        status: DeliveryStatus::Pending,
        attempts: 0,
        created_at: now,
        next_at: Some(now),
        last: None,
        ..before.0.clone()
    };
    assert_eq!(again, expected, "a replay must be due at once");
    assert_eq!(post.load(&target, &again).await, (expected, Vec::new()), "a replay must be stored");
    let due = post.claim_one(&target, now).await;
    assert_eq!((due.id, due.event), (again.id, event), "a replay must tell the same event");
    assert_eq!(post.load(&target, &delivery).await, before, "what was delivered must stay so");
}

async fn what_nobody_wanted_can_be_told(post: &Post<'_>) {
    let target = post.target();
    let event = post.event(&target.application).await;
    // It was not even handed out.
    let again = replay(post, &target, &event, post.now()).await;
    assert_eq!(post.claim_one(&target, post.now()).await.id, again.id);
    post.hand_out_all(&[]).await;
}

async fn what_is_pending_gives_way(post: &Post<'_>) {
    let target = post.target();
    let (event, delivery) = post.delivery(&target).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    let tomorrow = after(now, Duration::from_hours(24));
    post.record(&due, &failed(now), DeliveryStatus::Pending, Some(tomorrow)).await;
    let again = replay(post, &target, &event, now).await;
    let (old, _) = post.load(&target, &delivery).await;
    assert_eq!(
        (old.status, old.next_at),
        (DeliveryStatus::GivenUp, None),
        "what is pending must give way to a replay"
    );
    let due = post.claim_one(&target, tomorrow).await;
    assert_eq!(due.id, again.id, "an event must not be told twice because of a replay");
}

async fn what_is_under_way_gives_way_and_may_still_arrive(post: &Post<'_>) {
    for (attempt, status, then) in [
        (failed(post.now()), DeliveryStatus::Pending, DeliveryStatus::GivenUp),
        (taken(post.now()), DeliveryStatus::Delivered, DeliveryStatus::Delivered),
    ] {
        let target = post.target();
        let (event, delivery) = post.delivery(&target).await;
        let now = post.now();
        let due = post.claim_one(&target, now).await;
        let again = replay(post, &target, &event, now).await;
        let next_at = (status == DeliveryStatus::Pending).then_some(now);
        post.record(&due, &attempt, status, next_at).await;
        let (old, attempts) = post.load(&target, &delivery).await;
        assert_eq!((old.status, old.next_at), (then, None), "what gave way must not be tried again");
        assert_eq!(attempts, [attempt], "what came of it must be kept");
        assert_eq!(post.claim_one(&target, now).await.id, again.id, "the replay must be tried");
    }
}

async fn a_later_event_waits_for_the_replay_and_no_longer(post: &Post<'_>) {
    let target = post.target();
    let (first, second) = post.two_events(&target.application).await;
    post.hand_out_all(&[&target]).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    let tomorrow = after(now, Duration::from_hours(24));
    post.record(&due, &failed(now), DeliveryStatus::Pending, Some(tomorrow)).await;
    replay(post, &target, &first, now).await;
    let due = post.claim_one(&target, now).await;
    assert_eq!(due.event, first, "a replay of the earlier event must go before the later one");
    post.record(&due, &taken(now), DeliveryStatus::Delivered, None).await;
    let due = post.claim_one(&target, now).await;
    assert_eq!(due.event, second, "behind the replay the later event must go at once");
}

async fn what_is_foreign_or_not_there_is_not_told(post: &Post<'_>) {
    let (target, foreign) = (post.target(), post.target());
    let (event, _) = post.delivery(&target).await;
    let ground = post.stage.bench.ground;
    let unknown = kept(EventId::new(ground.now(), ground.entropy()));
    for (application, id) in [(&foreign.application, event.id), (&target.application, unknown)] {
        let replayed = post.webhooks.replay(application, id, &target.webhook, post.now()).await;
        assert_eq!(kept(replayed), None, "what is foreign or not there must not be told");
    }
    let found = post.list(&target.application, &of_event(&event)).await;
    assert_eq!(found.len(), 1, "what was refused must change nothing");
    assert_eq!(found[0].status, DeliveryStatus::Pending, "what was refused must change nothing");
}
