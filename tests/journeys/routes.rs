//! Several gateways: by which an SMS goes, and what happens when one of them fails.

use harness::{Fleet, Ground, code_in, directory, run};
use serde_json::{Value, json};
use simulator::{Behaviour, RunningSimulator, Simulator, SimulatorConfig};

const PHONE: &str = "+9779841234567";
const TOKEN: &str = "second-token-of-the-test";
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1/v2";

/// A second account, at a simulator of its own.
struct Second {
    simulator: Simulator,
    running: RunningSimulator,
}

impl Second {
    async fn start() -> Self {
        let simulator = Simulator::new(SimulatorConfig::new(TOKEN, "Second"));
        let running = simulator.start(([127, 0, 0, 1], 0).into()).await.expect("the simulator starts");
        Self { simulator, running }
    }

    /// The gateway of the fleet first, then this.
    fn behind(&self, directory: &std::path::Path) -> Ground {
        Ground::sqlite(directory)
            .setting("GATEWAYS__SECOND__KIND", "sparrow")
            .setting("GATEWAYS__SECOND__TOKEN", TOKEN)
            .setting("GATEWAYS__SECOND__IDENTITY", "Second")
            .setting("GATEWAYS__SECOND__BASE_URL", &self.running.base_url())
            .setting("ROUTES__0__GATEWAY", "sparrow")
            .setting("ROUTES__1__GATEWAY", "second")
    }

    fn texts(&self, phone: &str) -> Vec<String> {
        self.simulator.inbox(Some(phone)).into_iter().map(|sms| sms.text).collect()
    }
}

/// What the administration says at this path.
async fn told(fleet: &Fleet, path: &str) -> Value {
    let issued = fleet.command(&["key", "issue", "--scope", "admin"]);
    let key = issued["secret"].as_str().expect("a secret");
    fleet.client(0).get(path, key).await.is(200).json()
}

