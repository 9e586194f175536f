use domain::account::Username;
use domain::application::ApplicationId;
use domain::id::VerificationId;
use domain::phone::Phone;
use domain::testkit::SeededEntropy;
use domain::verification::Purpose;
use ring::signature::{ED25519, UnparsedPublicKey};

use super::*;

/// The key of RFC 8037 appendix A, as OpenSSL writes it.
const RFC_8037: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
const RFC_8037_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// Its public half: `openssl pkey -pubout`.
const RFC_8037_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

fn claims(phone: PhoneClaim) -> ProofClaims {
    ProofClaims {
        audience: ApplicationId::default_application(),
        subject: Some(Username::parse("ram").unwrap()),
        id: VerificationId::parse("018f0000-0000-7000-8000-000000000001").unwrap(),
        issued_at: 1_768_464_000,
        expires_at: 1_768_464_600,
        purpose: Purpose::Contact,
        phone,
    }
}

fn hashed() -> ProofClaims {
    claims(PhoneClaim::Hash("a-hash".to_owned()))
}

fn signer(pem: &str) -> Ed25519Proofs {
    Ed25519Proofs::new("https://verify.example.com", Arc::new(ProofKeys::from_pem(pem).unwrap()))
}

fn new_key(seed: u64) -> Zeroizing<String> {
    generate(&SeededEntropy::new(seed)).unwrap()
}

/// Checks a proof as another service does: by the published keys alone. Answers what it says.
fn checked(proof: &str, keys: &[ProofKey]) -> Option<(Value, Value)> {
    let parts: Vec<&str> = proof.split('.').collect();
    let [header, payload, signature] = parts.as_slice() else { return None };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let read = |part: &str| serde_json::from_slice::<Value>(&decoded(part)?).ok();
    let header_read = read(header)?;
    let key = keys.iter().find(|key| header_read["kid"] == key.id.as_str())?;
    let x = URL_SAFE_NO_PAD.decode(key.coordinate()).ok()?;
    let signed = format!("{header}.{payload}");
    UnparsedPublicKey::new(&ED25519, x).verify(signed.as_bytes(), &decoded(signature)?).ok()?;
    Some((header_read, read(payload)?))
}

#[test]
fn a_proof_says_what_is_claimed_and_is_checked_by_the_published_key() {
    let signer = signer(RFC_8037);
    let proof = signer.sign(&hashed()).into_text();
    let (header, payload) = checked(&proof, signer.keys()).unwrap();
    // The thumbprint is that of RFC 8037 appendix A.3.
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    assert_eq!(header, json!({"alg": "EdDSA", "typ": "phone-proof+jwt", "kid": kid}));
    let expected = json!({
        "iss": "https://verify.example.com",
        "aud": "default",
        "sub": "ram",
        "jti": "018f0000-0000-7000-8000-000000000001",
        "iat": 1_768_464_000,
        "exp": 1_768_464_600,
        "purpose": "contact",
        "method": "sms",
        "amr": ["sms"],
        "phone_hash": "a-hash",
    });
    assert_eq!(payload, expected);
    assert_eq!(signer.keys()[0].coordinate(), RFC_8037_X);
}

#[test]
fn a_proof_may_name_the_phone_and_no_account() {
    let signer = signer(RFC_8037);
    let phone = PhoneClaim::Number(Phone::from_digits(9_779_841_234_567).unwrap());
    let claims = ProofClaims { subject: None, ..claims(phone) };
    let (_, payload) = checked(&signer.sign(&claims).into_text(), signer.keys()).unwrap();
    assert_eq!(
        (&payload["phone_number"], &payload["phone_number_verified"]),
        (&json!("+9779841234567"), &json!(true))
    );
    assert!(payload.get("sub").is_none() && payload.get("phone_hash").is_none());
}

