//! Rules over the whole document, so that what is added keeps them by itself: sections in the order of their operations,
//! public operations that say so, closed requests, formats by name, and what an answer says when its type does not.

use serde_json::{Map, Value, json};

use crate::paging::{DEFAULT_LIMIT, LIMIT_MAX};

/// Every operation.
pub(super) fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().filter_map(|(_, methods)| methods.as_object()).flat_map(Map::values)
}

/// Every operation.
pub(super) fn operations_mut(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    paths
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut)
}

/// Applies the rules, but for those about examples.
pub(super) fn complete(document: &mut Value) {
    sections_in_order(document);
    let described = descriptions_of_schemas(document);
    for operation in operations_mut(document) {
        // Who reads only the operation is told that anybody may call it.
        if operation.get("security").is_none() {
            operation["security"] = json!([]);
        }
        paging(operation);
        describe_answers(operation, &described);
    }
    close_requests(document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(Map::values_mut) {
        for (name, property) in
            schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            format_by_name(name, property);
        }
    }
}

/// Sections come as their first operations do (the framework sorts them by name), and the operations of a section come
/// together, whichever modules they are of.
fn sections_in_order(document: &mut Value) {
    let mut names: Vec<Value> = Vec::new();
    for tag in operations(document).filter_map(|operation| operation.pointer("/tags/0")) {
        if !names.contains(tag) {
            names.push(tag.clone());
        }
    }
    let place = |name: Option<&Value>| names.iter().position(|known| Some(known) == name);
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        tags.sort_by_key(|tag| place(tag.get("name")));
    }
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        let mut sorted: Vec<_> = std::mem::take(paths).into_iter().collect();
        sorted.sort_by_key(|(_, methods)| {
            place(methods.as_object().and_then(|methods| methods.values().next()?.pointer("/tags/0")))
        });
        paths.extend(sorted);
    }
}

/// Our listings read these two as text, so as to say themselves what is wrong with them; what they take is this.
fn paging(operation: &mut Value) {
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter.get("in") != Some(&json!("query")) {
            continue;
        }
        match parameter.get("name").and_then(Value::as_str) {
            Some("limit") => {
                parameter["schema"] = json!({
                    "type": "integer",
                    "format": "int32",
                    "minimum": 1,
                    "maximum": LIMIT_MAX,
                    "default": DEFAULT_LIMIT,
                });
            }
            Some("cursor") => parameter["schema"]["minLength"] = json!(1),
            _ => {}
        }
    }
}

/// An answer that its type does not describe is its schema.
fn describe_answers(operation: &mut Value, described: &Map<String, Value>) {
    for answer in
        operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        if answer.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
            let reference = answer.pointer("/content/application~1json/schema/$ref").and_then(Value::as_str);
            if let Some(text) = reference.and_then(|reference| described.get(reference)) {
                answer["description"] = text.clone();
            }
        }
    }
}

fn descriptions_of_schemas(document: &Value) -> Map<String, Value> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let described = schemas.into_iter().flatten().filter_map(|(name, schema)| {
        Some((format!("#/components/schemas/{name}"), schema.get("description")?.clone()))
    });
    described.collect()
}

/// A request may hold nothing else: a misspelled optional field must not be ignored.
fn close_requests(document: &mut Value) {
    let mut names: Vec<String> = Vec::new();
    for operation in operations(document) {
        let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
        for media in content.into_iter().flat_map(Map::values) {
            references(media, &mut names);
        }
    }
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        next += 1;
        let Some(schema) = document.pointer_mut(&format!("/components/schemas/{name}")) else { continue };
        references(schema, &mut names);
        if let Some(schema) = schema.as_object_mut().filter(|schema| schema.contains_key("properties")) {
            schema.entry("additionalProperties").or_insert(Value::Bool(false));
        }
    }
}

/// Adds the names of schemas that a value refers to.
fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
            if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
            object.values().for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Instants end in `_at`, and an `id` is a UUID unless it has a pattern of its own (what others number is no `id` but a
/// `message_id`). The tests hold every example and every answer against it.
fn format_by_name(name: &str, property: &mut Value) {
    let Some(property) = property.as_object_mut() else { return };
    let plain = property.get("type") == Some(&json!("string"))
        && !["format", "pattern", "enum"].iter().any(|word| property.contains_key(*word));
    let format = match name {
        "at" => "date-time",
        "id" => "uuid",
        _ if name.ends_with("_at") => "date-time",
        _ => return,
    };
    if plain {
        property.insert("format".to_owned(), json!(format));
    }
}

/// The example of a page is one of what it lists.
pub(super) fn examples_of_pages(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let mut examples = Vec::new();
    for (name, schema) in &*schemas {
        let item = schema.pointer("/properties/items/items/$ref").and_then(Value::as_str);
        let item = item.and_then(|reference| schemas.get(reference.rsplit('/').next()?)?.get("example"));
        if let Some(item) = item.filter(|_| schema.get("example").is_none()) {
            examples.push((name.clone(), json!({ "items": [item] })));
        }
    }
    for (name, example) in examples {
        schemas[&name]["example"] = example;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_refers_to_is_closed_and_what_is_only_answered_is_not() {
        let mut document = json!({
            "paths": {"/v": {"post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Make"}}}},
            }}},
            "components": {"schemas": {
                "Make": {"properties": {"part": {"$ref": "#/components/schemas/Part"}}},
                "Part": {"properties": {}},
                "Made": {"properties": {}},
            }},
        });
        complete(&mut document);
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["Make"]["additionalProperties"], json!(false));
        assert_eq!(schemas["Part"]["additionalProperties"], json!(false));
        assert!(schemas["Made"].get("additionalProperties").is_none());
        assert_eq!(document["paths"]["/v"]["post"]["security"], json!([]));
    }

    #[test]
    fn instants_and_ids_are_known_by_their_names() {
        for (name, format) in [("expires_at", "date-time"), ("at", "date-time"), ("id", "uuid")] {
            let mut property = json!({"type": "string"});
            format_by_name(name, &mut property);
            assert_eq!(property["format"], format, "{name}");
        }
        let mut slug = json!({"type": "string", "pattern": "^[a-z]+$"});
        format_by_name("id", &mut slug);
        assert!(slug.get("format").is_none());
    }
}
