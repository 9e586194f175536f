//! What every answer must keep, whatever was asked: the headers of the edge, the form of its kind, and what the API
//! document says of its operation.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use poem::http::Method;
use serde_json::{Map, Value};

use super::Answer;
use super::schemas::conforms;

/// Words of the inside, none of which may ever be told.
const INSIDE: [&str; 12] = [
    "told to",
    "panick",
    "sqlx",
    "poem",
    "serde",
    "unwrap",
    "crates/",
    "src/",
    ".rs",
    "Error(",
    "expected",
    "invalid type",
];

/// The API document, made once for all tests.
pub(super) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&api::document().unwrap()).unwrap());

/// The API document, as answers are held against it.
pub(crate) struct Contract {
    pub(crate) document: Value,
}

impl Contract {
    pub(crate) fn new() -> Self {
        Self { document: DOCUMENT.clone() }
    }

    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        edge_headers(path, answer);
        if *method == Method::HEAD {
            assert_eq!(answer.text(), "", "the answer to HEAD has a body");
            return;
        }
        retry_after(answer);
        if is_classic(path) {
            classic_form(answer);
        } else if answer.status >= 400 && path != "/readyz" {
            problem_form(answer);
        }
        match self.operation(method, path) {
            Some(operation) => Self::documented(operation, answer),
            None if answer.status >= 400 => no_operation(answer),
            None => {}
        }
    }

    /// The operation of a method and a path. The classic paths have one with and without a slash at the end.
    pub(crate) fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let paths = self.document["paths"].as_object().unwrap();
        let path = if is_classic(path) { path.trim_end_matches('/') } else { path };
        let found = paths.get(path).or_else(|| {
            paths.iter().find(|(template, _)| matches(template, path)).map(|(_, operations)| operations)
        })?;
        // Names of methods differ by case.
        let documented = found.as_object()?.iter().find(|(name, _)| name.to_uppercase() == method.as_str());
        documented.map(|(_, operation)| operation)
    }

    #[track_caller]
    fn documented(operation: &Value, answer: &Answer) {
        let name = &operation["operationId"];
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{name} does not document {}: {answer:?}", answer.status);
        let content_type = answer.content_type().unwrap_or_default();
        let media = &response["content"][content_type];
        assert!(media.is_object(), "{name} does not document {content_type} for {}", answer.status);
        conforms(&media["schema"], &answer.json(), &format!("{name} {}", answer.status));
        if content_type == "application/problem+json" {
            let body = answer.json();
            let codes = response["x-problem-codes"].as_array().unwrap();
            assert!(codes.contains(&body["code"]), "{name} does not document {}", body["code"]);
            let line = format!("`{}`: {}.", body["code"].as_str().unwrap(), body["title"].as_str().unwrap());
            let description = response["description"].as_str().unwrap();
            assert!(description.split("\n\n").any(|known| known == line), "{name} does not document {line}");
        }
        for header in ["Retry-After", "WWW-Authenticate"] {
            let documented = response["headers"][header].is_object();
            assert!(
                documented || answer.header(header).is_none(),
                "{name} does not document {header}: {answer:?}"
            );
        }
    }
}

fn is_classic(path: &str) -> bool {
    matches!(path.strip_suffix('/').unwrap_or(path), "/validate_phone" | "/validate_otp")
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(expected, part): (&&str, &&str)| {
        expected == part || (expected.starts_with('{') && !part.is_empty())
    };
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

#[track_caller]
fn edge_headers(path: &str, answer: &Answer) {
    let kept = match path {
        _ if answer.status >= 400 || answer.status == 204 => "no-store",
        "/openapi.json" => "no-cache",
        path if path.starts_with("/docs/") => "no-cache",
        "/.well-known/jwks.json" => "public, max-age=300",
        _ if path.starts_with("/problems") => "public, max-age=3600",
        _ => "no-store",
    };
    let headers = [
        ("cache-control", kept),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ];
    for (name, value) in headers {
        assert_eq!(answer.header(name), Some(value), "{name}: {answer:?}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), None, "no other origin may read");
}

/// Whoever may come back is told when, in whole seconds (RFC 9110 10.2.3).
#[track_caller]
fn retry_after(answer: &Answer) {
    if matches!(answer.status, 429 | 503) {
        assert!(answer.retry_after() >= 1, "{answer:?}");
    }
    if answer.status == 401 {
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{answer:?}");
    }
}

/// RFC 9457, with our extensions.
#[track_caller]
fn problem_form(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let body = answer.json();
    let text =
        |field: &str| body[field].as_str().unwrap_or_else(|| panic!("{field} is no string: {answer:?}"));
    assert_eq!(body["status"], answer.status, "{answer:?}");
    assert_eq!(text("type"), format!("/problems/{}", text("code")));
    assert!(!text("title").is_empty() && !text("title").ends_with('.'), "{answer:?}");
    assert!(text("detail").ends_with('.'), "{answer:?}");
    tells_nothing_inside(&body);
}

/// The form that the tutorial's clients know.
#[track_caller]
fn classic_form(answer: &Answer) {
    assert_eq!(answer.content_type(), Some("application/json"), "{answer:?}");
    let body = answer.json();
    let names: BTreeSet<_> = body.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["details", "status"]), "{answer:?}");
    assert_eq!(body["status"], answer.status, "{answer:?}");
    assert!(body["details"].as_str().is_some_and(|details| details.ends_with('.')), "{answer:?}");
    tells_nothing_inside(&body);
}

/// What is not the caller's own words. Names of unknown fields are, so `errors` is left out.
#[track_caller]
fn tells_nothing_inside(body: &Value) {
    for field in ["title", "detail"] {
        let text = body[field].as_str().unwrap_or_default();
        assert!(INSIDE.iter().all(|word| !text.contains(word)), "told: {text}");
    }
}

/// Where there is no operation, there are two things to say.
#[track_caller]
fn no_operation(answer: &Answer) {
    if answer.content_type() != Some("application/problem+json") {
        return;
    }
    let body = answer.json();
    match body["code"].as_str().unwrap() {
        "route-not-found" => assert_eq!(body["title"], "There is nothing at this address"),
        "method-not-allowed" => {
            assert_eq!(body["title"], "The method is not allowed here");
            assert!(answer.header("allow").is_some(), "{answer:?}");
        }
        "parameter-invalid" | "body-too-large" => {}
        other => panic!("{other} where there is no operation: {answer:?}"),
    }
}
