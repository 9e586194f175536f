//! What is asked for over HTTP, and what is not.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

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
