//! How `Idempotency-Key` reads in the API document: a header of every `POST`, and what it may be answered with.

use poem::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::edge::is_classic;
use crate::problem::Slug;

const SLUGS: [Slug; 3] = [Slug::IdempotencyKeyInvalid, Slug::IdempotencyKeyInUse, Slug::IdempotencyKeyReused];

/// What [`domain::idempotency::IdempotencyKey::parse`] reads: bare, without what parts items and parameters; or in quotes,
/// with a backslash before a quote and a backslash.
const PATTERN: &str = r#"^([!#-+\x2d-:<-\[\]-~]{1,255}|"([!#-\[\]-~]|\\["\\]){1,255}")$"#;

/// Adds the header and its answers to every `POST`.
pub(crate) fn describe(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for (path, operations) in paths {
        let Some(operation) = operations.get_mut("post").and_then(Value::as_object_mut) else { continue };
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(parameter());
        }
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            answers(responses, is_classic(path));
        }
    }
}

/// The header. It has no example of its own: pages where the API is tried out send an example as it stands, and every
/// second call would be refused, because that key was used.
fn parameter() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "Names this call, so that it can be sent again without being done again: the first answer comes \
            back, with `Idempotency-Replayed: true`, for 24 hours. 1 to 255 visible ASCII characters, such as the UUID \
            `8e03978e-40d5-43e8-bc93-6894a57f9324`; in quotes or bare. A new call takes a new one. Answers that a later \
            try may change (429, 5xx) are not kept, and neither are those to bodies that cannot be read.",
        "schema": {"type": "string", "maxLength": 512, "pattern": PATTERN},
    })
}

fn answers(responses: &mut Map<String, Value>, classic: bool) {
    for slug in SLUGS {
        let response = responses.entry(slug.status().as_str()).or_insert_with(|| answer(classic));
        let before = response["description"].as_str().unwrap_or_default();
        let between = if before.is_empty() { "" } else { "\n\n" };
        response["description"] = json!(format!("{before}{between}`{}`: {}.", slug.as_str(), slug.title()));
        // The kinds of an answer stand beside its schema; see `crate::docs`.
        let content = response.get_mut("content").and_then(Value::as_object_mut);
        for media in content.into_iter().flat_map(Map::values_mut) {
            if let Some(kinds) = media.pointer_mut("/schema/enum").and_then(Value::as_array_mut) {
                kinds.push(json!(slug.as_str()));
            }
        }
        if slug.may_retry() {
            response["headers"]["Retry-After"] = json!({
                "description": "Seconds to wait before trying again.",
                "schema": {"type": "integer", "format": "int32"},
            });
        }
    }
    for (status, response) in responses.iter_mut() {
        let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
        if status.is_some_and(|status| may_be_kept(status) || (classic && status == StatusCode::BAD_REQUEST))
        {
            response["headers"]["Idempotency-Replayed"] = json!({
                "description": "`true` when this is the answer to an earlier call with the same `Idempotency-Key`.",
                "schema": {"type": "string", "enum": ["true"]},
            });
        }
    }
    responses.sort_keys();
}

/// Whether any answer with this status is kept.
fn may_be_kept(status: StatusCode) -> bool {
    status.is_success() || Slug::ALL.iter().any(|slug| slug.status() == status && slug.is_kept_under_a_key())
}

fn answer(classic: bool) -> Value {
    let (media, schema) = if classic {
        ("application/json", "#/components/schemas/ClassicAnswer")
    } else {
        ("application/problem+json", "#/components/schemas/Problem")
    };
    json!({"description": "", "content": {media: {"schema": {"allOf": [{"$ref": schema}], "enum": []}}}})
}
