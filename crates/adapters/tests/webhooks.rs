//! Webhooks over real sockets, against receivers that answer anything.
//!
//! No test installs a provider of cryptography: the sender must have done it.

#[cfg(test)]
#[path = "webhooks/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "http/wire.rs"]
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::system::SystemClock;
use adapters::webhooks::{HttpWebhooks, WebhookSecret, WebhookUrl};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::application::ApplicationId;
use domain::id::EventId;
use domain::ports::{Clock, WebhookMessage, WebhookSender};
use domain::webhook::{AttemptFault, AttemptOutcome, WebhookId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use self::harness::{ID, LONG, SHORT, attempt, failed, played, secret, settings, with_own_certificate};
use self::wire::{Play, Wire, http, refusing};

#[tokio::test]
async fn only_an_answer_2xx_takes_a_message() {
    for (line, status) in [("200 OK", 200), ("202 Accepted", 202), ("204 No Content", 204)] {
        let outcome = played(Play::Say(http(line, "", "")), LONG).await;
        assert_eq!(outcome, AttemptOutcome::Taken { status }, "{line}");
    }
    for (line, status) in [
        ("301 Moved Permanently", 301),
        ("304 Not Modified", 304),
        ("400 Bad Request", 400),
        ("401 Unauthorized", 401),
        ("410 Gone", 410),
        ("429 Too Many Requests", 429),
        ("500 Internal Server Error", 500),
        ("503 Service Unavailable", 503),
    ] {
        let outcome = played(Play::Say(http(line, "", "no")), LONG).await;
        assert_eq!(outcome, AttemptOutcome::Refused { status }, "{line}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Wire::start(Play::Say(http("200 OK", "", ""))).await;
    let location = format!("Location: {}\r\n", elsewhere.url("/inside"));
    for (line, status) in
        [("302 Found", 302), ("307 Temporary Redirect", 307), ("308 Permanent Redirect", 308)]
    {
        let outcome = played(Play::Say(http(line, &location, "")), LONG).await;
        assert_eq!(outcome, AttemptOutcome::Refused { status });
    }
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_in_time_is_given_up_on() {
    assert_eq!(played(Play::SayAndHold(Vec::new()), SHORT).await, failed(AttemptFault::TimedOut));
    let half = b"HTTP/1.1 200 OK\r\nX-Slow".to_vec();
    assert_eq!(played(Play::SayAndHold(half), SHORT).await, failed(AttemptFault::TimedOut));
}

#[tokio::test]
async fn a_status_is_enough_and_an_endless_body_costs_a_second() {
    let started = Instant::now();
    let promised = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx".to_vec();
    assert_eq!(played(Play::SayAndHold(promised), LONG).await, AttemptOutcome::Taken { status: 200 });
    let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024)).into_bytes();
    let endless = Play::SayForEver(endless, chunk, Duration::from_millis(1));
    assert_eq!(played(endless, LONG).await, AttemptOutcome::Taken { status: 200 });
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_broken_and_none_is_none() {
    let other = b"SSH-2.0-OpenSSH\r\n".to_vec();
    for play in [
        Play::CloseAtOnce,
        Play::SayFirst(other.clone()),
        Play::Say(other),
        Play::Say(Vec::new()),
        Play::DieAfter(0, Vec::new()),
    ] {
        assert_eq!(played(play.clone(), LONG).await, failed(AttemptFault::Broken), "{play:?}");
    }
    let (_bound, address) = refusing();
    let url = WebhookUrl::parse(&format!("http://{address}/"), true).unwrap();
    let outcome = attempt(settings(url, LONG, vec![secret()])).await.outcome;
    assert_eq!(outcome, failed(AttemptFault::Connect));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_no_connection() {
    let address = with_own_certificate();
    let url = WebhookUrl::parse(&format!("https://localhost:{}/hook", address.port()), true).unwrap();
    let outcome = attempt(settings(url, LONG, vec![secret()])).await.outcome;
    assert_eq!(outcome, failed(AttemptFault::Connect));
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_forbidden_and_nothing_is_dialled() {
    let receiver = Wire::start(Play::Say(http("200 OK", "", ""))).await;
    let url =
        WebhookUrl::parse(&receiver.url("/hook").replace("http://127.0.0.1", "https://localhost"), false)
            .unwrap();
    let outcome = attempt(settings(url, LONG, vec![secret()])).await.outcome;
    assert_eq!(outcome, failed(AttemptFault::AddressForbidden));
    assert_eq!(receiver.connections(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_as_such() {
    // RFC 6761: no name under `invalid` exists.
    let url = WebhookUrl::parse("https://no-such-receiver.invalid/hook", false).unwrap();
    let outcome = attempt(settings(url, LONG, vec![secret()])).await.outcome;
    assert_eq!(outcome, failed(AttemptFault::Dns));
}

#[tokio::test]
async fn a_webhook_that_is_not_there_is_not_told() {
    let url = WebhookUrl::parse("https://example.com/", false).unwrap();
    let sender = HttpWebhooks::new([settings(url, LONG, vec![secret()])], Arc::new(SystemClock)).unwrap();
    let message = WebhookMessage::Ping { id: EventId::parse(ID).unwrap(), at: SystemClock.now() };
    let (orders, other) = (WebhookId::parse("orders").unwrap(), WebhookId::parse("other").unwrap());
    let shop = ApplicationId::parse("shop").unwrap();
    assert!(sender.send(&ApplicationId::default_application(), &other, message).await.is_none());
    assert!(sender.send(&shop, &orders, message).await.is_none());
}

#[tokio::test]
async fn a_message_is_posted_json_that_every_secret_has_signed() {
    let receiver = Wire::start(Play::Say(http("204 No Content", "", ""))).await;
    let url = WebhookUrl::parse(&receiver.url("/hook?token=of-the-receiver"), true).unwrap();
    let (newest, old) = (secret(), secret());
    attempt(settings(url, LONG, vec![newest.clone(), old.clone()])).await;
    let calls = receiver.calls();
    let (head, body) = calls[0].split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let of = |line: &str| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        };
        head.lines().find_map(of).unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    assert!(head.starts_with("POST /hook?token=of-the-receiver HTTP/1.1\r\n"), "{head}");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("webhook-id"), ID);
    let timestamp = header("webhook-timestamp");
    let age = SystemClock.now().as_second() - timestamp.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{age}");
    // As its receiver verifies it, without the code under test.
    let signed = |secret: &WebhookSecret| {
        let key = STANDARD.decode(secret.reveal().strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{ID}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    };
    assert_eq!(header("webhook-signature"), format!("{} {}", signed(&newest), signed(&old)));
    for unwanted in ["authorization", "cookie", "referer", "expect"] {
        assert!(!head.to_ascii_lowercase().contains(unwanted), "{head}");
    }
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let url = WebhookUrl::parse("https://example.com/hook?token=private", false).unwrap();
    let secret = secret();
    let settings = settings(url, LONG, vec![secret.clone()]);
    let sender = HttpWebhooks::new([settings.clone()], Arc::new(SystemClock)).unwrap();
    let printed = format!("{settings:?} {sender:?} {:?}", settings.webhook());
    assert!(!printed.contains("private") && !printed.contains(secret.reveal().as_str()), "{printed}");
    assert_eq!(&*settings.webhook().address, "https://example.com/hook");
}
