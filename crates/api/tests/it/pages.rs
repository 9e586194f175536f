//! Swagger UI, health, and the demo's page where there is a demo.

use std::sync::Arc;

use api::ApiSettings;
use api::inbox::{Demo, Inbox, InboxMessage};
use domain::testkit::World;
use serde_json::json;

use crate::harness::{Service, get};

/// An inbox with one SMS to each of two phones.
#[derive(Debug)]
struct TwoMessages;

impl Inbox for TwoMessages {
    fn received(&self, to: Option<&str>) -> Vec<InboxMessage> {
        let message = |to: &str| InboxMessage {
            to: to.to_owned(),
            from: "Demo".to_owned(),
            text: "<b>Hello</b>".to_owned(),
            at: "2026-01-15T08:00:00Z".to_owned(),
        };
        let all = ["+9779845550123", "+9779805550123"].map(message);
        all.into_iter().filter(|message| to.is_none_or(|to| message.to == to)).collect()
    }
}

fn with_demo() -> Service {
    let demo =
        Demo { inbox: Arc::new(TwoMessages), username: "demo".to_owned(), user_token: "svu_demo".to_owned() };
    assert!(!format!("{demo:?}").contains("svu_demo"), "a token is never printed");
    Service::with_settings(World::new(), ApiSettings { demo: Some(demo), ..ApiSettings::default() })
}

/// The values of `attribute="..."` in a page.
fn attributes<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    page.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn swagger_ui_is_at_docs_with_a_slash() {
    let service = Service::new();
    let moved = service.call(get("/docs")).await;
    assert_eq!((moved.status, moved.header("location")), (308, Some("docs/")));
    let page = service.call(get("/docs/")).await;
    assert_eq!((page.status, page.content_type()), (200, Some("text/html")));
    assert!(page.text().contains("swagger-ui"), "{}", page.text());
}

