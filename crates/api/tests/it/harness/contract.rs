//! What every answer must keep, whatever was asked: the headers of the edge, the form of its kind, and what the API
//! document says of its operation.

use std::collections::BTreeSet;

use poem::http::Method;
use serde_json::{Map, Value};

use super::Answer;

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

/// The API document, as answers are held against it.
pub(crate) struct Contract {
    pub(crate) document: Value,
}

impl Contract {
    pub(crate) fn new() -> Self {
        Self { document: serde_json::from_str(&api::document().unwrap()).unwrap() }
    }

    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        edge_headers(answer);
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
            Some(operation) => self.documented(operation, answer),
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
    fn documented(&self, operation: &Value, answer: &Answer) {
        let name = &operation["operationId"];
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{name} does not document {}: {answer:?}", answer.status);
        let content_type = answer.content_type().unwrap_or_default();
        let media = &response["content"][content_type];
        assert!(media.is_object(), "{name} does not document {content_type} for {}", answer.status);
        self.conforms(&media["schema"], &answer.json(), &format!("{name} {}", answer.status));
        if content_type == "application/problem+json" {
            let body = answer.json();
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

    /// Whether a value is what the schema says: types, required and unknown members. No more is in our document.
    #[track_caller]
    fn conforms(&self, schema: &Value, value: &Value, place: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.document.pointer(reference.trim_start_matches('#'));
            return self.conforms(target.unwrap_or_else(|| panic!("{reference} is not there")), value, place);
        }
        // A reference that has a description of its own.
        if let Some(parts) = schema["allOf"].as_array() {
            let references = parts.iter().filter(|part| part.get("$ref").is_some());
            return references.for_each(|part| self.conforms(part, value, place));
        }
        let type_fits = match schema["type"].as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("number") => value.is_number(),
            Some("integer") => value.is_u64() || value.is_i64(),
            other => panic!("{place}: the schema has the type {other:?}"),
        };
        assert!(type_fits, "{place}: {value} is no {}", schema["type"]);
        for item in value.as_array().into_iter().flatten() {
            self.conforms(&schema["items"], item, place);
        }
        let Some(members) = value.as_object() else { return };
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(members.contains_key(required.as_str().unwrap()), "{place}: {required} is missing");
        }
        for (name, member) in members {
            let property = &schema["properties"][name];
            assert!(property.is_object(), "{place}: `{name}` is not documented");
            self.conforms(property, member, &format!("{place}/{name}"));
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
fn edge_headers(answer: &Answer) {
    let headers = [
        ("cache-control", "no-store"),
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
    assert_eq!(text("type"), format!("urn:sparrow-verify:problem:{}", text("code")));
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
