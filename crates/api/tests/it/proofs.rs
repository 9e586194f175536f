//! Proofs: whoever has sent the right code is told one, and everybody may ask for the keys by which it is checked.

use std::sync::Arc;

use api::ApiSettings;
use domain::testkit::{PlainProofs, World};
use domain::use_cases::Verifier;
use serde_json::{Value, json};

use crate::harness::{CHECK_PHONE, PHONE, START, Service, call, get, post};

const KEYS: &str = "/.well-known/jwks.json";

/// A service that signs.
fn signing() -> Service {
    let world = World::new();
    let mut verifier = Verifier::clone(&world.verifier);
    verifier.ports.proofs = Some(Arc::new(PlainProofs::default()));
    Service::with_verifier(world, verifier, ApiSettings::default())
}

#[tokio::test]
async fn a_right_code_is_answered_with_a_proof_and_repeated_with_the_same() {
    let service = signing();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let code = service.right_code();
    service.pass(5);
    let first = service.check(&token, &id, &code).await.is(200);
    let proof = first["proof"].as_str().unwrap();
    // The claims, as the signer of the tests spells them out.
    let begun = format!("default.ram.{id}.1768464005.1768464605.contact.");
    assert!(proof.starts_with(&begun), "{proof}");
    service.pass(500);
    assert_eq!(service.check(&token, &id, &code).await.is(200), first);
    let by_phone = post(CHECK_PHONE).bearer(&token).json(&json!({"phone": PHONE, "code": code}));
    assert_eq!(service.call(by_phone).await.is(200), first);
}

#[tokio::test]
async fn nothing_but_a_right_code_is_answered_with_a_proof() {
    let service = signing();
    let token = service.user("ram").await;
    let started = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await.is(201);
    assert_eq!(started["proof"], Value::Null);
    let id = started["id"].as_str().unwrap();
    let wrong = service.check(&token, id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    assert_eq!(wrong["proof"], Value::Null);
    service.check(&token, id, &service.right_code()).await.is(200);
    let got = service.call(get(format!("{START}/{id}")).bearer(&token)).await.is(200);
    assert_eq!((&got["status"], &got["proof"]), (&json!("approved"), &Value::Null));
    let listed = service.call(get(START).bearer(&token)).await.is(200);
    assert_eq!(listed["items"][0]["proof"], Value::Null);
}

#[tokio::test]
async fn without_a_key_there_is_no_proof_and_the_set_of_keys_is_empty() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let approved = service.check(&token, &id, &service.right_code()).await.is(200);
    assert_eq!(approved["proof"], Value::Null);
    assert_eq!(service.call(get(KEYS)).await.is(200), json!({"keys": []}));
}

#[tokio::test]
async fn the_keys_are_for_everybody_and_may_be_cached() {
    let service = signing();
    let answer = service.call(get(KEYS)).await;
    let expected = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "kid": "plain",
        "use": "sig", "alg": "EdDSA",
    });
    assert_eq!(answer.is(200), json!({"keys": [expected]}));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    service.call(call("POST", KEYS)).await.refuses(405, "method-not-allowed");
}
