//! The keys of proofs, and the address that they speak for.

use domain::proof::ProofPhone;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, faults_of};

/// The key of RFC 8037 appendix A, as OpenSSL writes it, and its public half.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";
const KEY_ID: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----";

fn with_url() -> Sandbox {
    Sandbox::new().variable("SERVER__PUBLIC_URL", "https://verify.example.com/")
}

#[test]
fn without_a_key_nothing_is_signed() {
    let config = Sandbox::new().loaded();
    assert!(config.secrets.proof_keys.is_none());
    assert_eq!(config.shown()["secrets"]["proof_key"], Value::Null);
    assert_eq!(config.application.proof_phone, ProofPhone::Hash);
    // An address alone does no harm.
    assert!(with_url().loaded().secrets.proof_keys.is_none());
}

#[test]
fn a_key_is_given_by_value_or_in_a_file() {
    let sandbox = with_url();
    let path = sandbox.written("proof-key.pem", KEY.as_bytes());
    let ways = [
        with_url().variable("SECRETS__PROOF_KEY", KEY),
        with_url().file("verify.toml", &format!("secrets.proof_key = '''\n{KEY}'''")),
        sandbox.variable("SECRETS__PROOF_KEY_FILE", path.to_str().unwrap()),
    ];
    for sandbox in ways {
        let config = sandbox.loaded();
        assert_eq!(config.server.public_url.as_deref(), Some("https://verify.example.com"));
        assert_eq!(config.secrets.proof_keys.as_ref().unwrap().published()[0].id, KEY_ID);
        let shown = format!("{} {config:?}", config.shown());
        assert!(!shown.contains("nWGx") && !shown.contains("MC4CAQ"), "{shown}");
    }
}

#[test]
fn keys_that_have_signed_before_are_published_behind_the_one_that_signs() {
    let old = format!("{PUBLIC}{KEY}");
    let sandbox =
        with_url().variable("SECRETS__PROOF_KEY", OTHER_KEY).variable("SECRETS__OLD_PROOF_KEYS", &old);
    let keys = sandbox.loaded().secrets.proof_keys.unwrap();
    let published: Vec<_> = keys.published().iter().map(|key| key.id.as_str()).collect();
    assert_eq!((published.len(), published[1]), (2, KEY_ID));
    let fault = with_url().variable("SECRETS__OLD_PROOF_KEYS", &old).fault();
    assert!(
        fault.starts_with("secrets.old_proof_keys: is of no use without `secrets.proof_key_file`"),
        "{fault}"
    );
}

#[test]
fn what_is_no_key_is_refused_without_being_told() {
    let rows = [
        ("c2VjcmV0LW5vdC1hLWtleQ", "is no key in PEM"),
        (PUBLIC, "must hold one private key"),
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "is no Ed25519 key"),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----",
            "is encrypted",
        ),
        ("********", "is the mask"),
    ];
    for (text, expected) in rows {
        let fault = with_url().variable("SECRETS__PROOF_KEY", text).fault();
        assert!(fault.starts_with(&format!("secrets.proof_key: {expected}")), "{fault}");
        assert!(!fault.contains("c2VjcmV0"), "{fault}");
    }
    let fault =
        with_url().variable("SECRETS__PROOF_KEY", KEY).variable("SECRETS__OLD_PROOF_KEYS", "x").fault();
    assert!(fault.starts_with("secrets.old_proof_keys: is no key in PEM"), "{fault}");
}

#[test]
fn a_key_needs_an_address_to_speak_for() {
    let fault = Sandbox::new().variable("SECRETS__PROOF_KEY", KEY).fault();
    assert!(
        fault.starts_with("server.public_url: is missing; set it to where the service is reached"),
        "{fault}"
    );
    for (url, taken) in [
        ("https://verify.example.com", true),
        ("https://example.com:8443/verify", true),
        ("http://127.0.0.1:8080", true),
        ("http://localhost", true),
        ("http://verify.example.com", false),
        ("verify.example.com", false),
        ("https://user:secret@verify.example.com", false),
        ("https://verify.example.com/?a=b", false),
    ] {
        let sandbox = Sandbox::new().variable("SECRETS__PROOF_KEY", KEY).variable("SERVER__PUBLIC_URL", url);
        if taken {
            assert_eq!(sandbox.loaded().server.public_url.as_deref(), Some(url));
        } else {
            let fault = sandbox.fault();
            assert!(
                fault.starts_with("server.public_url: must be an address such as https://verify."),
                "{fault}"
            );
            assert!(!fault.contains("secret@"), "{fault}");
        }
    }
}

#[test]
fn what_a_proof_tells_of_the_phone_and_how_long_answers_are_kept_have_bounds() {
    let config = Sandbox::new()
        .file("verify.toml", "application.proof.phone = 'number'\nretention.idempotency_hours = 168")
        .loaded();
    assert_eq!(
        (config.application.proof_phone, config.retention.idempotency_hours),
        (ProofPhone::Number, 168)
    );
    assert_eq!(config.shown()["application"]["proof"], json!({"phone": "number"}));
    let faults = faults_of("application.proof.phone = 'no'\nretention.idempotency_hours = 169");
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains("must be \"hash\" or \"number\"")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains("must be a whole number from 1 to 168")), "{faults:#?}");
}
