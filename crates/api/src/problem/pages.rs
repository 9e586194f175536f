//! The pages under `/problems`: what each kind of problem is and what to do about it. Made once, of the table of the
//! kinds and the API document; plain HTML, without scripts, that needs nothing from elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use poem::http::{HeaderValue, header};
use poem::web::{Data, Path};
use poem::{IntoResponse, Response, handler};

use super::{Problem, Slug};
use crate::edge::Kept;

const STYLE: &str = include_str!("page.css");
const STYLE_FILE: &str = "page.css";
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Every page.
#[derive(Debug)]
pub(crate) struct ProblemPages {
    list: String,
    pages: BTreeMap<&'static str, String>,
}

impl ProblemPages {
    /// Makes the pages; `answered` says which operations answer with a kind.
    pub(crate) fn new(answered: &BTreeMap<Slug, Vec<String>>) -> Arc<Self> {
        let page = |slug: Slug| page(slug, answered.get(&slug).map(Vec::as_slice).unwrap_or_default());
        let pages = Slug::ALL.iter().map(|slug| (slug.as_str(), page(*slug))).collect();
        Arc::new(Self { list: list(), pages })
    }
}

/// `/problems`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn problem_list(pages: Data<&Arc<ProblemPages>>) -> Response {
    html(&pages.list)
}

/// `/problems/<slug>`, and the style of all of them.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn problem_page(pages: Data<&Arc<ProblemPages>>, slug: poem::Result<Path<String>>) -> Response {
    let slug = slug.map(|Path(slug)| slug).unwrap_or_default();
    if slug == STYLE_FILE {
        let response = Response::builder().content_type("text/css; charset=utf-8").body(STYLE);
        return Kept::AnHour.put_on(response);
    }
    match pages.pages.get(slug.as_str()) {
        Some(page) => html(page),
        None => Problem::of(Slug::RouteNotFound).into_response(),
    }
}

fn html(page: &str) -> Response {
    let mut response = Response::builder().content_type("text/html; charset=utf-8").body(page.to_owned());
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Kept::AnHour.put_on(response)
}

fn list() -> String {
    let mut slugs: Vec<Slug> = Slug::ALL.to_vec();
    slugs.sort_by_key(|slug| (slug.status(), slug.as_str()));
    let mut rows = String::new();
    for slug in slugs {
        let (status, page, name) = (slug.status().as_u16(), slug.page(), slug.as_str());
        let title = text(slug.title());
        line(
            &mut rows,
            &format!("<tr><td>{status}</td><td><a href=\"{page}\">{name}</a></td><td>{title}</td></tr>"),
        );
    }
    let content = format!(
        "<h1>Problems</h1>\n<p>What the API answers instead of what was asked for. Branch on <code>code</code>.</p>\n\
         <table>\n<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Code</th><th scope=\"col\">What it is</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n"
    );
    frame("Problems", "<a href=\"/docs/\">API document</a>", &content)
}

fn page(slug: Slug, operations: &[String]) -> String {
    let mut content = format!(
        "<h1>{}</h1>\n<p><code>{}</code>, HTTP status {}</p>\n<h2>What happened</h2>\n<p>{}</p>\n<h2>What to do</h2>\n<p>{}</p>\n",
        text(slug.title()),
        slug.as_str(),
        text(&slug.status().to_string()),
        text(slug.meaning()),
        text(slug.advice()),
    );
    // A wide example is scrolled, by keyboard too.
    line(
        &mut content,
        &format!(
            "<h2>How it looks</h2>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"Example\"><code>{}</code></pre>",
            escaped(wire(slug).trim_end())
        ),
    );
    content.push_str("<h2>Where it comes from</h2>\n");
    if operations.is_empty() {
        content.push_str("<p>Any address of the service.</p>\n");
    } else {
        line(&mut content, "<ul>");
        for name in operations {
            line(&mut content, &format!("<li>{}</li>", text(name)));
        }
        line(&mut content, "</ul>");
    }
    let links = "<a href=\"/problems\">All problems</a> <a href=\"/docs/\">API document</a>";
    frame(&format!("{}: {}", slug.as_str(), slug.title()), links, &content)
}

/// An answer with this problem, as it goes over the wire.
fn wire(slug: Slug) -> String {
    let problem = Problem::example(slug);
    let mut wire = format!("HTTP/1.1 {}\nContent-Type: application/problem+json\n", slug.status());
    if slug.may_retry() {
        wire.push_str("Retry-After: 60\n");
    }
    line(&mut wire, "");
    line(&mut wire, &format!("{:#}", problem.to_value()));
    wire
}

fn frame(title: &str, links: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{} - Sparrow Verify</title>\n\
         <link rel=\"stylesheet\" href=\"/problems/{STYLE_FILE}\">\n</head>\n<body>\n<nav aria-label=\"Pages\">{links}</nav>\n\
         <main>\n{content}</main>\n</body>\n</html>\n",
        escaped(title),
    )
}

fn line(page: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _written = writeln!(page, "{text}");
}

/// A sentence of ours: what stands between backticks is code.
fn text(sentence: &str) -> String {
    let parts = escaped(sentence);
    let mut html = String::with_capacity(parts.len());
    for (number, part) in parts.split('`').enumerate() {
        if number % 2 == 1 {
            html.push_str("<code>");
            html.push_str(part);
            html.push_str("</code>");
        } else {
            html.push_str(part);
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_marked_up_and_the_rest_is_text() {
        assert_eq!(text("See `errors` & <b>."), "See <code>errors</code> &amp; &lt;b&gt;.");
    }

    #[test]
    fn an_example_is_told_as_it_goes_over_the_wire() {
        let wire = wire(Slug::ResendTooSoon);
        assert!(wire.starts_with(
            "HTTP/1.1 429 Too Many Requests\nContent-Type: application/problem+json\nRetry-After:"
        ));
        assert!(wire.contains("\n\n{\n  \"type\": \"/problems/resend-too-soon\","), "{wire}");
    }
}
