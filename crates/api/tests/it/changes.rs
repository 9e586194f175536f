//! What of the API document may change without a word. `docs/openapi.released.json` is the document that clients were
//! last told of. The one that is served may have more than it; a change that breaks clients fails here until it is
//! declared: the new document is put in its place, and `docs/api-changes.md` says on top what breaks and what to do.
//!
//! The base is a file and not a commit, because what clients have is what was declared to them, not what some commit
//! held; and because a checkout need have no history. The declaration names the file by its hash, so that neither of the
//! two changes without the other.

use std::path::Path;

use drift::ChangeClass;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::harness::Contract;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What in the new document breaks clients that were made for the old one.
fn breaking(old: &Value, new: &Value) -> Vec<String> {
    let mut told = media_types_gone(old, new);
    if !told.is_empty() {
        // `drift` panics on them.
        return told;
    }
    for change in drift::compare(old, &without_what_is_more(old, new)).unwrap() {
        for info in change.changes {
            let breaks = match info.class {
                // What cannot be told may break.
                ChangeClass::BackwardIncompatible | ChangeClass::Incompatible | ChangeClass::Unhandled => {
                    true
                }
                ChangeClass::ForwardIncompatible | ChangeClass::Trivial => false,
            };
            if breaks {
                told.push(format!("{:?} {}: {}", change.paths, info.old_subpath, info.message));
            }
        }
    }
    told
}

/// The media types of answers that are answered no more.
fn media_types_gone(old: &Value, new: &Value) -> Vec<String> {
    let mut gone = Vec::new();
    for (path, methods) in old["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                // Whether the answer is there at all is for `drift`.
                let Some(now) = new["paths"][path][method]["responses"].get(status) else { continue };
                let media = answer["content"].as_object().into_iter().flat_map(Map::keys);
                let missing = media.filter(|media| now["content"].get(media).is_none());
                gone.extend(missing.map(|media| format!("{method} {path} {status}: no {media}")));
            }
        }
    }
    gone
}

/// The new document without what it may have more, which `drift` takes for changes that it cannot tell: problems of an
/// operation, fields and media types of an answer, and optional fields of a request.
fn without_what_is_more(old: &Value, new: &Value) -> Value {
    let mut new = new.clone();
    for (path, methods) in new["paths"].as_object_mut().unwrap() {
        for (method, operation) in methods.as_object_mut().unwrap() {
            let known = old["paths"].get(path).and_then(|methods| methods.get(method));
            let Some(known) = known.map(|operation| operation["responses"].clone()) else { continue };
            let answers = operation["responses"].as_object_mut().unwrap();
            answers.retain(|status, _| status.as_str() < "400" || known.get(status).is_some());
            for (status, answer) in answers {
                let Some(content) = answer["content"].as_object_mut() else { continue };
                content.retain(|media, _| known[status]["content"].get(media).is_some());
            }
        }
    }
    for (name, schema) in new["components"]["schemas"].as_object_mut().unwrap() {
        let Some(known) = old["components"]["schemas"][name]["properties"].as_object() else { continue };
        // Requests are closed, answers are not.
        let is_request = schema["additionalProperties"] == false;
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let must_be_sent = |field: &str| is_request && required.contains(&json!(field));
        let is_more = |field: &str| !known.contains_key(field) && !must_be_sent(field);
        schema["properties"].as_object_mut().unwrap().retain(|field, _| !is_more(field));
        if let Some(required) = schema["required"].as_array_mut() {
            required.retain(|field| !is_more(field.as_str().unwrap()));
        }
    }
    new
}

#[test]
fn what_breaks_clients_is_declared() {
    let released: Value = serde_json::from_str(&read("openapi.released.json")).unwrap();
    let told = breaking(&released, &Contract::new().document);
    assert!(
        told.is_empty(),
        "clients break: {told:#?}\nEither do not, or declare it: copy docs/openapi.json to docs/openapi.released.json, and \
         say on top of docs/api-changes.md what breaks and what to do"
    );
}

#[test]
fn a_declaration_names_the_document_that_it_declares() {
    let hash = Sha256::digest(read("openapi.released.json"));
    let hash = hash.iter().take(6).fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    let changes = read("api-changes.md");
    let heading = changes.lines().find(|line| line.starts_with("## ")).unwrap_or_default();
    assert!(
        heading.ends_with(&format!("(document {hash})")),
        "docs/openapi.released.json is not the document that docs/api-changes.md declares on top: begin an entry there \
         with `## VERSION, DATE (document {hash})`"
    );
    let said = changes.split(heading).nth(1).unwrap().split("\n## ").next().unwrap().trim();
    assert!(!said.is_empty(), "`{heading}` does not say what changed");
}

