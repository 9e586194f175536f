//! The command line beside a running service: one database, two processes.

use harness::{Finished, Service, directory, run};
use serde_json::{Value, json};

/// What is revoked through another process holds at once.
const AT_ONCE: (&str, &str) = ("SPARROW_VERIFY__AUTH__CACHE_FOR", "0s");

/// The command line on a demo's files.
struct Admin {
    config: String,
}

impl Admin {
    fn run(&self, arguments: &[&str]) -> Finished {
        let mut all = vec!["--config", &self.config];
        all.extend(arguments);
        run(&all, &[])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let finished = self.run(&all);
        assert!(finished.status.success(), "{arguments:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).expect("a line of JSON")
    }
}

fn admin(directory: &std::path::Path) -> Admin {
    Admin { config: directory.join("config.toml").display().to_string() }
}

#[tokio::test]
async fn an_operator_adds_an_account_and_gives_it_a_token() {
    let directory = directory();
    let demo = Service::demo_with(directory.path(), &[AT_ONCE]);
    let admin = admin(directory.path());
    assert_eq!(admin.json(&["account", "add", "gita"])["added"], true);
    assert_eq!(admin.json(&["account", "add", "gita"])["added"], false);
    let issued = admin.json(&["token", "issue", "gita", "--days", "1"]);
    let token = issued["secret"].as_str().expect("a secret");
    let _ = demo.client.post("/v1/verifications", token, &json!({"phone": "9851012345"})).await.is(201);

    let listed = admin.json(&["token", "list", "--account", "gita"]);
    assert_eq!(listed["items"][0]["account"], "gita");
    assert_eq!(listed["items"][0]["secret"], Value::Null, "a secret is shown once");
    let id = issued["id"].as_str().expect("an id");
    assert!(admin.json(&["token", "revoke", id])["revoked_at"].is_string());
    let _ = demo.client.get("/v1/verifications", token).await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_operator_sees_what_the_gateway_said() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    let token = demo.told("user_token");
    let started = demo.client.post("/v1/verifications", token, &json!({"phone": "9841234567"})).await.is(201);
    let id = started.member("id");
    let listed = admin.json(&["delivery", "list", "--verification", &id]);
    let delivery = &listed["items"][0];
    assert_eq!((&delivery["gateway"], &delivery["answer"]), (&json!("sparrow"), &json!("accepted")));
    assert!(delivery["message_id"].is_string() && delivery["credits"] == 1.0, "{delivery}");
    assert!(!listed.to_string().contains("9841234567"), "{listed}");
    let key = admin.json(&["key", "issue", "--scope", "admin"]);
    let gateways =
        demo.client.get("/v1/admin/gateways", key["secret"].as_str().expect("a secret")).await.is(200);
    let said = &gateways.json()["items"][0]["answers"][0];
    assert_eq!((&said["answer"], &said["count"]), (&json!("accepted"), &json!(1)));
}

#[tokio::test]
async fn an_operator_looks_at_verifications_and_cancels_one() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    let token = demo.told("user_token");
    let started = demo.client.post("/v1/verifications", token, &json!({"phone": "9841234567"})).await.is(201);
    let id = started.member("id");

    let listed = admin.json(&["verification", "list", "--status", "pending", "--phone", "9841234567"]);
    assert_eq!(listed["items"][0]["id"], id.as_str());
    assert_eq!(listed["items"][0]["phone"], "+97798•••••67");
    assert_eq!(admin.json(&["verification", "cancel", &id])["status"], "canceled");
    assert_eq!(admin.json(&["verification", "show", &id])["status"], "canceled");
    let code = demo.code("+9779841234567").await;
    let check =
        demo.client.post(&format!("/v1/verifications/{id}/checks"), token, &json!({"code": code})).await;
    let _ = check.is_problem(410, "verification-canceled");

    let table = admin.run(&["verification", "list"]);
    assert!(table.stdout.contains("canceled") && !table.stdout.contains('{'), "{}", table.stdout);
}

