//! The API document: the committed one is the one that is served, and it is whole.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use crate::harness::{Contract, Service, UNKNOWN_ID, call, get};

fn document() -> Value {
    Contract::new().document
}

/// Every operation: method, path and what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    operations
}

/// Every object in the document, with its place.
fn objects<'a>(value: &'a Value, place: &str, found: &mut Vec<(String, &'a Map<String, Value>)>) {
    match value {
        Value::Object(object) => {
            found.push((place.to_owned(), object));
            for (name, member) in object {
                objects(member, &format!("{place}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                objects(item, &format!("{place}/{number}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_committed_document_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == api::document().unwrap(),
        "docs/openapi.json is not what the service serves: run `cargo run -- openapi > docs/openapi.json`"
    );
}

#[tokio::test]
async fn the_document_is_served() {
    let service = Service::new();
    let answer = service.call(get("/openapi.json")).await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.is(200), document());
}

#[test]
fn every_operation_says_what_it_is() {
    let document = document();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).map(Value::as_str).collect();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
        assert!(names.insert(name.to_owned()), "{name} is there twice");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{name}");
        let own: BTreeSet<_> = operation["tags"].as_array().unwrap().iter().map(Value::as_str).collect();
        assert!(own.len() == 1 && own.is_subset(&tags), "{name}: {own:?}");
        let is_public = matches!(name, "livez" | "readyz" | "listProofKeys");
        assert_eq!(operation.get("security").is_none(), is_public, "{name}");
    }
}

#[tokio::test]
async fn every_operation_of_the_document_is_there() {
    let service = Service::new();
    for (method, path, operation) in operations(&service.contract.document) {
        let answer = service
            .call(call(&method, path.replace("{id}", UNKNOWN_ID).replace("{token_id}", UNKNOWN_ID)))
            .await;
        let expected = if operation.get("security").is_some() { 401 } else { 200 };
        assert_eq!(answer.status, expected, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    let mut found = Vec::new();
    objects(&document, "", &mut found);
    let mut used = BTreeSet::new();
    for (place, object) in &found {
        let Some(reference) = object.get("$ref").and_then(Value::as_str) else { continue };
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{place}: {reference}"));
        assert!(document.pointer(pointer).is_some(), "{place}: {reference} leads nowhere");
        used.insert(pointer.rsplit('/').next().unwrap());
    }
    let schemas: BTreeSet<_> =
        document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(used, schemas);
    let security = document["components"]["securitySchemes"].as_object().unwrap();
    for (_, _, operation) in operations(&document) {
        for requirement in operation["security"].as_array().into_iter().flatten() {
            assert!(requirement.as_object().unwrap().keys().all(|scheme| security.contains_key(scheme)));
        }
    }
}

#[test]
fn bodies_are_json_or_problems_and_the_classic_api_takes_forms() {
    for (_, path, operation) in operations(&document()) {
        let classic = path.starts_with("/validate_");
        let name = &operation["operationId"];
        if let Some(content) = operation["requestBody"]["content"].as_object() {
            let taken: BTreeSet<_> = content.keys().map(String::as_str).collect();
            let form = classic.then_some("application/x-www-form-urlencoded");
            assert_eq!(taken, ["application/json"].into_iter().chain(form).collect(), "{name}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let problem = status.as_str() >= "400" && !classic && !path.ends_with('z');
            let expected = if problem { "application/problem+json" } else { "application/json" };
            let content = response["content"].as_object().unwrap();
            assert_eq!(content.keys().collect::<Vec<_>>(), [expected], "{name} {status}");
        }
    }
}

#[test]
fn what_may_be_tried_again_later_says_when() {
    for (_, _, operation) in operations(&document()) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let says_when = response["headers"]["Retry-After"].is_object();
            // A call that has a key may come back while the first runs; a phone that is taken stays so.
            let first_runs =
                status == "409" && operation["parameters"].to_string().contains("Idempotency-Key");
            let expected = matches!(status.as_str(), "429" | "503") || first_runs;
            assert_eq!(says_when, expected, "{} {status}", operation["operationId"]);
        }
    }
}

#[test]
fn every_parameter_and_field_is_described() {
    let document = document();
    for (_, _, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].as_str().is_some_and(|text| !text.is_empty()), "{parameter}");
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name}");
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = property["description"].is_string() || property["$ref"].is_string();
            assert!(described, "{name}.{field}");
        }
    }
}

#[test]
fn nothing_of_a_phone_or_a_credential_is_in_a_url() {
    for (_, path, operation) in operations(&document()) {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["in"] != "header") {
            let name = parameter["name"].as_str().unwrap();
            // The id of a token is none.
            let name = name.trim_end_matches("token_id");
            for never in ["phone", "code", "otp", "secret", "token", "key"] {
                assert!(!name.contains(never), "{path}: {name}");
            }
        }
    }
}