/// A change to the document: what it is called, where it is made, and what is there then; nothing when it is removed.
type Edit = (&'static str, &'static str, Option<Value>);

fn edited((name, place, value): &Edit, document: &Value) -> Value {
    let mut document = document.clone();
    let (parent, last) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap_or_else(|| panic!("{name}: {parent} is not there")) {
        Value::Object(object) => {
            let last = last.replace("~1", "/");
            match value {
                Some(value) => object.insert(last, value.clone()),
                None => Some(
                    object.shift_remove(&last).unwrap_or_else(|| panic!("{name}: nothing is at {place}")),
                ),
            };
        }
        Value::Array(items) => match value {
            Some(value) => items.push(value.clone()),
            None => {
                items.remove(last.parse().unwrap());
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("{name}: {parent}"),
    }
    document
}

const START: &str = "/paths/~1v1~1verifications/post";
const SCHEMAS: &str = "/components/schemas";

/// A place in the document; it lives as long as the tests do.
fn at(base: &str, rest: &str) -> &'static str {
    String::leak(format!("{base}{rest}"))
}

#[test]
fn what_breaks_clients_is_found() {
    let document = Contract::new().document;
    let answered = json!({"description": "Later.", "content": {}});
    let region = json!({"name": "region", "in": "query", "required": true, "schema": {"type": "string"}});
    let edits: [Edit; 12] = [
        ("an operation is gone", "/paths/~1v1~1verifications~1checks", None),
        ("a method is gone", "/paths/~1v1~1verifications~1{id}/delete", None),
        ("a request field is required", at(SCHEMAS, "/StartVerification/required/-"), Some(json!("account"))),
        ("a request field is gone", at(SCHEMAS, "/StartVerification/properties/locale"), None),
        ("a request takes a word less", at(SCHEMAS, "/Purpose/enum/3"), None),
        ("a request field is shorter", at(SCHEMAS, "/CheckCode/properties/code/maxLength"), Some(json!(6))),
        ("a parameter is required", "/paths/~1v1~1verifications/get/parameters/-", Some(region)),
        ("an answer's field is gone", at(SCHEMAS, "/Verification/properties/expires_at"), None),
        ("an answer's field may be missing", at(SCHEMAS, "/Verification/required/0"), None),
        (
            "an answer's field has another type",
            at(SCHEMAS, "/Verification/properties/sends_left/type"),
            Some(json!("string")),
        ),
        ("an answer has another media type", at(START, "/responses/201/content/application~1json"), None),
        ("there is another success", at(START, "/responses/202"), Some(answered)),
    ];
    for edit in &edits {
        assert!(!breaking(&document, &edited(edit, &document)).is_empty(), "{} is not found", edit.0);
    }
}

#[test]
fn what_is_only_more_breaks_nobody() {
    let document = Contract::new().document;
    let operation = document["paths"]["/v1/verifications"]["get"].clone();
    let mut another = Map::new();
    another.insert("get".to_owned(), operation);
    another["get"]["operationId"] = json!("listOthers");
    let text = || Some(json!({"type": "string", "description": "More."}));
    let region = json!({"name": "region", "in": "query", "required": false, "schema": {"type": "string"}});
    let problem = document.pointer(at(START, "/responses/429")).cloned();
    let problem_media =
        document.pointer(at(START, "/responses/429/content/application~1problem+json")).cloned();
    let edits: [Edit; 10] = [
        (
            "another media type of an answer",
            at(START, "/responses/429/content/application~1problem+xml"),
            problem_media,
        ),
        (
            "a field that is always in an answer",
            at(SCHEMAS, "/Verification/required/-"),
            Some(json!("region")),
        ),
        ("another operation", "/paths/~1v1~1others", Some(another.into())),
        ("another optional request field", at(SCHEMAS, "/StartVerification/properties/region"), text()),
        ("another optional parameter", "/paths/~1v1~1verifications/get/parameters/-", Some(region)),
        ("another field in an answer", at(SCHEMAS, "/Verification/properties/region"), text()),
        ("another problem", at(START, "/responses/423"), problem),
        ("another code", at(START, "/responses/429/x-problem-codes/-"), Some(json!("other"))),
        (
            "another word in an open field",
            at(SCHEMAS, "/Problem/properties/code/x-extensible-enum/-"),
            Some(json!("other")),
        ),
        ("other words", at(START, "/summary"), Some(json!("Begin"))),
    ];
    for edit in &edits {
        assert_eq!(breaking(&document, &edited(edit, &document)), Vec::<String>::new(), "{}", edit.0);
    }
}
