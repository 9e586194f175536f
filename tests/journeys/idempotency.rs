//! Calls that have an `Idempotency-Key`: made once, over all replicas, restarts and crashes.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::Duration;

use futures_util::future::join_all;
use harness::{Answer, Client, Fleet, Ground, directory};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const PHONE: &str = "+9779841234567";

fn keyed_start(client: &Client, credential: &str, key: &str) -> RequestBuilder {
    let body = json!({ "phone": PHONE, "account": "ram" }).to_string();
    let request = client.request(Method::POST, "/v1/verifications", credential);
    request.header("content-type", "application/json").header("idempotency-key", key).body(body)
}

/// Starts at a replica, and comes back while the first call with the key is running.
async fn started(fleet: &Fleet, turn: usize, key: &str) -> Answer {
    let asked = async {
        loop {
            let answer = Client::send(keyed_start(fleet.client(turn), &fleet.key, key)).await;
            if answer.status != 409 {
                return answer;
            }
            let in_use = answer.is_problem(409, "idempotency-key-in-use");
            assert_eq!(in_use.header("retry-after"), Some("1"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("the first call ends")
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

async fn twenty_equal_starts(fleet: Fleet) {
    let answers = join_all((0..20).map(|turn| started(&fleet, turn, "\"a-start\""))).await;
    assert_eq!(answers.iter().filter(|answer| !is_replayed(answer)).count(), 1, "one was made");
    let told: BTreeSet<String> = answers.into_iter().map(|answer| answer.is(201).text).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(fleet.simulator.inbox(None).len(), 1);
    // Another key is another call.
    let _ = started(&fleet, 0, "another").await.is_problem(429, "resend-too-soon");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_equal_starts_over_three_replicas_are_one_sms_and_one_answer() {
    twenty_equal_starts(Fleet::start(&Ground::shared().await, 3).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_equal_starts_on_sqlite_are_one_sms_and_one_answer() {
    let directory = directory();
    twenty_equal_starts(Fleet::start(&Ground::sqlite(directory.path()), 1).await).await;
}

async fn an_answer_outlives_a_restart(ground: Ground) {
    let mut fleet = Fleet::start(&ground, 1).await;
    let first = started(&fleet, 0, "k").await.is(201);
    fleet.kill(0).await;
    fleet.add(1).await;
    let again = started(&fleet, 0, "k").await;
    assert!(is_replayed(&again), "{}", again.text);
    assert_eq!(again.is(201).text, first.text);
    assert_eq!(fleet.simulator.inbox(None).len(), 1);

    // The proof or secret that an answer may hold is nowhere to be read.
    assert!(!fleet.kept_answers().await.is_empty());
    for answer in fleet.kept_answers().await {
        assert!(!answer.contains(&hex(&first.member("id"))), "an answer is kept sealed");
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_outlives_a_restart_on_postgres() {
    an_answer_outlives_a_restart(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_outlives_a_restart_on_sqlite() {
    let directory = directory();
    an_answer_outlives_a_restart(Ground::sqlite(directory.path())).await;
}

/// The service is killed while it waits for the gateway. Its key counts as running until the lease is over; then the call
/// is made anew, which for a start means: the same code, once more, under the limits.
async fn a_kill_leaves_the_key_to_the_next(ground: Ground) {
    let deaf = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = deaf.local_addr().expect("it has an address");
    let ground = ground.setting("SPARROW__BASE_URL", &format!("http://{address}/v2"));
    let mut fleet = Fleet::start(&ground, 1).await;
    let pending = tokio::spawn(keyed_start(fleet.client(0), &fleet.key, "k").send());
    let begun = async {
        while fleet.nonces().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), begun).await.expect("the send begins");
    let in_use = Client::send(keyed_start(fleet.client(0), &fleet.key, "k")).await;
    let _ = in_use.is_problem(409, "idempotency-key-in-use");
    fleet.kill(0).await;
    assert!(pending.await.expect("the call ends").is_err(), "nobody answered");

    let gateway = fleet.gateway_url();
    fleet.add_reconfigured("SPARROW__BASE_URL", &gateway).await;
    let in_use = Client::send(keyed_start(fleet.client(0), &fleet.key, "k")).await;
    let _ = in_use.is_problem(409, "idempotency-key-in-use");
    fleet.end_leases().await;
    // Made anew, it is under the limits, and what they refuse leaves the key free.
    let _ = started(&fleet, 0, "k").await.is_problem(429, "resend-too-soon");
    fleet.cool_down().await;
    let nonces = fleet.nonces().await;
    let anew = started(&fleet, 0, "k").await.is(200);
    assert!(!is_replayed(&anew));
    assert_eq!(fleet.nonces().await, nonces, "it is the same code");
    let again = started(&fleet, 0, "k").await;
    assert!(is_replayed(&again));
    assert_eq!(again.text, anew.text);
    assert_eq!(fleet.simulator.inbox(None).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_the_key_to_the_next_on_postgres() {
    a_kill_leaves_the_key_to_the_next(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_the_key_to_the_next_on_sqlite() {
    let directory = directory();
    a_kill_leaves_the_key_to_the_next(Ground::sqlite(directory.path())).await;
}