#[test]
fn the_same_claims_are_the_same_proof() {
    assert_eq!(signer(RFC_8037).sign(&hashed()), signer(RFC_8037).sign(&hashed()));
    assert_ne!(signer(RFC_8037).sign(&hashed()), signer(&new_key(1)).sign(&hashed()));
}

#[test]
fn what_was_changed_does_not_check() {
    let signer = signer(RFC_8037);
    let proof = signer.sign(&hashed()).into_text();
    for place in 0..proof.len() {
        let mut changed = proof.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        // The last letter of a signature has bits that say nothing; others than zero are refused by the reader.
        assert_eq!(checked(&changed, signer.keys()), None, "letter {place}");
    }
    let parts: Vec<&str> = proof.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": signer.keys()[0].id}).to_string());
    for forged in [format!("{none}.{}.", parts[1]), format!("{}.{}.", parts[0], parts[1])] {
        assert_eq!(checked(&forged, signer.keys()), None);
    }
}

#[test]
fn a_key_that_was_replaced_still_checks_what_it_has_signed() {
    let (old, new) = (new_key(1), new_key(2));
    let before = signer(&old).sign(&hashed()).into_text();
    let keys =
        ProofKeys::from_pem(&new).unwrap().with_old(&format!("{}\n{RFC_8037_PUBLIC}", old.as_str())).unwrap();
    let rotated = Ed25519Proofs::new("https://verify.example.com", Arc::new(keys));
    assert_eq!(rotated.keys().len(), 3);
    assert!(checked(&before, rotated.keys()).is_some());
    let after = rotated.sign(&hashed()).into_text();
    let (header, _) = checked(&after, rotated.keys()).unwrap();
    assert_eq!(header["kid"], signer(&new).keys()[0].id.as_str(), "the new key signs");
    assert_eq!(checked(&after, signer(&old).keys()), None);
    let of_rfc = signer(RFC_8037).sign(&hashed()).into_text();
    assert!(checked(&of_rfc, rotated.keys()).is_some(), "a public half will do");
}

#[test]
fn a_key_is_published_once() {
    let keys =
        ProofKeys::from_pem(RFC_8037).unwrap().with_old(&format!("{RFC_8037}{RFC_8037_PUBLIC}")).unwrap();
    assert_eq!(keys.published().len(), 1);
}

#[test]
fn a_new_key_has_the_form_of_openssl() {
    let key = new_key(3);
    assert_eq!(key.len(), RFC_8037.len());
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"));
    assert!(ProofKeys::from_pem(&key.replace('\n', "\r\n")).is_ok());
}

#[test]
fn what_is_no_key_is_refused() {
    let encrypted = RFC_8037.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let rows = [
        ("", ProofKeyFault::NotPem),
        ("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", ProofKeyFault::NotPem),
        ("-----BEGIN PRIVATE KEY-----\nMC4C", ProofKeyFault::NotPem),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", ProofKeyFault::NotPem),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", ProofKeyFault::NotEd25519),
        ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", ProofKeyFault::NotEd25519),
        (&encrypted, ProofKeyFault::Encrypted),
        (RFC_8037_PUBLIC, ProofKeyFault::NotOnePrivate),
        (&format!("{RFC_8037}{}", new_key(1).as_str()), ProofKeyFault::NotOnePrivate),
    ];
    for (text, fault) in rows {
        assert_eq!(ProofKeys::from_pem(text).err(), Some(fault), "{text}");
    }
    let keys = || ProofKeys::from_pem(RFC_8037).unwrap();
    let other_curve = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----";
    assert_eq!(keys().with_old(other_curve).err(), Some(ProofKeyFault::NotEd25519));
}

#[test]
fn no_private_key_is_shown() {
    let shown = format!("{:?} {:?}", signer(RFC_8037), ProofKeys::from_pem(RFC_8037).unwrap());
    assert!(shown.contains("kPrK_qmx"), "{shown}");
    // The seed, and the scalar that ring makes of it, in any of the usual forms.
    for secret in ["nWGxne", "9d61b19d", "157, 97, 177", "0x9d"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
