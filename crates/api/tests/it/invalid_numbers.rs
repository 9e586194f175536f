//! The guard against invalid numbers over HTTP.

use domain::credential::Scope;
use domain::policy::Policy;
use domain::ports::SendAnswer;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{PHONE, START, Service, delete, get, post};

const GUARD: &str = "/v1/admin/invalid-numbers";
const PAUSE: &str = "/v1/admin/invalid-numbers/pause";

/// Has gateways refuse five new numbers.
async fn paused(service: &Service, key: &str) {
    service.world.gateway.answer_next([SendAnswer::ReceiverRefused; 5]);
    for number in 0..5 {
        service.pass(1);
        start(service, key, &format!("984200000{number}")).await.refuses(422, "destination-unsupported");
    }
}

async fn start(service: &Service, key: &str, phone: &str) -> crate::harness::Answer {
    service.call(post(START).bearer(key).json(&json!({ "phone": phone }))).await
}

#[tokio::test]
async fn too_many_invalid_numbers_pause_new_ones_and_known_ones_go_on() {
    let service = Service::new();
    let (admin, key) = (service.key(Scope::Admin).await, service.key(Scope::Verify).await);
    start(&service, &key, PHONE).await.is(201);
    let before = service.call(get(GUARD).bearer(&admin)).await.is(200);
    let taken = json!({"paused": false, "counts": {"in_a_row": 0, "refused": 0, "counted": 1}});
    assert_eq!(before, taken);
    service.pass(60);
    paused(&service, &key).await;

    let body = json!({"phone": "9842000009"});
    let refused = service.call_changes_nothing(post(START).bearer(&key).json(&body)).await;
    refused.refuses(429, "new-numbers-paused");
    assert_eq!(refused.retry_after(), 3600, "coarsely");
    service.pass(1);
    start(&service, &key, PHONE).await.is(200);

    let standing = service.call(get(GUARD).bearer(&admin)).await.is(200);
    assert_eq!(standing["paused"], true);
    let last = &standing["last_pause"];
    let counts = json!({"in_a_row": 5, "refused": 5, "counted": 6});
    assert_eq!((&last["reason"], &last["counts"]), (&json!("in-a-row"), &counts));
    assert_eq!(standing["counts"], json!({"in_a_row": 0, "refused": 0, "counted": 0}));
    let health = service.call(get("/v1/admin/health").bearer(&admin)).await.is(200);
    assert_eq!(health["new_numbers_paused_until"], last["until"]);
}

#[tokio::test]
async fn an_operator_ends_a_pause_and_both_are_told() {
    let service = Service::new();
    let (admin, key) = (service.key(Scope::Admin).await, service.key(Scope::Verify).await);
    paused(&service, &key).await;
    service.pass(1);
    for _ in 0..2 {
        let standing = service.call(delete(PAUSE).bearer(&admin)).await.is(200);
        assert_eq!(
            (&standing["paused"], &standing["last_pause"]["reason"]),
            (&json!(false), &json!("in-a-row"))
        );
    }
    service.pass(1);
    start(&service, &key, "9842000009").await.is(201);
    let events = service.call(get("/v1/admin/events").bearer(&admin)).await.is(200);
    let told: Vec<_> = events["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| (event["type"].clone(), event["reason"].clone()))
        .collect();
    let reason = json!("in-a-row");
    assert_eq!(told, [(json!("numbers.resumed"), reason.clone()), (json!("numbers.paused"), reason)]);
    let health = service.call(get("/v1/admin/health").bearer(&admin)).await.is(200);
    assert_eq!(health["new_numbers_paused_until"], Value::Null);
}

#[tokio::test]
async fn only_who_administers_looks_and_ends_and_only_their_own() {
    let service = Service::over(World::builder().application("shop", "Shop", Policy::default()).build());
    let (key, user) = (service.key(Scope::Verify).await, service.user("ram").await);
    let foreign = service.key_of("shop", Scope::Admin).await;
    paused(&service, &key).await;
    for nobody in [&key, &user] {
        service.call(get(GUARD).bearer(nobody)).await.refuses(403, "scope-missing");
        service.call(delete(PAUSE).bearer(nobody)).await.refuses(403, "scope-missing");
    }
    let standing = service.call(delete(PAUSE).bearer(&foreign)).await.is(200);
    assert_eq!((&standing["paused"], &standing["last_pause"]), (&json!(false), &Value::Null));
    start(&service, &key, "9842000009").await.refuses(429, "new-numbers-paused");
}

#[tokio::test]
async fn resends_and_the_classic_api_are_refused_alike() {
    let service = Service::new();
    let (key, token) = (service.key(Scope::Verify).await, service.user("ram").await);
    service.world.gateway.answer_next([SendAnswer::Refused]);
    start(&service, &key, PHONE).await.refuses(502, "gateway-refused");
    let id = service.only_verification().id.to_string();
    paused(&service, &key).await;
    service.resend(&key, &id).await.refuses(429, "new-numbers-paused");
    let classic = post("/validate_phone").bearer(&token).json(&json!({"phone": "9842000009"}));
    let told = service.call(classic).await.tells(429);
    assert_eq!(told, "New phone numbers cannot be verified just now. Try again later.");
}
