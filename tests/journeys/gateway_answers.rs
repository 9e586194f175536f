//! What each answer of the gateway means for everybody: the caller, the delivery, the counters, the circuit breaker, the events,
//! and how often Sparrow was called. Over the real wiring; the simulator plays the answers.

use std::time::Duration;

use adapters::gateway::SparrowSettings;
use domain::application::ApplicationId;
use domain::credential::{CredentialKind, Scope};
use domain::limit::counters_of_phone;
use domain::phone::PhoneParser;
use domain::ports::Clock as _;
use domain::use_cases;
use harness::{Answer, Stack};
use serde_json::{Value, json};
use simulator::Behaviour;

const PHONE: &str = "+9779841234567";
const OTHER: &str = "+9779801234567";
/// Longer than the gateway is waited for here.
const LONG: u64 = 6000;
const PATIENCE: Duration = Duration::from_secs(2);
/// How many rows are played at once: more would keep each other from answering in time.
const AT_ONCE: usize = 4;
/// Words of the answers that the simulator plays, none of which is for callers.
const UPSTREAM: [&str; 14] = [
    "required field",
    "Invalid",
    "Inactive",
    "expired",
    "Receiver",
    "cannot be empty",
    "Credits",
    "credits",
    "response_code",
    "queued",
    "<html",
    "nginx",
    "127.0.0.1",
    "token-of-the-test",
];

