//! What every test of the sender sends, and what it checks of every attempt.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::system::{OsEntropy, SystemClock};
use adapters::webhooks::{HttpWebhooks, PhoneForm, WebhookSecret, WebhookSettings, WebhookUrl};
use domain::application::ApplicationId;
use domain::event::EventKind;
use domain::id::EventId;
use domain::ports::{Clock, WebhookMessage, WebhookSender};
use domain::webhook::{Attempt, AttemptFault, AttemptOutcome, WebhookId};

use crate::wire::{Play, Wire};

pub(crate) const ID: &str = "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";
/// Longer than anything takes that has an end, on a busy machine too.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// For what has no end.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

pub(crate) fn settings(url: WebhookUrl, timeout: Duration, secrets: Vec<WebhookSecret>) -> WebhookSettings {
    WebhookSettings {
        id: WebhookId::parse("orders").unwrap(),
        application: ApplicationId::default_application(),
        kinds: EventKind::ALL.to_vec(),
        url,
        secrets,
        timeout,
        phone: PhoneForm::Masked,
    }
}

pub(crate) fn secret() -> WebhookSecret {
    WebhookSecret::new(&OsEntropy).unwrap()
}

/// What comes of one message to a webhook with these settings.
pub(crate) async fn attempt(settings: WebhookSettings) -> Attempt {
    let sender = HttpWebhooks::new([settings.clone()], Arc::new(SystemClock)).unwrap();
    let id = EventId::parse(ID).unwrap();
    let message = WebhookMessage::Ping { id, at: SystemClock.now() };
    let started = Instant::now();
    let attempt = sender.send(&settings.application, &settings.id, message).await.unwrap();
    assert!(attempt.took <= started.elapsed(), "{attempt:?}");
    assert!(started.elapsed() < settings.timeout + Duration::from_secs(10), "{attempt:?}");
    attempt
}

/// What comes of one message to a receiver of this machine that plays so.
pub(crate) async fn played(play: Play, timeout: Duration) -> AttemptOutcome {
    let receiver = Wire::start(play).await;
    let url = WebhookUrl::parse(&receiver.url("/hook"), true).unwrap();
    let outcome = attempt(settings(url, timeout, vec![secret()])).await.outcome;
    assert!(receiver.calls().len() <= 1, "it was called again");
    outcome
}

pub(crate) fn failed(fault: AttemptFault) -> AttemptOutcome {
    AttemptOutcome::Failed(fault)
}

/// A server with TLS whose certificate nobody has signed but itself. It lives as long as the process.
pub(crate) fn with_own_certificate() -> SocketAddr {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            // The client leaves in the middle of the handshake, as it should.
            let _left = connection.complete_io(&mut stream);
        }
    });
    address
}
