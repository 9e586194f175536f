//! Tokens that must not be taken, each with a real signature where it has one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::issuer::{self, NOW, Signer, claims};
use super::*;

/// A header with these members in the place of good ones.
fn header(signer: &Signer, changes: &Value) -> Value {
    let mut header = signer.header();
    for (member, value) in changes.as_object().unwrap() {
        header[member] = value.clone();
    }
    header
}

/// Asserts that a token opens nothing.
async fn is_refused(tokens: &JwtTokens, token: &str, why: &str) {
    assert_eq!(name(tokens, token).await, None, "{why}: {token}");
}

#[tokio::test]
async fn a_token_that_is_not_signed_is_refused() {
    let signers = signers();
    let (tokens, _file) = published(&issuer::set(&signers.each_ref()));
    for signer in &signers {
        for none in ["none", "None", "NONE", "nOnE", ""] {
            let signed = signer.sign(&header(signer, &json!({"alg": none})), &claims("ram"));
            is_refused(&tokens, &signed, none).await;
            let bare = signed.rsplit_once('.').unwrap().0;
            is_refused(&tokens, &format!("{bare}."), none).await;
            is_refused(&tokens, bare, none).await;
        }
        let signed = signer.token(&claims("ram"));
        let bare = signed.rsplit_once('.').unwrap().0;
        is_refused(&tokens, &format!("{bare}."), "without its signature").await;
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let signers = signers();
    let (all, _file) = published(&issuer::set(&signers.each_ref()));
    for signer in &signers {
        let fixed = tokens(JwtKeys::Fixed(JwtKey::from_pem(&signer.pem()).unwrap()));
        let jwk = signer.jwk();
        let mut secrets = vec![
            signer.pem().into_bytes(),
            signer.pem().trim_end().as_bytes().to_vec(),
            signer.public_bytes(),
            jwk.to_string().into_bytes(),
        ];
        for part in ["n", "x"] {
            secrets.extend(jwk[part].as_str().map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()));
            secrets.extend(jwk[part].as_str().map(|part| part.as_bytes().to_vec()));
        }
        for secret in secrets {
            for algorithm in ["HS256", "HS384", "HS512"] {
                let header = header(signer, &json!({"alg": algorithm}));
                let token = Signer::secret(&secret).sign(&header, &claims("ram"));
                is_refused(&all, &token, algorithm).await;
                is_refused(&fixed, &token, algorithm).await;
            }
        }
    }
}

#[tokio::test]
async fn a_signature_counts_for_its_own_algorithm_only() {
    let signers = signers();
    let (tokens, _file) = published(&issuer::set(&signers.each_ref()));
    let names = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "HS256", "Ed25519"];
    for signer in &signers {
        for other in names.into_iter().filter(|other| *other != signer.algorithm()) {
            for id in ["r", "p", "e"] {
                let header = header(signer, &json!({"alg": other, "kid": id}));
                is_refused(&tokens, &signer.sign(&header, &claims("ram")), other).await;
            }
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_configured_is_refused() {
    let signers = signers();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), issuer::set(&signers.each_ref()).to_string()).unwrap();
    let keys = JwtKeys::Published(JwksSource::File(file.path().to_owned()), KeeperTiming::FILE);
    let narrow = JwtSettings { algorithms: vec![JwtAlgorithm::Es256], ..settings(keys) };
    let narrow = JwtTokens::new(vec![narrow]).unwrap();
    let [rsa, p256, ed25519] = signers;
    assert!(name(&narrow, &p256.token(&claims("ram"))).await.is_some());
    is_refused(&narrow, &rsa.token(&claims("ram")), "RS256").await;
    is_refused(&narrow, &ed25519.token(&claims("ram")), "EdDSA").await;
}

