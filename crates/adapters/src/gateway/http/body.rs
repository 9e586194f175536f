//! What is posted: templates, filled in and encoded. Owns that a value is a value whatever characters it has: it is encoded
//! as a whole, and never put between quotes or ampersands as it is.

use form_urlencoded::Serializer;
use reqwest::Url;
use serde_json::Value;
use zeroize::Zeroizing;

use super::fault::{HttpGatewayProblem, HttpGatewaySettingsFault};
use super::settings::HttpGatewayBody;
use super::template::{Filling, Slot, Stands, Template, Words};

/// The most fields of a form.
const FIELDS_MAX: usize = 64;
/// The longest JSON, and the longest field with its name, before anything is filled in.
const BYTES_MAX: usize = 16 * 1024;
/// What a byte becomes at most: `%41` in a form, `\u0041` in JSON.
const FORM_GROWTH: usize = 3;
const JSON_GROWTH: usize = 6;

/// A body, read.
pub(super) enum Body {
    Form(Form),
    Json(Vec<JsonPart>),
}

/// JSON, encoded as far as it is known.
pub(super) enum JsonPart {
    Encoded(Zeroizing<Vec<u8>>),
    Text(Template),
}

/// A form, read.
pub(super) struct Form(Vec<(String, Template)>);

impl HttpGatewayBody {
    /// Whether it can only be sent to Nepali mobiles. Tells it of a body whose secrets are not there, too.
    #[must_use]
    pub fn is_national(&self) -> bool {
        match self {
            Self::Form(fields) => fields.iter().any(|(_, value)| has_national(value)),
            Self::Json(value) => any_text(value, &has_national),
        }
    }
}

/// Whether a template has the placeholder. A doubled brace begins none.
fn has_national(template: &str) -> bool {
    template.replace("{{", "").contains("{to_national}")
}

fn any_text(value: &Value, holds: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => holds(text),
        Value::Array(values) => values.iter().any(|value| any_text(value, holds)),
        Value::Object(members) => members.values().any(|value| any_text(value, holds)),
    }
}

impl Body {
    /// Reads the body of a send, which must hold phone and text.
    pub(super) fn parse(body: &HttpGatewayBody, words: &Words<'_>) -> Result<Self, HttpGatewaySettingsFault> {
        let (key, body) = match body {
            HttpGatewayBody::Form(fields) => {
                ("form", Self::Form(Form::parse("form", fields, words, Stands::InBody)?))
            }
            HttpGatewayBody::Json(value) => ("json", Self::Json(json(value, words)?)),
        };
        let slots: Vec<Slot> = body.slots().collect();
        for (name, there) in
            [("to", slots.iter().any(|slot| slot.is_phone())), ("text", slots.contains(&Slot::Text))]
        {
            if !there {
                return Err(HttpGatewayProblem::Lacks { name }.of(key, ""));
            }
        }
        Ok(body)
    }

    fn slots(&self) -> Box<dyn Iterator<Item = Slot> + '_> {
        match self {
            Self::Form(form) => Box::new(form.0.iter().flat_map(|(_, value)| value.slots())),
            Self::Json(parts) => Box::new(
                parts
                    .iter()
                    .filter_map(|part| match part {
                        JsonPart::Encoded(_) => None,
                        JsonPart::Text(text) => Some(text.slots()),
                    })
                    .flatten(),
            ),
        }
    }

    /// Whether it can only be sent to Nepali mobiles.
    pub(super) fn is_national(&self) -> bool {
        self.slots().any(|slot| slot == Slot::ToNational)
    }

    /// What its `content-type` says.
    pub(super) const fn content_type(&self) -> &'static str {
        match self {
            Self::Form(_) => Form::CONTENT_TYPE,
            Self::Json(_) => "application/json",
        }
    }

    /// Fills it in.
    pub(super) fn fill(&self, filling: &Filling<'_>) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Form(form) => form.fill(filling),
            Self::Json(parts) => fill_json(parts, filling),
        }
    }
}

fn fill_json(parts: &[JsonPart], filling: &Filling<'_>) -> Zeroizing<Vec<u8>> {
    let bytes = parts.iter().map(|part| match part {
        JsonPart::Encoded(json) => json.len(),
        JsonPart::Text(text) => JSON_GROWTH * text.bytes(filling) + 2,
    });
    // Never outgrown: a buffer that grew would leave copies of the code behind in freed memory.
    let mut body = Zeroizing::new(Vec::with_capacity(bytes.sum()));
    for part in parts {
        match part {
            JsonPart::Encoded(json) => body.extend_from_slice(json),
            JsonPart::Text(text) => encode(&mut body, text.fill(filling).as_str()),
        }
    }
    body
}

impl Form {
    pub(super) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

