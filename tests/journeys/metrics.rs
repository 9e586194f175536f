//! Metrics: what an operator's collector reads of the real binary.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use harness::{Client, Service, directory, run, wrong};
use serde_json::json;

use crate::serving::{PHONE, configuration, key, last_code, simulator, sparrow};

const LISTEN: &str = "SPARROW_VERIFY__METRICS__LISTEN";
const USERNAME: &str = "ram-bahadur";

/// What a reader of the text format sees.
struct Scrape {
    text: String,
}

impl Scrape {
    async fn of(service: &Service) -> Self {
        let site = service.told("metrics_url").trim_end_matches("/metrics").to_owned();
        let answer = Client::new(&site).get("/metrics", "").await.is(200);
        let content_type = answer.header("content-type").expect("a type");
        assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"), "{content_type}");
        Self { text: answer.text }
    }

    /// The values of all series, which must be well formed: each is there once, and belongs to the family above it.
    fn series(&self) -> BTreeMap<&str, f64> {
        let (mut series, mut families, mut family) = (BTreeMap::new(), BTreeSet::new(), ("", ""));
        let body = self.text.strip_suffix("# EOF\n").expect("it has an end");
        for line in body.lines() {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                family = declared.split_once(' ').expect("a name and a type");
                assert!(families.insert(family.0), "{} is there twice", family.0);
                continue;
            }
            if line.starts_with("# HELP ") || line.starts_with("# UNIT ") {
                continue;
            }
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            let ends: &[&str] = match family.1 {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                "info" => &["_info"],
                kind => {
                    assert_eq!(kind, "gauge", "{line}");
                    &[""]
                }
            };
            let plain = name.split('{').next().expect("a name");
            assert!(ends.iter().any(|end| plain == format!("{}{end}", family.0)), "{line} is no {family:?}");
            let value = value.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
            assert!(series.insert(name, value).is_none(), "{line} is there twice");
        }
        series
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.series().get(format!("sparrow_verify_{name}").as_str()).copied()
    }
}

#[tokio::test]
async fn a_start_and_a_check_are_counted_and_nothing_of_anybody_is_told() {
    let directory = directory();
    let simulator = simulator(directory.path());
    let config = configuration(directory.path(), &sparrow(&simulator));
    let environment = [(LISTEN, "127.0.0.1:0")];
    let service = Service::start(&["serve", "--json", "--config", &config], &environment, directory.path());
    let key = key(&config);
    let begin = json!({"phone": PHONE, "account": USERNAME});
    let id = service.client.post("/v1/verifications", &key, &begin).await.is(201).member("id");
    let code = last_code(&simulator).await;
    let checks = format!("/v1/verifications/{id}/checks");
    let _ = service.client.post(&checks, &key, &json!({"code": wrong(&code)})).await.is(422);
    let _ = service.client.post(&checks, &key, &json!({"code": code})).await.is(200);
    let _ = service.client.get(&format!("/v1/{PHONE}"), "").await.is(404);

    // The gateway is asked what credits are left when the service starts.
    let begin = Instant::now();
    let scrape = loop {
        let scrape = Scrape::of(&service).await;
        if scrape.value(r#"gateway_credits{gateway="sparrow"}"#).is_some() {
            break scrape;
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "{}", scrape.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    for (name, value) in [
        (r#"verifications_started_total{application="default",operator="NTC",purpose="contact"}"#, 1.0),
        (
            r#"verifications_ended_total{application="default",operator="NTC",purpose="contact",outcome="approved"}"#,
            1.0,
        ),
        (r#"sends_total{application="default",gateway="sparrow",operator="NTC",answer="accepted"}"#, 1.0),
        (r#"segments_total{application="default",gateway="sparrow",operator="NTC"}"#, 1.0),
        (r#"credits_spent_total{application="default",gateway="sparrow"}"#, 1.0),
        (r#"refusals_total{application="default",class="code-incorrect"}"#, 1.0),
        (r#"time_to_verify_seconds_count{application="default",gateway="sparrow",operator="NTC"}"#, 1.0),
        (r#"gateway_duration_seconds_count{gateway="sparrow",answer="accepted"}"#, 1.0),
        (r#"gateway_breaker{gateway="sparrow",state="closed"}"#, 1.0),
        (r#"gateway_calls{gateway="sparrow"}"#, 0.0),
        (r#"http_requests_total{operation="startVerification",status="2xx"}"#, 1.0),
        (r#"http_requests_total{operation="checkVerification",status="2xx"}"#, 1.0),
        (r#"http_requests_total{operation="checkVerification",status="4xx"}"#, 1.0),
        (r#"http_requests_total{operation="other",status="4xx"}"#, 1.0),
        (r#"http_request_duration_seconds_count{operation="checkVerification"}"#, 2.0),
        ("blocks", 0.0),
        (r#"database_connections_max{pool="writer"}"#, 1.0),
        (concat!(r#"build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
    ] {
        assert_eq!(scrape.value(name), Some(value), "{name}\n{}", scrape.text);
    }
    assert!(scrape.value(r#"loop_silence_seconds{loop="expire"}"#).is_some_and(|silence| silence < 60.0));
    // Values aside: six digits of a duration may be those of the code.
    let told: String = scrape.text.lines().map(|line| line.trim_end_matches(|c| c != ' ')).collect();
    for secret in
        [PHONE, "9841234567", "984123", "4567", &code, USERNAME, &id, &key, "the-token", "127.0.0.1"]
    {
        assert!(!told.contains(secret), "{secret}\n{told}");
    }
    assert_eq!(service.client.get("/metrics", "").await.status, 404, "the API's listener has no such page");

    let site = Client::new(service.told("metrics_url").trim_end_matches("/metrics"));
    service.signal("TERM");
    assert!(service.wait(Duration::from_secs(30)).success());
    assert!(site.request(reqwest::Method::GET, "/metrics", "").send().await.is_err(), "it has ended too");
}

#[tokio::test]
async fn an_address_that_is_taken_ends_the_start() {
    let directory = directory();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let gateway = "[sparrow]\ntoken = 'the-token'\nidentity = 'Shop'\n";
    let config = configuration(directory.path(), gateway);
    let ended = run(&["serve", "--json", "--config", &config], &[(LISTEN, &address)]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains(&address) && ended.stderr.contains("`metrics.listen`"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "", "nobody is told that it listens");
}