#[tokio::test]
async fn a_foreign_key_is_refused_whatever_the_token_says_of_keys() {
    let own = Signer::p256("p");
    let foreign = Signer::p256("p");
    let (tokens, _file) = published(&issuer::set(&[&own]));
    let fixed = super::tokens(JwtKeys::Fixed(JwtKey::from_pem(&own.pem()).unwrap()));
    let pem = foreign.pem();
    let certificate = pem.lines().nth(1).unwrap();
    for changes in [
        json!({}),
        json!({"kid": "q"}),
        json!({"kid": ""}),
        json!({"kid": "../../dev/null"}),
        json!({"jwk": foreign.jwk()}),
        json!({"jku": "https://evil.example/jwks.json"}),
        json!({"x5u": "https://evil.example/certificate.pem"}),
        json!({"x5c": [certificate]}),
    ] {
        let token = foreign.sign(&header(&foreign, &changes), &claims("ram"));
        is_refused(&tokens, &token, &changes.to_string()).await;
        is_refused(&fixed, &token, &changes.to_string()).await;
    }
    // The same with the right key, which shows that nothing else was in the way.
    assert!(name(&tokens, &own.sign(&header(&own, &json!({"jku": "x"})), &claims("ram"))).await.is_some());
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    for signer in signers() {
        let (tokens, _file) = published(&issuer::set(&[&signer]));
        let good = signer.token(&claims("ram"));
        let parts: Vec<&str> = good.split('.').collect();
        let [head, body, signature] = parts[..] else { panic!("three parts") };
        let others = URL_SAFE_NO_PAD.encode(claims("sita").to_string());
        is_refused(&tokens, &format!("{head}.{others}.{signature}"), "other claims").await;
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for changed in [
            [&bytes[..], &[0]].concat(),
            bytes[..bytes.len() - 1].to_vec(),
            vec![0; bytes.len()],
            vec![0xff; bytes.len()],
            bytes.iter().rev().copied().collect(),
            bytes.iter().map(|byte| byte ^ 1).collect(),
        ] {
            let changed = URL_SAFE_NO_PAD.encode(changed);
            is_refused(&tokens, &format!("{head}.{body}.{changed}"), "another signature").await;
        }
        let padded = STANDARD.encode(&bytes);
        for malformed in [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "....".to_owned(),
            format!("{head}.{body}"),
            format!("{head}..{signature}"),
            format!(".{body}.{signature}"),
            format!("{head}.{head}.{body}.{signature}"),
            format!("{good}.{signature}"),
            format!("{good}."),
            format!(".{good}"),
            format!(" {good}"),
            format!("{good} "),
            format!("{good}\n"),
            format!("{good}="),
            format!("{head}.{body}.{padded}=="),
            format!("{head}=.{body}.{signature}"),
        ] {
            is_refused(&tokens, &malformed, "malformed").await;
        }
        assert!(name(&tokens, &good).await.is_some());
    }
}

#[tokio::test]
async fn what_would_have_to_be_understood_is_refused() {
    let signer = Signer::p256("p");
    let (tokens, _file) = published(&issuer::set(&[&signer]));
    for changes in [
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"crit": ["http://example.com/UNDEFINED"], "http://example.com/UNDEFINED": true}),
        json!({"crit": "exp"}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "dpop+jwt"}),
        json!({"typ": "secevent+jwt"}),
        json!({"typ": "JWE"}),
        json!({"typ": 7}),
        json!({"kid": 7}),
        json!({"alg": ["ES256"]}),
        json!({"alg": null}),
    ] {
        let token = signer.sign(&header(&signer, &changes), &claims("ram"));
        is_refused(&tokens, &token, &changes.to_string()).await;
    }
    let head = signer.header().to_string();
    for body in ["", "[]", "7", "null", "\"ram\"", "{", "{}", "[{\"sub\":\"ram\"}]"] {
        is_refused(&tokens, &signer.sign_text(&head, body), body).await;
    }
    for head in ["", "{}", "[]", "null", "{\"alg\":\"ES256\"", "\u{feff}{\"alg\":\"ES256\",\"kid\":\"p\"}"] {
        is_refused(&tokens, &signer.sign_text(head, &claims("ram").to_string()), head).await;
    }
}

