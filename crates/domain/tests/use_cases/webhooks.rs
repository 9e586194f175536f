//! Telling webhooks of events.

use std::time::Duration;

use crate::answers::{begun, done, refusal};
use domain::application::ApplicationId;
use domain::credential::Caller;
use domain::event::EventKind;
use domain::id::EventId;
use domain::policy::Policy;
use domain::ports::{Clock as _, Page, WebhookDeliveryFilter};
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::use_cases::webhooks::{
    Replayed, claim, deliveries, delivery, given_up, hand_out, list, ping, replay, tell,
};
use domain::use_cases::{Failure, cancel};
use domain::webhook::{
    AttemptFault, AttemptOutcome, DeliveryStatus, DueDelivery, WAITS, Webhook, WebhookDelivery, WebhookId,
};

fn admin_of_shop() -> Caller {
    Caller::Admin(ApplicationId::parse("shop").unwrap())
}

fn orders() -> WebhookId {
    WebhookId::parse("orders").unwrap()
}

fn world() -> World {
    World::builder().webhooks(&["orders"]).application("shop", "Shop", Policy::default()).build()
}

/// A verification of the application `default` is canceled: one event.
async fn an_event(world: &World) {
    let ram = world.user("ram").await;
    world.pass(Duration::from_mins(10));
    let begun = begun(world, &ram, phone("9841234567")).await;
    done(cancel(&world.verifier, &ram, begun.id).await);
}

async fn claimed(world: &World) -> Vec<DueDelivery> {
    hand_out(&world.verifier).await.unwrap();
    let webhooks: Vec<&Webhook> = world.verifier.applications.webhooks().collect();
    claim(&world.verifier, &webhooks, 100).await.unwrap()
}

/// Everything that is due is told once.
async fn round(world: &World) -> Vec<DeliveryStatus> {
    let mut statuses = Vec::new();
    for due in claimed(world).await {
        statuses.push(tell(&world.verifier, &due).await.unwrap().unwrap().status);
    }
    statuses
}

async fn all(world: &World) -> Vec<WebhookDelivery> {
    let page = Page { before: None, limit: 1000 };
    done(deliveries(&world.verifier, &world.admin(), &WebhookDeliveryFilter::default(), page).await)
}

#[tokio::test]
async fn an_event_is_told_once_when_it_is_taken() {
    let world = world();
    an_event(&world).await;
    assert_eq!(round(&world).await, [DeliveryStatus::Delivered]);
    let received = world.receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!((&received[0].webhook, received[0].kind), (&orders(), Some(EventKind::VerificationCanceled)));
    assert!(round(&world).await.is_empty());
    let told = all(&world).await;
    assert_eq!((told.len(), told[0].event, told[0].attempts), (1, received[0].id, 1));
    let (_, attempts) = done(delivery(&world.verifier, &world.admin(), told[0].id).await).unwrap();
    assert_eq!(
        attempts.iter().map(|attempt| attempt.outcome).collect::<Vec<_>>(),
        [AttemptOutcome::Taken { status: 204 }]
    );
}

