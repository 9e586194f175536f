//! Tokens with real signatures, good ones and bad ones.

mod attacks;
mod issuer;
mod rotation;
mod server;

use domain::ports::{IdentityTokens as _, PortError};

use self::issuer::{AUDIENCE, ISSUER, NOW, Signer, claims};
use super::*;

/// Settings under which every algorithm with a public key is allowed.
fn settings(keys: JwtKeys) -> JwtSettings {
    JwtSettings {
        application: ApplicationId::default_application(),
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: match &keys {
            JwtKeys::Fixed(key) => vec![key.algorithm()],
            JwtKeys::Published(..) => JwtAlgorithm::PUBLIC.to_vec(),
        },
        leeway: Duration::from_secs(30),
        username_claim: "sub".to_owned(),
        keys,
    }
}

fn tokens(keys: JwtKeys) -> JwtTokens {
    JwtTokens::new(vec![settings(keys)]).unwrap()
}

/// Reads the tokens of the keys in a file with this set.
fn published(set: &Value) -> (JwtTokens, tempfile::NamedTempFile) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set.to_string()).unwrap();
    let source = JwksSource::File(file.path().to_owned());
    (tokens(JwtKeys::Published(source, KeeperTiming::FILE)), file)
}

/// Whose name a token has.
async fn name(tokens: &JwtTokens, token: &str) -> Option<String> {
    asked(tokens, token).await.unwrap()
}

async fn asked(tokens: &JwtTokens, token: &str) -> Result<Option<String>, PortError> {
    let now = Timestamp::from_second(NOW).unwrap();
    let identity = tokens.identity(token, now).await?;
    Ok(identity.map(|identity| {
        assert_eq!(identity.application, ApplicationId::default_application());
        identity.username.as_str().to_owned()
    }))
}

/// One signer of each kind with a public half.
fn signers() -> [Signer; 3] {
    [Signer::rsa("r"), Signer::p256("p"), Signer::ed25519("e")]
}

const SECRET: &[u8] = b"a secret of a test, of 32 bytes or more";

#[tokio::test]
async fn good_tokens_of_every_algorithm_speak_for_their_account() {
    let signers = signers();
    let (all, _file) = published(&issuer::set(&signers.each_ref()));
    for signer in &signers {
        assert_eq!(name(&all, &signer.token(&claims("ram"))).await.as_deref(), Some("ram"));
        let fixed = tokens(JwtKeys::Fixed(JwtKey::from_pem(&signer.pem()).unwrap()));
        assert_eq!(name(&fixed, &signer.token(&claims("राम"))).await.as_deref(), Some("राम"));
    }
    let shared = tokens(JwtKeys::Fixed(JwtKey::from_secret(SECRET).unwrap()));
    let token = Signer::secret(SECRET).token(&claims("sita"));
    assert_eq!(name(&shared, &token).await.as_deref(), Some("sita"));
}

#[tokio::test]
async fn a_token_that_names_no_key_is_of_the_only_one_of_its_algorithm() {
    let [rsa, p256, _] = signers();
    let other = Signer::p256("q");
    let unnamed = json!({"alg": "ES256"});
    let token = p256.sign(&unnamed, &claims("ram"));
    let (one, _file) = published(&issuer::set(&[&rsa, &p256]));
    assert_eq!(name(&one, &token).await.as_deref(), Some("ram"));
    let (two, _file) = published(&issuer::set(&[&p256, &other]));
    assert_eq!(name(&two, &token).await, None);
}

#[tokio::test]
async fn two_keys_of_one_name_are_told_apart_by_their_kind() {
    let (rsa, p256) = (Signer::rsa("same"), Signer::p256("same"));
    let (both, _file) = published(&issuer::set(&[&rsa, &p256]));
    for signer in [rsa, p256] {
        assert_eq!(name(&both, &signer.token(&claims("ram"))).await.as_deref(), Some("ram"));
    }
}

#[tokio::test]
async fn the_usual_types_of_tokens_are_taken() {
    let signer = Signer::p256("p");
    let (tokens, _file) = published(&issuer::set(&[&signer]));
    for kind in [json!("JWT"), json!("jwt"), json!("at+jwt"), json!("application/at+JWT"), Value::Null] {
        let mut header = signer.header();
        header["typ"] = kind;
        assert_eq!(name(&tokens, &signer.sign(&header, &claims("ram"))).await.as_deref(), Some("ram"));
    }
}

#[tokio::test]
async fn each_application_has_an_issuer_of_its_own() {
    let signers = [Signer::p256("one"), Signer::p256("two")];
    let of = |application: &str, audience: &str, signer: &Signer| JwtSettings {
        application: ApplicationId::parse(application).unwrap(),
        audience: audience.to_owned(),
        ..settings(JwtKeys::Fixed(JwtKey::from_pem(&signer.pem()).unwrap()))
    };
    let both = vec![of("default", AUDIENCE, &signers[0]), of("shop", "shop", &signers[1])];
    let both = JwtTokens::new(both).unwrap();
    let now = Timestamp::from_second(NOW).unwrap();
    for (audience, signer, wanted) in [
        (AUDIENCE, &signers[0], Some("default")),
        ("shop", &signers[1], Some("shop")),
        ("shop", &signers[0], None),
        (AUDIENCE, &signers[1], None),
        ("other", &signers[0], None),
    ] {
        let mut claims = claims("ram");
        claims["aud"] = json!(audience);
        let identity = both.identity(&signer.token(&claims), now).await.unwrap();
        let application = identity.map(|identity| identity.application);
        assert_eq!(application.as_ref().map(ApplicationId::as_str), wanted);
    }
}

#[test]
fn what_is_no_key_is_refused() {
    assert_eq!(JwtKey::from_secret(&[7; 31]).unwrap_err(), JwtKeyFault::SecretTooShort);
    let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(JwtKey::from_pem(private).unwrap_err(), JwtKeyFault::Private);
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut = Signer::p256("p").pem().replace("BEGIN PUBLIC KEY-----\nM", "BEGIN PUBLIC KEY-----\n");
    let weak = [include_str!("tests/rsa-1024.pub.pem"), include_str!("tests/p-384.pub.pem")];
    for pem in ["", "nonsense", certificate, &cut, weak[0], weak[1]] {
        assert_eq!(JwtKey::from_pem(pem).unwrap_err(), JwtKeyFault::NotPublic, "{pem}");
    }
    let [rsa, p256, ed25519] = signers().map(|signer| JwtKey::from_pem(&signer.pem()).unwrap().algorithm());
    assert_eq!([rsa, p256, ed25519], JwtAlgorithm::PUBLIC);
}

#[test]
fn nothing_of_a_key_is_shown() {
    let key = JwtKey::from_secret(SECRET).unwrap();
    let shown = format!("{:?}", settings(JwtKeys::Fixed(key)));
    assert!(shown.contains("hidden") && !shown.contains("secret of a test") && !shown.contains("97, 32"));
}

use serde_json::json;
