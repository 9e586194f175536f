//! Tokens of the application's own sign-in: they act as user tokens do, on both APIs.

use std::time::Duration;

use domain::account::Username;
use domain::application::ApplicationId;
use domain::ports::{Clock as _, Identity};
use domain::time::after;
use serde_json::json;

use crate::harness::{PHONE, START, Service, get, post};

const CHECK: &str = "/v1/verifications/checks";

/// A token of the application's sign-in for this name, which ends in a minute.
fn signed_in(service: &Service, name: &str) -> String {
    let token = format!("eyJhbGciOiJFUzI1NiJ9.{name}.c2lnbmF0dXJl");
    let identity = Identity {
        application: ApplicationId::default_application(),
        username: Username::parse(name).unwrap(),
    };
    let ends_at = after(service.world.clock.now(), Duration::from_mins(1));
    service.world.identities.know(&token, identity, ends_at);
    token
}

#[tokio::test]
async fn whoever_is_signed_in_verifies_a_phone() {
    let service = Service::new();
    let token = signed_in(&service, "ram");
    let started = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await.is(201);
    assert_eq!(started["account"], "ram");
    let body = json!({"phone": PHONE, "code": service.right_code()});
    let approved = service.call(post(CHECK).bearer(&token).json(&body)).await.is(200);
    assert_eq!(approved["status"], "approved");
    // The user token of the same name is the same account.
    let own = service.user("ram").await;
    let listed = service.call(get(START).bearer(&own)).await.is(200);
    assert_eq!(listed["items"][0]["id"], started["id"]);
    assert_eq!(service.world.store.accounts().len(), 1);
}

#[tokio::test]
async fn it_acts_for_its_own_account_only() {
    let service = Service::new();
    let (ram, sita) = (signed_in(&service, "ram"), signed_in(&service, "sita"));
    let started = service.call(post(START).bearer(&ram).json(&json!({"phone": PHONE}))).await.is(201);
    let id = started["id"].as_str().unwrap();
    let foreign = service.call(get(format!("{START}/{id}")).bearer(&sita)).await;
    foreign.refuses(404, "verification-not-found");
    let named = post(START).bearer(&sita).json(&json!({"phone": PHONE, "account": "ram"}));
    service.call(named).await.refuses(403, "account-forbidden");
}

#[tokio::test]
async fn the_classic_api_takes_it_with_both_schemes() {
    for scheme in ["Bearer", "Token"] {
        let service = Service::new();
        let token = format!("{scheme} {}", signed_in(&service, "ram"));
        let ask = post("/validate_phone/").header("authorization", &token).json(&json!({"phone": PHONE}));
        service.call(ask).await.is(200);
        let body = json!({"phone": PHONE, "otp": service.right_code(), "username": "ram"});
        service.call(post("/validate_otp/").header("authorization", &token).json(&body)).await.is(200);
        let body = json!({"phone": PHONE, "otp": "042137", "username": "sita"});
        service.call(post("/validate_otp/").header("authorization", &token).json(&body)).await.tells(403);
    }
}

#[tokio::test]
async fn one_that_has_ended_or_is_none_reads_like_any_other() {
    let service = Service::new();
    let token = signed_in(&service, "ram");
    service.call(get(START).bearer(&token)).await.is(200);
    service.pass(60);
    let none = service.call(get(START)).await.refuses(401, "unauthenticated");
    for token in [&token, "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30."] {
        let refused = service.call_changes_nothing(get(START).bearer(token)).await;
        assert_eq!(refused.refuses(401, "unauthenticated"), none);
    }
}

#[tokio::test]
async fn while_the_keys_of_the_issuer_are_not_to_be_had_its_tokens_have_to_wait() {
    let service = Service::new();
    let token = signed_in(&service, "ram");
    let own = service.user("ram").await;
    service.world.identities.set_down(true);
    let answer = service.call_changes_nothing(get(START).bearer(&token)).await;
    answer.refuses(503, "temporarily-unavailable");
    assert!(answer.retry_after() > 0);
    let classic = post("/validate_phone/").bearer(&token).json(&json!({"phone": PHONE}));
    let answer = service.call_changes_nothing(classic).await;
    answer.tells(503);
    assert!(answer.retry_after() > 0);
    service.call(get(START).bearer(&own)).await.is(200);
}
