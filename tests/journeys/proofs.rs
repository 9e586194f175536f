//! Proofs: another service believes an approval by the published keys alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::{Answer, Client, Fleet, Ground, Service, directory, run, wrong};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};

const PHONE: &str = "+9779841234567";
const ISSUER: &str = "http://localhost:8080";

fn new_key() -> String {
    let made = run(&["proof-key", "new"], &[]);
    assert!(made.status.success(), "{}", made.stderr);
    assert!(made.stdout.starts_with("-----BEGIN PRIVATE KEY-----\n"), "it prints the key and nothing else");
    made.stdout
}

/// Checks a proof as another service does: it asks for the keys, and never for the verification.
async fn checked(client: &Client, proof: &str) -> Option<Value> {
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { return None };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let read = |part: &str| serde_json::from_slice::<Value>(&decoded(part)?).ok();
    let header_read = read(header)?;
    if header_read["alg"] != "EdDSA" || header_read["typ"] != "phone-proof+jwt" {
        return None;
    }
    let keys = client.get("/.well-known/jwks.json", "").await.is(200);
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let keys = keys.json();
    let key = keys["keys"].as_array()?.iter().find(|key| key["kid"] == header_read["kid"])?;
    let x = decoded(key["x"].as_str()?)?;
    let signed = format!("{header}.{payload}");
    UnparsedPublicKey::new(&ED25519, x).verify(signed.as_bytes(), &decoded(signature)?).ok()?;
    read(payload)
}

async fn approved(fleet: &Fleet, account: &str, phone: &str) -> Answer {
    let _ = fleet.start_at(0, account, phone).await.is(201);
    let code = fleet.code(phone);
    let refused = fleet.check_at(0, account, phone, &wrong(&code)).await.is_problem(422, "code-incorrect");
    assert_eq!(refused.json()["proof"], Value::Null);
    let answer = fleet.check_at(0, account, phone, &code).await.is(200);
    let again = fleet.check_at(0, account, phone, &code).await.is(200);
    assert_eq!(again.text, answer.text, "a repeated right code is answered with the same proof");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_believed_elsewhere_also_after_its_key_was_replaced() {
    let directory = directory();
    let old_key = new_key();
    let ground = Ground::sqlite(directory.path())
        .setting("SECRETS__PROOF_KEY", &old_key)
        .setting("SERVER__PUBLIC_URL", &format!("{ISSUER}/"));
    let mut fleet = Fleet::start(&ground, 1).await;
    let answer = approved(&fleet, "ram", PHONE).await;
    let proof = answer.member("proof");
    let claims = checked(fleet.client(0), &proof).await.expect("the proof is good");
    let expected = json!({
        "iss": ISSUER, "aud": "default", "sub": "ram", "jti": answer.member("id"), "iat": claims["iat"],
        "exp": claims["iat"].as_i64().map(|begun| begun + 600), "purpose": "contact", "method": "sms", "amr": ["sms"],
        "phone_hash": claims["phone_hash"],
    });
    assert_eq!(claims, expected);
    let (signed, signature) = proof.rsplit_once('.').expect("it has parts");
    let forged = format!("{}A.{signature}", &signed[..signed.len() - 1]);
    assert_eq!(checked(fleet.client(0), &forged).await, None);

    fleet.kill(0).await;
    fleet.reconfigure("SECRETS__OLD_PROOF_KEYS", &old_key);
    fleet.reconfigure("APPLICATION__PROOF__PHONE", "number");
    fleet.add_reconfigured("SECRETS__PROOF_KEY", &new_key()).await;
    assert_eq!(checked(fleet.client(0), &proof).await, Some(claims), "what was signed before stays good");
    let other = approved(&fleet, "sita", "+9779801234567").await.member("proof");
    let claims = checked(fleet.client(0), &other).await.expect("the proof is good");
    assert_eq!(
        (&claims["phone_number"], &claims["phone_number_verified"]),
        (&json!("+9779801234567"), &json!(true))
    );
    let header = |proof: &str| proof.split('.').next().map(str::to_owned);
    assert_ne!(header(&other), header(&proof), "the new key signs");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_there_is_no_proof_and_the_configuration_says_so() {
    let directory = directory();
    let fleet = Fleet::start(&Ground::sqlite(directory.path()), 1).await;
    assert_eq!(approved(&fleet, "ram", PHONE).await.json()["proof"], Value::Null);
    let keys = fleet.client(0).get("/.well-known/jwks.json", "").await.is(200);
    assert_eq!(keys.json(), json!({"keys": []}));
    assert_eq!(fleet.command(&["config", "check"])["signs_proofs"], false);
}

#[test]
fn a_key_needs_an_address_to_speak_for() {
    let key = new_key();
    let refused = run(&["config", "check"], &[("SPARROW_VERIFY__SECRETS__PROOF_KEY", &key)]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stderr.contains("server.public_url"), "{}", refused.stderr);
    assert!(!refused.stderr.contains(key.lines().nth(1).expect("a key has lines")), "{}", refused.stderr);
}

#[tokio::test]
async fn a_demo_signs_in_its_own_name() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let token = demo.told("user_token");
    let _ = demo.client.post("/v1/verifications", token, &json!({"phone": PHONE})).await.is(201);
    let check = json!({"phone": PHONE, "code": demo.code(PHONE).await});
    let proof = demo.client.post("/v1/verifications/checks", token, &check).await.is(200).member("proof");
    let claims = checked(&demo.client, &proof).await.expect("the proof is good");
    assert_eq!(claims["iss"], demo.told("url"));
}
