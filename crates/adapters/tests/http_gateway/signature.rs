//! Calls that are signed by Standard Webhooks: whoever has a secret finds that the call is ours, and nobody else's.

use adapters::webhooks::WebhookSecret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::harness::{pairs, parts, played};
use crate::patience::Patience;
use crate::wire::{Play, http};

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}: ")));
    line.unwrap().split_once(": ").unwrap().1
}

/// What a receiver computes (Standard Webhooks 1.0, "Signature scheme").
fn signature(key: &[u8], signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[test]
fn the_receiver_of_this_test_agrees_with_the_reference_libraries() {
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
    assert_eq!(signature(&key, signed), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn a_call_is_signed_with_every_secret() {
    let keys = [[7_u8; 32], [9; 32]];
    let taken = Play::Say(http("204 No Content", "", ""));
    let (_, calls) = played(taken, Patience::Long, |settings| {
        let secret = |key| WebhookSecret::parse(&format!("whsec_{}", STANDARD.encode(key))).unwrap();
        settings.sign = keys.map(secret).into();
        settings.headers = pairs([("x-id", "{id}")]);
    })
    .await;
    let (head, body) = calls[0].split_once("\r\n\r\n").unwrap();
    let (id, seconds) = (header(head, "webhook-id"), header(head, "webhook-timestamp"));
    let signed = format!("{id}.{seconds}.{body}");
    let expected = keys.map(|key| signature(&key, &signed)).join(" ");
    assert_eq!(header(head, "webhook-signature"), expected);
    assert_eq!(header(head, "x-id"), id);
    let sent: serde_json::Value = serde_json::from_str(&parts(&calls).1).unwrap();
    assert_eq!(sent["id"].as_str(), Some(id), "who takes it twice can tell by its id");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(now.abs_diff(seconds.parse().unwrap()) < 120, "{seconds}");
    assert!(!head.contains("whsec_") && !head.contains(&STANDARD.encode(keys[0])));
}
