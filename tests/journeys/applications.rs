//! Two applications of one service: what belongs to one is foreign to the other, and phones are counted over both.

use harness::{Finished, Service, directory, run};
use serde_json::{Value, json};

const SHOP: [(&str, &str); 3] = [
    ("SPARROW_VERIFY__APPLICATIONS__SHOP__NAME", "Shop"),
    ("SPARROW_VERIFY__APPLICATIONS__SHOP__POLICY__LIMITS__SENDS_PER_PHONE", "2/1h"),
    ("SPARROW_VERIFY__APPLICATION__POLICY__LIMITS__SENDS_PER_PHONE", "2/1h"),
];

/// The command line on a demo's files, about one application.
fn admin(directory: &std::path::Path, application: &str, arguments: &[&str]) -> Finished {
    let config = directory.join("config.toml").display().to_string();
    let mut all = vec!["--json", "--config", &config, "--application", application];
    all.extend(arguments);
    run(&all, &SHOP)
}

fn json(directory: &std::path::Path, application: &str, arguments: &[&str]) -> Value {
    let finished = admin(directory, application, arguments);
    assert!(finished.status.success(), "{arguments:?}: {}", finished.stderr);
    serde_json::from_str(&finished.stdout).expect("a line of JSON")
}

fn secret(issued: &Value) -> String {
    issued["secret"].as_str().expect("a secret").to_owned()
}

#[tokio::test]
async fn one_phone_is_proved_in_two_applications_that_know_nothing_of_each_other() {
    let directory = directory();
    let demo = Service::demo_with(directory.path(), &SHOP);
    let keys = ["default", "shop"].map(|id| secret(&json(directory.path(), id, &["key", "issue"])));
    let start = |account: &str| json!({"phone": "9851012345", "account": account});
    for (key, name) in keys.iter().zip(["Sparrow Demo", "Shop"]) {
        let started = demo.client.post("/v1/verifications", key, &start("ram")).await.is(201);
        let path = format!("/v1/verifications/{}", started.member("id"));
        let texts = demo.inbox("+9779851012345").await;
        assert!(texts.last().expect("an SMS came").contains(name), "{texts:?}");
        let code = json!({"code": demo.code("+9779851012345").await});
        let other = keys.iter().find(|other| *other != key).expect("two keys");
        let _ = demo.client.get(&path, other).await.is_problem(404, "verification-not-found");
        let check = demo.client.post(&format!("{path}/checks"), other, &code).await;
        let _ = check.is_problem(404, "verification-not-found");
        let _ = demo.client.post(&format!("{path}/checks"), key, &code).await.is(200);
    }
    // Both hold the phone, each for its own account.
    for key in &keys {
        let page = demo.client.get("/v1/accounts?username=ram", key).await.is(200).json();
        assert_eq!(page["items"][0]["phone"], "+97798•••••45");
        let other = keys.iter().find(|other| *other != key).expect("two keys");
        let path = format!("/v1/accounts/{}", page["items"][0]["id"].as_str().expect("an id"));
        let _ = demo.client.get(&path, key).await.is(200);
        let _ = demo.client.get(&path, other).await.is_problem(404, "account-not-found");
    }
    // Two SMS went to the phone, one from each.
    for key in &keys {
        let again = demo.client.post("/v1/verifications", key, &start("sita")).await;
        let _ = again.is_problem(429, "rate-limited");
    }
}

#[tokio::test]
async fn commands_are_about_one_application() {
    let directory = directory();
    let _demo = Service::demo_with(directory.path(), &SHOP);
    let directory = directory.path();
    let _ = json(directory, "shop", &["account", "add", "gita"]);
    let key = json(directory, "shop", &["key", "issue"]);
    let id = key["id"].as_str().expect("an id");
    assert_eq!(json(directory, "shop", &["account", "show", "gita"])["username"], "gita");
    assert_eq!(admin(directory, "default", &["account", "show", "gita"]).status.code(), Some(3));
    assert_eq!(admin(directory, "default", &["key", "revoke", id]).status.code(), Some(3));
    assert!(json(directory, "shop", &["key", "revoke", id])["revoked_at"].is_string());

    let unknown = admin(directory, "bank", &["account", "list"]);
    assert_eq!((unknown.status.code(), unknown.stdout.as_str()), (Some(2), ""));
    assert!(unknown.stderr.contains("`default`, `shop`"), "{}", unknown.stderr);
    let listed = json(directory, "default", &["application", "list"]);
    assert_eq!((&listed["items"][0]["id"], &listed["items"][1]["id"]), (&json!("default"), &json!("shop")));
    assert_eq!(json(directory, "shop", &["application", "show"])["name"], "Shop");
}
