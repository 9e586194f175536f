//! Links of answers: where the id of what was made, or of what a page lists, leads to. They follow from the addresses,
//! so no operation says them.

use serde_json::{Map, Value, json};

/// An operation that an id leads to.
struct Target {
    /// Its address.
    path: String,
    method: String,
    id: String,
}

/// Adds the links to the answers of every `POST` that makes something with an id, and of every list of such things.
pub(super) fn complete(document: &mut Value) {
    let targets = targets(document);
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
            for (status, response) in responses.into_iter().flatten() {
                if status.starts_with('2')
                    && let Some(place) = place_of_id(&schemas, response)
                {
                    let links = links(&targets, path, method, place);
                    if !links.is_empty() {
                        response["links"] = Value::Object(links);
                    }
                }
            }
        }
    }
}

fn targets(document: &Value) -> Vec<Target> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut targets = Vec::new();
    for (path, operations) in paths.into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else { continue };
            targets.push(Target { path: path.clone(), method: method.clone(), id: id.to_owned() });
        }
    }
    targets
}

/// Where an answer has an id: its own, or that of the first thing that it lists.
fn place_of_id(schemas: &Value, response: &Value) -> Option<&'static str> {
    let schema = |reference: &Value| schemas.get(reference.as_str()?.rsplit('/').next()?);
    let answer = schema(response.pointer("/content/application~1json/schema/$ref")?)?;
    if answer.pointer("/properties/id").is_some() {
        return Some("$response.body#/id");
    }
    let item = schema(answer.pointer("/properties/items/items/$ref")?)?;
    item.pointer("/properties/id").map(|_| "$response.body#/items/0/id")
}

/// The links of an operation: to what is below its own address, with one parameter more. A list leads to what takes nothing
/// away.
fn links(targets: &[Target], path: &str, method: &str, place: &str) -> Map<String, Value> {
    let leads = |target: &&Target| {
        method == "post" || (method == "get" && ["get", "post"].contains(&target.method.as_str()))
    };
    let mut links = Map::new();
    for target in targets.iter().filter(leads) {
        let Some(below) = target.path.strip_prefix(path).and_then(|rest| rest.strip_prefix("/{")) else {
            continue;
        };
        let Some((name, rest)) = below.split_once('}') else { continue };
        if rest.contains('{') {
            continue;
        }
        let mut parameters = Map::new();
        for own in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            parameters.insert(own.to_owned(), json!(format!("$request.path.{own}")));
        }
        parameters.insert(name.to_owned(), json!(place));
        links.insert(target.id.clone(), json!({ "operationId": target.id, "parameters": parameters }));
    }
    links
}
