//! Statistics: what operators are told of what happened.

use std::time::{Duration, Instant};

use harness::{Client, Finished, Fleet, Ground, Service, directory, run, wrong};
use serde_json::{Value, json};

const PHONE: &str = "+9779841234567";
const STATISTICS: &str = "/v1/admin/statistics?by=operator";

/// What is told must be so within seconds.
async fn eventually(client: &Client, admin: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begin = Instant::now();
    loop {
        let told = client.get(STATISTICS, admin).await.is(200).json();
        if wanted(&told["items"][0]) {
            return told["items"][0].clone();
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn show(directory: &std::path::Path, arguments: &[&str]) -> Finished {
    let config = directory.join("config.toml").display().to_string();
    let mut all = vec!["--config", &config];
    all.extend(arguments);
    let shown = run(&all, &[]);
    assert!(shown.status.success(), "{}", shown.stderr);
    shown
}

#[tokio::test]
async fn what_happens_is_told_within_seconds_and_kept_over_a_restart() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let (token, admin) = (demo.told("user_token").to_owned(), demo.told("admin_key").to_owned());
    let id =
        demo.client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await.is(201).member("id");
    let code = demo.code(PHONE).await;
    let checks = format!("/v1/verifications/{id}/checks");
    let bad = json!({"code": wrong(&code)});
    let _ = demo.client.post(&checks, &token, &bad).await.is_problem(422, "code-incorrect");
    let _ = demo.client.post(&checks, &token, &json!({"code": code})).await.is(200);

    let told = eventually(&demo.client, &admin, |row| row["approvals"] == 1).await;
    assert_eq!(
        (&told["name"], &told["starts"], &told["conversion"]),
        (&json!("NTC"), &json!(1), &json!(1.0))
    );
    assert_eq!((&told["sends"], &told["segments"], &told["credits"]), (&json!(1), &json!(1), &json!(1.0)));
    assert_eq!(told["refusals"], json!([{"class": "code-incorrect", "count": 1}]));
    let shown = show(directory.path(), &["--json", "statistics", "show", "--days", "2", "--by", "purpose"]);
    let shown: Value = serde_json::from_str(&shown.stdout).expect("a line of JSON");
    let row = &shown["items"][0];
    assert_eq!(
        (&row["purpose"], &row["approvals"], &row["wrong_checks"]),
        (&json!("contact"), &json!(1), &json!(1))
    );
    let table = show(directory.path(), &["statistics", "show", "--all-applications"]).stdout;
    assert!(table.contains("100.0 %") && table.contains("code-incorrect 1"), "{table}");

    // What was told last is stored before the process ends.
    let _ = demo.client.post(&checks, &token, &bad).await.is_problem(422, "code-incorrect");
    demo.signal("TERM");
    assert!(demo.wait(Duration::from_secs(30)).success());
    let demo = Service::demo(directory.path());
    let admin = demo.told("admin_key");
    let told = demo.client.get(STATISTICS, admin).await.is(200).json();
    assert_eq!((&told["items"][0]["wrong_checks"], &told["items"][0]["starts"]), (&json!(2), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_add_to_one_table_and_each_end_counts_once() {
    let fleet = Fleet::start(&Ground::shared().await, 2).await;
    let issued = fleet.command(&["key", "issue", "--scope", "admin"]);
    let admin = issued["secret"].as_str().expect("a secret");
    for turn in 0..10 {
        let phone = format!("+977984{turn:07}");
        let id = fleet.start_at(turn, &format!("account-{turn}"), &phone).await.is(201).member("id");
        if turn < 4 {
            fleet.age(&id).await;
        }
    }
    for client in [fleet.client(0), fleet.client(1)] {
        let told = eventually(client, admin, |row| row["starts"] == 10 && row["expired"] == 4).await;
        assert_eq!((&told["sends"], &told["approvals"]), (&json!(10), &json!(0)));
    }
    // Nothing is added twice later.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let told = fleet.client(0).get(STATISTICS, admin).await.is(200).json();
    assert_eq!((&told["items"][0]["starts"], &told["items"][0]["expired"]), (&json!(10), &json!(4)));
}
