//! The service is killed in the middle of a send. Nothing but what was stored is left then, and it is enough: the next
//! start sends the same code, and nobody is bound who did not prove the phone.

use std::net::TcpListener;
use std::time::Duration;

use harness::{Fleet, Ground, directory, wrong};
use serde_json::{Value, json};
use simulator::Behaviour;

const PHONE: &str = "+9779841234567";

/// Begins a start, and kills the service once `begun` says so.
async fn killed_in_the_middle_of_a_start(fleet: &mut Fleet, begun: impl AsyncFn(&Fleet) -> bool) {
    let client = fleet.client(0);
    let body = json!({ "phone": PHONE, "account": "ram" }).to_string();
    let request = client.request(reqwest::Method::POST, "/v1/verifications", &fleet.key);
    let pending = tokio::spawn(request.header("content-type", "application/json").body(body).send());
    let waiting = async {
        while !begun(fleet).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the send begins");
    fleet.kill(0).await;
    assert!(pending.await.expect("the call ends").is_err(), "nobody answered");
}

fn the_verification(fleet: &Fleet) -> Value {
    let listed = fleet.command(&["verification", "list"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
    listed["items"][0].clone()
}

/// The start is repeated on a service that came back; the code that it sends is right, and only it binds.
async fn goes_on(fleet: &Fleet) {
    let left = the_verification(fleet);
    assert_eq!((&left["status"], &left["delivery"]), (&json!("pending"), &json!("sending")));
    let _ = fleet.start_at(0, "ram", PHONE).await.is_problem(429, "resend-too-soon");
    fleet.cool_down().await;
    let nonces = fleet.nonces().await;
    let again = fleet.start_at(0, "ram", PHONE).await.is(200).json();
    assert_eq!((&again["id"], &again["delivery"]), (&left["id"], &json!("sent")));
    assert_eq!(fleet.nonces().await, nonces, "it is the same code");

    let code = fleet.code(PHONE);
    let _ = fleet.check_at(0, "ram", PHONE, &wrong(&code)).await.is_problem(422, "code-incorrect");
    assert_eq!(fleet.command(&["account", "show", "ram"])["phone"], Value::Null);
    let _ = fleet.check_at(0, "ram", PHONE, &code).await.is(200);
    assert_eq!(fleet.command(&["account", "show", "ram"])["phone"], "+97798•••••67");
}

async fn killed_between_save_and_send(ground: Ground) {
    // The kernel takes the connection, and nobody reads from it: the SMS never reaches the gateway.
    let deaf = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = deaf.local_addr().expect("it has an address");
    let ground = ground.setting("SPARROW__BASE_URL", &format!("http://{address}/v2"));
    let mut fleet = Fleet::start(&ground, 1).await;
    killed_in_the_middle_of_a_start(&mut fleet, async |fleet| !fleet.nonces().await.is_empty()).await;
    let gateway = fleet.gateway_url();
    fleet.add_reconfigured("SPARROW__BASE_URL", &gateway).await;
    goes_on(&fleet).await;
    assert_eq!(fleet.simulator.inbox(None).len(), 1);
}

async fn killed_between_send_and_record(ground: Ground) {
    let mut fleet = Fleet::start(&ground, 1).await;
    fleet.simulator.enqueue(Behaviour::SlowHeaders { millis: 20_000 });
    killed_in_the_middle_of_a_start(&mut fleet, async |fleet| !fleet.simulator.inbox(None).is_empty()).await;
    let first = fleet.code(PHONE);
    fleet.add(1).await;
    goes_on(&fleet).await;
    assert_eq!(fleet.simulator.inbox(None).len(), 2);
    assert_eq!(fleet.code(PHONE), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_save_and_send_loses_nothing_on_postgres() {
    killed_between_save_and_send(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_send_and_record_loses_nothing_on_postgres() {
    killed_between_send_and_record(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_save_and_send_loses_nothing_on_sqlite() {
    let directory = directory();
    killed_between_save_and_send(Ground::sqlite(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_send_and_record_loses_nothing_on_sqlite() {
    let directory = directory();
    killed_between_send_and_record(Ground::sqlite(directory.path())).await;
}
