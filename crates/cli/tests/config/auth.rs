//! `[auth]` and `[application.jwt]`.

use std::time::Duration;

use adapters::jwt::{JwksSource, JwtAlgorithm, JwtKeys, KeeperTiming};

use crate::sandbox::Sandbox;

const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
                   -----END PUBLIC KEY-----\n";
const SECRET: &str = "0123456789abcdef-the-secret-of-a-sign-in";

fn trusting() -> Sandbox {
    Sandbox::new()
        .variable("APPLICATION__JWT__ISSUER", "https://sign-in.example")
        .variable("APPLICATION__JWT__AUDIENCE", "verify")
}

#[test]
fn a_credential_is_believed_for_some_seconds() {
    assert_eq!(Sandbox::new().loaded().credentials_cached_for, Duration::from_secs(5));
    for (text, wanted) in [("0s", 0), ("10s", 10)] {
        let config = Sandbox::new().variable("AUTH__CACHE_FOR", text).loaded();
        assert_eq!(config.credentials_cached_for, Duration::from_secs(wanted));
    }
    let fault = Sandbox::new().variable("AUTH__CACHE_FOR", "11s").fault();
    assert!(fault.starts_with("auth.cache_for: must be a duration from 0s to 10s"), "{fault}");
}

#[test]
fn no_other_issuer_is_trusted_unless_one_is_named() {
    assert!(Sandbox::new().loaded().jwt.is_empty());
    assert!(Sandbox::new().variable("APPLICATION__JWT__LEEWAY", "1m").loaded().jwt.is_empty());
}

#[test]
fn keys_come_from_one_of_four_places() {
    let url = "https://sign-in.example/jwks.json";
    let jwt = trusting().variable("APPLICATION__JWT__JWKS_URL", url).loaded().jwt.remove(0);
    assert!(matches!(jwt.keys, JwtKeys::Published(JwksSource::Url(told), KeeperTiming::URL) if told == url));
    assert_eq!(jwt.algorithms, JwtAlgorithm::PUBLIC);
    assert_eq!((jwt.issuer.as_str(), jwt.audience.as_str()), ("https://sign-in.example", "verify"));
    assert_eq!((jwt.leeway, jwt.username_claim.as_str()), (Duration::from_secs(30), "sub"));

    let sandbox = trusting();
    let path = sandbox.written("jwks.json", b"{\"keys\": []}");
    let jwt = sandbox.variable("APPLICATION__JWT__JWKS_FILE", path.to_str().unwrap()).loaded().jwt.remove(0);
    assert!(
        matches!(jwt.keys, JwtKeys::Published(JwksSource::File(told), KeeperTiming::FILE) if told == path)
    );

    let sandbox = trusting();
    let path = sandbox.written("key.pem", KEY.as_bytes());
    let told = path.to_str().unwrap();
    let jwt = sandbox.variable("APPLICATION__JWT__PUBLIC_KEY_FILE", told).loaded().jwt.remove(0);
    assert_eq!(jwt.algorithms, [JwtAlgorithm::EdDsa]);

    let config = trusting().variable("APPLICATION__JWT__SECRET", SECRET).loaded();
    assert!(!format!("{config:?} {}", config.shown()).contains(SECRET));
    assert_eq!(config.jwt[0].algorithms, [JwtAlgorithm::Hs256]);
}

#[test]
fn what_is_missing_is_told() {
    let faults = Sandbox::new().variable("APPLICATION__JWT__SECRET", SECRET).faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults[0].starts_with("application.jwt.audience: is missing"), "{faults:#?}");
    assert!(faults[1].starts_with("application.jwt.issuer: is missing"), "{faults:#?}");
    let fault = trusting().fault();
    assert!(fault.starts_with("application.jwt.jwks_url: is missing; set it or one of"), "{fault}");
}

