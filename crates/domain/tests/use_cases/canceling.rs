//! Cancel.

use std::time::Duration;

use crate::answers::{begun, check, done, only, prove, refusal, start};
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::use_cases::cancel;
use domain::verification::State;

#[tokio::test]
async fn a_canceled_verification_takes_no_code() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let canceled = done(cancel(&world.verifier, &ram, begun.id).await);
    assert_eq!(canceled, only(&world));
    assert!(matches!(canceled.state, State::Canceled { .. }));
    let answer = check(&world.verifier, &ram, &begun, &world.right_code()).await;
    assert_eq!(refusal(answer), Refusal::VerificationCanceled);
}

#[tokio::test]
async fn canceling_twice_is_canceling_once() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let first = done(cancel(&world.verifier, &ram, begun.id).await);
    world.pass(Duration::from_secs(5));
    let second = done(cancel(&world.verifier, &ram, begun.id).await);
    assert_eq!(first, second);
}

#[tokio::test]
async fn canceling_does_not_spare_the_wait_for_the_next_send() {
    let world = World::new();
    let ram = world.user("ram").await;
    for seconds in [60, 60] {
        let begun = begun(&world, &ram, phone("9841234567")).await;
        done(cancel(&world.verifier, &ram, begun.id).await);
        world.pass(Duration::from_secs(seconds - 1));
        let too_soon = Refusal::ResendTooSoon { retry_after: Duration::from_secs(1) };
        assert_eq!(refusal(start(&world, &ram, phone("9841234567")).await), too_soon);
        world.pass(Duration::from_secs(1));
    }
    assert_eq!(world.gateway.sent().len(), 2);
}

#[tokio::test]
async fn what_is_over_is_not_canceled() {
    let world = World::new();
    let ram = world.user("ram").await;
    let approved = prove(&world, &ram, phone("9841234567")).await;
    assert_eq!(refusal(cancel(&world.verifier, &ram, approved.id).await), Refusal::VerificationApproved);
    let expired = begun(&world, &ram, phone("9851234567")).await;
    world.clock.set(expired.generation.expires_at);
    assert_eq!(refusal(cancel(&world.verifier, &ram, expired.id).await), Refusal::VerificationExpired);
    let mut states: Vec<_> = world.store.verifications().iter().map(|stored| stored.state.as_str()).collect();
    states.sort_unstable();
    assert_eq!(states, ["approved", "expired"]);
}
