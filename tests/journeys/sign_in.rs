//! An application whose users are signed in already: they call with the token of its own sign-in.

use std::path::Path;
use std::time::{Duration, Instant};

use adapters::system::SystemClock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ports::Clock as _;
use harness::{Fleet, Ground, directory, wrong};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

const PHONE: &str = "+9779841234567";
const ISSUER: &str = "https://sign-in.example";

/// The sign-in: a key pair of P-256, by a name.
struct SignIn {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl SignIn {
    fn new(id: &'static str) -> Self {
        let (of, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(of, &random).expect("a key pair");
        let pair = EcdsaKeyPair::from_pkcs8(of, pkcs8.as_ref(), &random).expect("a key pair");
        Self { id, pair }
    }

    /// Puts its public key where the service looks, in the place of what was there.
    fn publish(&self, file: &Path) {
        let point = self.pair.public_key().as_ref();
        let of = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let key = json!({
            "kty": "EC", "crv": "P-256", "kid": self.id, "use": "sig", "alg": "ES256",
            "x": of(&point[1..33]), "y": of(&point[33..]),
        });
        let next = file.with_extension("next");
        std::fs::write(&next, json!({ "keys": [key] }).to_string()).expect("there is room");
        std::fs::rename(next, file).expect("there is room");
    }

    fn token(&self, name: &str) -> String {
        let now = SystemClock.now().as_second();
        let claims = json!({"iss": ISSUER, "aud": "verify", "sub": "7", "name": name, "exp": now + 300});
        self.signed(&claims)
    }

    fn signed(&self, claims: &Value) -> String {
        let header = json!({"alg": "ES256", "kid": self.id, "typ": "JWT"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).expect("a signature");
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_in_verifies_a_phone() {
    let directory = directory();
    let keys = directory.path().join("jwks.json");
    let sign_in = SignIn::new("first");
    sign_in.publish(&keys);
    let ground = Ground::sqlite(directory.path())
        .setting("APPLICATION__JWT__ISSUER", ISSUER)
        .setting("APPLICATION__JWT__AUDIENCE", "verify")
        .setting("APPLICATION__JWT__USERNAME_CLAIM", "name")
        .setting("APPLICATION__JWT__ALGORITHMS", "ES256")
        .setting("APPLICATION__JWT__JWKS_FILE", keys.to_str().expect("a path that is text"));
    let fleet = Fleet::start(&ground, 1).await;
    let client = fleet.client(0);
    let token = sign_in.token("ram");

    let started = client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await.is(201);
    assert_eq!(started.member("account"), "ram");
    let code = fleet.code(PHONE);
    let check = json!({"phone": PHONE, "code": wrong(&code)});
    let refused = client.post("/v1/verifications/checks", &token, &check).await;
    let _ = refused.is_problem(422, "code-incorrect");
    let check = json!({"phone": PHONE, "code": code});
    let _ = client.post("/v1/verifications/checks", &token, &check).await.is(200);
    assert_eq!(fleet.command(&["account", "show", "ram"])["phone"], "+97798•••••67");
    let again = client.post("/validate_phone/", &token, &json!({"phone": PHONE})).await.is(403);
    assert_eq!(again.json()["details"], "Phone number already verified.");

    let forged = SignIn::new("first").token("ram");
    let ended = SystemClock.now().as_second() - 31;
    let ended = sign_in.signed(&json!({"iss": ISSUER, "aud": "verify", "name": "ram", "exp": ended}));
    for token in [forged, ended, token.replace('.', ""), SignIn::new("unknown").token("ram")] {
        let _ = client.get("/v1/verifications", &token).await.is_problem(401, "unauthenticated");
    }

    // The sign-in takes another key: it counts soon, and the old one no more.
    let next = SignIn::new("second");
    next.publish(&keys);
    let deadline = Instant::now() + Duration::from_secs(30);
    while client.get("/v1/verifications", &next.token("ram")).await.status != 200 {
        assert!(Instant::now() < deadline, "the new key was not read");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = client.get("/v1/verifications", &token).await.is_problem(401, "unauthenticated");
    let log = fleet.replicas[0].log();
    assert!(log.contains("issuer's keys were read") && !log.contains(&token), "{log}");
}
