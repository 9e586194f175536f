//! Start.

use std::time::Duration;

use crate::answers::{begun, check, done, failure, new, only, prove, refusal, resent, start, start_for};
use domain::account::Username;
use domain::message::{AppHash, Locale, Origin};
use domain::ports::Clock as _;
use domain::refusal::Refusal;
use domain::testkit::{SentSms, World, phone, start_request};
use domain::time::after;
use domain::use_cases::{self, Failure, StartRequest};
use domain::verification::{DeliveryState, Purpose, State};

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_start_sends_a_code_and_tells_what_began() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;

    let now = world.clock.now();
    assert_eq!(begun, only(&world), "what is answered is what is stored");
    assert_eq!(begun.state, State::Pending);
    assert_eq!(begun.delivery.state, DeliveryState::Sent);
    assert_eq!(begun.username, Username::parse("ram").ok());
    assert_eq!(begun.generation.expires_at, after(now, 10 * MINUTE));
    assert_eq!(begun.resend_at, after(now, MINUTE));
    assert_eq!((begun.sends_left(), begun.checks_left()), (3, 5));

    let sent = world.gateway.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, phone("9841234567"));
    assert!(sent[0].text.contains("Demo"), "the SMS names the application");
    assert_eq!(sent[0].code().map(|code| code.len()), Some(6));
}

#[tokio::test]
async fn a_start_costs_one_look_one_insert_and_one_note() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.store.forget_calls();
    begun(&world, &ram, phone("9841234567")).await;
    let calls = ["standing", "insert", "record_delivery"].map(|method| world.store.calls(method));
    assert_eq!(calls, [1, 1, 1]);
    assert_eq!(world.store.all_calls(), 3);
    assert_eq!(world.counters.calls("take"), 1);
    assert_eq!(world.counters.calls("refund"), 0);
}

#[tokio::test]
async fn an_application_names_accounts_which_are_made_on_first_use() {
    let world = World::new();
    let key = world.application();
    let request =
        |number| StartRequest { account: Username::parse("sita").ok(), ..start_request(phone(number)) };
    for number in ["9841234567", "9851234567"] {
        let begun = new(use_cases::start(&world.verifier, &key, request(number)).await);
        assert_eq!(begun.username, Username::parse("sita").ok());
    }
    assert_eq!(world.store.accounts().len(), 1, "one name is one account");
    let nobodys = begun(&world, &key, phone("9841234567")).await;
    assert_eq!((nobodys.subject.account, nobodys.username), (None, None), "no name is no account");
}

#[tokio::test]
async fn a_user_token_starts_for_its_own_account_only() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.user("sita").await;
    let request =
        |name| StartRequest { account: Username::parse(name).ok(), ..start_request(phone("9841234567")) };
    for name in ["sita", "nobody", "Ram"] {
        let answer = use_cases::start(&world.verifier, &ram, request(name)).await;
        assert_eq!(refusal(answer), Refusal::AccountForbidden);
    }
    assert_eq!(world.gateway.sent(), []);
    new(use_cases::start(&world.verifier, &ram, request("ram")).await);
}

#[tokio::test]
async fn an_admin_key_starts_nothing() {
    let world = World::new();
    let answer = start(&world, &world.admin(), phone("9841234567")).await;
    assert_eq!(refusal(answer), Refusal::ScopeMissing);
    assert_eq!((world.gateway.sent().len(), world.store.verifications().len()), (0, 0));
}

#[tokio::test]
async fn an_application_that_is_gone_is_a_failure() {
    let world = World::new();
    let answer = start(&world, &world.application_of("gone"), phone("9841234567")).await;
    assert!(matches!(failure(answer), Failure::ApplicationUnknown(id) if id.as_str() == "gone"));
    assert_eq!(world.gateway.sent(), []);
}

