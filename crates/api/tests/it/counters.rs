//! Limits over HTTP, as operators look at them.

use domain::credential::Scope;
use serde_json::{Value, json};

use crate::harness::{OTHER_PHONE, PHONE, START, Service, get, post};

const LIMITS: &str = "/v1/admin/limits";

async fn usage(service: &Service, admin: &str, whose: Value) -> Value {
    service.call(post(format!("{LIMITS}/usage")).bearer(admin).json(&whose)).await.is(200)
}

fn used(usage: &Value) -> Vec<(String, u64)> {
    let items = usage["items"].as_array().unwrap().iter();
    items.map(|item| (item["name"].as_str().unwrap().to_owned(), item["used"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn the_limits_are_listed_as_they_are_configured() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let listed = service.call(get(LIMITS).bearer(&admin)).await.is(200);
    let all: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["name"].as_str().unwrap(), item["max"].as_u64(), item["window_seconds"].as_u64()))
        .collect();
    let expected = [
        ("sends-per-phone", Some(5), Some(600)),
        ("sends-per-phone", Some(10), Some(86_400)),
        ("sends-per-account", Some(10), Some(86_400)),
        ("phones-per-account", Some(5), Some(86_400)),
    ];
    assert_eq!(all, expected);
}

#[tokio::test]
async fn how_full_the_limits_of_somebody_are_is_told_and_looking_changes_nothing() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let id = service.started(&token).await;
    service.check(&token, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    for _ in 0..2 {
        let of_phone = usage(&service, &admin, json!({"phone": PHONE})).await;
        assert_eq!(used(&of_phone), [("sends-per-phone".to_owned(), 1), ("sends-per-phone".to_owned(), 1)]);
        let guesses = json!({"wrong_today": 1, "wrong_in_window": 1, "code_length": 6});
        assert_eq!(of_phone["guesses"], guesses);
        let of_account = usage(&service, &admin, json!({"account": "ram"})).await;
        let expected = [("sends-per-account".to_owned(), 1), ("phones-per-account".to_owned(), 1)];
        assert_eq!(used(&of_account), expected);
        assert_eq!(of_account["guesses"], Value::Null);
    }
    assert!(
        used(&usage(&service, &admin, json!({"phone": OTHER_PHONE})).await)
            .iter()
            .all(|(_, used)| *used == 0)
    );
}

#[tokio::test]
async fn emptied_limits_have_room_and_the_budget_of_wrong_checks_stays() {
    let service = Service::new();
    let (admin, key) = (service.key(Scope::Admin).await, service.key(Scope::Verify).await);
    let start = || post(START).bearer(&key).json(&json!({"phone": PHONE}));
    for _ in 0..5 {
        let id = service.started(&key).await;
        service.check(&key, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
        service.call(crate::harness::delete(format!("{START}/{id}")).bearer(&key)).await.is(200);
        service.pass(61);
    }
    service.call(start()).await.refuses(429, "rate-limited");
    let full = usage(&service, &admin, json!({"phone": PHONE})).await;
    assert!(full["items"][0]["room_at"].is_string(), "{full}");
    let reset = post(format!("{LIMITS}/resets")).bearer(&admin).json(&json!({"phone": PHONE}));
    let cleared = service.call(reset).await.is(200);
    assert_eq!(cleared["cleared"][0]["used"], 5);
    let empty = usage(&service, &admin, json!({"phone": PHONE})).await;
    assert_eq!((&empty["items"][0]["used"], &empty["guesses"]["wrong_today"]), (&json!(0), &json!(5)));
    service.call(start()).await.is(201);
}

#[tokio::test]
async fn only_an_admin_key_looks_at_limits() {
    let service = Service::new();
    let (token, admin) = (service.user("ram").await, service.key(Scope::Admin).await);
    service.call(get(LIMITS).bearer(&token)).await.refuses(403, "scope-missing");
    for path in ["usage", "resets"] {
        let path = format!("{LIMITS}/{path}");
        let phone = json!({"phone": PHONE});
        service.call(post(&path).bearer(&token).json(&phone)).await.refuses(403, "scope-missing");
        for wrong in [json!({}), json!({"phone": PHONE, "account": "ram"})] {
            service.call(post(&path).bearer(&admin).json(&wrong)).await.refuses(422, "body-invalid");
        }
        let nobody = json!({"account": "nobody"});
        service.call(post(&path).bearer(&admin).json(&nobody)).await.refuses(404, "account-not-found");
    }
}
