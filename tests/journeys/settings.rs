//! Settings take effect: from a variable of the environment to what a phone receives.

use harness::Stack;
use serde_json::json;

async fn start(stack: &Stack, body: serde_json::Value) -> harness::Answer {
    stack.client.post("/v1/verifications", &stack.application_key, &body).await
}

#[tokio::test]
async fn numbers_of_closed_operators_are_taken_when_told() {
    let body = json!({"phone": "9611234567"});
    let refused = start(&Stack::start().await, body.clone()).await.is_problem(422, "phone-invalid");
    assert_eq!(refused.member("reason"), "defunct-operator");
    let told = Stack::with_settings(&[("PHONE__ACCEPT_DEFUNCT_OPERATORS", "true")]).await;
    let _ = start(&told, body).await.is(201);
}

#[tokio::test]
async fn other_countries_are_read_when_told_and_sparrow_still_serves_nepal_only() {
    let body = json!({"phone": "+919876543210"});
    let refused = start(&Stack::start().await, body.clone()).await.is_problem(422, "phone-invalid");
    assert_eq!(refused.member("reason"), "unsupported-country");
    let told = Stack::with_settings(&[("PHONE__COUNTRIES", "NP,IN")]).await;
    let _ = start(&told, body).await.is_problem(422, "destination-unsupported");
    assert_eq!(told.simulator.calls(), 0);
}

#[tokio::test]
async fn apps_and_pages_find_their_lines_in_the_sms() {
    let settings = [
        ("APPLICATION__APP_HASHES", "FA+9qCX9VSu"),
        ("APPLICATION__ORIGINS", "https://example.com"),
        ("APPLICATION__RETRIEVER_PREFIX", "true"),
        ("APPLICATION__ALLOW_MULTIPLE_SEGMENTS", "true"),
    ];
    let stack = Stack::with_settings(&settings).await;
    let body = json!({"phone": "9841234567", "app_hash": "FA+9qCX9VSu", "origin": "https://example.com"});
    let _ = start(&stack, body).await.is(201);
    let text = stack.simulator.inbox(None).pop().expect("an SMS").text;
    let code = harness::code_in(&text);
    assert!(text.starts_with("<#>"), "{text}");
    assert!(text.ends_with(&format!("\nFA+9qCX9VSu\n@example.com #{code}")), "{text}");

    let unknown = json!({"phone": "9851234567", "app_hash": "AAAAAAAAAAA"});
    let _ = start(&stack, unknown).await.is_problem(422, "app-hash-unknown");
    let unknown = json!({"phone": "9851234567", "origin": "https://evil.example"});
    let _ = start(&stack, unknown).await.is_problem(422, "origin-unknown");
}

#[tokio::test]
async fn the_policy_is_the_configured_one() {
    let settings = [
        ("APPLICATION__POLICY__CODE_LENGTH", "8"),
        ("APPLICATION__POLICY__CHECKS_MAX", "3"),
        ("APPLICATION__POLICY__LIFETIME", "5m"),
        ("APPLICATION__DEFAULT_LOCALE", "ne"),
    ];
    let stack = Stack::with_settings(&settings).await;
    let started = start(&stack, json!({"phone": "9841234567"})).await.is(201).json();
    assert_eq!((&started["code_length"], &started["checks_left"]), (&json!(8), &json!(3)));
    let text = stack.simulator.inbox(None).pop().expect("an SMS").text;
    assert!(text.contains("कोड") && harness::code_in(&text).len() == 8, "{text}");
}
