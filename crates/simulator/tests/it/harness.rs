//! A simulator of one's own on a free port, and a client to call it with.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use simulator::{RunningSimulator, Simulator, SimulatorConfig};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const TOKEN: &str = "a-token";
pub(crate) const IDENTITY: &str = "Example";
pub(crate) const PHONE: &str = "9841234567";
pub(crate) const FORM: &str = "token=a-token&from=Example&to=9841234567&text=Hello";

/// Long enough for the slowest machine; no test waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) running: RunningSimulator,
    pub(crate) client: Client,
}

pub(crate) async fn start() -> Harness {
    start_with(SimulatorConfig::new(TOKEN, IDENTITY)).await
}

pub(crate) async fn start_with(config: SimulatorConfig) -> Harness {
    let simulator = Simulator::new(config);
    let running = simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    Harness { simulator, running, client: client(PATIENCE) }
}

/// A client that follows no redirect and gives up after `timeout`.
pub(crate) fn client(timeout: Duration) -> Client {
    // Another test may have installed it already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(timeout).no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The fields of a good call, with some of them replaced.
pub(crate) fn fields<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [("token", TOKEN), ("from", IDENTITY), ("to", PHONE), ("text", "Hello")]
        .into_iter()
        .map(|(name, value)| {
            let new = changed.iter().find(|(changed, _)| *changed == name);
            (name, new.map_or(value, |(_, value)| value))
        })
        .collect()
}

impl Harness {
    /// `path` begins with a slash and is relative to the server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address())
    }

    pub(crate) async fn post(&self, form: &[(&str, &str)]) -> Response {
        self.client.post(self.url("/v2/sms/")).form(form).send().await.unwrap()
    }

    /// Sends with these fields replaced: status and JSON.
    pub(crate) async fn send(&self, changed: &[(&str, &str)]) -> (StatusCode, Value) {
        read(self.post(&fields(changed)).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.client.get(self.url(path)).send().await.unwrap()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(self.client.put(self.url(path)).json(body).send().await.unwrap()).await
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.simulator.inbox(None).into_iter().map(|sms| sms.text).collect()
    }

    /// Posts a good call by hand and reads until the server closes the connection.
    pub(crate) async fn raw_send(&self) -> String {
        let mut stream = TcpStream::connect(self.running.address()).await.unwrap();
        let length = FORM.len();
        let call = format!(
            "POST /v2/sms/ HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{FORM}"
        );
        stream.write_all(call.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset is one of the endings to look at; what came before it is kept.
        let _ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Waits until the inbox holds something, for calls whose answer never comes.
    pub(crate) async fn delivered(&self) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.simulator.inbox(None).is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "nothing was delivered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

pub(crate) fn refusal(code: u32, sentence: &str) -> (StatusCode, Value) {
    (StatusCode::FORBIDDEN, json!({"response_code": code, "response": sentence}))
}
