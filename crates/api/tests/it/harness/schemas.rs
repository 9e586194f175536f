//! Whether a value is what a schema of the API document says. Schemas of OpenAPI 3.0 are those of JSON Schema as
//! far as ours go; formats are held too.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

use super::contract::DOCUMENT;

/// Every schema of the document, by reference, closed: whatever is sent or answered is documented. (That clients must
/// expect more in time is why the document does not say so.)
static SCHEMAS: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let mut components = DOCUMENT["components"].clone();
    let schemas = components["schemas"].as_object_mut().unwrap();
    let names: Vec<String> = schemas.keys().cloned().collect();
    for schema in schemas.values_mut().filter(|schema| schema["type"] == "object") {
        schema["additionalProperties"] = Value::Bool(false);
    }
    let validator = |name: String| {
        let reference = format!("#/components/schemas/{name}");
        let schema = json!({"allOf": [{"$ref": reference}], "components": components});
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        (reference, options.build(&schema).unwrap())
    };
    names.into_iter().map(validator).collect()
});

/// Holds a value against a schema of the document: `{"$ref": ...}`.
#[track_caller]
pub(crate) fn conforms(schema: &Value, value: &Value, place: &str) {
    let reference =
        schema["$ref"].as_str().unwrap_or_else(|| panic!("{place} has no schema of its own name"));
    let validator = SCHEMAS.get(reference).unwrap_or_else(|| panic!("{reference} is not there"));
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{place}: {faults:?}: {value}");
}