#[tokio::test]
async fn keys_are_issued_listed_and_revoked() {
    let directory = directory();
    let demo = Service::demo_with(directory.path(), &[AT_ONCE]);
    let admin = admin(directory.path());
    let issued = admin.json(&["key", "issue", "--scope", "admin"]);
    let key = issued["secret"].as_str().expect("a secret");
    let _ = demo.client.get("/v1/verifications", key).await.is(200);
    let refused = demo.client.post("/v1/verifications", key, &json!({"phone": "9841234567"})).await;
    let _ = refused.is_problem(403, "scope-missing");
    let _ = admin.json(&["key", "revoke", issued["id"].as_str().expect("an id")]);
    let _ = demo.client.get("/v1/verifications", key).await.is_problem(401, "unauthenticated");
    assert_eq!(admin.json(&["key", "list", "--limit", "1"])["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn keys_and_tokens_have_names() {
    let directory = directory();
    let _demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    let key = admin.json(&["key", "issue", "--name", "Shop server"]);
    let id = key["id"].as_str().expect("an id");
    let shown = admin.json(&["key", "show", id]);
    assert_eq!((&shown["name"], &shown["secret"]), (&json!("Shop server"), &Value::Null));
    assert!(admin.run(&["key", "list"]).stdout.contains("Shop server"));
    let _ = admin.json(&["account", "add", "gita"]);
    let _ = admin.json(&["token", "issue", "gita", "--name", "गीता"]);
    let listed = admin.json(&["token", "list", "--account", "gita"]);
    assert_eq!(listed["items"][0]["name"], "गीता");
    let nameless = admin.run(&["key", "issue", "--name", " x"]);
    assert_eq!((nameless.status.code(), nameless.stdout.as_str()), (Some(2), ""));
    assert_eq!(admin.run(&["key", "show", "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"]).status.code(), Some(3));
}

#[tokio::test]
async fn an_operator_gives_a_phone_to_an_account_and_takes_it_away() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    for name in ["gita", "hari"] {
        let _ = admin.json(&["account", "add", name]);
    }
    let token = admin.json(&["token", "issue", "gita"]);
    let token = token["secret"].as_str().expect("a secret");
    let given =
        admin.json(&["account", "set-phone", "gita", "985-1012345", "--verified-at", "2024-02-29T12:00:00Z"]);
    assert_eq!(given["phone"], "+97798•••••45");
    assert_eq!(given["phone_verified_at"], "2024-02-29T12:00:00.000Z");
    let login = json!({"phone": "9851012345", "purpose": "login"});
    let _ = demo.client.post("/v1/verifications", token, &login).await.is(201);
    let refused = admin.run(&["account", "set-phone", "hari", "9851012345"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(refused.stderr.contains("account unlink"), "{}", refused.stderr);

    for _ in 0..2 {
        assert_eq!(admin.json(&["account", "unlink", "gita"])["phone"], Value::Null);
    }
    let _ = demo.client.post("/v1/verifications", token, &login).await.is_problem(403, "phone-not-verified");
    assert_eq!(admin.json(&["account", "set-phone", "hari", "9851012345"])["phone"], "+97798•••••45");
    for wrong in [["hari", "12", "2024-02-29T12:00:00Z"], ["hari", "9851012345", "2999-01-01T00:00:00Z"]] {
        let refused = admin.run(&["account", "set-phone", wrong[0], wrong[1], "--verified-at", wrong[2]]);
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn mistakes_are_told_with_their_exit_codes() {
    let directory = directory();
    let _demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    let nobody = admin.run(&["account", "show", "nobody"]);
    assert_eq!((nobody.status.code(), nobody.stdout.as_str()), (Some(3), ""));
    assert!(nobody.stderr.contains("account list"), "{}", nobody.stderr);
    assert_eq!(admin.run(&["verification", "show", "not-an-id"]).status.code(), Some(2));
    let unknown = "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
    assert_eq!(admin.run(&["verification", "show", unknown]).status.code(), Some(3));
    assert_eq!(admin.run(&["nonsense"]).status.code(), Some(2));
    assert_eq!(admin.run(&["account", "add", " x"]).status.code(), Some(2));
}

#[test]
fn a_database_that_is_not_there_yet_is_made_by_migrating() {
    let directory = directory();
    let database = format!("sqlite://{}", directory.path().join("new.db").display());
    let environment = [
        ("SPARROW_VERIFY__DATABASE__URL", database.as_str()),
        ("SPARROW_VERIFY__SECRETS__PEPPER", "a pepper of a test: 0123456789abcdef"),
        ("SPARROW_VERIFY__SECRETS__PHONE_KEY", "a phone key of a test: fedcba987654"),
        ("SPARROW_VERIFY__APPLICATION__NAME", "Shop"),
    ];
    let early = run(&["account", "list"], &environment);
    assert_eq!(early.status.code(), Some(1));
    assert!(early.stderr.contains("db migrate"), "{}", early.stderr);
    assert!(run(&["db", "migrate"], &environment).status.success());
    let list = run(&["--json", "account", "list"], &environment);
    assert_eq!(list.stdout.trim(), r#"{"items":[],"next":null}"#);
}

#[tokio::test]
async fn an_operator_blocks_lets_through_and_removes() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    let token = demo.told("user_token");
    let added =
        admin.json(&["block", "add", "--prefix", "+977984", "--reason", "pumping", "--all-applications"]);
    assert_eq!((&added["action"], &added["application"]), (&json!("deny"), &Value::Null));
    let allowed = admin.json(&["block", "add", "--allow", "--phone", "9841234567", "--hours", "1"]);
    assert_eq!((&allowed["phone"], &allowed["application"]), (&json!("+97798•••••67"), &json!("default")));
    let listed = admin.json(&["block", "list", "--all-applications"]);
    assert_eq!(listed["items"][0]["prefix"], "+977984");
    assert_eq!(admin.json(&["block", "list"])["items"].as_array().map(Vec::len), Some(1));

    // What an operator denies to all, an application's own entry does not let through; and another process, the
    // service, knows it within seconds.
    let body = json!({"phone": "9841234567"});
    let refused = eventually(&demo, token, &body, |status| status == 403).await;
    assert_eq!(refused.member("code"), "blocked");
    let id = added["id"].as_str().expect("an id");
    assert_eq!(admin.run(&["block", "remove", id]).status.code(), Some(3), "it is not the application's own");
    let _ = admin.json(&["block", "remove", id, "--all-applications"]);
    // Before the block was known a code may have been sent, and then the next one has to wait.
    let _ = eventually(&demo, token, &body, |status| matches!(status, 201 | 429)).await;

    for wrong in
        [&["block", "add"][..], &["block", "add", "--prefix", "977"], &["block", "add", "--phone", "1"]]
    {
        assert_eq!(admin.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_operator_looks_at_limits_and_empties_them() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let admin = admin(directory.path());
    let (token, phone) = (demo.told("user_token"), "9841234567");
    let _ = demo.client.post("/v1/verifications", token, &json!({ "phone": phone })).await.is(201);

    let limits = admin.json(&["limit", "list"]);
    assert_eq!(limits["items"][0]["name"], "sends-per-phone");
    let used = |of: &Value| -> Vec<Value> {
        of["items"].as_array().into_iter().flatten().map(|counter| counter["used"].clone()).collect()
    };
    let shown = admin.json(&["limit", "show", "--phone", phone]);
    assert!(used(&shown).iter().all(|used| *used == 1) && !used(&shown).is_empty(), "{shown}");
    let _ = admin.json(&["limit", "reset", "--phone", phone]);
    let shown = admin.json(&["limit", "show", "--phone", phone]);
    assert!(used(&shown).iter().all(|used| *used == 0), "{shown}");
    assert_eq!(admin.run(&["limit", "show"]).status.code(), Some(2), "somebody is to be named");
    assert_eq!(admin.run(&["limit", "show", "--account", "nobody"]).status.code(), Some(3));
}

/// Starts until it is answered so, for as long as a block may take to be known everywhere.
async fn eventually(demo: &Service, token: &str, body: &Value, wanted: fn(u16) -> bool) -> harness::Answer {
    let begin = std::time::Instant::now();
    loop {
        let answer = demo.client.post("/v1/verifications", token, body).await;
        if wanted(answer.status) {
            return answer;
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(4), "{}", answer.text);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
