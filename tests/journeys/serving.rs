//! Serving for real, with the simulator in the place of Sparrow.

use std::fs;
use std::path::Path;
use std::time::Duration;

use harness::{Client, Service, code_in, directory, run};
use serde_json::{Value, json};

pub(crate) const PHONE: &str = "+9779841234567";

/// A configuration file as an operator writes it, without the gateway.
pub(crate) fn configuration(directory: &Path, gateway: &str) -> String {
    let path = |name: &str| directory.join(name).display().to_string();
    fs::write(path("pepper"), "0123456789abcdef0123456789abcdef-pepper\n").expect("a file");
    fs::write(path("phone-key"), "fedcba9876543210fedcba9876543210-phone\n").expect("a file");
    let text = format!(
        "[server]\nlisten = '127.0.0.1:0'\nlog_level = 'info'\n\n[database]\nurl = 'sqlite://{}'\n\n\
         [secrets]\npepper_file = '{}'\nphone_key_file = '{}'\n\n[application]\nname = 'Shop'\n\n{gateway}",
        path("verify.db"),
        path("pepper"),
        path("phone-key")
    );
    fs::write(path("verify.toml"), text).expect("a file");
    path("verify.toml")
}

pub(crate) fn simulator(directory: &Path) -> Service {
    let arguments =
        ["simulator", "--json", "--listen", "127.0.0.1:0", "--token", "the-token", "--identity", "Shop"];
    Service::start(&arguments, &[], directory)
}

pub(crate) fn sparrow(simulator: &Service) -> String {
    let base_url = simulator.told("base_url");
    format!("[sparrow]\ntoken = 'the-token'\nidentity = 'Shop'\nbase_url = '{base_url}'\n")
}

/// A key, issued by the command line.
pub(crate) fn key(config: &str) -> String {
    let issued = run(&["--config", config, "--json", "key", "issue"], &[]);
    assert!(issued.status.success(), "{}", issued.stderr);
    let issued: Value = serde_json::from_str(&issued.stdout).expect("a line of JSON");
    issued["secret"].as_str().expect("a secret").to_owned()
}

pub(crate) async fn last_code(simulator: &Service) -> String {
    let site = simulator.told("inbox_url").trim_end_matches("/inbox").to_owned();
    let messages = Client::new(&site).get(&format!("/inbox?to={PHONE}"), "").await.is(200).json();
    let last = messages.as_array().and_then(|messages| messages.last()).expect("an SMS came").clone();
    assert_eq!(last["from"], "Shop");
    code_in(last["text"].as_str().expect("a text"))
}

#[tokio::test]
async fn an_operator_configures_and_serves() {
    let directory = directory();
    let simulator = simulator(directory.path());
    let config = configuration(directory.path(), &sparrow(&simulator));
    let service = Service::start(&["serve", "--json", "--config", &config], &[], directory.path());
    let key = key(&config);
    let started = service.client.post("/v1/verifications", &key, &json!({"phone": PHONE})).await.is(201);
    assert_eq!(started.json()["account"], Value::Null, "an application may ask about nobody's phone");
    let code = last_code(&simulator).await;
    let check = json!({"phone": PHONE, "code": code});
    let _ = service.client.post("/v1/verifications/checks", &key, &check).await.is(200);
    assert_eq!(service.client.get("/", "").await.status, 404, "the demo page is the demo's");
}

#[tokio::test]
async fn operators_are_told_how_the_service_is() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let well = demo.client.get("/v1/admin/health", demo.told("admin_key")).await.is(200);
    let told = well.json();
    assert_eq!(
        (&told["status"], &told["version"]),
        (&json!("ok"), &json!(env!("CARGO_PKG_VERSION"))),
        "{told}"
    );
    assert_eq!(told["dependencies"].as_array().map(Vec::len), Some(2));
    let schema = told["schema_version"].as_u64();
    let migrations =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite")).expect("files");
    let newest = migrations.filter_map(|file| file.ok()?.file_name().to_str()?.get(..4)?.parse::<u64>().ok());
    assert_eq!(schema, newest.max(), "the newest migration");
    for one in told["loops"].as_array().expect("a list") {
        assert_eq!(one["status"], "ok", "{told}");
    }
    for secret in [directory.path().to_str().expect("a text"), "sqlite", "://", demo.told("admin_key")] {
        assert!(!well.text.contains(secret), "neither a place nor a secret is told: {}", well.text);
    }
}