/// What an answer comes to.
struct Row {
    name: String,
    behaviour: Behaviour,
    /// The answer to the caller: its status, and the code of the problem if it is one.
    told: (u16, Option<&'static str>),
    /// The delivery: what the gateway said, and what is known of the SMS.
    delivery: (&'static str, &'static str),
    /// How many sends the phone has used afterwards.
    charged: u32,
    breaker: &'static str,
}

fn row(
    name: impl Into<String>,
    behaviour: Behaviour,
    told: (u16, Option<&'static str>),
    delivery: (&'static str, &'static str),
    charged: u32,
    breaker: &'static str,
) -> Row {
    Row { name: name.into(), behaviour, told, delivery, charged, breaker }
}

fn sent(behaviour: Behaviour) -> Row {
    row(format!("{behaviour:?}"), behaviour, (201, None), ("accepted", "sent"), 1, "closed")
}

/// It may have been sent: the code stays good, and the send is counted.
fn unknown(behaviour: Behaviour) -> Row {
    row(format!("{behaviour:?}"), behaviour, (201, None), ("unknown", "unknown"), 1, "closed")
}

/// The operator has to act: nothing is counted, and nobody is kept waiting for it.
fn refused(behaviour: Behaviour) -> Row {
    let told = (502, Some("gateway-refused"));
    row(format!("{behaviour:?}"), behaviour, told, ("refused", "failed"), 0, "open")
}

/// The phone is at fault: the gateway works.
fn invalid(code: u32) -> Row {
    let told = (422, Some("destination-unsupported"));
    row(format!("{code}"), Behaviour::Refuse { code }, told, ("receiver-refused", "failed"), 0, "closed")
}

fn rows() -> Vec<Row> {
    let documented = [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1008, 1010, 1012, 1013];
    let undocumented = [1009, 1099];
    let codes = documented.into_iter().chain(undocumented).map(|code| refused(Behaviour::Refuse { code }));
    let html = |status| Behaviour::Status {
        status,
        body: "<html>nginx Invalid Credits</html>".to_owned(),
        content_type: "text/html".to_owned(),
    };
    let mut rows: Vec<_> = codes.collect();
    rows.extend([
        sent(Behaviour::Normal),
        sent(Behaviour::Latency { millis: 50 }),
        invalid(1007),
        invalid(1011),
        refused(Behaviour::CountZero),
        refused(Behaviour::Redirect { location: "http://127.0.0.1:1/v2/sms/".to_owned() }),
        refused(html(404)),
        refused(html(429)),
        unknown(Behaviour::HtmlWith200),
        unknown(Behaviour::TruncatedJson),
        unknown(Behaviour::ServerError { status: 500 }),
        unknown(Behaviour::ServerError { status: 503 }),
        unknown(html(502)),
        unknown(html(303)),
        unknown(Behaviour::SlowHeaders { millis: LONG }),
        unknown(Behaviour::SlowBody { millis: LONG }),
        unknown(Behaviour::Hang),
        unknown(Behaviour::ResetMidway),
        unknown(Behaviour::AcceptThenFail),
    ]);
    rows
}

struct Place {
    stack: Stack,
    ram: String,
    admin: String,
}

impl Place {
    async fn of(stack: Stack) -> Self {
        let ram = stack.user("ram").await;
        let kind = CredentialKind::Key(Scope::Admin);
        let application = ApplicationId::default_application();
        let issued = use_cases::credentials::issue(&stack.verifier, &application, kind, None);
        let admin = issued.await.expect("a key").1.reveal().to_owned();
        Self { stack, ram, admin }
    }

    async fn start(&self, phone: &str) -> Answer {
        self.stack.client.post("/v1/verifications", &self.ram, &json!({"phone": phone})).await
    }

    async fn admin(&self, path: &str) -> Value {
        self.stack.client.get(path, &self.admin).await.is(200).json()["items"].clone()
    }

    /// How many sends of the last day are counted for a phone.
    async fn used(&self, phone: &str) -> u32 {
        let verifier = &self.stack.verifier;
        let phone = PhoneParser::nepal().parse(phone).expect("a phone");
        let application =
            verifier.applications.find(&ApplicationId::default_application()).expect("it is there");
        let counters = counters_of_phone(&application.policy, verifier.phone_key.fingerprint(phone));
        let usage = verifier.ports.counters.usage(&counters, self.stack.clock.now()).await;
        usage.expect("the counters answer").iter().map(|usage| usage.used).max().expect("there is one")
    }

    /// Whether everything is as the row says, after a start of [`PHONE`].
    async fn holds(&self, row: &Row, answer: Answer, calls: u64) {
        let name = &row.name;
        let (status, code) = row.told;
        let answer = match code {
            None => answer.is(status),
            Some(code) => answer.is_problem(status, code),
        };
        assert_eq!(answer.header("retry-after").is_some(), status == 503, "{name}");
        for word in UPSTREAM {
            assert!(!answer.text.contains(word), "{name}: {word} in {}", answer.text);
        }
        let deliveries = self.admin("/v1/admin/deliveries").await;
        let (said, state) = row.delivery;
        assert_eq!(deliveries.as_array().map(Vec::len), Some(1), "{name}: {deliveries}");
        assert_eq!(
            (&deliveries[0]["answer"], &deliveries[0]["state"]),
            (&json!(said), &json!(state)),
            "{name}"
        );
        let stored = self.stack.client.get("/v1/verifications", &self.ram).await.is(200).json();
        assert_eq!(stored["items"][0]["delivery"], state, "{name}: {stored}");
        assert_eq!(self.used(PHONE).await, row.charged, "{name}: what is counted");
        let gateways = self.admin("/v1/admin/gateways").await;
        assert_eq!(gateways[0]["breaker"], row.breaker, "{name}");
        assert_eq!(self.admin("/v1/admin/events").await, json!([]), "{name}: one answer is no event");
        assert_eq!(self.stack.simulator.calls(), calls, "{name}: calls to Sparrow");
    }
}

#[tokio::test]
async fn every_answer_of_the_gateway_comes_to_what_the_table_says() {
    let mut going = tokio::task::JoinSet::new();
    for row in rows() {
        if going.len() == AT_ONCE
            && let Some(ended) = going.join_next().await
        {
            ended.expect("the row holds");
        }
        going.spawn(async move {
            let place = Place::of(Stack::with_patience(&[], PATIENCE).await).await;
            place.stack.simulator.set_behaviour(row.behaviour.clone());
            let answer = place.start(PHONE).await;
            place.holds(&row, answer, 1).await;
            if row.breaker == "open" {
                // Whoever comes next is not kept waiting for what the operator has to mend.
                let next = place.start(OTHER).await.is_problem(503, "gateway-unavailable");
                let wait: u64 = next.header("retry-after").expect("when").parse().expect("seconds");
                assert!((1..=10).contains(&wait), "{}: {wait} s", row.name);
                assert_eq!(place.stack.simulator.calls(), 1, "{}", row.name);
                assert_eq!(place.used(OTHER).await, 0, "{}", row.name);
            }
        });
    }
    while let Some(ended) = going.join_next().await {
        ended.expect("the row holds");
    }
}

#[tokio::test]
async fn what_never_reaches_sparrow_is_certainly_not_sent() {
    let unreached = |name: &str| {
        let told = (503, Some("gateway-unavailable"));
        row(name, Behaviour::Normal, told, ("not-sent", "failed"), 0, "closed")
    };
    // Nobody listens.
    let mut stack = Stack::with_patience(&[], PATIENCE).await;
    stack.stop_gateway().await;
    let place = Place::of(stack).await;
    let answer = place.start(PHONE).await;
    place.holds(&unreached("refused"), answer, 0).await;
    // There speaks no TLS, and this name has no address (RFC 6761).
    for (name, base_url) in [("TLS", None), ("DNS", Some("https://sparrow.invalid/v2"))] {
        let gateway = |simulated: String| SparrowSettings {
            base_url: base_url.map_or_else(|| simulated.replace("http://", "https://"), str::to_owned),
            connect_timeout: PATIENCE / 4,
            total_timeout: PATIENCE,
            ..SparrowSettings::new("token-of-the-test", "Test")
        };
        let place = Place::of(Stack::with_gateway(&[], gateway).await).await;
        let answer = place.start(PHONE).await;
        place.holds(&unreached(name), answer, 0).await;
    }
}

#[tokio::test]
async fn five_invalid_numbers_in_a_row_pause_new_ones_and_are_an_event() {
    let place = Place::of(Stack::start().await).await;
    let start = async |number: u32| {
        let token = place.stack.user(&format!("user-{number}")).await;
        let phone = format!("+97798412345{number:02}");
        (place.stack.client.post("/v1/verifications", &token, &json!({"phone": phone})).await, phone)
    };
    for (number, code) in [1007, 1011, 1007, 1007, 1011].into_iter().enumerate() {
        assert_eq!(place.admin("/v1/admin/events").await, json!([]), "before {number}");
        place.stack.simulator.set_behaviour(Behaviour::Refuse { code });
        let (answer, phone) = start(u32::try_from(number).expect("a few")).await;
        let _ = answer.is_problem(422, "destination-unsupported");
        assert_eq!(place.used(&phone).await, 0, "{code}");
    }
    place.stack.simulator.reset_behaviour();
    let (paused, phone) = start(5).await;
    let paused = paused.is_problem(429, "new-numbers-paused");
    let wait: u64 = paused.header("retry-after").expect("when").parse().expect("seconds");
    assert!((3500..=3600).contains(&wait), "{wait} s");
    assert_eq!(place.used(&phone).await, 0);
    assert_eq!(place.stack.simulator.calls(), 5, "nothing more is called");
    let events = place.admin("/v1/admin/events").await;
    assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
    assert_eq!((&events[0]["type"], &events[0]["reason"]), (&json!("numbers.paused"), &json!("in-a-row")));
    let gateways = place.admin("/v1/admin/gateways").await;
    assert_eq!(gateways[0]["breaker"], "closed", "the gateway works");
    place.stack.clock.advance(Duration::from_secs(wait));
    let _ = start(5).await.0.is(201);
}