    /// Reads a form; `key` is the setting that it is.
    pub(super) fn parse(
        key: &'static str,
        fields: &[(String, String)],
        words: &Words<'_>,
        stands: Stands,
    ) -> Result<Self, HttpGatewaySettingsFault> {
        if fields.len() > FIELDS_MAX {
            return Err(HttpGatewayProblem::TooMuch { max: FIELDS_MAX, what: "fields" }.of(key, ""));
        }
        let field = |(name, value): &(String, String)| {
            if name.len() + value.len() > BYTES_MAX {
                return Err(HttpGatewayProblem::TooMuch { max: BYTES_MAX, what: "bytes" }.of(key, name));
            }
            let value = Template::parse(value, words, stands).map_err(|problem| problem.of(key, name))?;
            Ok((name.clone(), value))
        };
        fields.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it has no field.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fills it in.
    pub(super) fn fill(&self, filling: &Filling<'_>) -> Zeroizing<Vec<u8>> {
        let bytes = self.0.iter().map(|(name, value)| FORM_GROWTH * (name.len() + value.bytes(filling)) + 2);
        let mut form = Zeroizing::new(String::with_capacity(bytes.sum()));
        let mut serializer = Serializer::new(&mut *form);
        for (name, value) in &self.0 {
            serializer.append_pair(name, &value.fill(filling));
        }
        serializer.finish();
        Zeroizing::new(std::mem::take(&mut *form).into_bytes())
    }

    /// Adds it to the query of an address.
    pub(super) fn fill_query(&self, filling: &Filling<'_>, url: &mut Url) {
        let mut query = url.query_pairs_mut();
        for (name, value) in &self.0 {
            query.append_pair(name, &value.fill(filling));
        }
    }
}

/// Reads JSON: what is known is encoded at once.
fn json(value: &Value, words: &Words<'_>) -> Result<Vec<JsonPart>, HttpGatewaySettingsFault> {
    let mut reading = Reading { words, parts: Vec::new(), encoded: Zeroizing::default(), bytes: 0 };
    reading.read(value, &mut String::new())?;
    reading.end();
    Ok(reading.parts)
}

struct Reading<'a> {
    words: &'a Words<'a>,
    parts: Vec<JsonPart>,
    encoded: Zeroizing<Vec<u8>>,
    bytes: usize,
}

impl Reading<'_> {
    fn read(&mut self, value: &Value, at: &mut String) -> Result<(), HttpGatewaySettingsFault> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => encode(&mut self.encoded, value),
            Value::String(text) => self.text(text, at)?,
            Value::Array(values) => {
                self.encoded.push(b'[');
                for (place, value) in values.iter().enumerate() {
                    self.comma(place);
                    self.inside(value, at, &place.to_string())?;
                }
                self.encoded.push(b']');
            }
            Value::Object(members) => {
                self.encoded.push(b'{');
                for (place, (name, value)) in members.iter().enumerate() {
                    self.comma(place);
                    self.count(name, at)?;
                    encode(&mut self.encoded, name);
                    self.encoded.push(b':');
                    self.inside(value, at, name)?;
                }
                self.encoded.push(b'}');
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: &str) -> Result<(), HttpGatewaySettingsFault> {
        self.count(text, at)?;
        let template =
            Template::parse(text, self.words, Stands::InBody).map_err(|problem| problem.of("json", at))?;
        if template.slots().next().is_some() {
            self.end();
            self.parts.push(JsonPart::Text(template));
        } else {
            encode(&mut self.encoded, template.fill(&Filling::beside("")).as_str());
        }
        Ok(())
    }

    fn inside(&mut self, value: &Value, at: &mut String, name: &str) -> Result<(), HttpGatewaySettingsFault> {
        let outside = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        self.read(value, at)?;
        at.truncate(outside);
        Ok(())
    }

    fn comma(&mut self, place: usize) {
        if place > 0 {
            self.encoded.push(b',');
        }
    }

    fn count(&mut self, text: &str, at: &str) -> Result<(), HttpGatewaySettingsFault> {
        self.bytes += text.len();
        if self.bytes > BYTES_MAX {
            return Err(HttpGatewayProblem::TooMuch { max: BYTES_MAX, what: "bytes" }.of("json", at));
        }
        Ok(())
    }

    /// What is encoded so far is a part.
    fn end(&mut self) {
        if !self.encoded.is_empty() {
            self.parts.push(JsonPart::Encoded(std::mem::take(&mut self.encoded)));
        }
    }
}

/// Encodes a string, a number or the like as JSON.
fn encode(buffer: &mut Zeroizing<Vec<u8>>, value: &(impl serde::Serialize + ?Sized)) {
    // Memory takes all that is written, and such values can always be encoded.
    let _always = serde_json::to_writer(&mut **buffer, value);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_national_by_its_placeholders_whether_its_secrets_are_there_or_not() {
        let form = |value: &str| HttpGatewayBody::Form(vec![("to".to_owned(), value.to_owned())]);
        let json = |value: &str| HttpGatewayBody::Json(json!({ "a": [{ "to": value }], "n": 1 }));
        let words = Words { sender: "Example", secret: None, secrets: &BTreeMap::new() };
        for (value, national) in [
            ("{to_national}{text}", true),
            ("{to}{text}", false),
            ("{to}{text}{{to_national}}", false),
            ("{{{to_national}}}{text}", true),
        ] {
            for body in [form(value), json(value)] {
                assert_eq!(body.is_national(), national, "{body:?}");
                assert_eq!(Body::parse(&body, &words).unwrap().is_national(), national, "{body:?}");
            }
        }
        assert!(json("{to_national} {secret.key}").is_national());
    }
}
