//! Parameters as text: what a client has bound in the binary form of PostgreSQL, in the form that people write.

use jiff::Timestamp;
use uuid::Uuid;

use crate::Fallible;
use crate::postgres_tongue::{Parameter, Reader};

/// Types that the service binds, by their OIDs (`pg_type.dat` of PostgreSQL).
pub(crate) mod types {
    pub(crate) const BOOL: u32 = 16;
    pub(crate) const BYTEA: u32 = 17;
    pub(crate) const INT8: u32 = 20;
    pub(crate) const INT2: u32 = 21;
    pub(crate) const INT4: u32 = 23;
    pub(crate) const TEXT: u32 = 25;
    pub(crate) const VARCHAR: u32 = 1043;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const UUID: u32 = 2950;
}

/// A value as text; `None` is NULL.
pub(crate) struct Written {
    pub(crate) text: Option<String>,
    /// The name of its type.
    pub(crate) type_name: &'static str,
}

/// Writes a value.
pub(crate) fn written(parameter: &Parameter) -> Fallible<Written> {
    let type_id = parameter.type_id;
    let unknown = || format!("a parameter of the type {type_id} cannot be written as text");
    let (type_name, is_array) = type_name(type_id).ok_or_else(unknown)?;
    let text = match &parameter.value {
        None => None,
        Some(value) if !parameter.binary => Some(String::from_utf8(value.clone())?),
        Some(value) if is_array => Some(array(value).ok_or_else(unknown)?),
        Some(value) => Some(scalar(type_id, value).ok_or_else(unknown)?),
    };
    Ok(Written { text, type_name })
}

/// The name of a type, and whether it is an array.
fn type_name(type_id: u32) -> Option<(&'static str, bool)> {
    Some(match type_id {
        types::BOOL => ("bool", false),
        types::BYTEA => ("bytea", false),
        types::INT8 => ("int8", false),
        types::INT2 => ("int2", false),
        types::INT4 => ("int4", false),
        types::TEXT | types::VARCHAR => ("text", false),
        types::TIMESTAMPTZ => ("timestamptz", false),
        types::UUID => ("uuid", false),
        1001 => ("bytea[]", true),
        1005 => ("int2[]", true),
        1007 => ("int4[]", true),
        1009 => ("text[]", true),
        1016 => ("int8[]", true),
        2951 => ("uuid[]", true),
        _ => return None,
    })
}

/// An array of one dimension: a head with the type of the items, then the items.
fn array(value: &[u8]) -> Option<String> {
    let mut reader = Reader(value);
    let (dimensions, _has_null, type_id) = (reader.u32()?, reader.u32()?, reader.u32()?);
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    let (count, _lower_bound) = (reader.u32()?, reader.u32()?);
    let mut item = || match reader.value()? {
        Some(value) => {
            let text = scalar(type_id, &value)?.replace('\\', "\\\\").replace('"', "\\\"");
            Some(format!("\"{text}\""))
        }
        None => Some("NULL".to_owned()),
    };
    let items: Vec<_> = (0..count).map(|_| item()).collect::<Option<_>>()?;
    Some(format!("{{{}}}", items.join(",")))
}

fn scalar(type_id: u32, value: &[u8]) -> Option<String> {
    /// Where PostgreSQL counts from: 2000-01-01, in microseconds since 1970-01-01.
    const EPOCH: i64 = 946_684_800_000_000;
    Some(match type_id {
        types::BOOL => (value != [0]).to_string(),
        types::BYTEA => value.iter().fold("\\x".to_owned(), |hex, byte| format!("{hex}{byte:02x}")),
        types::INT2 => i16::from_be_bytes(value.try_into().ok()?).to_string(),
        types::INT4 => i32::from_be_bytes(value.try_into().ok()?).to_string(),
        types::INT8 => i64::from_be_bytes(value.try_into().ok()?).to_string(),
        types::TEXT | types::VARCHAR => String::from_utf8(value.to_vec()).ok()?,
        types::TIMESTAMPTZ => {
            let micros = i64::from_be_bytes(value.try_into().ok()?);
            Timestamp::from_microsecond(micros.checked_add(EPOCH)?).ok()?.to_string()
        }
        types::UUID => Uuid::from_slice(value).ok()?.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(type_id: u32, value: &[u8]) -> String {
        let parameter = Parameter { type_id, binary: true, value: Some(value.to_vec()) };
        written(&parameter).unwrap().text.unwrap()
    }

    #[test]
    fn values_are_written_as_people_write_them() {
        assert_eq!(text(types::INT4, &(-5_i32).to_be_bytes()), "-5");
        assert_eq!(text(types::BYTEA, &[0, 255]), "\\x00ff");
        assert_eq!(text(types::TEXT, b"it's"), "it's");
        assert_eq!(text(types::TIMESTAMPTZ, &0_i64.to_be_bytes()), "2000-01-01T00:00:00Z");
        assert_eq!(text(types::UUID, &[1; 16]), "01010101-0101-0101-0101-010101010101");
        let null = Parameter { type_id: types::UUID, binary: true, value: None };
        assert_eq!(written(&null).unwrap().text, None);
    }

    #[test]
    fn an_array_is_written_by_its_items() {
        let head = [1_u32, 0, types::TEXT, 2, 1].map(u32::to_be_bytes).concat();
        let item = |value: &[u8]| [&u32::try_from(value.len()).unwrap().to_be_bytes(), value].concat();
        let value = [head, item(b"a,b"), item(b"\"")].concat();
        assert_eq!(text(1009, &value), r#"{"a,b","\""}"#);
    }
}
