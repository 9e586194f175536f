//! The values that only a described gateway has. Owns their spellings, and what of them is shown.

use adapters::gateway::http::{HttpGatewayMethod, RefusalMeans, StatusRange};
use serde_json::{Value, json};

use super::super::raw::Raw;
use super::super::secret::MASK;
use super::super::setting::{Setting, from_text};

/// A name and a template: `["To", "{to}"]`.
pub(super) struct Pair(pub(super) String, pub(super) String);

impl Pair {
    /// Whether it was copied out of a configuration that was shown.
    pub(super) fn is_masked(&self) -> bool {
        self.1.contains(MASK)
    }
}

impl Setting for Pair {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = || "must be a pair of texts, such as [\"To\", \"{to}\"]".to_owned();
        let Raw::List(entries) = raw else { return Err(allowed()) };
        let [name, template] = entries.as_slice() else { return Err(allowed()) };
        let texts = name.text().zip(template.text()).ok_or_else(allowed)?;
        Ok(Self(texts.0.to_owned(), texts.1.to_owned()))
    }

    fn shown(&self) -> Value {
        json!([self.0, placeholders_of(&self.1)])
    }
}

/// JSON, written as a text, whose strings are templates.
pub(super) struct JsonText(pub(super) Value);

impl JsonText {
    /// Whether it was copied out of a configuration that was shown.
    pub(super) fn is_masked(&self) -> bool {
        self.0.to_string().contains(MASK)
    }
}

impl Setting for JsonText {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed =
            "must be a text that holds JSON, such as '''{\"to\": \"{to}\", \"text\": \"{text}\"}'''";
        from_text(raw, allowed, |text| serde_json::from_str(text).ok().map(Self))
    }

    fn shown(&self) -> Value {
        json!(masked(&self.0).to_string())
    }
}

/// The same with nothing but placeholders for values.
fn masked(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(_) => json!(MASK),
        Value::String(template) => json!(placeholders_of(template)),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), masked(value))).collect(),
    }
}

/// The template with the mask for whatever is no placeholder of ours.
fn placeholders_of(template: &str) -> String {
    let known = |name: &str| {
        ["to", "to_digits", "to_national", "text", "sender", "secret", "id"].contains(&name)
            || name.strip_prefix("secret.").is_some_and(|name| name.len() <= 40)
    };
    let (mut shown, mut rest) = (String::new(), template);
    while !rest.is_empty() {
        let placeholder = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        if let Some((name, behind)) = placeholder.filter(|(name, _)| known(name)) {
            shown.extend(["{", name, "}"]);
            rest = behind;
        } else {
            if !shown.ends_with(MASK) {
                shown.push_str(MASK);
            }
            rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
        }
    }
    shown
}

/// A status or several, as it was written.
pub(super) struct Status {
    pub(super) range: StatusRange,
    text: String,
}

impl Status {
    /// Whatever means success.
    pub(super) fn success() -> Self {
        Self { range: StatusRange::SUCCESS, text: "2xx".to_owned() }
    }
}

impl Setting for Status {
    fn read(raw: &Raw) -> Result<Self, String> {
        let text = match raw {
            Raw::Integer(number) => number.to_string(),
            Raw::Text(_)
            | Raw::Variable(_)
            | Raw::Boolean(_)
            | Raw::List(_)
            | Raw::Unset
            | Raw::EmptySection
            | Raw::Other => raw.text().unwrap_or_default().to_owned(),
        };
        let range =
            text.parse().map_err(|fault: adapters::gateway::http::StatusRangeFault| fault.to_string())?;
        Ok(Self { range, text })
    }

    fn shown(&self) -> Value {
        json!(self.text)
    }
}

/// What may stand in an answer: text, a whole number, true or false.
pub(super) struct Scalar(pub(super) Value);

impl Setting for Scalar {
    fn read(raw: &Raw) -> Result<Self, String> {
        let value = match raw {
            Raw::Text(text) => Some(json!(text.as_str())),
            // A variable is text, whatever it means.
            Raw::Variable(text) => Some(
                serde_json::from_str(text)
                    .ok()
                    .filter(|value: &Value| value.is_number() || value.is_boolean())
                    .unwrap_or_else(|| json!(text.as_str())),
            ),
            Raw::Integer(number) => Some(json!(number)),
            Raw::Boolean(truth) => Some(json!(truth)),
            Raw::List(_) | Raw::Unset | Raw::EmptySection | Raw::Other => None,
        };
        value.map(Self).ok_or_else(|| "must be text, a whole number, true or false".to_owned())
    }

    fn shown(&self) -> Value {
        self.0.clone()
    }
}

impl Setting for HttpGatewayMethod {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = format!("must be one of {}", Self::ALL.map(Self::as_str).join(", "));
        from_text(raw, &allowed, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

/// What a refusal may mean.
pub(super) fn means_allowed() -> String {
    format!("must be one of {}", RefusalMeans::ALL.map(RefusalMeans::as_str).join(", "))
}

impl Setting for RefusalMeans {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, &means_allowed(), Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_template_only_the_placeholders_are_shown() {
        for (template, shown) in [
            ("", ""),
            ("{to}", "{to}"),
            ("Bearer {secret}", "********{secret}"),
            ("a-very-private-token", "********"),
            ("{secret.api-key}:{text}", "{secret.api-key}********{text}"),
            ("{private}", "********"),
            ("{{to}}", "********{to}********"),
            ("गोप्य {to", "********"),
        ] {
            assert_eq!(placeholders_of(template), shown, "{template}");
        }
        let json = JsonText(json!({"to": "{to}", "pin": 1234, "deep": ["private", true, null]}));
        let shown = json.shown().to_string();
        assert!(!shown.contains("private") && !shown.contains("1234") && shown.contains("{to}"), "{shown}");
    }
}
