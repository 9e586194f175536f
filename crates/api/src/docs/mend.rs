//! What the framework writes otherwise than the standard, or people, do: media types, formats, names of headers, words
//! that say nothing, and sentences broken where the source's lines end.

use serde_json::{Value, json};

/// Mends all of a document.
pub(super) fn mend(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(media) = object.remove("application/json; charset=utf-8") {
                object.insert("application/json".to_owned(), media);
            }
            if let Some((format, least)) = object.get("format").and_then(Value::as_str).and_then(signed) {
                object.insert("format".to_owned(), json!(format));
                if let Some(least) = least {
                    object.entry("minimum").or_insert(json!(least));
                }
            }
            if object.get("deprecated") == Some(&Value::Bool(false)) {
                object.shift_remove("deprecated");
            }
            // What is exploded is a list or an object; parameters here are neither.
            if object.contains_key("in") {
                object.shift_remove("explode");
            }
            // The description stands beside as well; within `allOf` it is a schema that generators of clients cannot read.
            if let Some(Value::Array(parts)) = object.get_mut("allOf") {
                parts.retain(|part| {
                    part.as_object().is_none_or(|part| part.keys().any(|key| key != "description"))
                });
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = unwrapped(text);
            }
            if let Some(Value::Object(headers)) = object.get_mut("headers") {
                *headers = std::mem::take(headers)
                    .into_iter()
                    .map(|(name, value)| (header_case(&name), value))
                    .collect();
            }
            object.values_mut().for_each(mend);
        }
        Value::Array(items) => items.iter_mut().for_each(mend),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// OpenAPI knows signed formats only; what the sign forbids is a minimum.
fn signed(format: &str) -> Option<(&'static str, Option<u8>)> {
    match format {
        "uint8" | "uint16" | "uint32" => Some(("int32", Some(0))),
        "uint64" => Some(("int64", Some(0))),
        "int8" | "int16" => Some(("int32", None)),
        _ => None,
    }
}

/// Paragraphs on one line each; lines of a list stay.
fn unwrapped(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        let apart =
            line.is_empty() || line.starts_with("* ") || line.starts_with("- ") || joined.ends_with('\n');
        if !joined.is_empty() {
            joined.push(if apart { '\n' } else { ' ' });
        }
        joined.push_str(line);
    }
    joined
}

/// As people write names of headers.
fn header_case(name: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        if part.eq_ignore_ascii_case("www") {
            "WWW".to_owned()
        } else {
            first.to_uppercase() + &rest.to_lowercase()
        }
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_on_one_line_and_lists_are_not() {
        assert_eq!(unwrapped("One\ntwo.\n\nThree\nfour."), "One two.\n\nThree four.");
        assert_eq!(unwrapped("All:\n* one\n* two"), "All:\n* one\n* two");
    }

    #[test]
    fn headers_are_written_as_people_do() {
        assert_eq!(header_case("RETRY-AFTER"), "Retry-After");
        assert_eq!(header_case("www-authenticate"), "WWW-Authenticate");
    }
}
