//! What modules say of their operations and schemas beyond what their types do: which words a field takes, and what
//! goes over the wire in an operation's typical cases. A note that leads nowhere is an error, so that none goes stale.

use serde_json::{Map, Value, json};

use super::rules::operations_mut;

/// What modules say of the document.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    fields: Vec<Field>,
    examples: Vec<Example>,
}

#[derive(Debug)]
struct Field {
    place: &'static str,
    said: Said,
}

/// What is said of a field.
#[derive(Clone, Debug)]
enum Said {
    /// The words that it takes for good, and the name of their schema.
    Closed(&'static str, Vec<&'static str>),
    /// The words that it may have as yet.
    Open(Vec<&'static str>),
    /// Its format.
    Format(&'static str),
}

#[derive(Debug)]
struct Example {
    operation: &'static str,
    /// The status of an answer; none for the request.
    status: Option<&'static str>,
    name: &'static str,
    summary: &'static str,
    value: Value,
}

/// A note is about nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not there")]
pub struct NoteError(String);

impl Notes {
    /// The words that the fields at `places` take, to which none will come within `v1`: an `enum`, called `name`. A
    /// place is `Schema.field` or `operationId?parameter`.
    pub(crate) fn closed(
        &mut self,
        name: &'static str,
        words: impl IntoIterator<Item = &'static str>,
        places: &[&'static str],
    ) {
        self.say(places, &Said::Closed(name, words.into_iter().collect()));
    }

    /// The words that the fields at `places` may have as yet: an `x-extensible-enum` (rule 112 of Zalando's guidelines),
    /// which generators read as a plain string. A generated client often refuses an answer with a word that it was not
    /// generated with, so this is for words of answers that may become more.
    pub(crate) fn open(&mut self, words: impl IntoIterator<Item = &'static str>, places: &[&'static str]) {
        self.say(places, &Said::Open(words.into_iter().collect()));
    }

    /// The format of the fields at `places`, where `super::rules` do not know it by their names.
    pub(crate) fn format(&mut self, format: &'static str, places: &[&'static str]) {
        self.say(places, &Said::Format(format));
    }

    fn say(&mut self, places: &[&'static str], said: &Said) {
        self.fields.extend(places.iter().map(|place| Field { place, said: said.clone() }));
    }

    /// A request of an operation, besides or instead of the example of its schema. `name` is in kebab case.
    pub(crate) fn request(
        &mut self,
        operation: &'static str,
        name: &'static str,
        summary: &'static str,
        value: Value,
    ) {
        self.examples.push(Example { operation, status: None, name, summary, value });
    }

    /// An answer of an operation, besides or instead of the example of its schema. `name` is in kebab case.
    pub(crate) fn answer(
        &mut self,
        operation: &'static str,
        status: &'static str,
        name: &'static str,
        summary: &'static str,
        value: Value,
    ) {
        self.examples.push(Example { operation, status: Some(status), name, summary, value });
    }

    /// Writes all notes into the document.
    ///
    /// # Errors
    /// [`NoteError`] when one is about something that is not there.
    pub(super) fn write_into(self, document: &mut Value) -> Result<(), NoteError> {
        for field in self.fields {
            field.write_into(document).ok_or_else(|| NoteError(field.place.to_owned()))?;
        }
        for example in self.examples {
            let place = format!("{} {}", example.operation, example.status.unwrap_or("request"));
            example.write_into(document).ok_or(NoteError(place))?;
        }
        Ok(())
    }
}

impl Field {
    fn write_into(&self, document: &mut Value) -> Option<()> {
        let field = field(document, self.place)?;
        match &self.said {
            Said::Open(words) => field["x-extensible-enum"] = json!(words),
            Said::Format(format) => field["format"] = json!(format),
            Said::Closed(name, words) => {
                // Whatever stands beside a reference is not read (OpenAPI 3.0), so the description needs `allOf`.
                let reference = json!({"$ref": format!("#/components/schemas/{name}")});
                *field = match field.get("description") {
                    Some(text) => json!({"description": text, "allOf": [reference]}),
                    None => reference,
                };
                document["components"]["schemas"][name] = json!({
                    "type": "string",
                    "title": name,
                    "description": format!("One of {}.", listed(words)),
                    "enum": words,
                });
            }
        }
        Some(())
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The schema of a field or parameter.
fn field<'a>(document: &'a mut Value, place: &str) -> Option<&'a mut Value> {
    if let Some((operation, parameter)) = place.split_once('?') {
        let parameters = operation_mut(document, operation)?.get_mut("parameters")?.as_array_mut()?;
        let is_it = |candidate: &&mut Value| candidate.get("name").and_then(Value::as_str) == Some(parameter);
        return parameters.iter_mut().find(is_it)?.get_mut("schema");
    }
    let (schema, field) = place.split_once('.')?;
    document.pointer_mut(&format!("/components/schemas/{schema}/properties/{field}"))
}

fn operation_mut<'a>(document: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    operations_mut(document)
        .find(|operation| operation.get("operationId").and_then(Value::as_str) == Some(name))
}

impl Example {
    fn write_into(self, document: &mut Value) -> Option<()> {
        let operation = operation_mut(document, self.operation)?;
        let body = match self.status {
            Some(status) => operation.get_mut("responses")?.get_mut(status)?,
            None => operation.get_mut("requestBody")?,
        };
        let example = json!({"summary": self.summary, "value": self.value});
        for (media_type, media) in body.get_mut("content")?.as_object_mut()? {
            // Problems have their own (`super::answers`).
            if media_type == "application/problem+json" {
                continue;
            }
            let examples = media.as_object_mut()?.entry("examples").or_insert_with(|| Map::new().into());
            examples.as_object_mut()?.insert(self.name.to_owned(), example.clone());
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_about_nothing_is_an_error() {
        let mut document =
            json!({"paths": {"/v": {"get": {"operationId": "getV"}}}, "components": {"schemas": {}}});
        let mut words = Notes::default();
        words.open(["red"], &["Car.color"]);
        assert!(words.write_into(&mut document).is_err());
        let mut example = Notes::default();
        example.answer("getV", "200", "v", "A v", json!(1));
        assert_eq!(example.write_into(&mut document).err().unwrap().to_string(), "getV 200 is not there");
    }
}
