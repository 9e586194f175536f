//! Events, over the real binary: what becomes of verifications is told once, whatever happens to the service.

use std::time::Duration;

use harness::{Answer, Fleet, Ground, directory, wrong};
use serde_json::{Value, json};

const PHONES: [&str; 4] = ["+9779841234561", "+9779841234562", "+9779841234563", "+9779841234564"];

/// The types of the events about a verification, youngest first.
async fn told(fleet: &Fleet, admin: &str, verification: &str) -> Vec<String> {
    let path = format!("/v1/admin/events?verification={verification}");
    let page = fleet.client(0).get(&path, admin).await.is(200).json();
    let items = page["items"].as_array().expect("a list").clone();
    items.iter().map(|item| item["type"].as_str().expect("a type").to_owned()).collect()
}

async fn check(fleet: &Fleet, id: &str, code: &str) -> Answer {
    let path = format!("/v1/verifications/{id}/checks");
    fleet.client(0).post(&path, &fleet.key, &json!({ "code": code })).await
}

/// An approval, a lock, a cancellation and an expiry, with a kill behind each answer.
async fn every_end_is_told_once(ground: Ground) {
    // The shortest life there is would not be over by itself in a test's time.
    let mut fleet = Fleet::start(&ground, 1).await;
    let issued = fleet.command(&["key", "issue", "--scope", "admin"]);
    let admin = issued["secret"].as_str().expect("a secret").to_owned();
    let mut ids = Vec::new();
    for (phone, name) in PHONES.into_iter().zip(["ram", "sita", "hari", "gita"]) {
        ids.push(fleet.start_at(0, name, phone).await.is(201).member("id"));
    }
    let _ = check(&fleet, &ids[0], &fleet.code(PHONES[0])).await.is(200);
    fleet.kill(0).await;
    fleet.add(1).await;
    for _ in 0..5 {
        let _ = check(&fleet, &ids[1], &wrong(&fleet.code(PHONES[1]))).await;
    }
    let path = format!("/v1/verifications/{}", ids[2]);
    let _ = fleet.client(0).call(reqwest::Method::DELETE, &path, &fleet.key).await.is(200);
    fleet.kill(0).await;
    fleet.age(&ids[3]).await;
    fleet.add(1).await;

    let expired = async {
        while told(&fleet, &admin, &ids[3]).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), expired).await.expect("a life that is over ends by itself");
    let ends = ["approved", "locked", "canceled", "expired"];
    for (id, end) in ids.iter().zip(ends) {
        assert_eq!(told(&fleet, &admin, id).await, [format!("verification.{end}")]);
    }
    let pending = fleet.client(0).get("/v1/verifications?status=pending", &admin).await.is(200).json();
    assert_eq!(pending["items"], json!([]));

    let listed = fleet.command(&["event", "list", "--account", "ram"]);
    let of_ram = &listed["items"][0];
    assert_eq!((&of_ram["type"], &of_ram["verification"]), (&json!("verification.approved"), &json!(ids[0])));
    assert_eq!(of_ram["phone"], "+97798•••••61");
    let shown = fleet.command(&["event", "show", of_ram["id"].as_str().expect("an id")]);
    assert_eq!(shown, *of_ram);
    let path = format!("/v1/admin/events/{}", of_ram["id"].as_str().expect("an id"));
    let got = fleet.client(0).get(&path, &admin).await.is(200).json();
    assert_eq!((&got["id"], &got["reason"]), (&of_ram["id"], &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_is_told_once_on_sqlite() {
    let directory = directory();
    every_end_is_told_once(Ground::sqlite(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_is_told_once_on_postgresql_and_redis() {
    every_end_is_told_once(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_goes_over_is_told_before_the_approval() {
    let ground = Ground::shared().await.setting("APPLICATION__POLICY__PHONE_TAKEN", "transfer");
    let fleet = Fleet::start(&ground, 1).await;
    let issued = fleet.command(&["key", "issue", "--scope", "admin"]);
    let admin = issued["secret"].as_str().expect("a secret");
    let mut last = String::new();
    for name in ["ram", "sita"] {
        last = fleet.start_at(0, name, PHONES[0]).await.is(201).member("id");
        let _ = check(&fleet, &last, &fleet.code(PHONES[0])).await.is(200);
    }
    assert_eq!(told(&fleet, admin, &last).await, ["verification.approved", "phone.transferred"]);
    let history = fleet.client(0).get("/v1/admin/events?account=ram", admin).await.is(200).json();
    assert_eq!(history["items"][0]["type"], "phone.transferred");
}