#[tokio::test]
async fn events_of_an_application_reach_its_own_webhooks_only() {
    let world = world();
    let ram = world.user_of("shop", "ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    done(cancel(&world.verifier, &ram, begun.id).await);
    assert!(round(&world).await.is_empty());
    assert!(world.receiver.received().is_empty());
    assert!(done(list(&world.verifier, &admin_of_shop())).is_empty());
    assert_eq!(done(list(&world.verifier, &world.admin())).len(), 1);
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_with_longer_waits_until_it_is_given_up() {
    let world = world();
    an_event(&world).await;
    world.receiver.answer_next([AttemptOutcome::Failed(AttemptFault::TimedOut); 20]);
    for wait in WAITS {
        assert_eq!(round(&world).await, [DeliveryStatus::Pending]);
        world.pass(wait.checked_sub(Duration::from_secs(1)).unwrap());
        assert!(round(&world).await.is_empty(), "{wait:?}");
        world.pass(wait / 5 + Duration::from_secs(1));
    }
    assert_eq!(round(&world).await, [DeliveryStatus::GivenUp]);
    world.pass(Duration::from_hours(24 * 7));
    assert!(round(&world).await.is_empty());
    assert_eq!(world.receiver.received().len(), 10);
}

#[tokio::test]
async fn a_claim_that_was_not_recorded_comes_again_when_it_has_run_out() {
    let world = world();
    an_event(&world).await;
    let lost = claimed(&world).await;
    assert_eq!(lost.len(), 1);
    // The process dies here. An attempt may take 15 s, and 30 s are added.
    world.pass(Duration::from_secs(44));
    assert!(claimed(&world).await.is_empty());
    world.pass(Duration::from_secs(1));
    assert_eq!(round(&world).await, [DeliveryStatus::Delivered]);
}

#[tokio::test]
async fn an_attempt_that_cannot_be_recorded_is_made_again() {
    let world = world();
    an_event(&world).await;
    let due = claimed(&world).await;
    world.store.fail_next("record", 1);
    assert!(matches!(tell(&world.verifier, &due[0]).await, Err(Failure::Port(_))));
    world.pass(Duration::from_secs(45));
    assert_eq!(round(&world).await, [DeliveryStatus::Delivered]);
    let received = world.receiver.received();
    assert_eq!((received.len(), received[0].id), (2, received[1].id));
}

#[tokio::test]
async fn a_webhook_that_is_no_more_is_not_told() {
    let world = world();
    an_event(&world).await;
    world.receiver.forget_webhooks();
    let due = claimed(&world).await;
    assert_eq!(tell(&world.verifier, &due[0]).await.unwrap(), None);
    assert_eq!(all(&world).await[0].attempts, 0);
}

#[tokio::test]
async fn an_event_can_be_replayed_to_a_webhook_of_its_application() {
    let world = world();
    an_event(&world).await;
    round(&world).await;
    let event = world.receiver.received()[0].id;
    let Replayed::Due(due) = done(replay(&world.verifier, &world.admin(), event, &orders()).await) else {
        panic!("it is not replayed");
    };
    assert_eq!((due.event, due.status), (event, DeliveryStatus::Pending));
    assert_eq!(round(&world).await, [DeliveryStatus::Delivered]);
    assert_eq!(world.receiver.received().len(), 2);

    let nothing = EventId::new(world.verifier.ports.clock.now(), world.entropy.as_ref()).unwrap();
    let answer = done(replay(&world.verifier, &world.admin(), nothing, &orders()).await);
    assert_eq!(answer, Replayed::EventUnknown);
    let other = WebhookId::parse("other").unwrap();
    let answer = done(replay(&world.verifier, &world.admin(), event, &other).await);
    assert_eq!(answer, Replayed::WebhookUnknown);
    let answer = done(replay(&world.verifier, &admin_of_shop(), event, &orders()).await);
    assert_eq!(answer, Replayed::WebhookUnknown, "another application's events are not there");
}

#[tokio::test]
async fn what_was_given_up_is_gathered_oldest_first_and_not_what_a_replay_has_delivered() {
    let world = world();
    let begin = world.verifier.ports.clock.now();
    world.receiver.answer_next([AttemptOutcome::Refused { status: 500 }; 30]);
    for _ in 0..3 {
        an_event(&world).await;
        for wait in WAITS {
            round(&world).await;
            world.pass(wait * 2);
        }
        assert_eq!(round(&world).await, [DeliveryStatus::GivenUp]);
    }
    let of = async |since, max| done(given_up(&world.verifier, &world.admin(), &orders(), since, max).await);
    let found = of(begin, 100).await;
    let mut ids: Vec<EventId> = world.receiver.received().iter().map(|received| received.id).collect();
    ids.dedup();
    assert_eq!(found, ids);
    assert_eq!(of(begin, 2).await, ids[1..]);
    let last = all(&world).await[0].created_at;
    assert_eq!(of(last, 100).await, ids[2..]);
    done(replay(&world.verifier, &world.admin(), ids[1], &orders()).await);
    assert_eq!(round(&world).await, [DeliveryStatus::Delivered]);
    assert_eq!(of(begin, 100).await, [ids[0], ids[2]]);
}

#[tokio::test]
async fn a_ping_is_sent_and_leaves_no_trace() {
    let world = world();
    let attempt = done(ping(&world.verifier, &world.admin(), &orders()).await).unwrap();
    assert_eq!(attempt.outcome, AttemptOutcome::Taken { status: 204 });
    assert_eq!(world.receiver.received()[0].kind, None);
    assert!(all(&world).await.is_empty());
}

#[tokio::test]
async fn only_who_administers_sees_and_replays() {
    let world = world();
    an_event(&world).await;
    round(&world).await;
    let (event, delivered) = (world.receiver.received()[0].id, all(&world).await[0].id);
    for caller in [world.user("ram").await, world.application()] {
        let verifier = &world.verifier;
        let page = Page { before: None, limit: 10 };
        let begin = world.clock.now();
        let refusals = [
            refusal(list(verifier, &caller)),
            refusal(deliveries(verifier, &caller, &WebhookDeliveryFilter::default(), page).await),
            refusal(delivery(verifier, &caller, delivered).await),
            refusal(replay(verifier, &caller, event, &orders()).await),
            refusal(given_up(verifier, &caller, &orders(), begin, 10).await),
            refusal(ping(verifier, &caller, &orders()).await),
        ];
        assert_eq!(refusals, [Refusal::ScopeMissing; 6]);
    }
    assert_eq!(world.receiver.received().len(), 1);
}
