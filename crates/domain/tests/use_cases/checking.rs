//! Check.

use std::time::Duration;

use crate::answers::{begun, check, done, new, only, prove, refusal, refused};
use domain::account::Username;
use domain::credential::Caller;
use domain::guess::GuessTotals;
use domain::ports::Clock as _;
use domain::refusal::Refusal;
use domain::testkit::{World, phone, start_request};
use domain::time::Day;
use domain::use_cases::{self, Answer, CheckTarget, Failure, Proved, StartRequest, cancel};
use domain::verification::{Purpose, State};

fn by_phone(number: &str, account: Option<&str>) -> CheckTarget {
    let account = account.and_then(|name| Username::parse(name).ok());
    CheckTarget::Phone { phone: phone(number), account, purpose: Purpose::Contact }
}

async fn check_phone(
    world: &World,
    caller: &Caller,
    number: &str,
    account: Option<&str>,
) -> Result<Answer<Proved>, Failure> {
    use_cases::check(&world.verifier, caller, &by_phone(number, account), &world.right_code()).await
}

#[tokio::test]
async fn the_right_code_approves_and_binds() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_secs(30));
    world.store.forget_calls();
    let proved = done(check(&world.verifier, &ram, &begun, &world.right_code()).await);

    let now = world.clock.now();
    assert!(proved.now);
    assert_eq!(proved.transferred_from, None);
    assert_eq!(proved.verification, only(&world));
    assert_eq!(proved.verification.state, State::Approved { at: now });
    let bound = world.store.accounts()[0].phone.unwrap();
    assert_eq!((bound.phone, bound.verified_at), (phone("9841234567"), now));
    let calls = ["load", "approve"].map(|method| world.store.calls(method));
    assert_eq!((calls, world.store.all_calls()), ([1, 1], 2), "one look and one transaction");
}

#[tokio::test]
async fn the_right_code_of_nobody_approves_and_binds_nobody() {
    let world = World::new();
    let key = world.application();
    let begun = begun(&world, &key, phone("9841234567")).await;
    let proved = done(check(&world.verifier, &key, &begun, &world.right_code()).await);
    assert!(proved.now);
    assert_eq!(proved.verification, only(&world));
    assert_eq!(world.store.accounts(), []);
}

#[tokio::test]
async fn a_wrong_code_costs_one_check_and_the_fifth_is_the_last() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    for checks_left in [4, 3, 2, 1, 0] {
        let answer = refused(check(&world.verifier, &ram, &begun, &world.wrong_code(checks_left)).await);
        assert_eq!(answer.refusal, Refusal::CodeIncorrect);
        let told = answer.verification.unwrap();
        assert_eq!(u64::from(told.checks_left()), checks_left);
        assert_eq!(*told, only(&world));
    }
    let too_many = Refusal::TooManyChecks { retry_after: Duration::from_mins(1) };
    for code in [world.right_code(), world.wrong_code(9)] {
        assert_eq!(refusal(check(&world.verifier, &ram, &begun, &code).await), too_many);
    }
    let stored = only(&world);
    assert!(matches!(stored.state, State::Locked { .. }));
    assert_eq!(stored.checks_used, 5);
    let wrong = world.store.wrong_checks(phone("9841234567"), Day::of(world.clock.now()));
    assert_eq!(wrong, GuessTotals { short_in_window: 5, short_today: 5, long_today: 0 });
}

#[tokio::test]
async fn a_code_of_another_length_is_just_wrong() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let longer = format!("{}0", world.gateway.last_code().unwrap());
    let answer = check(&world.verifier, &ram, &begun, &domain::testkit::code(&longer)).await;
    assert_eq!(refusal(answer), Refusal::CodeIncorrect);
}

#[tokio::test]
async fn the_right_code_again_is_right_again_within_its_life() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let first = done(check(&world.verifier, &ram, &begun, &world.right_code()).await);
    world.clock.set(begun.generation.expires_at.saturating_sub(Duration::from_millis(1)).unwrap());
    let second = done(check(&world.verifier, &ram, &begun, &world.right_code()).await);
    assert_eq!((first.now, second.now), (true, false));
    assert_eq!(first.verification, second.verification, "it changes nothing");
    world.clock.set(begun.generation.expires_at);
    let answer = check(&world.verifier, &ram, &begun, &world.right_code()).await;
    assert_eq!(refusal(answer), Refusal::VerificationExpired);
}

