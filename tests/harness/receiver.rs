//! A receiver of webhooks in this process. It verifies signatures by itself, as Standard Webhooks 1.0 tells receivers to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use poem::http::StatusCode;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{EndpointExt as _, Request, Server};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A message that came.
#[derive(Clone, Debug)]
pub struct Message {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signatures: String,
    /// The body as it came.
    pub body: String,
}

impl Message {
    /// Whether one of its signatures is this secret's (`whsec_...`).
    #[must_use]
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        let own = STANDARD.encode(mac.finalize().into_bytes());
        self.signatures.split(' ').any(|signature| signature.strip_prefix("v1,") == Some(&own))
    }

    /// The body.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// What kind of event it tells of.
    #[must_use]
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }
}

/// Answers 204 unless told otherwise.
#[derive(Debug)]
pub struct Receiver {
    url: String,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    messages: Mutex<Vec<Message>>,
    next: Mutex<VecDeque<StatusCode>>,
    held: watch::Sender<bool>,
}

impl Receiver {
    /// Listens on a free port of this machine.
    pub async fn start() -> Self {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("there is a free port");
        let address = *acceptor.local_addr()[0].as_socket_addr().expect("it has an address");
        let state = Arc::new(State {
            messages: Mutex::default(),
            next: Mutex::default(),
            held: watch::Sender::new(false),
        });
        let endpoint = poem::endpoint::make(take).data(state.clone());
        let serving = tokio::spawn(async move {
            let _ = Server::new_with_acceptor(acceptor).run(endpoint).await;
        });
        Self { url: format!("http://{address}/hook"), state, serving }
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers these next, one each.
    pub fn answer_next(&self, statuses: impl IntoIterator<Item = u16>) {
        let statuses = statuses.into_iter().map(|status| StatusCode::from_u16(status).expect("a status"));
        locked(&self.state.next).extend(statuses);
    }

    /// Takes messages but answers nobody until [`Receiver::release`].
    pub fn hold(&self) {
        self.state.held.send_replace(true);
    }

    /// Answers again.
    pub fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// Everything that came, in its order.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        locked(&self.state.messages).clone()
    }

    /// Waits until so many messages have come in all, and answers them.
    pub async fn wait_for(&self, count: usize, within: Duration) -> Vec<Message> {
        let deadline = Instant::now() + within;
        loop {
            let messages = self.messages();
            if messages.len() >= count {
                return messages;
            }
            assert!(Instant::now() < deadline, "{} of {count} messages within {within:?}", messages.len());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(mut request: Request) -> poem::Result<StatusCode> {
    let body = request.take_body().into_string().await?;
    let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
    let message = Message {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature"),
        body,
    };
    let state = request.data::<Arc<State>>().expect("it was given");
    locked(&state.messages).push(message);
    let status = locked(&state.next).pop_front().unwrap_or(StatusCode::NO_CONTENT);
    let _ = state.held.subscribe().wait_for(|held| !held).await;
    Ok(status)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
