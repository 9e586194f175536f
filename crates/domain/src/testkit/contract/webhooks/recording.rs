//! Recording: what came of attempts is kept, and late news does not undo what was decided.

use std::time::Duration;

use super::super::super::demand::kept;
use super::{Post, failed, taken};
use crate::id::WebhookDeliveryId;
use crate::time::after;
use crate::webhook::{Attempt, AttemptFault, AttemptOutcome, DeliveryStatus};

pub(super) async fn all(post: &Post<'_>) {
    every_outcome_is_kept_in_order(post).await;
    an_attempt_gives_the_claim_back(post).await;
    late_news_does_not_undo_a_delivery(post).await;
    late_news_may_bring_a_delivery(post).await;
    what_is_gone_is_passed_over(post).await;
}

async fn every_outcome_is_kept_in_order(post: &Post<'_>) {
    let target = post.target();
    let (_, delivery) = post.delivery(&target).await;
    let due = post.claim_one(&target, post.now()).await;
    let mut outcomes: Vec<_> = AttemptFault::ALL.into_iter().map(AttemptOutcome::Failed).collect();
    outcomes.push(AttemptOutcome::Refused { status: 503 });
    outcomes.push(AttemptOutcome::Refused { status: 302 });
    outcomes.push(AttemptOutcome::Taken { status: 200 });
    let mut all = Vec::new();
    for (place, outcome) in outcomes.iter().enumerate() {
        let took = Duration::from_millis(place as u64 * 1000 + 7);
        let attempt = Attempt { at: post.now(), took, outcome: *outcome };
        let next_at = after(attempt.at, Duration::from_secs(5));
        let (status, next_at) = match outcome {
            AttemptOutcome::Taken { .. } => (DeliveryStatus::Delivered, None),
            AttemptOutcome::Refused { .. } | AttemptOutcome::Failed(_) => {
                (DeliveryStatus::Pending, Some(next_at))
            }
        };
        post.record(&due, &attempt, status, next_at).await;
        all.push(attempt);
        let (now, attempts) = post.load(&target, &delivery).await;
        assert_eq!(attempts, all, "every attempt must be kept, oldest first");
        assert_eq!((now.status, now.next_at), (status, next_at), "a delivery must stand as was recorded");
        assert_eq!(now.last, Some(attempt), "the last attempt must be told");
        assert_eq!(now.attempts as usize, all.len(), "attempts must be counted");
        let listed = post.list(&target.application, &super::WebhookDeliveryFilter::default()).await;
        assert_eq!(listed, [now], "a listing must tell what a load tells");
    }
}

async fn an_attempt_gives_the_claim_back(post: &Post<'_>) {
    let target = post.target();
    post.delivery(&target).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    let soon = after(now, Duration::from_secs(5));
    post.record(&due, &failed(now), DeliveryStatus::Pending, Some(soon)).await;
    assert_eq!(post.claim_one(&target, soon).await.id, due.id, "an attempt must give the claim back");
}

async fn late_news_does_not_undo_a_delivery(post: &Post<'_>) {
    let target = post.target();
    let (_, delivery) = post.delivery(&target).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    post.record(&due, &taken(now), DeliveryStatus::Delivered, None).await;
    let late = failed(post.now());
    post.record(&due, &late, DeliveryStatus::Pending, Some(late.at)).await;
    let (found, attempts) = post.load(&target, &delivery).await;
    assert_eq!(
        (found.status, found.next_at),
        (DeliveryStatus::Delivered, None),
        "late news must not undo it"
    );
    assert_eq!(attempts, [taken(now), late], "late news must be kept");
}

async fn late_news_may_bring_a_delivery(post: &Post<'_>) {
    let target = post.target();
    let (_, delivery) = post.delivery(&target).await;
    let now = post.now();
    let due = post.claim_one(&target, now).await;
    post.record(&due, &failed(now), DeliveryStatus::GivenUp, None).await;
    post.record(&due, &taken(now), DeliveryStatus::Delivered, None).await;
    let (found, _) = post.load(&target, &delivery).await;
    assert_eq!(found.status, DeliveryStatus::Delivered, "what was delivered after all must be told so");
}

async fn what_is_gone_is_passed_over(post: &Post<'_>) {
    let ground = post.stage.bench.ground;
    let gone = kept(WebhookDeliveryId::new(ground.now(), ground.entropy()));
    kept(post.webhooks.record(gone, &taken(post.now()), DeliveryStatus::Delivered, None).await);
    let target = post.target();
    let loaded = kept(post.webhooks.load_webhook_delivery(&target.application, gone).await);
    assert_eq!(loaded, None, "what is gone must not come back");
}