#[test]
fn keys_of_two_places_are_refused() {
    let fault = trusting()
        .variable("APPLICATION__JWT__JWKS_URL", "https://sign-in.example/jwks.json")
        .variable("APPLICATION__JWT__SECRET", SECRET)
        .fault();
    assert!(
        fault.contains("application.jwt.secret: is set together with `application.jwt.jwks_url`"),
        "{fault}"
    );
    let sandbox = trusting().variable("APPLICATION__JWT__SECRET", SECRET);
    let path = sandbox.written("secret", SECRET.as_bytes());
    let fault = sandbox.variable("APPLICATION__JWT__SECRET_FILE", path.to_str().unwrap()).fault();
    assert!(fault.contains("application.jwt.secret: is set together with"), "{fault}");
}

#[test]
fn algorithms_go_with_the_keys() {
    let published = trusting().variable("APPLICATION__JWT__JWKS_URL", "https://sign-in.example/jwks.json");
    let mut sources = published.sources.clone();
    let mut with = |algorithms: &str| {
        let name = "SPARROW_VERIFY__APPLICATION__JWT__ALGORITHMS".to_owned();
        sources.environment.insert(name, algorithms.to_owned());
        sparrow_verify::config::load(&sources).map(|config| config.jwt[0].algorithms.clone())
    };
    assert_eq!(with("ES256,EdDSA").unwrap(), [JwtAlgorithm::Es256, JwtAlgorithm::EdDsa]);
    for algorithms in ["HS256", "ES256,HS256", "none", "RS512", "es256"] {
        let faults = with(algorithms).unwrap_err().to_string();
        assert!(faults.starts_with("application.jwt.algorithms: "), "{faults}");
    }
    let secret = trusting().variable("APPLICATION__JWT__SECRET", SECRET);
    let fault = secret.variable("APPLICATION__JWT__ALGORITHMS", "RS256").fault();
    assert!(fault.contains("must be of these, with such keys: \"HS256\""), "{fault}");
}

#[test]
fn keys_that_are_none_are_refused() {
    let fault = trusting().variable("APPLICATION__JWT__SECRET", "short").fault();
    assert!(fault.contains("at least 32") && !fault.contains("short"), "{fault}");
    let fault = trusting().variable("APPLICATION__JWT__JWKS_URL", "http://sign-in.example/keys").fault();
    assert!(fault.contains("plain http is for"), "{fault}");
    for (name, content, told) in [
        ("JWKS_FILE", "[]", "a set of keys"),
        ("JWKS_FILE", "", "a set of keys"),
        ("PUBLIC_KEY_FILE", "nonsense", "a public key in PEM"),
        ("PUBLIC_KEY_FILE", "-----BEGIN PRIVATE KEY-----\n", "a private key"),
    ] {
        let sandbox = trusting();
        let path = sandbox.written("file", content.as_bytes());
        let name = format!("APPLICATION__JWT__{name}");
        let faults = sandbox.variable(&name, path.to_str().unwrap()).faults();
        assert!(faults.len() == 1 && faults[0].contains(told), "{faults:#?}");
        let faults = trusting().variable(&name, "/nowhere/at/all").faults();
        assert!(faults[0].contains("cannot be read"), "{faults:#?}");
    }
}

#[test]
fn each_application_may_have_a_sign_in_of_its_own() {
    let shop = |audience: &str| {
        let toml = format!(
            "[applications.shop]\nname = 'Shop'\njwt.issuer = 'https://sign-in.example'\njwt.audience = '{audience}'\n\
             jwt.jwks_url = 'https://sign-in.example/jwks.json'\n"
        );
        trusting()
            .variable("APPLICATION__JWT__JWKS_URL", "https://sign-in.example/jwks.json")
            .file("verify.toml", &toml)
    };
    let jwt = shop("shop").loaded().jwt;
    let ids: Vec<_> = jwt.iter().map(|jwt| (jwt.application.as_str(), jwt.audience.as_str())).collect();
    assert_eq!(ids, [("default", "verify"), ("shop", "shop")]);
    let fault = shop("verify").fault();
    assert!(
        fault.starts_with("applications.shop.jwt.audience: is that of the application `default`"),
        "{fault}"
    );
}
