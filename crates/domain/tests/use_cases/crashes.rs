//! Crashes between the commit and the note, and failures after the fact.

use std::time::Duration;

use crate::answers::{begun, check, done, only, resent, start};
use domain::ports::{Lost, SendAnswer};
use domain::testkit::{World, phone};
use domain::use_cases::resend;
use domain::verification::{DeliveryState, State, Verification};

/// A start whose process dies after the SMS has reached the gateway and before its answer is noted.
async fn crashed(world: &World) -> Verification {
    let ram = world.user("ram").await;
    world.gateway.hold();
    tokio::select! {
        _ = start(world, &ram, phone("9841234567")) => panic!("the gateway answers nobody"),
        () = world.gateway.reached(1) => {}
    }
    world.gateway.release();
    let stored = only(world);
    assert_eq!(stored.delivery.state, DeliveryState::Sending);
    stored
}

#[tokio::test]
async fn after_a_crash_the_same_start_sends_the_same_code() {
    let world = World::new();
    let stored = crashed(&world).await;
    let code = world.gateway.last_code();
    world.pass(Duration::from_mins(1));
    let again = resent(start(&world, &world.user("ram").await, phone("9841234567")).await);
    assert_eq!(again.id, stored.id);
    assert_eq!(again.delivery.state, DeliveryState::Sent);
    assert_eq!(world.gateway.last_code(), code);
}

#[tokio::test]
async fn after_a_crash_a_resend_sends_the_same_code() {
    let world = World::new();
    let stored = crashed(&world).await;
    let code = world.gateway.last_code();
    world.pass(Duration::from_mins(1));
    done(resend(&world.verifier, &world.user("ram").await, stored.id).await);
    assert_eq!(world.gateway.last_code(), code);
    assert_eq!(world.gateway.sent().len(), 2);
}

#[tokio::test]
async fn after_a_crash_the_code_that_arrived_is_good() {
    let world = World::new();
    let stored = crashed(&world).await;
    let proved = done(check(&world.verifier, &world.user("ram").await, &stored, &world.right_code()).await);
    assert!(proved.now);
}

#[tokio::test]
async fn a_check_that_comes_before_the_gateways_answer_is_not_lost() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.hold();
    let meanwhile = async {
        world.gateway.reached(1).await;
        let stored = only(&world);
        let proved = done(check(&world.verifier, &ram, &stored, &world.right_code()).await);
        world.gateway.release();
        proved
    };
    let (started, proved) = tokio::join!(start(&world, &ram, phone("9841234567")), meanwhile);
    assert!(proved.now);
    let started = crate::answers::new(started);
    assert!(matches!(started.state, State::Approved { .. }), "the note is made on what the check left");
    assert_eq!(started.delivery.state, DeliveryState::Sent);
    assert_eq!(started, only(&world));
}

#[tokio::test]
async fn an_answer_that_is_overtaken_by_a_resend_changes_nothing() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.answer_next([SendAnswer::Refused, SendAnswer::Accepted]);
    world.gateway.hold();
    let meanwhile = async {
        world.gateway.reached(1).await;
        let stored = only(&world);
        world.pass(Duration::from_mins(1));
        world.gateway.release();
        done(resend(&world.verifier, &ram, stored.id).await)
    };
    let first = async {
        let answer = start(&world, &ram, phone("9841234567")).await;
        drop(answer);
    };
    // The resend is polled first once both can go on, so that the first answer comes late.
    let (again, ()) = tokio::join!(biased; meanwhile, first);
    assert_eq!(again.delivery.number, 2);
    let stored = only(&world);
    assert_eq!((stored.delivery.number, stored.delivery.state), (2, DeliveryState::Sent));
}

#[tokio::test]
async fn a_note_that_cannot_be_made_raises_an_alarm_and_changes_no_answer() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.store.fail_next("record_delivery", 1);
    let started = begun(&world, &ram, phone("9841234567")).await;
    assert_eq!(world.alarms.raised(), [Lost::DeliveryRecord]);
    assert_eq!(only(&world).delivery.state, DeliveryState::Sending, "it stays as after a crash");
    let proved = done(check(&world.verifier, &ram, &started, &world.right_code()).await);
    assert!(proved.now, "the code is good all the same");
}

#[tokio::test]
async fn a_refund_that_cannot_be_made_raises_an_alarm_and_changes_no_answer() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.answer_next([SendAnswer::NotSent]);
    world.counters.fail_next("refund", 1);
    let answer = start(&world, &ram, phone("9841234567")).await;
    let told = crate::answers::refusal(answer);
    assert!(matches!(told, domain::refusal::Refusal::GatewayUnavailable { .. }), "{told:?}");
    assert_eq!(world.alarms.raised(), [Lost::Refund]);
    assert_eq!(world.alarms.causes().len(), 1);
}
