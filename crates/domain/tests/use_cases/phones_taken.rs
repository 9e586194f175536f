//! A phone that another account holds.

use std::time::Duration;

use crate::answers::{begun, check, done, prove, refusal, refused};
use domain::policy::{PhoneTaken, Policy};
use domain::ports::Clock as _;
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::time::Day;
use domain::verification::State;

fn policy(phone_taken: PhoneTaken) -> Policy {
    Policy { phone_taken, ..Policy::default() }
}

/// The phones of all accounts, in the order in which the accounts were made.
fn held(world: &World) -> Vec<bool> {
    world.store.accounts().iter().map(|account| account.phone.is_some()).collect()
}

#[tokio::test]
async fn nothing_tells_of_another_holder_before_the_right_code() {
    let world = World::new();
    let (ram, sita) = (world.user("ram").await, world.user("sita").await);
    prove(&world, &ram, phone("9841234567")).await;
    let free = begun(&world, &sita, phone("9851234567")).await;
    let wrong_of_free = refused(check(&world.verifier, &sita, &free, &world.wrong_code(0)).await);
    let taken = begun(&world, &sita, phone("9841234567")).await;
    let wrong_of_taken = refused(check(&world.verifier, &sita, &taken, &world.wrong_code(0)).await);
    assert_eq!(wrong_of_free.refusal, wrong_of_taken.refusal);
    let told = [wrong_of_free, wrong_of_taken]
        .map(|refused| refused.verification.map(|told| (told.state, told.checks_used)));
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_right_code_for_a_taken_phone_is_refused_and_costs_a_check() {
    let world = World::with_policy(policy(PhoneTaken::Reject));
    let (ram, sita) = (world.user("ram").await, world.user("sita").await);
    prove(&world, &ram, phone("9841234567")).await;
    let begun = begun(&world, &sita, phone("9841234567")).await;
    for checks_left in [4, 3, 2, 1, 0] {
        let answer = refused(check(&world.verifier, &sita, &begun, &world.right_code()).await);
        assert_eq!(answer.refusal, Refusal::PhoneTaken);
        assert_eq!(answer.verification.unwrap().checks_left(), checks_left);
    }
    let answer = check(&world.verifier, &sita, &begun, &world.right_code()).await;
    assert!(matches!(refusal(answer), Refusal::TooManyChecks { .. }));
    assert_eq!(held(&world), [true, false]);
    let wrong = world.store.wrong_checks(phone("9841234567"), Day::of(world.clock.now()));
    assert_eq!(wrong.short_today, 0, "a right code is no wrong one");
}

#[tokio::test]
async fn a_transfer_gives_the_phone_to_the_newest_proof() {
    let world = World::with_policy(policy(PhoneTaken::Transfer));
    let (ram, sita) = (world.user("ram").await, world.user("sita").await);
    prove(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(1));
    let begun = begun(&world, &sita, phone("9841234567")).await;
    let proved = done(check(&world.verifier, &sita, &begun, &world.right_code()).await);
    assert_eq!(proved.transferred_from, Some(world.store.accounts()[0].id));
    assert_eq!(held(&world), [false, true]);
}

#[tokio::test]
async fn applications_do_not_take_phones_from_each_other() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    prove(&world, &world.user("ram").await, phone("9841234567")).await;
    prove(&world, &world.user_of("shop", "ram").await, phone("9841234567")).await;
    assert_eq!(held(&world), [true, true]);
    let states = world.store.verifications();
    assert!(states.iter().all(|stored| matches!(stored.state, State::Approved { .. })));
}