#[tokio::test]
async fn a_phone_that_the_account_has_proved_is_already_verified() {
    let world = World::new();
    let proved_at = world.clock.now();
    let ram = world.user("ram").await;
    prove(&world, &ram, phone("9841234567")).await;
    world.pass(MINUTE);
    assert_eq!(refusal(start(&world, &ram, phone("9841234567")).await), Refusal::AlreadyVerified);
    assert_eq!(world.gateway.sent().len(), 1);
    begun(&world, &ram, phone("9851234567")).await;

    let half_a_year_later = after(proved_at, Duration::from_hours(24 * 180));
    world.clock.set(half_a_year_later.saturating_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(refusal(start(&world, &ram, phone("9841234567")).await), Refusal::AlreadyVerified);
    world.clock.set(half_a_year_later);
    begun(&world, &ram, phone("9841234567")).await;
}

#[tokio::test]
async fn every_purpose_but_contact_needs_the_phone_that_the_account_has_proved() {
    let world = World::new();
    let others = [Purpose::Login, Purpose::Recovery, Purpose::Transaction];
    let ram = world.user("ram").await;
    for purpose in others {
        let answer = start_for(&world, &ram, phone("9841234567"), purpose).await;
        assert_eq!(refusal(answer), Refusal::PhoneNotVerified);
    }
    prove(&world, &ram, phone("9841234567")).await;
    for purpose in others {
        let answer = start_for(&world, &ram, phone("9851234567"), purpose).await;
        assert_eq!(refusal(answer), Refusal::PhoneNotVerified);
        let begun = new(start_for(&world, &ram, phone("9841234567"), purpose).await);
        let proved = done(check(&world.verifier, &ram, &begun, &world.right_code()).await);
        assert!(proved.now);
    }
    let account = &world.store.accounts()[0];
    let proved_at = account.phone.map(|proved| proved.verified_at);
    assert_eq!(proved_at, Some(world.store.verifications()[0].created_at), "only contact binds");
}

#[tokio::test]
async fn a_code_for_one_purpose_is_not_one_for_another() {
    let world = World::new();
    prove(&world, &world.user("ram").await, phone("9841234567")).await;
    let ram = world.user("ram").await;
    new(start_for(&world, &ram, phone("9841234567"), Purpose::Login).await);
    let login = world.right_code();
    let recovery = new(start_for(&world, &ram, phone("9841234567"), Purpose::Recovery).await);
    assert_eq!(refusal(check(&world.verifier, &ram, &recovery, &login).await), Refusal::CodeIncorrect);
}

#[tokio::test]
async fn a_start_while_one_is_live_sends_it_again() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_millis(59_999));
    let too_soon = Refusal::ResendTooSoon { retry_after: Duration::from_millis(1) };
    assert_eq!(refusal(start(&world, &ram, phone("9841234567")).await), too_soon);
    world.pass(Duration::from_millis(1));
    let again = resent(start(&world, &ram, phone("9841234567")).await);
    assert_eq!((again.id, again.sends_left()), (first.id, 2));
    assert_eq!(again, only(&world));
    let codes: Vec<_> = world.gateway.sent().iter().map(SentSms::code).collect();
    assert_eq!(codes.len(), 2);
    assert_eq!(codes[0], codes[1], "the same code is sent again");
}

#[tokio::test]
async fn a_life_ends_at_its_instant_and_the_next_start_is_a_new_one() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    let right = world.right_code();
    world.clock.set(first.generation.expires_at);
    assert_eq!(refusal(check(&world.verifier, &ram, &first, &right).await), Refusal::VerificationExpired);
    let second = begun(&world, &ram, phone("9841234567")).await;
    assert_ne!(first.id, second.id);
    let stored = &world.store.verifications()[0];
    assert_eq!(stored.state, State::Expired { at: first.generation.expires_at });
}

#[tokio::test]
async fn an_sms_says_what_was_asked_for() {
    let world = World::new();
    let request = StartRequest {
        locale: Some(Locale::Nepali),
        app_hash: AppHash::parse("FA+9qCX9VSu").ok(),
        origin: Origin::parse("https://example.com").ok(),
        ..start_request(phone("9841234567"))
    };
    let begun = new(use_cases::start(&world.verifier, &world.application(), request).await);
    let sent = &world.gateway.sent()[0];
    let code = sent.code().unwrap();
    assert!(sent.text.contains("कोड"), "the words are Nepali");
    assert!(sent.text.contains("FA+9qCX9VSu"));
    assert!(sent.text.contains(&format!("@example.com #{code}")));
    assert_eq!(begun.message.locale, Locale::Nepali);
}

#[tokio::test]
async fn an_app_hash_or_origin_that_the_application_does_not_have_is_refused() {
    let world = World::new();
    let key = world.application();
    let request =
        StartRequest { app_hash: AppHash::parse("AAAAAAAAAAA").ok(), ..start_request(phone("9841234567")) };
    let answer = use_cases::start(&world.verifier, &key, request).await;
    assert_eq!(refusal(answer), Refusal::AppHashUnknown);
    let origin = Origin::parse("https://evil.example").ok();
    let request = StartRequest { origin, ..start_request(phone("9841234567")) };
    let answer = use_cases::start(&world.verifier, &key, request).await;
    assert_eq!(refusal(answer), Refusal::OriginUnknown);
    assert_eq!((world.gateway.sent().len(), world.store.verifications().len()), (0, 0));
}

#[tokio::test]
async fn a_start_that_resends_takes_the_new_language_and_device() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = start_request(phone("9841234567"));
    new(use_cases::start(&world.verifier, &ram, first.clone()).await);
    world.pass(Duration::from_mins(1));
    let hash = AppHash::parse("FA+9qCX9VSu").unwrap();
    let again = StartRequest { locale: Some(Locale::Nepali), app_hash: Some(hash), ..first };
    resent(use_cases::start(&world.verifier, &ram, again).await);
    let sent = world.gateway.sent();
    assert!(sent[1].text.contains("FA+9qCX9VSu") && sent[1].text.contains("कोड"), "{:?}", sent[1]);
    assert_eq!(sent[0].code(), sent[1].code(), "the code stays the same");
}
