//! Events reach a receiver: signed, in good weather once, and in bad weather at least once.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use harness::{Fleet, Ground, Message, Receiver, directory, wrong};
use serde_json::{Value, json};

const SECRET: &str = "whsec_dGhlIHNlY3JldCBvZiBhIHRlc3QsIG9mIHRlc3Q=";
const OTHER: &str = "whsec_YW5vdGhlciBzZWNyZXQgb2YgYSB0ZXN0LCBoZXJl";
const PHONE: &str = "+9779841234567";
/// Longer than an event takes in good weather, on a busy machine too.
const SOON: Duration = Duration::from_secs(20);
/// Longer than a claim lasts.
const AFTER_A_CLAIM: Duration = Duration::from_secs(90);

fn webhook(ground: &Ground, receiver: &Receiver) -> Ground {
    ground.clone().webhook("ORDERS", receiver, SECRET).setting("APPLICATION__WEBHOOKS__ORDERS__TIMEOUT", "5s")
}

/// Starts a verification and cancels it: one event. Answers the verification's id.
async fn canceled(fleet: &Fleet, turn: usize, account: &str, phone: &str) -> String {
    let id = fleet.start_at(turn, account, phone).await.is(201).member("id");
    let path = format!("/v1/verifications/{id}");
    let canceled = fleet.client(turn).call(reqwest::Method::DELETE, &path, &fleet.key).await;
    let _ = canceled.is(200);
    id
}

fn kinds(messages: &[Message]) -> Vec<String> {
    messages.iter().map(Message::kind).collect()
}

