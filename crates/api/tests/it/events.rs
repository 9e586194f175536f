//! Events: what happened, for those who administer.

use domain::credential::Scope;
use domain::use_cases;
use serde_json::{Value, json};

use crate::harness::{OTHER_PHONE, PHONE, START, Service, UNKNOWN_ID, delete, get, post};

const EVENTS: &str = "/v1/admin/events";

/// The types of the events on a page.
fn types(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect()
}

/// An approval, a cancellation and an expiry, in this order; and the id of the approved verification.
async fn three(service: &Service) -> String {
    let token = service.user("ram").await;
    let approved = service.approved(&token).await;
    let body = json!({"phone": OTHER_PHONE});
    let started = service.call(post(START).bearer(&token).json(&body)).await.is(201);
    let canceled = format!("{START}/{}", started["id"].as_str().unwrap());
    service.call(delete(canceled).bearer(&token)).await.is(200);
    service.pass(3600);
    service.call(post(START).bearer(&token).json(&body)).await.is(201);
    service.pass(600);
    assert_eq!(use_cases::expire(&service.world.verifier).await.unwrap(), 1);
    approved
}

#[tokio::test]
async fn every_end_is_told_once_youngest_first() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let approved = three(&service).await;
    let page = service.call(get(EVENTS).bearer(&admin)).await.is(200);
    let all = ["verification.expired", "verification.canceled", "verification.approved"];
    assert_eq!(types(&page), all);
    let last = &page["items"][2];
    assert_eq!((&last["verification"], &last["account"]), (&json!(approved), &json!("ram")));
    assert_eq!(last["purpose"], "contact");
    for phone in [PHONE, OTHER_PHONE] {
        assert!(!page.to_string().contains(&phone[3..]), "{page}");
    }
    let one = format!("{EVENTS}/{}", last["id"].as_str().unwrap());
    assert_eq!(service.call(get(&one).bearer(&admin)).await.is(200), *last);
}

#[tokio::test]
async fn filters_and_pages_are_kept() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let approved = three(&service).await;
    let account = service.world.store.accounts()[0].id;
    for (query, count) in [
        ("kind=verification.canceled".to_owned(), 1),
        ("kind=phone.transferred".to_owned(), 0),
        (format!("verification={approved}"), 1),
        (format!("verification={UNKNOWN_ID}"), 0),
        ("account=ram".to_owned(), 3),
        (format!("account={account}&kind=verification.expired"), 1),
        ("account=nobody".to_owned(), 0),
        (format!("account={UNKNOWN_ID}"), 0),
    ] {
        let page = service.call(get(format!("{EVENTS}?{query}")).bearer(&admin)).await.is(200);
        assert_eq!(types(&page).len(), count, "{query}");
    }
    let first = service.call(get(format!("{EVENTS}?limit=2")).bearer(&admin)).await.is(200);
    let next = first["next"].as_str().unwrap();
    let second = service.call(get(format!("{EVENTS}?limit=2&cursor={next}")).bearer(&admin)).await.is(200);
    assert_eq!((types(&first).len(), types(&second)), (2, vec!["verification.approved"]));
    assert_eq!(second["next"], Value::Null);
}

#[tokio::test]
async fn only_an_admin_key_sees_them() {
    let service = Service::new();
    for token in [service.user("ram").await, service.key(Scope::Verify).await] {
        for path in [EVENTS.to_owned(), format!("{EVENTS}/{UNKNOWN_ID}")] {
            service.call_changes_nothing(get(path).bearer(&token)).await.refuses(403, "scope-missing");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_or_makes_no_sense_is_told() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    for query in ["verification=7", "kind=verification.started", "limit=0", "limit=101", "cursor=x"] {
        let call = get(format!("{EVENTS}?{query}")).bearer(&admin);
        service.call_changes_nothing(call).await.refuses(400, "parameter-invalid");
    }
    for id in [UNKNOWN_ID, "7"] {
        let call = get(format!("{EVENTS}/{id}")).bearer(&admin);
        service.call_changes_nothing(call).await.refuses(404, "event-not-found");
    }
}
