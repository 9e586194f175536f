//! Who may call at all: every operation that asks for a credential refuses every credential that is none.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ports::CredentialFilter;
use poem::http::Method;
use serde_json::json;

use crate::harness::{Call, Contract, START, Service, UNKNOWN_ID, call, get, post};

/// Every operation that asks for a credential, with a body that would do.
fn guarded() -> Vec<Call> {
    let contract = Contract::new();
    let paths = contract.document["paths"].as_object().unwrap();
    let mut calls = Vec::new();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"] == json!([]) {
                continue;
            }
            let call = call(
                &method.to_uppercase(),
                path.replace("{id}", UNKNOWN_ID).replace("{token_id}", UNKNOWN_ID),
            );
            // The example of the body is one that the operation takes.
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            calls.push(match schema.as_str() {
                Some(schema) => {
                    let schema = contract.document.pointer(schema.trim_start_matches('#')).unwrap();
                    assert!(schema["example"].is_object(), "{schema}");
                    call.json(&schema["example"])
                }
                None => call,
            });
        }
    }
    calls
}

#[tokio::test]
async fn every_operation_refuses_what_is_no_credential() {
    let service = Service::new();
    let (credential, revoked) = service.credential_of("default", Some("ram"), None).await;
    service.revoke(&credential, CredentialFilter::UserTokens(None)).await;
    let (credential, revoked_key) = service.credential_of("default", None, None).await;
    service.revoke(&credential, CredentialFilter::Keys).await;
    let (_, expired) = service.credential_of("default", Some("ram"), Some(Duration::from_mins(1))).await;
    let good = service.user("ram").await;
    service.pass(60);
    let values: Vec<Option<Vec<u8>>> = vec![
        None,
        Some(b"".to_vec()),
        Some(b"Bearer".to_vec()),
        Some(b"Bearer ".to_vec()),
        Some(b"Basic cmFtOnJhbQ==".to_vec()),
        Some(good.clone().into_bytes()),
        Some(format!("Basic {good}").into_bytes()),
        Some(format!("Bearer{good}").into_bytes()),
        Some(format!("Bearer {}", &good[..good.len() - 1]).into_bytes()),
        Some(format!("Bearer {good}0").into_bytes()),
        Some(format!("Bearer {} ", good.to_uppercase()).into_bytes()),
        Some(format!("Bearer svu_{}", "0".repeat(64)).into_bytes()),
        Some(format!("Bearer {revoked}").into_bytes()),
        Some(format!("Bearer {revoked_key}").into_bytes()),
        Some(format!("Bearer {expired}").into_bytes()),
        Some(b"Bearer \xff\xfe".to_vec()),
        Some([b"Bearer ".as_slice(), &[b'x'; 60_000]].concat()),
    ];
    let mut bodies = BTreeSet::new();
    for value in &values {
        for call in guarded() {
            let classic = call.path().starts_with("/validate_");
            let call = match value {
                Some(value) => call.header("authorization", value),
                None => call,
            };
            let answer = service.call_changes_nothing(call).await;
            if classic {
                assert_eq!(
                    answer.tells(401),
                    "Send `Authorization: Bearer` with a key, a user token or a token of your own sign-in that is in force."
                );
            } else {
                bodies.insert(answer.refuses(401, "unauthenticated").to_string());
            }
        }
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn a_credential_works_until_it_expires() {
    let service = Service::new();
    let (_, token) = service.credential_of("default", Some("ram"), Some(Duration::from_mins(1))).await;
    let list = || get(START).bearer(&token);
    service.pass(59);
    service.call(list()).await.is(200);
    service.pass(1);
    service.call(list()).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn the_classic_api_takes_the_scheme_of_its_framework_too() {
    let service = Service::new();
    let token = format!("Token {}", service.user("ram").await);
    let body = r#"{"phone": "9841234567"}"#;
    let classic = post("/validate_phone/").header("authorization", &token).body("application/json", body);
    service.call(classic).await.is(200);
    let native = get(START).header("authorization", &token);
    service.call(native).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn the_name_of_the_scheme_may_be_written_in_any_case() {
    let service = Service::new();
    let token = service.user("ram").await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let list = get(START).header("authorization", format!("{scheme} {token}"));
        service.call(list).await.is(200);
    }
}

#[tokio::test]
async fn who_calls_is_asked_before_the_body_is_looked_at() {
    let service = Service::new();
    for body in ["", "{", "[]", r#"{"phone": 7}"#] {
        let start = post(START).body("application/json", body);
        service.call_changes_nothing(start).await.refuses(401, "unauthenticated");
    }
    let untyped = post(START).bare_body("phone");
    service.call_changes_nothing(untyped).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn a_credential_in_the_url_or_the_body_is_none() {
    let service = Service::new();
    let token = service.user("ram").await;
    for path in [format!("{START}?access_token={token}"), format!("{START}?authorization=Bearer%20{token}")] {
        service.call_changes_nothing(get(path)).await.refuses(401, "unauthenticated");
    }
    assert_eq!(
        service.contract.operation(&Method::GET, START).unwrap()["security"][0]["bearerAuth"],
        json!([])
    );
}
