//! Limits on sends and on wrong checks: which one was met is not told, only when to come back.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::credential::Scope;
use domain::guess::GuessClass;
use domain::limit::Limit;
use domain::policy::{Limits, Policy};
use domain::ports::Clock;
use domain::testkit::phone;
use domain::time::Day;
use serde_json::{Value, json};

use crate::harness::{Answer, PHONE, START, Service, post};

async fn start(service: &Service, token: &str, phone: &str) -> Answer {
    service.call(post(START).bearer(token).json(&json!({"phone": phone}))).await
}

async fn refused_start(service: &Service, token: &str, phone: &str) -> Answer {
    let start = post(START).bearer(token).json(&json!({"phone": phone}));
    service.call_changes_nothing(start).await
}

/// A phone of its own for each number.
fn phone_number(number: u32) -> String {
    format!("98{:08}", 41_000_000 + number)
}

/// A policy with no limits but these.
fn only(limits: Limits) -> Policy {
    Policy { limits, ..Policy::default() }
}

fn no_limits() -> Limits {
    Limits { sends_per_phone: vec![], sends_per_account: vec![], phones_per_account: vec![] }
}

fn limit(max: u32, seconds: u64) -> Vec<Limit> {
    vec![Limit { max, window: Duration::from_secs(seconds) }]
}

#[tokio::test]
async fn sends_to_one_phone_are_limited_over_all_accounts() {
    let service = Service::new();
    for name in ["a", "b", "c", "d", "e"] {
        let token = service.user(name).await;
        start(&service, &token, PHONE).await.is(201);
    }
    let token = service.user("f").await;
    let answer = refused_start(&service, &token, PHONE).await;
    answer.refuses(429, "rate-limited");
    assert_eq!(answer.retry_after(), 3600, "ten minutes, told coarsely");
    let key = service.key(Scope::Verify).await;
    refused_start(&service, &key, PHONE).await.refuses(429, "rate-limited");
    service.pass(600);
    start(&service, &token, PHONE).await.is(201);
}

#[tokio::test]
async fn a_limit_of_a_resend_is_told_like_that_of_a_start() {
    let service = Service::with_policy(only(Limits { sends_per_phone: limit(1, 600), ..no_limits() }));
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.pass(60);
    let resend = post(format!("{START}/{id}/resends")).bearer(&token);
    let by_resend = service.call_changes_nothing(resend).await;
    by_resend.refuses(429, "rate-limited");
    refused_start(&service, &token, PHONE).await.refuses(429, "rate-limited");
    service.check(&token, &id, &service.right_code()).await.is(200);
}

#[tokio::test]
async fn sends_of_one_account_are_limited_over_all_phones() {
    let service = Service::with_policy(only(Limits { sends_per_account: limit(3, 86_400), ..no_limits() }));
    let ram = service.user("ram").await;
    for number in 0..3 {
        start(&service, &ram, &phone_number(number)).await.is(201);
    }
    let answer = refused_start(&service, &ram, &phone_number(3)).await;
    answer.refuses(429, "rate-limited");
    assert_eq!(answer.retry_after(), 86_400);
    let sita = service.user("sita").await;
    start(&service, &sita, &phone_number(3)).await.is(201);
}

#[tokio::test]
async fn distinct_phones_of_one_account_are_limited() {
    let service = Service::new();
    let ram = service.user("ram").await;
    for number in 0..5 {
        start(&service, &ram, &phone_number(number)).await.is(201);
    }
    refused_start(&service, &ram, &phone_number(5)).await.refuses(429, "rate-limited");
    service.pass(60);
    start(&service, &ram, &phone_number(0)).await.is(200);
}

#[tokio::test]
async fn every_limit_reads_the_same() {
    let policies = [
        Limits { sends_per_phone: limit(1, 3600), ..no_limits() },
        Limits { sends_per_account: limit(1, 3600), ..no_limits() },
        Limits { phones_per_account: limit(1, 3600), ..no_limits() },
    ];
    let mut told = BTreeSet::new();
    for limits in policies {
        let per_phone = !limits.sends_per_phone.is_empty();
        let service = Service::with_policy(only(limits));
        let ram = service.user("ram").await;
        start(&service, &ram, &phone_number(0)).await.is(201);
        let sita = service.user("sita").await;
        let (token, phone) = if per_phone { (&sita, phone_number(0)) } else { (&ram, phone_number(1)) };
        let answer = refused_start(&service, token, &phone).await;
        told.insert((answer.refuses(429, "rate-limited").to_string(), answer.retry_after()));
    }
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn waits_for_limits_are_told_in_coarse_steps() {
    for (window, passed, told) in [(60, 1, 60), (60, 59, 60), (300, 1, 300), (300, 240, 60), (3601, 0, 7200)]
    {
        let service = Service::with_policy(only(Limits { sends_per_phone: limit(1, window), ..no_limits() }));
        let ram = service.user("ram").await;
        start(&service, &ram, PHONE).await.is(201);
        service.pass(passed);
        let sita = service.user("sita").await;
        let answer = refused_start(&service, &sita, PHONE).await;
        answer.refuses(429, "rate-limited");
        assert_eq!(answer.retry_after(), told, "{passed} s into {window} s");
    }
}

#[tokio::test]
async fn a_phone_without_wrong_checks_left_today_is_sent_nothing() {
    let service = Service::new();
    let token = service.user("ram").await;
    let today = Day::of(service.world.clock.now());
    service.world.store.charge(phone(PHONE), today, GuessClass::Short, 10);
    let answer = refused_start(&service, &token, PHONE).await;
    answer.refuses(429, "rate-limited");
    assert_eq!(answer.retry_after(), 16 * 3600, "until midnight, UTC");
    service.pass(16 * 3600);
    start(&service, &token, PHONE).await.is(201);
}

#[tokio::test]
async fn a_phone_whose_wrong_checks_run_out_meanwhile_locks_the_verification() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let today = Day::of(service.world.clock.now());
    service.world.store.charge(phone(PHONE), today, GuessClass::Short, 10);
    let answer = service.check(&token, &id, &service.right_code()).await;
    answer.refuses(429, "too-many-checks");
    assert_eq!(answer.retry_after(), 16 * 3600);
    assert_eq!(service.only_verification().state.as_str(), "locked");
}

#[tokio::test]
async fn after_many_wrong_checks_codes_are_longer() {
    let service = Service::new();
    let token = service.user("ram").await;
    let yesterday = Day::of(service.world.clock.now()).minus(1);
    service.world.store.charge(phone(PHONE), yesterday, GuessClass::Short, 40);
    let body: Value = start(&service, &token, PHONE).await.is(201);
    assert_eq!(body["code_length"], 8);
    let id = body["id"].as_str().unwrap();
    assert_eq!(service.right_code().len(), 8);
    service.check(&token, id, &service.right_code()).await.is(200);
}
