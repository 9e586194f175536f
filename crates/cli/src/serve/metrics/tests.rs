//! What is asked for over HTTP, and what is not.

use adapters::metrics::facts::MetricFacts;
use domain::ports::Gateways;
use domain::testkit::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::credits::DaysKnown;
use super::*;
use crate::config::{self, Config, Sources};
use crate::wiring::{self, Schema};

/// The metrics of nothing, at a free port.
async fn begin() -> (SocketAddr, CancellationToken, JoinHandle<io::Result<()>>) {
    let listening = MetricsListening::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, stopping) = (listening.address, CancellationToken::new());
    let metrics = Arc::new(Metrics::new(["default".into()], ["sparrow".into()]));
    (address, stopping.clone(), listening.begin(metrics, stopping))
}

async fn ask(address: SocketAddr, call: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(format!("{call}Host: x\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn there_is_one_page_and_it_is_only_read() {
    let (address, _stopping, _task) = begin().await;
    let page = ask(address, "GET /metrics HTTP/1.1\r\n").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(
        page.to_lowercase().contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{page}"
    );
    assert!(page.contains("\nsparrow_verify_build_info{version=") && page.contains("# EOF\n"), "{page}");
    let head = ask(address, "HEAD /metrics?x=y HTTP/1.1\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && !head.contains("sparrow_verify"), "{head}");
    for (call, status) in [
        ("GET / HTTP/1.1\r\n", "404"),
        ("GET /metrics/ HTTP/1.1\r\n", "404"),
        ("GET /v1/verifications HTTP/1.1\r\n", "404"),
        ("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n", "405"),
        ("DELETE /metrics HTTP/1.1\r\n", "405"),
    ] {
        let answer = ask(address, call).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{call}: {answer}");
        assert!(!answer.contains("sparrow_verify"), "{call}: {answer}");
    }
}

#[tokio::test]
async fn a_body_is_not_waited_for() {
    let (address, _stopping, _task) = begin().await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    let call = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
    connection.write_all(call.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    connection.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 405");
}

#[tokio::test]
async fn it_ends_with_the_service_though_somebody_is_connected() {
    let (address, stopping, task) = begin().await;
    let _idle = TcpStream::connect(address).await.unwrap();
    let _ = ask(address, "GET /metrics HTTP/1.1\r\n").await;
    stopping.cancel();
    tokio::time::timeout(Duration::from_secs(30), finish(Some(task))).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_by_its_key() {
    let (address, _stopping, _task) = begin().await;
    let error = MetricsListening::bind(address).await.err().unwrap();
    let text = error.to_string();
    assert!(text.contains(&address.to_string()) && text.contains("`metrics.listen`"), "{text}");
}

/// A configuration with metrics, over a database in this directory.
fn config(directory: &tempfile::TempDir) -> Config {
    let database = format!("sqlite://{}", directory.path().join("test.db").display());
    let set = [
        ("DATABASE__URL", database.as_str()),
        ("SECRETS__PEPPER", "a pepper of a test: 0123456789abcdef"),
        ("SECRETS__PHONE_KEY", "a phone key of a test: fedcba987654"),
        ("APPLICATION__NAME", "Test"),
        ("APPLICATION__WEBHOOKS__ORDERS__URL", "https://shop.example/webhooks"),
        ("APPLICATION__WEBHOOKS__ORDERS__SECRET", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("METRICS__LISTEN", "127.0.0.1:0"),
    ];
    let environment = set.map(|(name, value)| (format!("SPARROW_VERIFY__{name}"), value.to_owned())).into();
    config::load(&Sources { files: Vec::new(), environment }).unwrap()
}

#[tokio::test]
async fn every_metric_is_there_once_and_is_written_as_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(&directory);
    let world = World::new();
    let gateways = Gateways::one(world.gateway.clone());
    let wired = wiring::wire(&config, Some(gateways), Schema::Migrate).await.unwrap();
    let stopping = CancellationToken::new();
    let _api = super::super::api(&config, &wired, None, &stopping).unwrap();
    let metrics = wired.metrics.clone().unwrap();
    Arc::new(DaysKnown::default()).watched(&metrics);

    let named = |facts: &[MetricFacts]| -> Vec<_> { facts.iter().map(|facts| facts.name).collect() };
    let (mut there, mut told) = (named(&metrics.facts()), named(facts::ALL));
    there.sort_unstable();
    told.sort_unstable();
    assert_eq!(there, told);

    // What was counted yet has the labels that it is said to have.
    let text = metrics.text();
    for facts in facts::ALL {
        let name = facts.full_name();
        let mut samples = text.lines().filter(|line| {
            let rest = line.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let Some(sample) = samples.next() else { continue };
        let labels = sample
            .split_once('{')
            .and_then(|(_, rest)| rest.rsplit_once('}'))
            .map_or("", |(labels, _)| labels);
        let labels: Vec<_> = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0)).collect();
        assert_eq!(labels, facts.labels, "{sample}");
        let plain = name.trim_end_matches("_total").trim_end_matches("_info");
        assert!(text.contains(&format!("# TYPE {plain} {}\n", facts.kind.as_str())), "{name}\n{text}");
    }
    stopping.cancel();
    wired.store.close().await;
}

#[tokio::test]
async fn what_webhooks_were_not_told_is_asked_for_and_remembered() {
    let world = World::builder().webhooks(&["orders"]).build();
    let (metrics, verifier) = (Metrics::new([], []), Arc::new(world.verifier.clone()));
    let stopping = CancellationToken::new();
    watch(&metrics, &verifier, &Arc::default(), &stopping);
    let begin = std::time::Instant::now();
    while !metrics.text().contains("webhook_deliveries_pending{application=\"default\"} 0") {
        assert!(begin.elapsed() < Duration::from_secs(30), "{}", metrics.text());
        tokio::task::yield_now().await;
    }
    assert_eq!(world.store.calls("backlog"), 1, "reading asks nobody");
}
