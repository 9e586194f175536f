//! Looking at verifications: one, or pages of them. Looking changes nothing.

use domain::credential::Scope;
use domain::policy::{Limits, Policy};
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{PHONE, START, Service, UNKNOWN_ID, delete, get, post};

fn without_limits() -> Policy {
    let limits = Limits { sends_per_phone: vec![], sends_per_account: vec![], phones_per_account: vec![] };
    Policy { limits, ..Policy::default() }
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Starts that many verifications, each of a phone of its own; answers their ids, youngest first.
async fn begun(service: &Service, token: &str, count: u32) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let phone = format!("98{:08}", 41_000_000 + number);
        let answer = service.call(post(START).bearer(token).json(&json!({"phone": phone}))).await;
        ids.insert(0, answer.is(201)["id"].as_str().unwrap().to_owned());
        service.pass(1);
    }
    ids
}

#[tokio::test]
async fn a_verification_is_read_as_it_stands() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let read = || get(format!("{START}/{id}")).bearer(&token);
    let begun = service.call_changes_nothing(read()).await.is(200);
    assert_eq!(begun["status"], "pending");
    service.pass(600);
    assert_eq!(service.call_changes_nothing(read()).await.is(200)["status"], "expired");
    for token in [service.key(Scope::Verify).await, service.key(Scope::Admin).await] {
        let read = get(format!("{START}/{id}")).bearer(&token);
        assert_eq!(service.call_changes_nothing(read).await.is(200)["id"], id.as_str());
    }
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_know_of_youngest_first() {
    let world =
        World::builder().policy(without_limits()).application("shop", "Shop", without_limits()).build();
    let service = Service::over(world);
    let ram = service.user("ram").await;
    let sita = service.user("sita").await;
    let of_ram = begun(&service, &ram, 3).await;
    let of_sita = begun(&service, &sita, 2).await;
    let (_, shop) = service.credential_of("shop", None, None).await;
    let all: Vec<_> = of_sita.iter().chain(&of_ram).cloned().collect();
    let views = [
        (ram, of_ram.clone()),
        (sita, of_sita),
        (service.key(Scope::Verify).await, all.clone()),
        (service.key(Scope::Admin).await, all),
        (shop, vec![]),
    ];
    for (token, expected) in views {
        let page = service.call_changes_nothing(get(START).bearer(&token)).await.is(200);
        assert_eq!(ids(&page), expected);
        assert_eq!(page.get("next"), None);
    }
}

#[tokio::test]
async fn pages_hold_every_verification_once_and_the_last_has_no_next() {
    let service = Service::with_policy(without_limits());
    let token = service.user("ram").await;
    let all = begun(&service, &token, 6).await;
    for limit in [1, 2, 3, 4, 5, 6, 7, 100] {
        let mut seen = Vec::new();
        let mut pages = 0;
        let mut path = format!("{START}?limit={limit}");
        loop {
            let page = service.call(get(&path).bearer(&token)).await.is(200);
            pages += 1;
            seen.extend(ids(&page));
            let Some(next) = page.get("next").and_then(Value::as_str) else { break };
            path = format!("{START}?limit={limit}&cursor={next}");
        }
        assert_eq!(seen, all, "limit {limit}");
        assert_eq!(pages, all.len().div_ceil(limit), "limit {limit}: an empty page is none");
    }
}

#[tokio::test]
async fn a_page_has_twenty_unless_told_otherwise_and_at_most_a_hundred() {
    let service = Service::with_policy(without_limits());
    let token = service.key(Scope::Verify).await;
    let all = begun(&service, &token, 101).await;
    for (query, expected) in [("", 20), ("?limit=1", 1), ("?limit=100", 100)] {
        let page = service.call(get(format!("{START}{query}")).bearer(&token)).await.is(200);
        assert_eq!(ids(&page), all[..expected]);
        assert_eq!(page["next"], all[expected - 1].as_str());
    }
}

#[tokio::test]
async fn a_list_can_be_of_one_status() {
    let service = Service::with_policy(without_limits());
    let token = service.user("ram").await;
    let all = begun(&service, &token, 3).await;
    service.call(delete(format!("{START}/{}", all[1])).bearer(&token)).await.is(200);
    let statuses = [
        ("pending", vec![&all[0], &all[2]]),
        ("canceled", vec![&all[1]]),
        ("approved", vec![]),
        ("locked", vec![]),
    ];
    for (status, expected) in statuses {
        let page = service.call(get(format!("{START}?status={status}")).bearer(&token)).await.is(200);
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), expected, "{status}");
    }
}

#[tokio::test]
async fn a_query_that_means_nothing_is_refused() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.started(&token).await;
    let queries = [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=abc",
        "limit=",
        "limit=1.0",
        "limit=1e2",
        "limit=%00",
        "limit=99999999999999999999",
        "limit=%ff",
        "status=",
        "status=Pending",
        "status=pending%00",
        "status=pending,approved",
        "status=%f0%9f%98%80",
        "cursor=",
        "cursor=1",
        "cursor=..%2f..",
        "cursor=%00",
        "cursor=0189-0a5d",
        "cursor='%20OR%201=1--",
    ];
    for query in queries {
        let list = get(format!("{START}?{query}")).bearer(&token);
        service.call_changes_nothing(list).await.refuses(400, "parameter-invalid");
    }
    let long = format!("{START}?cursor={}", "x".repeat(50_000));
    service.call_changes_nothing(get(long).bearer(&token)).await.refuses(400, "parameter-invalid");
}

#[tokio::test]
async fn what_a_query_has_besides_is_no_matter() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    for query in ["x=1", "&&&", "=", "%zz", "%ff=%ff", "limit", "phone=9845550123", "?", "limit=5&limit=abc"]
    {
        let list = get(format!("{START}?{query}")).bearer(&token);
        let answer = service.call_changes_nothing(list).await;
        assert!(matches!(answer.status, 200 | 400), "{query}: {answer:?}");
    }
    let unknown_cursor = get(format!("{START}?cursor={UNKNOWN_ID}")).bearer(&token);
    assert_eq!(ids(&service.call(unknown_cursor).await.is(200)), Vec::<String>::new());
    let far_cursor = get(format!("{START}?cursor=ffffffff-ffff-ffff-ffff-ffffffffffff")).bearer(&token);
    assert_eq!(ids(&service.call(far_cursor).await.is(200)), [id]);
    assert!(!service.call(get(START).bearer(&token)).await.text().contains(PHONE));
}
