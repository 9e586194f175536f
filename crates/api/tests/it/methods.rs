//! Addresses and methods: what is not there is told apart from what is not allowed there.

use std::collections::BTreeSet;

use crate::harness::{Answer, PHONE, START, Service, UNKNOWN_ID, call, get, post};

/// Every address without the demo, an example of each, and what it serves.
fn addresses() -> Vec<(String, BTreeSet<&'static str>)> {
    let read = ["GET", "HEAD", "OPTIONS"].as_slice();
    let written = ["POST", "OPTIONS"].as_slice();
    let address = |path: &str, methods: &[&'static str]| (path.to_owned(), methods.iter().copied().collect());
    vec![
        address(START, &["GET", "HEAD", "POST", "OPTIONS"]),
        address("/v1/verifications/checks", written),
        address(&format!("{START}/{UNKNOWN_ID}"), &["GET", "HEAD", "DELETE", "OPTIONS"]),
        address(&format!("{START}/{UNKNOWN_ID}/checks"), written),
        address(&format!("{START}/{UNKNOWN_ID}/resends"), written),
        address("/v1/accounts", &["GET", "HEAD", "POST", "OPTIONS"]),
        address(&format!("/v1/accounts/{UNKNOWN_ID}"), read),
        address(&format!("/v1/accounts/{UNKNOWN_ID}/history"), read),
        address(&format!("/v1/accounts/{UNKNOWN_ID}/phone"), &["PUT", "DELETE", "OPTIONS"]),
        address(&format!("/v1/accounts/{UNKNOWN_ID}/tokens"), &["GET", "HEAD", "POST", "OPTIONS"]),
        address(&format!("/v1/accounts/{UNKNOWN_ID}/tokens/{UNKNOWN_ID}"), &["DELETE", "OPTIONS"]),
        address("/v1/account", read),
        address("/v1/account/phone", &["DELETE", "OPTIONS"]),
        address("/v1/admin/keys", &["GET", "HEAD", "POST", "OPTIONS"]),
        address(&format!("/v1/admin/keys/{UNKNOWN_ID}"), &["GET", "HEAD", "DELETE", "OPTIONS"]),
        address("/v1/admin/applications", read),
        address("/v1/admin/applications/default", read),
        address("/livez", read),
        address("/readyz", read),
        address("/openapi.json", read),
        address("/docs", read),
        address("/docs/", read),
        address("/docs/swagger-ui.css", read),
        address("/problems", read),
        address("/problems/code-incorrect", read),
    ]
}

fn allowed(answer: &Answer) -> BTreeSet<&str> {
    answer.header("allow").unwrap_or_default().split(", ").collect()
}

#[tokio::test]
async fn options_answer_with_what_is_allowed() {
    let service = Service::new();
    for (path, methods) in addresses() {
        let answer = service.call_changes_nothing(call("OPTIONS", &path)).await;
        assert_eq!((answer.status, answer.text()), (204, ""), "{path}");
        assert_eq!(allowed(&answer), methods, "{path}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_allowed_is_told_those_that_are() {
    let service = Service::new();
    let token = service.user("ram").await;
    let all =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW", "get", "PROPFIND"];
    for (path, methods) in addresses() {
        for method in all.iter().filter(|method| !methods.contains(*method)) {
            let answer = service.call_changes_nothing(call(method, &path).bearer(&token)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(allowed(&answer), methods, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let paths = [
        START.to_owned(),
        format!("{START}/{id}"),
        format!("{START}/{UNKNOWN_ID}"),
        format!("{START}?limit=0"),
        "/livez".to_owned(),
        "/readyz".to_owned(),
        "/openapi.json".to_owned(),
        "/docs".to_owned(),
        "/docs/".to_owned(),
        "/problems".to_owned(),
        "/problems/code-incorrect".to_owned(),
        "/problems/nothing".to_owned(),
        "/nothing".to_owned(),
    ];
    for path in paths {
        let read = service.call_changes_nothing(get(&path).bearer(&token)).await;
        let head = service.call_changes_nothing(call("HEAD", &path).bearer(&token)).await;
        assert_eq!((head.status, head.text()), (read.status, ""), "{path}");
        assert_eq!(head.content_type(), read.content_type(), "{path}");
    }
    service.call_changes_nothing(call("HEAD", START)).await.header("www-authenticate").unwrap();
}

#[tokio::test]
async fn an_address_that_is_none_is_not_found_whatever_the_method() {
    let service = Service::new();
    let token = service.user("ram").await;
    let paths = [
        "/",
        "/v1",
        "/v1/",
        "/v1/verifications/",
        "/v1//verifications",
        "//v1/verifications",
        "/V1/verifications",
        "/v1/verifications/1/checks/",
        "/v1/verifications/1/check",
        "/v1/verifications/1/2/3",
        "/v1/verifications//checks",
        "/v1/verifications%2Fchecks",
        "/v1/accounts/",
        "/v1/account/tokens",
        "/v1/admin",
        "/v1/../openapi.json",
        "/openapi.json/",
        "/openapi",
        "/validate",
        "/validate_phone//",
        "/validate_phonex",
        "/inbox",
        "/demo/account",
        "/demo/page.js",
        "/metrics",
        "/.git/config",
        "/%",
        "/%00",
        "/\u{e9}",
        "/livez/",
        "/docsx",
        "/problems/",
        "/problems/code-incorrect/",
    ];
    for path in paths {
        for method in ["GET", "POST", "OPTIONS", "DELETE", "HEAD", "TRACE"] {
            let answer = service.call_changes_nothing(call(method, path).bearer(&token)).await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
        service.call(get(path)).await.refuses(404, "route-not-found");
    }
    let long = format!("/{}", "x".repeat(60_000));
    service.call(get(long)).await.refuses(404, "route-not-found");
    for odd in ["*", "example.com:443"] {
        service.call(call("OPTIONS", odd)).await.refuses(404, "route-not-found");
        service.call(call("CONNECT", odd)).await.refuses(404, "route-not-found");
    }
}

#[tokio::test]
async fn a_method_in_a_header_or_a_query_is_no_matter() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let disguised = get(format!("{START}/{id}?_method=DELETE"))
        .bearer(&token)
        .header("x-http-method-override", "DELETE")
        .header("x-forwarded-method", "DELETE");
    assert_eq!(service.call_changes_nothing(disguised).await.is(200)["status"], "pending");
    let preflight = call("OPTIONS", START)
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    assert_eq!(service.call(preflight).await.status, 204);
    let foreign = post(START).bearer(&token).header("origin", "https://evil.example");
    let foreign = foreign.json(&serde_json::json!({"phone": PHONE}));
    service.call(foreign).await.refuses(429, "resend-too-soon");
}
