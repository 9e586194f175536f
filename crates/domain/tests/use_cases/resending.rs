//! Resend.

use std::time::Duration;

use crate::answers::{begun, check, done, only, prove, refusal, refused};
use domain::ports::Clock as _;
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::time::after;
use domain::use_cases::{cancel, resend};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_waits_grow_and_the_sends_end() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    let mut last = first.clone();
    for (wait, sends_left) in [(60, 2), (120, 1), (300, 0)] {
        world.pass((SECOND * wait).saturating_sub(Duration::from_millis(1)));
        let answer = refused(resend(&world.verifier, &ram, first.id).await);
        assert_eq!(answer.refusal, Refusal::ResendTooSoon { retry_after: Duration::from_millis(1) });
        assert_eq!(answer.verification.as_deref(), Some(&last), "the caller is told of his verification");
        world.pass(Duration::from_millis(1));
        last = done(resend(&world.verifier, &ram, first.id).await);
        assert_eq!(last.sends_left(), sends_left);
        assert_eq!(last.sent_at, world.clock.now());
    }
    assert_eq!(world.gateway.sent().len(), 4);
    world.pass(SECOND * 300);
    let retry_after = SECOND * 300;
    assert_eq!(refusal(resend(&world.verifier, &ram, first.id).await), Refusal::SendsUsedUp { retry_after });
    assert_eq!(world.gateway.sent().len(), 4);
}

#[tokio::test]
async fn a_resend_sends_the_same_code_and_leaves_the_life_as_it_is() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    let code = world.gateway.last_code();
    world.pass(SECOND * 420);
    let again = done(resend(&world.verifier, &ram, first.id).await);
    assert_eq!(again.generation, first.generation, "three minutes of life are enough for the same code");
    assert_eq!(world.gateway.last_code(), code);
    assert_eq!(again, only(&world));
}

#[tokio::test]
async fn a_late_resend_sends_a_new_code_with_a_full_life_and_the_checks_that_were_left() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    let old = world.right_code();
    for number in 0..3 {
        let wrong = world.wrong_code(number);
        assert_eq!(refusal(check(&world.verifier, &ram, &first, &wrong).await), Refusal::CodeIncorrect);
    }
    world.pass(SECOND * 420 + Duration::from_millis(1));
    let renewed = done(resend(&world.verifier, &ram, first.id).await);
    assert_ne!(renewed.generation.nonce, first.generation.nonce);
    assert_eq!(renewed.generation.expires_at, after(world.clock.now(), SECOND * 600));
    assert_eq!(renewed.checks_left(), 2, "the checks already used stay used");

    let answer = check(&world.verifier, &ram, &renewed, &old).await;
    assert_eq!(refusal(answer), Refusal::CodeIncorrect, "the old code is dead");
    let proved = done(check(&world.verifier, &ram, &renewed, &world.right_code()).await);
    assert!(proved.now);
}

#[tokio::test]
async fn what_is_over_is_not_sent_again() {
    let world = World::new();
    let ram = world.user("ram").await;

    let approved = prove(&world, &ram, phone("9841234567")).await;
    world.pass(SECOND * 60);
    assert_eq!(refusal(resend(&world.verifier, &ram, approved.id).await), Refusal::VerificationApproved);
    world.clock.set(approved.generation.expires_at);
    assert_eq!(refusal(resend(&world.verifier, &ram, approved.id).await), Refusal::VerificationExpired);

    let canceled = begun(&world, &ram, phone("9851234567")).await;
    done(cancel(&world.verifier, &ram, canceled.id).await);
    world.pass(SECOND * 60);
    assert_eq!(refusal(resend(&world.verifier, &ram, canceled.id).await), Refusal::VerificationCanceled);

    let expired = begun(&world, &ram, phone("9861234567")).await;
    world.clock.set(expired.generation.expires_at);
    assert_eq!(refusal(resend(&world.verifier, &ram, expired.id).await), Refusal::VerificationExpired);

    let locked = begun(&world, &ram, phone("9741234567")).await;
    for number in 0..5 {
        let wrong = world.wrong_code(number);
        assert_eq!(refusal(check(&world.verifier, &ram, &locked, &wrong).await), Refusal::CodeIncorrect);
    }
    let answer = resend(&world.verifier, &ram, locked.id).await;
    assert_eq!(refusal(answer), Refusal::TooManyChecks { retry_after: SECOND * 60 });
    assert_eq!(world.gateway.sent().len(), 4);
}

#[tokio::test]
async fn an_admin_key_sends_nothing_again() {
    let world = World::new();
    let first = begun(&world, &world.application(), phone("9841234567")).await;
    world.pass(SECOND * 60);
    assert_eq!(refusal(resend(&world.verifier, &world.admin(), first.id).await), Refusal::ScopeMissing);
    assert_eq!(world.gateway.sent().len(), 1);
}
