//! Bodies: strict JSON objects whose fields are strings or whole numbers, and forms of the same. Owns what a body may look like;
//! what the strings mean is for the operations.
//!
//! The framework's own JSON payload takes numbers and booleans where a string is asked for, which costs a code its
//! leading zero, and does not say which field is wrong. This one collects every fault of a body at once.

use std::fmt;
use std::marker::PhantomData;

use poem::http::header;
use poem::{FromRequest, Request, RequestBody};
use poem_openapi::ApiExtractor;
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use poem_openapi::{ApiExtractorType, ExtractParamOptions};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::problem::{FieldProblem, Problem, Slug};

/// The most faults that are told of one body: it may have hundreds of fields that do not exist.
const FAULTS_MAX: usize = 20;

/// A field of a body.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    required: bool,
    holds: Holds,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Text,
    Number,
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str) -> Field {
    Field { name, required: true, holds: Holds::Text }
}

/// A field that may be left out.
pub(crate) const fn optional(name: &'static str) -> Field {
    Field { name, required: false, holds: Holds::Text }
}

/// A whole number that may be left out; see [`Values::optional_number`].
pub(crate) const fn optional_number(name: &'static str) -> Field {
    Field { name, required: false, holds: Holds::Number }
}

/// A body whose fields are strings and whole numbers.
pub(crate) trait Body: Type + Send {
    /// Its fields.
    const FIELDS: &'static [Field];

    /// Builds it; every required field is there, and no unknown one.
    fn build(values: &mut Values) -> Self;
}

/// The fields of a body that was read; it may hold a code.
#[derive(Default)]
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    /// The value of an optional field.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<String> {
        let place = self.0.iter().position(|(field, _)| *field == name)?;
        Some(self.0.swap_remove(place).1)
    }

    /// The value of an optional field that is a number.
    pub(crate) fn optional_number(&mut self, name: &'static str) -> Option<u32> {
        // What is no such number was refused when it was read.
        self.optional(name)?.parse().ok()
    }

    /// The value of a required field.
    pub(crate) fn required(&mut self, name: &'static str) -> String {
        self.optional(name).unwrap_or_default()
    }
}

/// Which encodings an operation takes.
pub(crate) trait Encodings: Send + Sync {
    /// Whether forms are taken besides JSON.
    const FORMS: bool;
}

/// JSON only: the native API.
#[derive(Debug)]
pub(crate) struct JsonOnly;

/// JSON and forms: the classic API.
#[derive(Debug)]
pub(crate) struct JsonOrForm;

impl Encodings for JsonOnly {
    const FORMS: bool = false;
}

impl Encodings for JsonOrForm {
    const FORMS: bool = true;
}

/// A body that was read strictly.
pub(crate) struct Strict<T, E = JsonOnly>(pub T, PhantomData<E>);

impl<T: Body, E: Encodings> Payload for Strict<T, E> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Body, E: Encodings> ParsePayload for Strict<T, E> {
    const IS_REQUIRED: bool = true;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let encoding = encoding(content_type, E::FORMS).ok_or_else(|| {
            let detail = if E::FORMS {
                "Send `Content-Type: application/json` or `application/x-www-form-urlencoded`."
            } else {
                Slug::MediaTypeUnsupported.advice()
            };
            Problem::new(Slug::MediaTypeUnsupported, detail).into_error()
        })?;
        // The edge has read and bounded the body before; see `crate::edge`.
        let bytes =
            body.take()?.into_bytes().await.map_err(|_| Problem::of(Slug::BodyMalformed).into_error())?;
        let values = read(&bytes, encoding, T::FIELDS).map_err(Problem::into_error)?;
        let mut values = values;
        Ok(Self(T::build(&mut values), PhantomData))
    }
}

impl<'a, T: Body, E: Encodings> ApiExtractor<'a> for Strict<T, E> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let media = |content_type| MetaMediaType { content_type, schema: T::schema_ref() };
        let mut content = vec![media("application/json")];
        if E::FORMS {
            content.push(media("application/x-www-form-urlencoded"));
        }
        Some(MetaRequest { description: None, content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        <Self as ParsePayload>::from_request(request, body).await
    }
}

