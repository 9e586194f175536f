//! What becomes of the SMS, as operators are told.

use std::time::{Duration, Instant};

use harness::{Fleet, Ground};
use serde_json::{Value, json};

const DELIVERABILITY: &str = "/v1/admin/deliverability";

#[tokio::test(flavor = "multi_thread")]
async fn replicas_know_together_what_came_back() {
    let fleet = Fleet::start(&Ground::shared().await, 2).await;
    let issued = fleet.command(&["key", "issue", "--scope", "admin"]);
    let admin = issued["secret"].as_str().expect("a secret");
    for turn in 0..6 {
        let (account, phone) = (format!("account-{turn}"), format!("+977984{turn:07}"));
        let _ = fleet.start_at(turn, &account, &phone).await.is(201);
        if turn < 4 {
            // The code comes back at the other replica.
            let _ = fleet.check_at(turn + 1, &account, &phone, &fleet.code(&phone)).await.is(200);
        }
    }
    let begin = Instant::now();
    let told = loop {
        let told = fleet.client(0).get(DELIVERABILITY, admin).await.is(200).json();
        if told["items"][0]["recent_verified"] == 4 && told["items"][0]["recent_sends"] == 6 {
            break told;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let row = &told["items"][0];
    assert_eq!((&row["operator"], &row["share"]), (&json!("NTC"), &Value::Null), "too few to tell");
    let shown = fleet.command(&["deliverability", "show"]);
    assert_eq!(shown["items"][0]["recent_verified"], 4, "{shown}");
    assert_eq!(shown["from"], told["from"]);
}