#[tokio::test]
async fn swagger_ui_shows_our_document_and_loads_nothing_from_elsewhere() {
    let service = Service::new();
    let page = service.call(get("/docs/")).await;
    let parts: Vec<_> = [attributes(page.text(), "src"), attributes(page.text(), "href")].concat();
    assert!(parts.len() >= 4, "{parts:?}");
    for part in parts {
        let answer = service.call(get(format!("/docs/{}", part.trim_start_matches("./")))).await;
        assert_eq!(answer.status, 200, "{part}");
        let expected = match part.rsplit('.').next().unwrap() {
            "js" => "text/javascript",
            "css" => "text/css",
            "png" => "image/png",
            other => panic!("{other}: {part}"),
        };
        assert_eq!(answer.content_type(), Some(expected), "{part}");
    }
    let initializer = service.call(get("/docs/swagger-initializer.js")).await;
    assert!(initializer.text().contains("\"/openapi.json\""), "{}", initializer.text());
    assert!(!initializer.text().contains("petstore"));
    for path in ["/docs/", "/docs/swagger-ui-bundle.js", "/docs/swagger-initializer.js"] {
        let answer = service.call(get(path)).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("http"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"), "{policy}");
    }
}

#[tokio::test]
async fn who_has_a_file_of_swagger_ui_is_not_sent_it_again() {
    let service = Service::new();
    let mut tags = Vec::new();
    for path in ["/docs/", "/docs/swagger-ui-bundle.js", "/docs/swagger-initializer.js"] {
        let answer = service.call(get(path)).await;
        let tag = answer.header("etag").unwrap().to_owned();
        let again = service.call(get(path).header("if-none-match", &tag)).await;
        assert_eq!(
            (again.status, again.text(), again.header("etag")),
            (304, "", Some(tag.as_str())),
            "{path}"
        );
        let changed = service.call(get(path).header("if-none-match", "\"another\"")).await;
        assert_eq!((changed.status, changed.text()), (200, answer.text()), "{path}");
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
}

#[tokio::test]
async fn swagger_ui_gives_its_own_files_only() {
    let service = Service::new();
    let paths = [
        "/docs/nothing.js",
        "/docs/../openapi.json",
        "/docs/..",
        "/docs/../../Cargo.toml",
        "/docs/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs/%2fetc%2fpasswd",
        "/docs//etc/passwd",
        "/docs/%00",
        "/docs/%ff",
        "/docs/index.html/",
        "/docs/swagger-ui.css/..",
        "/docs/C:%5cwindows",
        "/docs/....//",
    ];
    for path in paths {
        service.call(get(path)).await.refuses(404, "route-not-found");
    }
    service.call(get(format!("/docs/{}", "x/".repeat(20_000)))).await.refuses(404, "route-not-found");
}

#[tokio::test]
async fn it_lives_whatever_is_down_and_is_ready_when_all_is_there() {
    let service = Service::new();
    let (store, counters) = (service.world.store.clone(), service.world.counters.clone());
    assert_eq!(service.call(get("/readyz")).await.is(200), json!({"status": "ok"}));
    for (store_down, counters_down) in [(true, false), (false, true), (true, true)] {
        store.set_down(store_down);
        counters.set_down(counters_down);
        let answer = service.call(get("/readyz")).await;
        assert_eq!(answer.is(503), json!({"status": "unavailable"}));
        assert_eq!(answer.retry_after(), 1);
        assert_eq!(service.call(get("/livez")).await.is(200), json!({"status": "ok"}));
    }
    store.set_down(false);
    counters.set_down(false);
    service.call(get("/readyz")).await.is(200);
}

#[tokio::test]
async fn the_demo_s_page_and_its_parts_are_served() {
    let service = with_demo();
    let page = service.call(get("/")).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let mut parts = attributes(page.text(), "src");
    parts.extend(attributes(page.text(), "href"));
    let parts: Vec<_> = parts.into_iter().filter(|part| part.starts_with('/')).collect();
    assert!(parts.contains(&"/demo/page.js") && parts.contains(&"/demo/page.css"), "{parts:?}");
    for part in parts {
        assert_eq!(service.call(get(part)).await.status, 200, "{part}");
    }
    for inline in ["<script>", "<style>", " style=\"", " onclick=\"", "javascript:"] {
        assert!(!page.text().contains(inline), "{inline} would not be allowed by the policy");
    }
}

#[tokio::test]
async fn the_demo_s_account_is_told_to_its_page() {
    let service = with_demo();
    let account = service.call(get("/demo/account")).await;
    assert_eq!(account.is(200), json!({"username": "demo", "user_token": "svu_demo"}));
    assert_eq!(account.content_type(), Some("application/json"));
}

#[tokio::test]
async fn the_inbox_shows_the_messages_of_one_phone_or_all() {
    let service = with_demo();
    for (query, expected) in [
        ("", 2),
        ("?to=%2B9779845550123", 1),
        ("?to=%2B9779845550199", 0),
        ("?to=", 0),
        ("?other=1", 2),
        ("?to=%00%ff", 0),
    ] {
        let answer = service.call(get(format!("/inbox{query}"))).await;
        let body = answer.is(200);
        assert_eq!(body.as_array().unwrap().len(), expected, "{query}");
        assert_eq!(answer.content_type(), Some("application/json"));
    }
    let first = service.call(get("/inbox")).await.is(200)[0].clone();
    let expected = json!({
        "to": "+9779845550123", "from": "Demo", "text": "<b>Hello</b>", "at": "2026-01-15T08:00:00Z",
    });
    assert_eq!(first, expected);
    service.call(get("/inbox?to=1&to=2")).await.refuses(400, "parameter-invalid");
}

#[tokio::test]
async fn without_a_demo_there_is_nothing_of_it() {
    let service = Service::new();
    for path in ["/", "/demo/page.js", "/demo/page.css", "/demo/account", "/inbox", "/inbox?to=1"] {
        service.call(get(path)).await.refuses(404, "route-not-found");
    }
    let with_demo = with_demo();
    for path in ["/demo", "/demo/", "/inbox/", "/demo/page.html", "/demo/../inbox"] {
        with_demo.call(get(path)).await.refuses(404, "route-not-found");
    }
}
