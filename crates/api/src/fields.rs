//! Fields that bodies of several operations have.

use domain::account::Username;
use domain::time::Timestamp;

use crate::problem::{FieldProblem, Problem, Slug};

/// A field whose text means nothing.
pub(crate) fn invalid_field(name: &str, detail: &str) -> Problem {
    let error = FieldProblem { pointer: format!("#/{name}"), detail: detail.to_owned() };
    Problem::of(Slug::BodyInvalid).in_fields(vec![error])
}

/// Reads a username out of the field `name`.
pub(crate) fn username(name: &str, text: &str) -> Result<Username, Problem> {
    Username::parse(text).map_err(|fault| invalid_field(name, &fault.to_string()))
}

/// Reads an instant out of the field `name`: RFC 3339, from 1970 on, in whole milliseconds.
pub(crate) fn instant(name: &str, text: &str) -> Result<Timestamp, Problem> {
    // Nothing of the standard is longer, fractions of a second included.
    let parsed = (text.len() <= 40).then(|| text.parse::<Timestamp>().ok()).flatten();
    let whole = parsed.and_then(|instant| Timestamp::from_millisecond(instant.as_millisecond()).ok());
    whole.filter(|instant| *instant >= Timestamp::UNIX_EPOCH).ok_or_else(|| {
        invalid_field(name, "must be an instant of RFC 3339, such as 2026-01-15T08:00:00Z, from 1970 on")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_whole_milliseconds_and_an_offset() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-15T08:00:00.123456789Z", 1_768_464_000_123),
            ("2026-01-15T13:45:00+05:45", 1_768_464_000_000),
        ] {
            assert_eq!(instant("at", text).unwrap().as_millisecond(), millis, "{text}");
        }
        let long = format!("2026-01-15T08:00:00.{}Z", "0".repeat(60));
        for text in
            ["", "2026-01-15", "2026-01-15T08:00:00", "1969-12-31T23:59:59Z", "now", "1768464000", &long]
        {
            assert!(instant("at", text).is_err(), "{text}");
        }
    }
}