#[tokio::test]
async fn claims_that_are_not_as_demanded_are_refused() {
    let signer = Signer::p256("p");
    let (tokens, _file) = published(&issuer::set(&[&signer]));
    for changes in [
        json!({"exp": null}),
        json!({"exp": NOW - 30}),
        json!({"exp": "9999999999"}),
        json!({"nbf": NOW + 31}),
        json!({"nbf": null}),
        json!({"nbf": "0"}),
        json!({"iss": "https://evil.example"}),
        json!({"iss": [issuer::ISSUER]}),
        json!({"iss": null}),
        json!({"aud": "other"}),
        json!({"aud": null}),
        json!({"aud": [issuer::AUDIENCE, 7]}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"sub": "ram\n"}),
    ] {
        let mut claims = claims("ram");
        for (claim, value) in changes.as_object().unwrap() {
            claims[claim] = value.clone();
        }
        is_refused(&tokens, &signer.token(&claims), &changes.to_string()).await;
    }
    for missing in ["exp", "iss", "aud", "sub"] {
        let mut claims = claims("ram");
        claims.as_object_mut().unwrap().remove(missing);
        is_refused(&tokens, &signer.token(&claims), missing).await;
    }
}

#[tokio::test]
async fn an_over_long_token_is_refused() {
    let signer = Signer::ed25519("e");
    let (tokens, _file) = published(&issuer::set(&[&signer]));
    let padded = |length: usize| {
        let mut claims = claims("ram");
        claims["pad"] = json!("x".repeat(length));
        signer.token(&claims)
    };
    let (mut longest, mut shortest) = (None, None);
    for length in 5_800..6_000 {
        let token = padded(length);
        if token.len() <= TOKEN_BYTES_MAX {
            longest = Some(token);
        } else {
            shortest = shortest.or(Some(token));
        }
    }
    let (longest, shortest) = (longest.unwrap(), shortest.unwrap());
    assert!(longest.len() > TOKEN_BYTES_MAX - 4 && shortest.len() < TOKEN_BYTES_MAX + 4);
    assert!(name(&tokens, &longest).await.is_some());
    is_refused(&tokens, &shortest, "too long").await;
}

#[tokio::test]
async fn keys_that_are_not_for_this_are_left_out() {
    for signer in signers() {
        let private = json!({"d": "AAAA"});
        for changes in [
            json!({"use": "enc"}),
            json!({"use": "tls"}),
            json!({"use": 7}),
            json!({"key_ops": ["sign"]}),
            json!({"key_ops": []}),
            json!({"alg": "HS256"}),
            json!({"alg": "RS512"}),
            json!({"alg": "PS256"}),
            json!({"alg": "ECDH-ES"}),
            json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)}),
            json!({"kty": "XYZ"}),
            json!({"kty": null}),
            json!({"crv": "P-384", "n": "AQAB"}),
            json!({"crv": "X25519", "n": "AQAB"}),
            json!({"x": "AAAA", "n": "AAAA"}),
            json!({"x": "", "n": ""}),
            json!({"x": "****", "n": "****"}),
            json!({"n": URL_SAFE_NO_PAD.encode([0xff; 128]), "x": URL_SAFE_NO_PAD.encode([0xff; 31])}),
            private,
        ] {
            let mut jwk = signer.jwk();
            for (member, value) in changes.as_object().unwrap() {
                jwk[member] = value.clone();
            }
            let (tokens, _file) = published(&json!({"keys": [jwk, 7, null, {}]}));
            let why = format!("{} {changes}", signer.algorithm());
            is_refused(&tokens, &signer.token(&claims("ram")), &why).await;
            let header = header(&signer, &json!({"alg": "HS256"}));
            is_refused(&tokens, &Signer::secret(SECRET).sign(&header, &claims("ram")), &why).await;
        }
        for changes in [json!({"use": null}), json!({"alg": null}), json!({"key_ops": ["verify"]})] {
            let mut jwk = signer.jwk();
            for (member, value) in changes.as_object().unwrap() {
                jwk[member] = value.clone();
            }
            let (tokens, _file) = published(&json!({"keys": [jwk]}));
            assert!(name(&tokens, &signer.token(&claims("ram"))).await.is_some(), "{changes}");
        }
    }
}