/// Attempt, route, gateway, and answer of each delivery, the first attempt first.
async fn attempts(fleet: &Fleet) -> Vec<Value> {
    let page = told(fleet, "/v1/admin/deliveries").await;
    let of = |item: &Value| json!([item["attempt"], item["route"], item["gateway"], item["answer"]]);
    page["items"].as_array().expect("a list").iter().rev().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_first_gateway_is_not_reached_the_second_carries_the_code() {
    let (directory, second) = (directory(), Second::start().await);
    let ground = second.behind(directory.path()).setting("SPARROW__BASE_URL", NOWHERE);
    let fleet = Fleet::start(&ground, 1).await;
    let _ = fleet.start_at(0, "ram", PHONE).await.is(201);
    let texts = second.texts(PHONE);
    assert_eq!(texts.len(), 1);
    assert_eq!(
        attempts(&fleet).await,
        [json!([1, "sparrow", "sparrow", "not-sent"]), json!([2, "second", "second", "accepted"])]
    );
    let _ = fleet.check_at(0, "ram", PHONE, &code_in(&texts[0])).await.is(200);

    let gateways = told(&fleet, "/v1/admin/gateways").await;
    let of =
        |item: &Value| json!([item["name"], item["kind"], item["routes"], item["calls"], item["waiting"]]);
    let shown: Vec<_> = gateways["items"].as_array().expect("a list").iter().map(of).collect();
    assert_eq!(
        shown,
        [json!(["sparrow", "sparrow", ["sparrow"], 0, 0]), json!(["second", "sparrow", ["second"], 0, 0]),]
    );
    let routes = told(&fleet, "/v1/admin/routes").await;
    assert_eq!(routes["items"][1]["gateway"], "second");
    let log = fleet.replicas[0].log();
    assert!(!log.contains(TOKEN) && !log.contains("9841234567"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_has_to_mend_goes_by_the_second_with_the_same_code_on_a_resend() {
    let (directory, second) = (directory(), Second::start().await);
    let fleet = Fleet::start(&second.behind(directory.path()), 1).await;
    let started = fleet.start_at(0, "ram", PHONE).await.is(201);
    let path = format!("/v1/verifications/{}/resends", started.member("id"));
    fleet.cool_down().await;
    fleet.simulator.enqueue(Behaviour::Refuse { code: 1012 });
    let _ = fleet.client(0).post(&path, &fleet.key, &json!({})).await.is(200);
    assert_eq!(code_in(&second.texts(PHONE)[0]), fleet.code(PHONE));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_sent_goes_by_no_other_route_unless_the_route_says_so() {
    let (ours, second) = (directory(), Second::start().await);
    let fleet = Fleet::start(&second.behind(ours.path()), 1).await;
    fleet.simulator.enqueue(Behaviour::AcceptThenFail);
    let _ = fleet.start_at(0, "ram", PHONE).await.is(201);
    assert_eq!((second.texts(PHONE).len(), attempts(&fleet).await.len()), (0, 1));

    let (other, second) = (directory(), Second::start().await);
    let ground = second.behind(other.path()).setting("ROUTES__0__ON_UNKNOWN", "next");
    let fleet = Fleet::start(&ground, 1).await;
    fleet.simulator.enqueue(Behaviour::AcceptThenFail);
    let _ = fleet.start_at(0, "ram", PHONE).await.is(201);
    assert_eq!(second.texts(PHONE).iter().map(|text| code_in(text)).collect::<Vec<_>>(), [fleet.code(PHONE)]);
    assert_eq!(
        attempts(&fleet).await,
        [json!([1, "sparrow", "sparrow", "unknown"]), json!([2, "second", "second", "accepted"])]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_to_the_phone_goes_by_no_other_route() {
    let (directory, second) = (directory(), Second::start().await);
    let fleet = Fleet::start(&second.behind(directory.path()), 1).await;
    fleet.simulator.enqueue(Behaviour::Refuse { code: 1011 });
    let _ = fleet.start_at(0, "ram", PHONE).await.is_problem(422, "destination-unsupported");
    assert_eq!((second.texts(PHONE).len(), attempts(&fleet).await.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_part_the_sms_between_two_gateways() {
    let (directory, second) = (directory(), Second::start().await);
    let ground = second
        .behind(directory.path())
        .setting("ROUTES__0__PRIORITY", "1")
        .setting("ROUTES__1__PRIORITY", "1")
        .setting("ROUTES__1__WEIGHT", "2");
    let fleet = Fleet::start(&ground, 1).await;
    for number in 0..30 {
        let started = fleet.start_at(0, &format!("user-{number}"), &format!("+97798412345{number:02}")).await;
        let _ = started.is(201);
    }
    let (first, second) = (fleet.simulator.inbox(None).len(), second.simulator.inbox(None).len());
    // Either has none once in about 200,000 runs.
    assert!(first > 0 && second > 0 && first + second == 30, "{first} {second}");
    let tested = fleet.command(&["route", "test", "--phone", PHONE]);
    let of = |item: &Value| json!([item["order"], item["name"], item["share"]]);
    let shown: Vec<_> = tested["items"].as_array().expect("a list").iter().map(of).collect();
    assert_eq!(shown, [json!([1, "sparrow", 0.333]), json!([1, "second", 0.667])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_asks_by_which_routes_an_sms_would_go() {
    let (directory, second) = (directory(), Second::start().await);
    let ground = second
        .behind(directory.path())
        .setting("ROUTES__0__OPERATORS", "Ncell")
        .setting("ROUTES__1__APPLICATIONS", "shop")
        .setting("APPLICATIONS__SHOP__NAME", "Shop");
    let fleet = Fleet::start(&ground, 1).await;
    let names = |arguments: &[&str]| {
        let tested = fleet.command(&[&["route", "test", "--phone"], arguments].concat());
        let items = tested["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["9801234567"]), ["sparrow"]);
    assert_eq!(names(&["9801234567", "--application", "shop"]), ["sparrow", "second"]);
    assert_eq!(names(&[PHONE, "--application", "shop"]), ["second"]);
    let none = fleet.try_command(&["route", "test", "--phone", PHONE]);
    assert_eq!((none.status.code(), none.stdout.as_str()), (Some(3), ""));
    assert!(none.stderr.contains("No route takes an SMS of `default`"), "{}", none.stderr);
    assert_eq!(fleet.try_command(&["route", "test", "--phone", "12"]).status.code(), Some(2));
    let listed = fleet.command(&["route", "list"]);
    assert_eq!(listed["items"][0]["operators"], json!(["Ncell"]));
    // Whoever administers one application does not learn of others.
    let routes = told(&fleet, "/v1/admin/routes").await;
    assert_eq!(routes["items"].as_array().map(Vec::len), Some(1), "{routes}");
    let check = run(&["config", "check"], &fleet.environment());
    assert!(check.stdout.contains("SMS go by 2 route(s) to 2 gateway(s)"), "{}", check.stdout);
    assert!(!check.stdout.contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulator_of_the_service_itself_sends_nothing_and_says_so() {
    let directory = directory();
    let ground = Ground::sqlite(directory.path())
        .setting("SPARROW__TOKEN", "")
        .setting("SPARROW__IDENTITY", "")
        .setting("GATEWAYS__TRY__KIND", "simulator")
        .setting("GATEWAYS__TRY__LISTEN", "127.0.0.1:0");
    let fleet = Fleet::start(&ground, 1).await;
    let _ = fleet.start_at(0, "ram", PHONE).await.is(201);
    assert_eq!(fleet.simulator.calls(), 0);
    let log = fleet.replicas[0].log();
    assert!(log.contains("THIS GATEWAY SENDS NO SMS"), "{log}");
    let gateways = told(&fleet, "/v1/admin/gateways").await;
    assert_eq!(gateways["items"][0]["kind"], "simulator");
}