#[tokio::test]
async fn an_approved_verification_is_no_place_to_guess() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    done(check(&world.verifier, &ram, &begun, &world.right_code()).await);
    for number in 0..5 {
        let answer = check(&world.verifier, &ram, &begun, &world.wrong_code(number)).await;
        assert_eq!(refusal(answer), Refusal::CodeIncorrect);
    }
    for code in [world.wrong_code(7), world.right_code()] {
        let answer = check(&world.verifier, &ram, &begun, &code).await;
        assert!(matches!(refusal(answer), Refusal::TooManyChecks { .. }));
    }
    assert!(matches!(only(&world).state, State::Approved { .. }), "the approval stands");
    let wrong = world.store.wrong_checks(phone("9841234567"), Day::of(world.clock.now()));
    assert_eq!(wrong.short_today, 5, "they count like any other");
}

#[tokio::test]
async fn a_check_by_phone_finds_the_live_one() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    for target in [by_phone("9841234567", None), by_phone("+977 984-1234567", Some("ram"))] {
        let wrong = use_cases::check(&world.verifier, &ram, &target, &world.wrong_code(0)).await;
        assert_eq!(refusal(wrong), Refusal::CodeIncorrect);
    }
    let proved = done(check_phone(&world, &ram, "9841234567", None).await);
    assert_eq!(proved.verification.id, begun.id);
    let again = done(check_phone(&world, &ram, "9841234567", None).await);
    assert!(!again.now, "a double submit is right by phone as well");
}

#[tokio::test]
async fn a_check_by_phone_of_an_application_names_the_account() {
    let world = World::new();
    let key = world.application();
    let account = Username::parse("sita").ok();
    let request = StartRequest { account, ..start_request(phone("9841234567")) };
    let begun = new(use_cases::start(&world.verifier, &key, request).await);
    for account in [None, Some("ram"), Some("Sita")] {
        let answer = check_phone(&world, &key, "9841234567", account).await;
        assert_eq!(refusal(answer), Refusal::VerificationNotFound);
    }
    let proved = done(check_phone(&world, &key, "9841234567", Some("sita")).await);
    assert_eq!(proved.verification.id, begun.id);
}

#[tokio::test]
async fn a_check_by_phone_tells_nothing_of_what_is_over() {
    let world = World::new();
    let ram = world.user("ram").await;
    let canceled = begun(&world, &ram, phone("9841234567")).await;
    done(cancel(&world.verifier, &ram, canceled.id).await);
    let not_found = Refusal::VerificationNotFound;
    assert_eq!(refused(check_phone(&world, &ram, "9841234567", None).await), not_found.into());

    let expired = begun(&world, &ram, phone("9851234567")).await;
    world.clock.set(expired.generation.expires_at);
    assert_eq!(refused(check_phone(&world, &ram, "9851234567", None).await), not_found.into());

    let approved = begun(&world, &ram, phone("9861234567")).await;
    done(check_phone(&world, &ram, "9861234567", None).await);
    world.clock.set(approved.generation.expires_at);
    assert_eq!(refused(check_phone(&world, &ram, "9861234567", None).await), not_found.into());
    assert_eq!(refused(check_phone(&world, &ram, "9741234567", None).await), not_found.into());
}

#[tokio::test]
async fn a_user_token_checks_for_its_own_account_only() {
    let world = World::new();
    let ram = world.user("ram").await;
    let sita = world.user("sita").await;
    begun(&world, &ram, phone("9841234567")).await;
    let answer = check_phone(&world, &sita, "9841234567", Some("ram")).await;
    assert_eq!(refusal(answer), Refusal::AccountForbidden);
    let answer = check_phone(&world, &sita, "9841234567", None).await;
    assert_eq!(refusal(answer), Refusal::VerificationNotFound);
    assert_eq!(only(&world).checks_used, 0, "no check of somebody else's is spent");
}

#[tokio::test]
async fn an_admin_key_checks_nothing() {
    let world = World::new();
    let begun = begun(&world, &world.application(), phone("9841234567")).await;
    let answer = check(&world.verifier, &world.admin(), &begun, &world.right_code()).await;
    assert_eq!(refusal(answer), Refusal::ScopeMissing);
    let answer = check_phone(&world, &world.admin(), "9841234567", None).await;
    assert_eq!(refusal(answer), Refusal::ScopeMissing);
    assert_eq!(only(&world).state, State::Pending);
}

#[tokio::test]
async fn a_code_of_a_phone_that_the_account_has_left_opens_nothing() {
    let world = World::new();
    let ram = world.user("ram").await;
    prove(&world, &ram, phone("9841234567")).await;
    let ram = world.user("ram").await;
    let request = StartRequest { purpose: Purpose::Recovery, ..start_request(phone("9841234567")) };
    let recovery = new(use_cases::start(&world.verifier, &ram, request).await);
    let code = world.right_code();
    prove(&world, &ram, phone("9851234567")).await;

    let answer = check(&world.verifier, &ram, &recovery, &code).await;
    assert_eq!(refusal(answer), Refusal::PhoneNotVerified);
    let again = check(&world.verifier, &ram, &recovery, &code).await;
    assert_eq!(refusal(again), Refusal::VerificationCanceled);
}
