//! The guess budget of a phone, over all its verifications.

use std::time::Duration;

use crate::answers::{begun, check, done, new, only, refusal};
use domain::account::Username;
use domain::credential::Caller;
use domain::guess::GuessClass;
use domain::policy::Policy;
use domain::ports::Clock as _;
use domain::refusal::Refusal;
use domain::testkit::{World, phone, start_request};
use domain::time::{Day, until};
use domain::use_cases::{self, StartRequest, resend};
use domain::verification::{State, Verification};

const NUMBER: &str = "9841234567";

fn today(world: &World) -> Day {
    Day::of(world.clock.now())
}

/// Wrong checks of the phone that happened ten days ago.
fn charge_long_ago(world: &World, times: u32) {
    world.store.charge(phone(NUMBER), today(world).minus(10), GuessClass::Short, times);
}

async fn begun_as(world: &World, key: &Caller, account: &str) -> Verification {
    let account = Username::parse(account).ok();
    new(use_cases::start(&world.verifier, key, StartRequest { account, ..start_request(phone(NUMBER)) })
        .await)
}

#[tokio::test]
async fn ten_wrong_checks_a_day_are_all_that_a_phone_costs() {
    let world = World::new();
    let key = world.application();
    let mut last = None;
    for account in ["ram", "sita"] {
        let begun = begun_as(&world, &key, account).await;
        for number in 0..5 {
            let answer = check(&world.verifier, &key, &begun, &world.wrong_code(number)).await;
            assert_eq!(refusal(answer), Refusal::CodeIncorrect);
        }
        last = Some(begun);
    }
    let until_midnight = until(world.clock.now(), today(&world).end());
    assert!(last.is_some());
    let request = StartRequest { account: Username::parse("hari").ok(), ..start_request(phone(NUMBER)) };
    let answer = use_cases::start(&world.verifier, &key, request.clone()).await;
    assert_eq!(refusal(answer), Refusal::RateLimited { retry_after: until_midnight });
    assert_eq!(world.gateway.sent().len(), 2, "a code that cannot be checked is not sent");
    world.pass(until_midnight);
    new(use_cases::start(&world.verifier, &key, request).await);
}

#[tokio::test]
async fn a_live_verification_ends_when_others_used_up_the_day() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone(NUMBER)).await;
    world.store.charge(phone(NUMBER), today(&world), GuessClass::Short, 10);
    let retry_after = until(world.clock.now(), today(&world).end());
    for code in [world.right_code(), world.wrong_code(0)] {
        let answer = refusal(check(&world.verifier, &ram, &begun, &code).await);
        assert!(
            matches!(answer, Refusal::TooManyChecks { .. }),
            "right or wrong, nothing is compared any more"
        );
    }
    let stored = only(&world);
    assert!(matches!(stored.state, State::Locked { .. }));
    assert_eq!(stored.checks_used, 0);
    world.pass(retry_after);
    crate::answers::begun(&world, &ram, phone(NUMBER)).await;
}

#[tokio::test]
async fn after_forty_wrong_checks_in_a_year_the_codes_have_eight_digits() {
    let world = World::new();
    charge_long_ago(&world, 39);
    let ram = world.user("ram").await;
    let short = begun(&world, &ram, phone(NUMBER)).await;
    assert_eq!(world.gateway.last_code().map(|code| code.len()), Some(6));
    assert_eq!(
        refusal(check(&world.verifier, &ram, &short, &world.wrong_code(0)).await),
        Refusal::CodeIncorrect
    );
    let answer = check(&world.verifier, &ram, &short, &world.right_code()).await;
    assert!(
        matches!(refusal(answer), Refusal::TooManyChecks { .. }),
        "the fortieth was the last on six digits"
    );

    world.pass(Duration::from_mins(1));
    let long = begun(&world, &ram, phone(NUMBER)).await;
    assert_eq!(world.gateway.last_code().map(|code| code.len()), Some(8));
    let answer = check(&world.verifier, &ram, &long, &world.wrong_code(0)).await;
    assert_eq!(refusal(answer), Refusal::CodeIncorrect);
    assert_eq!(world.store.wrong_checks(phone(NUMBER), today(&world)).long_today, 1);
    assert!(done(check(&world.verifier, &ram, &long, &world.right_code()).await).now);
}

#[tokio::test]
async fn when_the_short_codes_are_used_up_the_caller_is_told_when_a_start_makes_sense() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone(NUMBER)).await;
    charge_long_ago(&world, 40);
    world.pass(Duration::from_mins(2));
    let answer = refusal(check(&world.verifier, &ram, &begun, &world.right_code()).await);
    let Refusal::TooManyChecks { retry_after } = answer else { panic!("{answer:?}") };
    world.pass(retry_after);
    crate::answers::begun(&world, &ram, phone(NUMBER)).await;
    assert!(
        retry_after < Duration::from_mins(10),
        "a longer code can be sent at once, not only {retry_after:?} later"
    );
}

#[tokio::test]
async fn a_resend_sends_no_code_that_cannot_be_checked() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone(NUMBER)).await;
    charge_long_ago(&world, 40);
    world.pass(Duration::from_mins(1));
    done(resend(&world.verifier, &ram, begun.id).await);
    let proved = check(&world.verifier, &ram, &begun, &world.right_code()).await;
    assert!(done(proved).now, "the code that was sent last must be good");
}

#[tokio::test]
async fn wrong_checks_are_forgotten_after_a_year() {
    let world = World::new();
    let key = world.application();
    charge_long_ago(&world, 40);
    world.pass(Duration::from_hours(24 * 355));
    begun_as(&world, &key, "ram").await;
    assert_eq!(world.gateway.last_code().map(|code| code.len()), Some(8));
    world.pass(Duration::from_hours(24));
    begun_as(&world, &key, "ram").await;
    assert_eq!(world.gateway.last_code().map(|code| code.len()), Some(6));
}

#[tokio::test]
async fn eight_digits_allow_fifteen_wrong_checks_a_day() {
    let policy = Policy::default();
    let world = World::with_policy(policy);
    charge_long_ago(&world, 40);
    let key = world.application();
    for account in ["ram", "sita", "hari"] {
        let begun = begun_as(&world, &key, account).await;
        for number in 0..5 {
            let answer = check(&world.verifier, &key, &begun, &world.wrong_code(number)).await;
            assert_eq!(refusal(answer), Refusal::CodeIncorrect);
        }
    }
    let request = StartRequest { account: Username::parse("gita").ok(), ..start_request(phone(NUMBER)) };
    let answer = use_cases::start(&world.verifier, &key, request).await;
    assert!(matches!(refusal(answer), Refusal::RateLimited { .. }));
}
