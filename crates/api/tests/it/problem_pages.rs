//! The pages under `/problems`: every `type` leads to one.

use std::collections::BTreeSet;

use crate::harness::{Answer, Contract, Service, get};

/// Every kind that any operation answers with, and those of the edge.
fn slugs() -> BTreeSet<String> {
    let document = Contract::new().document;
    let known =
        document["components"]["schemas"]["Problem"]["properties"]["code"]["x-extensible-enum"].clone();
    known.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

fn is_a_page(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let page = answer.text();
    for needed in [
        "<!doctype html>",
        "<html lang=\"en\">",
        "<meta charset=\"utf-8\">",
        "width=device-width",
        "<main>",
        "<h1>",
    ] {
        assert_eq!(page.matches(needed).count(), 1, "{needed}: {page}");
    }
    for foreign in ["<script", "http://", "https://", " style=", "<style"] {
        assert!(!page.contains(foreign), "{foreign}: {page}");
    }
    for element in ["code", "p", "h2", "ul", "li", "table", "tr", "td", "a", "pre", "main", "nav"] {
        let opened =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}: {page}");
    }
}

#[tokio::test]
async fn every_type_leads_to_a_page_that_says_what_happened_and_what_to_do() {
    let service = Service::new();
    for slug in slugs() {
        let answer = service.call(get(format!("/problems/{slug}"))).await;
        is_a_page(&answer);
        let page = answer.text();
        assert!(page.contains(&format!("<title>{slug}: ")), "{page}");
        for part in ["What happened", "What to do", "How it looks", "Where it comes from"] {
            assert!(page.contains(&format!("<h2>{part}</h2>\n<")), "{slug} does not say: {part}");
        }
        assert!(page.contains(&format!("&quot;type&quot;: &quot;/problems/{slug}&quot;")), "{page}");
    }
    let answer = service.call(get("/problems/resend-too-soon")).await;
    assert!(answer.text().contains("<li>Send a code</li>") && answer.text().contains("Retry-After: "));
    assert!(service.call(get("/problems/route-not-found")).await.text().contains("Any address"));
}

#[tokio::test]
async fn the_list_leads_to_every_page() {
    let service = Service::new();
    let answer = service.call(get("/problems")).await;
    is_a_page(&answer);
    for slug in slugs() {
        let link = format!("<a href=\"/problems/{slug}\">{slug}</a>");
        assert_eq!(answer.text().matches(&link).count(), 1, "{slug}");
    }
}

#[tokio::test]
async fn the_pages_have_a_style_and_nothing_else_is_there() {
    let service = Service::new();
    let answer = service.call(get("/problems/page.css")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert!(answer.text().contains("prefers-color-scheme: dark"));
    for path in ["/problems/nothing", "/problems/%ff", "/problems/CODE-INCORRECT", "/problems/page.css%00"] {
        service.call(get(path)).await.refuses(404, "route-not-found");
    }
}
