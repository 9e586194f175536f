//! Problems in the document. From the kinds that an operation says it may answer with come, for each answer, the codes,
//! an example of each, and the headers.
//!
//! Every such answer has the same schema. One of its own for each, with the codes as an `enum`, would make a class of its
//! own for each in generated clients, and a new code would break them; so the codes are `x-problem-codes`.

use serde_json::{Map, Value, json};

use super::rules::operations_mut;
use crate::classic;
use crate::problem::{Problem, Slug};

/// The form in which an operation tells its problems.
enum Form {
    Native,
    Classic,
}

/// Completes the answers that are problems, and the headers of all.
pub(super) fn complete(document: &mut Value) {
    let mut examples = Map::new();
    for operation in operations_mut(document) {
        let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for slug in [Slug::InternalError, Slug::TemporarilyUnavailable] {
            of_the_edge(answers, slug);
        }
        for (status, answer) in answers {
            codes(answer, &mut examples);
            headers(status, answer);
        }
    }
    if !examples.is_empty() {
        let mut sorted: Vec<_> = examples.into_iter().collect();
        sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
        document["components"]["examples"] = Value::Object(sorted.into_iter().collect());
        document["components"]["headers"] = header_components();
    }
}

/// What the edge may answer in the place of any operation, which one that tells no problems of its own does not say.
fn of_the_edge(answers: &mut Map<String, Value>, slug: Slug) {
    let answer = answers.entry(slug.status().as_str()).or_insert_with(
        || json!({"description": format!("`{}`: {}.", slug.as_str(), slug.title()), "content": {}}),
    );
    let told = answer.get("content").and_then(Value::as_object);
    if told.is_some_and(|told| told.values().all(|media| media.pointer("/schema/allOf").is_none())) {
        let problem = json!({"$ref": "#/components/schemas/Problem"});
        answer["content"]["application/problem+json"] =
            json!({"schema": {"allOf": [problem], "enum": [slug.as_str()]}});
    }
}

/// The kinds of problems that an operation of the finished document answers with.
pub(super) fn slugs(operation: &Value) -> Vec<Slug> {
    let answers = operation.get("responses").and_then(Value::as_object);
    let codes = answers
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|answer| answer.get("x-problem-codes")?.as_array());
    codes.flatten().filter_map(|code| Slug::parse(code.as_str()?)).collect()
}

/// `crate::problem` hands the kinds over as an `enum` beside the schema; here they become what they are to be.
fn codes(answer: &mut Value, examples: &mut Map<String, Value>) {
    let content = answer.get_mut("content").and_then(Value::as_object_mut);
    let mut all = Vec::new();
    for (media_type, media) in content.into_iter().flatten() {
        let form = if media_type == "application/problem+json" { Form::Native } else { Form::Classic };
        let Some(schema) = media.pointer("/schema/allOf/0").cloned() else { continue };
        let named = media.pointer("/schema/enum").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut told = Map::new();
        for slug in named.iter().filter_map(|code| Slug::parse(code.as_str()?)) {
            let (name, example) = example(slug, &form);
            told.insert(slug.as_str().to_owned(), json!({"$ref": format!("#/components/examples/{name}")}));
            examples.insert(name, example);
        }
        *media = json!({"schema": schema, "examples": told});
        all.extend(named);
    }
    if !all.is_empty() {
        answer["x-problem-codes"] = Value::Array(all);
    }
}

fn example(slug: Slug, form: &Form) -> (String, Value) {
    match form {
        Form::Native => {
            let value = Problem::example(slug).to_value();
            (slug.as_str().to_owned(), json!({"summary": slug.title(), "value": value}))
        }
        Form::Classic => {
            let value = classic::example(slug);
            (format!("classic-{}", slug.as_str()), json!({"summary": slug.title(), "value": value}))
        }
    }
}

/// The headers that belong to a status, whatever is answered with it.
fn headers(status: &str, answer: &mut Value) {
    let (name, component) = match status {
        "401" => ("WWW-Authenticate", "WWWAuthenticate"),
        "429" | "503" => ("Retry-After", "RetryAfter"),
        _ => return,
    };
    answer["headers"][name] = json!({"$ref": format!("#/components/headers/{component}")});
}

fn header_components() -> Value {
    json!({
        "RetryAfter": {
            "description": "Whole seconds to wait before trying again.",
            "required": true,
            "schema": {"type": "integer", "format": "int32", "minimum": 1},
            "example": 60,
        },
        "WWWAuthenticate": {
            "description": "The scheme to use (RFC 9110 11.6.1).",
            "required": true,
            "schema": {"type": "string"},
            "example": "Bearer",
        },
    })
}