/// Nothing, or an empty object: for operations that need no more than their address.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<'a> FromRequest<'a> for NoBody {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        let malformed = |_| Problem::of(Slug::BodyMalformed).into_error();
        let bytes = body.take()?.into_bytes().await.map_err(malformed)?;
        if bytes.is_empty() {
            return Ok(Self);
        }
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let encoding = encoding(content_type, false);
        let encoding = encoding.ok_or_else(|| Problem::of(Slug::MediaTypeUnsupported).into_error())?;
        read(&bytes, encoding, &[]).map_err(Problem::into_error)?;
        Ok(Self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Form,
}

fn encoding(content_type: Option<&str>, forms: bool) -> Option<Encoding> {
    let essence = content_type?.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Some(Encoding::Json);
    }
    (forms && essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")).then_some(Encoding::Form)
}

impl Holds {
    /// The value as text, if it is of the kind.
    fn text(self, value: Value) -> Option<String> {
        match (self, value) {
            (Self::Text, Value::String(text)) => Some(text),
            (Self::Number, Value::Number(number)) => number
                .as_u64()
                .filter(|number| u32::try_from(*number).is_ok())
                .map(|number| number.to_string()),
            (
                Self::Text | Self::Number,
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_),
            ) => None,
        }
    }

    /// What is said of a value of another kind.
    const fn advice(self) -> &'static str {
        match self {
            Self::Text => "must be a string",
            Self::Number => "must be a whole number",
        }
    }
}

/// Reads the fields, or says all that is wrong with them.
fn read(bytes: &[u8], encoding: Encoding, fields: &'static [Field]) -> Result<Values, Problem> {
    let pairs = match encoding {
        Encoding::Json => {
            let Pairs(pairs) = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
            pairs
        }
        Encoding::Form => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Problem::new(Slug::BodyMalformed, "The form is not valid UTF-8."))?;
            form_urlencoded::parse(text.as_bytes())
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect()
        }
    };
    let mut values = Values::default();
    let mut errors = Vec::new();
    let mut wrong = |name: &str, detail: &str| {
        // A JSON pointer escapes these two (RFC 6901 section 3); a long name is cut, it is the caller's own.
        let name: String = name.chars().take(64).collect();
        let pointer = format!("#/{}", name.replace('~', "~0").replace('/', "~1"));
        errors.push(FieldProblem { pointer, detail: detail.to_owned() });
    };
    for (name, value) in pairs {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            wrong(&name, "is not a field of this body");
            continue;
        };
        match field.holds.text(value) {
            Some(text) if values.0.iter().all(|(seen, _)| *seen != field.name) => {
                values.0.push((field.name, text));
            }
            Some(_) => wrong(&name, "is there more than once"),
            None => wrong(&name, field.holds.advice()),
        }
    }
    for field in fields.iter().filter(|field| field.required) {
        let named = values.0.iter().any(|(seen, _)| *seen == field.name);
        if !named {
            wrong(field.name, "is missing");
        }
    }
    // A field of the wrong type is not missing as well.
    let mistyped: Vec<String> = errors
        .iter()
        .filter(|error| [Holds::Text, Holds::Number].iter().any(|holds| error.detail == holds.advice()))
        .map(|error| error.pointer.clone())
        .collect();
    errors.retain(|error| error.detail != "is missing" || !mistyped.contains(&error.pointer));
    errors.truncate(FAULTS_MAX);
    if errors.is_empty() { Ok(values) } else { Err(Problem::of(Slug::BodyInvalid).in_fields(errors)) }
}

/// The body in the form that is the same for all bodies that mean the same: a JSON object without white space, its
/// members in order of their names. What is no JSON object stays as it is.
pub(crate) fn canonical(bytes: &[u8]) -> Vec<u8> {
    let Ok(Pairs(pairs)) = serde_json::from_slice(bytes) else { return bytes.to_vec() };
    let member = |(name, mut value): (String, Value)| {
        value.sort_all_objects();
        format!("{}:{value}", Value::String(name))
    };
    // A name that is there twice stays there twice: such a body is refused, and one without the second is not.
    let mut members: Vec<String> = pairs.into_iter().map(member).collect();
    members.sort_unstable();
    format!("{{{}}}", members.join(",")).into_bytes()
}

fn malformed(error: &serde_json::Error) -> Problem {
    let detail = if error.is_data() {
        "The body must be one JSON object.".to_owned()
    } else {
        format!(
            "The body is not JSON: it breaks off or goes wrong at line {}, column {}.",
            error.line(),
            error.column()
        )
    };
    Problem::new(Slug::BodyMalformed, detail)
}

/// The members of a JSON object in order, repeated names included.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests;