async fn every_end_is_told_once(ground: Ground) {
    let receiver = Receiver::start().await;
    let fleet = Fleet::start(&webhook(&ground, &receiver), 1).await;

    let approved = fleet.start_at(0, "ram", PHONE).await.is(201).member("id");
    let _ = fleet.check_at(0, "ram", PHONE, &fleet.code(PHONE)).await.is(200);
    receiver.wait_for(1, SOON).await;
    let canceled = canceled(&fleet, 0, "gita", "+9779841234568").await;
    receiver.wait_for(2, SOON).await;
    let locked = fleet.start_at(0, "hari", "+9779841234569").await.is(201).member("id");
    let bad = wrong(&fleet.code("+9779841234569"));
    for _ in 0..5 {
        let _ = fleet.check_at(0, "hari", "+9779841234569", &bad).await;
    }
    receiver.wait_for(3, SOON).await;
    let expired = fleet.start_at(0, "sita", "+9779841234570").await.is(201).member("id");
    fleet.age(&expired).await;
    let check = json!({ "code": fleet.code("+9779841234570") });
    let path = format!("/v1/verifications/{expired}/checks");
    let _ = fleet.client(0).post(&path, &fleet.key, &check).await.is_problem(410, "verification-expired");
    let messages = receiver.wait_for(4, SOON).await;

    let expected = ["approved", "canceled", "locked", "expired"].map(|end| format!("verification.{end}"));
    assert_eq!(kinds(&messages), expected);
    let told = |message: &Message| message.json()["data"]["verification"].as_str().map(str::to_owned);
    let about: Vec<_> = messages.iter().filter_map(told).collect();
    assert_eq!(about, [approved, canceled, locked, expired]);
    for message in &messages {
        assert!(message.is_signed_with(SECRET) && !message.is_signed_with(OTHER), "{message:?}");
        assert!(!message.body.contains("98412345"), "{}", message.body);
    }
    let data = &messages[0].json()["data"];
    assert_eq!((&data["account"], &data["application"]), (&json!("ram"), &json!("default")));
    // Long enough for whoever would tell it twice.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.messages().len(), 4);
    let log = fleet.replicas[0].log();
    assert!(!log.contains("works again") && !log.contains(SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_a_verification_is_told_once_on_sqlite() {
    let directory = directory();
    every_end_is_told_once(Ground::sqlite(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_a_verification_is_told_once_on_postgres() {
    every_end_is_told_once(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_once_is_told_again() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let fleet = Fleet::start(&webhook(&Ground::sqlite(directory.path()), &receiver), 1).await;
    receiver.answer_next([500]);
    let id = canceled(&fleet, 0, "ram", PHONE).await;
    let messages = receiver.wait_for(2, SOON * 2).await;
    assert_eq!((&messages[0].id, &messages[0].body), (&messages[1].id, &messages[1].body));
    assert!(messages.iter().all(|message| message.is_signed_with(SECRET)));
    assert_eq!(messages[1].json()["data"]["verification"], id.as_str());
    let delivery = delivered(&fleet, &messages[1].id).await;
    assert_eq!((&delivery["attempts"], &delivery["last"]), (&json!(2), &json!("taken: 204")));
    let shown = fleet.command(&["webhook", "show", delivery["id"].as_str().expect("an id")]);
    assert_eq!(shown["tries"][0]["outcome"], "refused: 500");
    let log = fleet.replicas[0].log();
    assert!(log.contains("does not take events") && log.contains("works again"), "{log}");
    assert!(!log.contains(PHONE) && !log.contains(SECRET), "{log}");
}

/// The delivery of an event, once it is delivered.
async fn delivered(fleet: &Fleet, event: &str) -> Value {
    let wanted = || {
        let listed =
            fleet.command(&["webhook", "deliveries", "--webhook", "orders", "--status", "delivered"]);
        let items = listed["items"].as_array().cloned().expect("a list");
        items.into_iter().find(|item| item["event"] == event)
    };
    for _ in 0..200 {
        if let Some(delivery) = wanted() {
            return delivery;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the event is not delivered");
}

async fn killed_before_it_was_told(ground: Ground) {
    let receiver = Receiver::start().await;
    let mut fleet = Fleet::start(&webhook(&ground, &receiver), 1).await;
    // Three kills, so that they meet the service at different places between change and delivery.
    let mut ids = Vec::new();
    for turn in 0..3 {
        ids.push(canceled(&fleet, 0, "ram", &format!("+977984123457{turn}")).await);
        fleet.kill(0).await;
        fleet.add(1).await;
    }
    for id in ids {
        let told = async {
            let about = |message: &Message| message.json()["data"]["verification"] == id.as_str();
            while !receiver.messages().iter().any(about) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(AFTER_A_CLAIM, told).await.expect("every event is told");
    }
}

async fn killed_while_it_was_told(ground: Ground) {
    let receiver = Receiver::start().await;
    let mut fleet = Fleet::start(&webhook(&ground, &receiver), 1).await;
    receiver.hold();
    canceled(&fleet, 0, "ram", PHONE).await;
    receiver.wait_for(1, SOON).await;
    fleet.kill(0).await;
    receiver.release();
    fleet.add(1).await;
    let messages = receiver.wait_for(2, AFTER_A_CLAIM).await;
    assert_eq!((&messages[0].id, &messages[0].body), (&messages[1].id, &messages[1].body));
    assert!(delivered(&fleet, &messages[1].id).await["attempts"].as_u64() >= Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_change_and_delivery_loses_no_event_on_sqlite() {
    let directory = directory();
    killed_before_it_was_told(Ground::sqlite(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_change_and_delivery_loses_no_event_on_postgres() {
    killed_before_it_was_told(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_delivery_loses_no_event_on_sqlite() {
    let directory = directory();
    killed_while_it_was_told(Ground::sqlite(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_delivery_loses_no_event_on_postgres() {
    killed_while_it_was_told(Ground::shared().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_tell_each_event_once() {
    let receiver = Receiver::start().await;
    let fleet = Fleet::start(&webhook(&Ground::shared().await, &receiver), 2).await;
    for number in 0..20 {
        canceled(&fleet, number, &format!("user-{number}"), &format!("+97798412340{number:02}")).await;
    }
    let mut ids: Vec<_> = receiver.wait_for(20, SOON).await.into_iter().map(|message| message.id).collect();
    // Long enough for whoever would tell it twice.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.messages().len(), 20);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn few_credits_and_decisions_are_told_once_over_all_replicas() {
    let receiver = Receiver::start().await;
    let ground = webhook(&Ground::shared().await, &receiver)
        .setting("SPARROW__CREDIT_LOW", "2000000")
        .setting("SPARROW__CREDIT_INTERVAL", "10s");
    let fleet = Fleet::start(&ground, 2).await;
    let low = receiver.wait_for(1, SOON).await.remove(0);
    assert_eq!((low.kind(), low.is_signed_with(SECRET)), ("credit.low".to_owned(), true));
    let left = u32::try_from(fleet.simulator.credits()).map(f64::from).expect("not so many");
    assert_eq!(
        low.json()["data"],
        json!({ "application": "default", "gateway": "sparrow", "credits": left })
    );
    let shown = &fleet.command(&["gateway", "list"])["items"][0];
    assert_eq!((&shown["credits"], &shown["credits_low"]), (&json!(left), &json!(true)));

    let block = fleet.command(&["block", "add", "--prefix", "+977984"]);
    let told = receiver.wait_for(2, SOON).await.remove(1);
    let decision = json!({
        "application": "default", "reason": "denied", "block": block["id"], "prefix": "+977984",
    });
    assert_eq!((told.kind(), &told.json()["data"]), ("fraud.decided".to_owned(), &decision));

    // The other replica has asked as well by then.
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(kinds(&receiver.messages()), ["credit.low", "fraud.decided"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_what_is_being_told() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let mut fleet = Fleet::start(&webhook(&Ground::sqlite(directory.path()), &receiver), 1).await;
    receiver.hold();
    canceled(&fleet, 0, "ram", PHONE).await;
    let message = receiver.wait_for(1, SOON).await.remove(0);
    fleet.replicas[0].signal("TERM");
    tokio::time::sleep(Duration::from_millis(500)).await;
    receiver.release();
    let replica = fleet.replicas.remove(0);
    let ended = tokio::task::spawn_blocking(move || replica.wait(SOON)).await.expect("it is waited for");
    assert!(ended.success(), "{ended}");
    assert_eq!(delivered(&fleet, &message.id).await["attempts"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_secrets_rotate_receivers_with_either_verify() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let ground = webhook(&Ground::sqlite(directory.path()), &receiver)
        .setting("APPLICATION__WEBHOOKS__ORDERS__SECRET", OTHER)
        .setting("APPLICATION__WEBHOOKS__ORDERS__OLD_SECRETS", SECRET);
    let fleet = Fleet::start(&ground, 1).await;
    canceled(&fleet, 0, "ram", PHONE).await;
    let message = receiver.wait_for(1, SOON).await.remove(0);
    assert!(message.is_signed_with(OTHER) && message.is_signed_with(SECRET), "{message:?}");
    assert_eq!(fleet.command(&["webhook", "list"])["items"][0]["secrets"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_tries_a_webhook_and_replays_an_event() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let fleet = Fleet::start(&webhook(&Ground::sqlite(directory.path()), &receiver), 1).await;
    let listed = fleet.command(&["webhook", "list"]);
    assert_eq!(
        (&listed["items"][0]["name"], &listed["items"][0]["events"]),
        (&json!("orders"), &json!("all"))
    );
    assert_eq!(fleet.command(&["webhook", "test", "orders"])["outcome"], "taken: 204");
    let ping = receiver.wait_for(1, SOON).await.remove(0);
    assert_eq!(ping.kind(), "test.ping");
    assert!(ping.is_signed_with(SECRET));
    receiver.answer_next([410]);
    assert_eq!(fleet.try_command(&["webhook", "test", "orders"]).status.code(), Some(3));

    canceled(&fleet, 0, "ram", PHONE).await;
    let told = receiver.wait_for(3, SOON).await.remove(2);
    delivered(&fleet, &told.id).await;
    let made = fleet.command(&["webhook", "replay", &told.id, "--webhook", "orders"]);
    assert_eq!((&made["status"], &made["event"]), (&json!("pending"), &json!(told.id)));
    let again = receiver.wait_for(4, SOON).await.remove(3);
    assert_eq!((again.id, again.body), (told.id.clone(), told.body));
    let since = "2026-01-01T00:00:00Z";
    let all = ["webhook", "replay", "--failed", "--since", since, "--webhook", "orders"];
    assert_eq!(fleet.command(&all)["replayed"], 0);

    for (arguments, code) in [
        (&["webhook", "replay", &told.id, "--webhook", "nobody"][..], 3),
        (&["webhook", "replay", "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "--webhook", "orders"], 3),
        (&["webhook", "replay", "x", "--webhook", "orders"], 2),
        (&["webhook", "replay", "--webhook", "orders"], 2),
        (&["webhook", "replay", "--failed", "--since", "yesterday", "--webhook", "orders"], 2),
        (&["webhook", "test", "nobody"], 3),
        (&["webhook", "show", "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"], 3),
    ] {
        assert_eq!(fleet.try_command(arguments).status.code(), Some(code), "{arguments:?}");
    }
    let secret = harness::run(&["webhook", "secret"], &[]).stdout;
    assert!(secret.starts_with("whsec_") && secret.trim_end().len() == 50, "{secret}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_to_this_machine_is_not_called() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let url = receiver.url().replace("http://127.0.0.1", "https://localhost");
    let ground = webhook(&Ground::sqlite(directory.path()), &receiver)
        .setting("APPLICATION__WEBHOOKS__ORDERS__URL", &url)
        .setting("APPLICATION__WEBHOOKS__ORDERS__ALLOW_PRIVATE_ADDRESSES", "false");
    let fleet = Fleet::start(&ground, 1).await;
    let tried = fleet.try_command(&["webhook", "test", "orders"]);
    assert_eq!(tried.status.code(), Some(3));
    assert!(tried.stdout.contains("failed: address-forbidden"), "{}", tried.stdout);
    assert!(receiver.messages().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_with_a_certificate_is_told_over_tls() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let roots = directory.path().join("roots.pem");
    std::fs::write(&roots, certified.cert.pem()).expect("a file");
    let url = format!("https://localhost:{}/hook", with_tls(&certified));
    let ground = webhook(&Ground::sqlite(directory.path()), &receiver)
        .setting("APPLICATION__WEBHOOKS__ORDERS__URL", &url);
    let fleet = Fleet::start(&ground, 1).await;
    let mut environment = fleet.environment();
    let test = ["--json", "webhook", "test", "orders"];
    let strange = harness::run(&test, &environment);
    assert!(strange.stdout.contains("failed: connect"), "{}{}", strange.stdout, strange.stderr);
    environment.push(("SSL_CERT_FILE", roots.to_str().expect("a path that is text")));
    let told = harness::run(&test, &environment);
    assert!(told.stdout.contains("taken: 204"), "{}{}", told.stdout, told.stderr);
}

/// A server with this certificate that answers every call with 204; answers its port. It lives as long as the process.
fn with_tls(certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> u16 {
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.expect("a key"))
        .expect("they fit together");
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it has an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let (mut heard, mut piece) = (Vec::new(), [0; 4096]);
            // The body of a ping ends with two braces. A client that leaves in the handshake ends it as well.
            while !heard.ends_with(b"}}") {
                match stream.read(&mut piece) {
                    Ok(read) if read > 0 => heard.extend_from_slice(&piece[..read]),
                    Ok(_) | Err(_) => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    port
}
