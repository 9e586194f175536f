//! Over a real connection: what the server under the endpoint adds to it.

use std::net::SocketAddr;
use std::time::Duration;

use domain::verification::DeliveryState;
use poem::Server;
use poem::listener::TcpAcceptor;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{PHONE, Service};

/// Long enough for the slowest machine; no test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// Serves on a free port until the test's runtime ends.
async fn served(service: &Service) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(service.endpoint.clone()));
    address
}

/// Sends the bytes and reads until the server ends the connection: head and body.
async fn exchange(address: SocketAddr, request: &[u8]) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset is one of the endings to look at; what came before it is kept.
    let _ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    (head.to_lowercase(), body.to_owned())
}

fn head(method: &str, path: &str, token: &str, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{more}\r\n"
    )
}

/// A start of exactly that many bytes.
fn start(bytes: usize) -> String {
    let text = json!({"phone": PHONE}).to_string();
    format!("{text}{}", " ".repeat(bytes - text.len()))
}

#[tokio::test]
async fn a_body_of_4096_bytes_is_taken_and_one_more_byte_is_not() {
    for (bytes, status) in [(4096, "201"), (4097, "413")] {
        for chunked in [false, true] {
            let service = Service::new();
            let token = service.user("ram").await;
            let address = served(&service).await;
            let body = start(bytes);
            let framing = if chunked {
                "transfer-encoding: chunked".to_owned()
            } else {
                format!("content-length: {bytes}")
            };
            let more = format!("content-type: application/json\r\n{framing}\r\n");
            let mut request = head("POST", "/v1/verifications", &token, &more).into_bytes();
            if chunked {
                for part in body.as_bytes().chunks(1000) {
                    request.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                    request.extend_from_slice(part);
                    request.extend_from_slice(b"\r\n");
                }
                request.extend_from_slice(b"0\r\n\r\n");
            } else {
                request.extend_from_slice(body.as_bytes());
            }
            let (told, _) = exchange(address, &request).await;
            assert!(told.starts_with(&format!("http/1.1 {status} ")), "{bytes}, chunked {chunked}: {told}");
            assert_eq!(service.world.gateway.sent().len(), usize::from(status == "201"));
        }
    }
}

#[tokio::test]
async fn whoever_asks_before_sending_too_much_is_told_not_to() {
    let service = Service::new();
    let token = service.user("ram").await;
    let address = served(&service).await;
    let more = "content-type: application/json\r\ncontent-length: 1000000000\r\nexpect: 100-continue\r\n";
    let (told, body) = exchange(address, head("POST", "/v1/verifications", &token, more).as_bytes()).await;
    assert!(told.starts_with("http/1.1 413 "), "{told}");
    assert!(body.contains("body-too-large"), "{body}");
}

#[tokio::test]
async fn the_answer_to_head_ends_with_its_head() {
    let service = Service::new();
    let token = service.user("ram").await;
    let address = served(&service).await;
    for path in
        ["/livez", "/v1/verifications", "/validate_phone/", "/docs/", "/nothing", "/v1/verifications/checks"]
    {
        let kept = if path == "/docs/" { "no-cache" } else { "no-store" };
        let (told, body) = exchange(address, head("HEAD", path, &token, "").as_bytes()).await;
        assert_eq!(body, "", "{path}: {told}");
        assert!(told.contains(&format!("cache-control: {kept}")), "{path}: {told}");
        assert!(!told.contains("content-length: 0"), "{path} has content for GET: {told}");
    }
}

#[tokio::test]
async fn a_connection_serves_one_call_after_the_other() {
    let service = Service::new();
    let token = service.user("ram").await;
    let address = served(&service).await;
    let keep = head("HEAD", "/v1/verifications", &token, "").replace("connection: close\r\n", "");
    let options = head("OPTIONS", "/v1/verifications", &token, "").replace("connection: close\r\n", "");
    let last = head("GET", "/livez", &token, "");
    let (told, rest) = exchange(address, format!("{keep}{options}{last}").as_bytes()).await;
    assert!(told.starts_with("http/1.1 200 "), "{told}");
    let rest = rest.to_lowercase();
    assert!(rest.starts_with("http/1.1 204 "), "{rest}");
    assert!(rest.contains("http/1.1 200 ") && rest.ends_with("{\"status\":\"ok\"}"), "{rest}");
}

#[tokio::test]
async fn a_start_whose_connection_ended_is_recorded() {
    let service = Service::new();
    let token = service.user("ram").await;
    let address = served(&service).await;
    service.world.gateway.hold();
    let body = start(40);
    let more = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all((head("POST", "/v1/verifications", &token, &more) + &body).as_bytes()).await.unwrap();
    service.world.gateway.reached(1).await;
    drop(stream);
    service.world.gateway.release();
    service.all_done().await;
    assert_eq!(service.only_verification().delivery.state, DeliveryState::Sent);
}