#[tokio::test]
async fn the_tutorials_configuration_is_accepted() {
    let directory = directory();
    let simulator = simulator(directory.path());
    let config = configuration(directory.path(), "");
    let tutorials = directory.path().join("config.json");
    fs::write(&tutorials, r#"{"SPARROW_TOKEN": "the-token", "SPARROW_IDENTITY": "Shop"}"#).expect("a file");
    let tutorials = tutorials.display().to_string();
    let base_url = ("SPARROW_VERIFY__SPARROW__BASE_URL", simulator.told("base_url"));
    let service = Service::start(
        &["serve", "--json", "--config", &config, "--config", &tutorials],
        &[base_url],
        directory.path(),
    );
    let _ = service.client.post("/v1/verifications", &key(&config), &json!({"phone": PHONE})).await.is(201);
    let _ = last_code(&simulator).await;
}

#[test]
fn without_a_gateway_serve_says_what_to_set() {
    let directory = directory();
    let config = configuration(directory.path(), "");
    let refused = run(&["serve", "--config", &config], &[]);
    assert_eq!(refused.status.code(), Some(2));
    for hint in ["sparrow.token", "sparrow.identity"] {
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
    }
}

#[test]
fn every_fault_of_a_configuration_is_told_at_once() {
    let faults = [
        ("SPARROW_VERIFY__SERVER__LISTEN", "nowhere"),
        ("SPARROW_VERIFY__SECRETS__PEPPER", "short"),
        ("SPARROW_VERIFY__APPLICATION__POLICY__LIFETIME", "11m"),
        ("SPARROW_VERIFY__SERVER__LISTENN", "127.0.0.1:1"),
        ("SPARROW_VERIFY__APPLICATION__NAME", "Shop"),
    ];
    let refused = run(&["config", "check"], &faults);
    assert_eq!(refused.status.code(), Some(2));
    let keys = [
        "server.listen",
        "secrets.pepper",
        "secrets.phone_key",
        "application.policy.lifetime",
        "SERVER__LISTENN",
    ];
    for key in keys {
        assert!(refused.stderr.contains(key), "{key} is not told:\n{}", refused.stderr);
    }
    assert!(refused.stderr.contains("openssl rand"), "it says how to make a secret:\n{}", refused.stderr);
}

#[test]
fn shown_configuration_hides_secrets() {
    let directory = directory();
    let gateway = "[sparrow]\ntoken = 'a-very-secret-token'\nidentity = 'Shop'\n";
    let config = configuration(directory.path(), gateway);
    let shown = run(&["--config", &config, "config", "show"], &[]);
    assert!(shown.status.success(), "{}", shown.stderr);
    assert!(
        !shown.stdout.contains("very-secret") && !shown.stdout.contains("0123456789abcdef"),
        "{}",
        shown.stdout
    );
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(shown["sparrow"]["token"], "********");
}

#[tokio::test]
async fn a_service_that_is_asked_to_stop_finishes_what_is_under_way() {
    let directory = directory();
    let simulator = simulator(directory.path());
    let config = configuration(directory.path(), &sparrow(&simulator));
    let service = Service::start(&["serve", "--json", "--config", &config], &[], directory.path());
    let key = key(&config);
    let site = simulator.told("inbox_url").trim_end_matches("/inbox").to_owned();
    let slow = Client::new(&site).request(reqwest::Method::PUT, "/behaviour", "");
    let slow =
        slow.header("content-type", "application/json").body(r#"{"kind":"slow-headers","millis":1500}"#);
    let _ = Client::send(slow).await;

    let (client, body) = (service.client.clone(), json!({"phone": PHONE}));
    let pending = tokio::spawn(async move { client.post("/v1/verifications", &key, &body).await });
    // The simulator has the SMS, and keeps its answer to itself for a while: the send is under way.
    let arrived = async {
        while Client::new(&site).get("/inbox", "").await.is(200).json() == json!([]) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("the send begins");
    service.signal("TERM");
    let answer = pending.await.expect("it answers").is(201);
    assert_eq!(answer.member("delivery"), "sent");
    assert!(service.wait(Duration::from_secs(20)).success(), "it ends with 0");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_not_waited_for_beyond_the_grace() {
    let directory = directory();
    let simulator = simulator(directory.path());
    let config = configuration(directory.path(), &sparrow(&simulator));
    let grace = [("SPARROW_VERIFY__SERVER__SHUTDOWN_GRACE", "4s")];
    let service = Service::start(&["serve", "--json", "--config", &config], &grace, directory.path());
    let key = key(&config);
    let site = Client::new(simulator.told("inbox_url").trim_end_matches("/inbox"));
    let hang = site.request(reqwest::Method::PUT, "/behaviour", "");
    let _ = Client::send(hang.header("content-type", "application/json").body(r#"{"kind":"hang"}"#)).await;

    let request = service.client.request(reqwest::Method::POST, "/v1/verifications", &key);
    let request =
        request.header("content-type", "application/json").body(json!({"phone": PHONE}).to_string());
    let pending = tokio::spawn(request.send());
    let arrived = async {
        while site.get("/inbox", "").await.is(200).json() == json!([]) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("the send begins");
    service.signal("TERM");
    // Less than twice the grace: callers that wait and work that goes on share it.
    let status = tokio::task::spawn_blocking(move || service.wait(Duration::from_millis(7_500))).await;
    assert!(status.expect("it ends in time").success());
    let _ = pending.await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let taken = demo.told("url").trim_start_matches("http://").to_owned();
    let second = harness::directory();
    let second = second.path().to_str().expect("text").to_owned();
    let refused = run(&["demo", "--listen", &taken, "--data-dir", &second], &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.contains(&taken), "{}", refused.stderr);
}
