//! Parameters as SQL: what a client has bound in the binary form of PostgreSQL, written as expressions.

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
    pub(crate) const DATE: u32 = 1082;
    pub(crate) const TIMESTAMPTZ: u32 = 1184;
    pub(crate) const UUID: u32 = 2950;
}

/// The name of a type and whether it is an array.
fn name(type_id: u32) -> Option<(&'static str, bool)> {
    Some(match type_id {
        types::BOOL => ("bool", false),
        types::BYTEA => ("bytea", false),
        types::INT8 => ("int8", false),
        types::INT2 => ("int2", false),
        types::INT4 => ("int4", false),
        types::TEXT | types::VARCHAR => ("text", false),
        types::DATE => ("date", false),
        types::TIMESTAMPTZ => ("timestamptz", false),
        types::UUID => ("uuid", false),
        1001 => ("bytea", true),
        1005 => ("int2", true),
        1007 => ("int4", true),
        1009 => ("text", true),
        1016 => ("int8", true),
        2951 => ("uuid", true),
        _ => return None,
    })
}

/// The value as a literal with its type.
pub(crate) fn literal(parameter: &Parameter) -> Fallible<String> {
    let unknown = || format!("a parameter of the type {} cannot be written as SQL", parameter.type_id);
    let (name, is_array) = name(parameter.type_id).ok_or_else(unknown)?;
    let brackets = if is_array { "[]" } else { "" };
    let Some(value) = &parameter.value else { return Ok(format!("NULL::{name}{brackets}")) };
    if !parameter.binary {
        return Ok(format!("{}::{name}{brackets}", quoted(&String::from_utf8(value.clone())?)));
    }
    if !is_array {
        return scalar(parameter.type_id, value).ok_or_else(|| unknown().into());
    }
    let items = items(value).ok_or_else(unknown)?;
    Ok(format!("ARRAY[{}]::{name}[]", items.join(", ")))
}

/// The items of an array of one dimension: a head with the type of the items, then the items.
fn items(value: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader(value);
    let (dimensions, _has_null, type_id) = (reader.u32()?, reader.u32()?, reader.u32()?);
    if dimensions == 0 {
        return Some(Vec::new());
    }
    let (count, _lower_bound) = (reader.u32()?, reader.u32()?);
    let mut item = || match reader.value()? {
        Some(value) => scalar(type_id, &value),
        None => Some("NULL".to_owned()),
    };
    (0..count).map(|_| item()).collect()
}

fn scalar(type_id: u32, value: &[u8]) -> Option<String> {
    /// Where PostgreSQL counts from: 2000-01-01, in microseconds since 1970-01-01.
    const EPOCH: i64 = 946_684_800_000_000;
    let text = match type_id {
        types::BOOL => return Some((value != [0]).to_string()),
        types::BYTEA => format!("\\x{}", hex(value)),
        types::INT2 => i16::from_be_bytes(value.try_into().ok()?).to_string(),
        types::INT4 => i32::from_be_bytes(value.try_into().ok()?).to_string(),
        types::INT8 => i64::from_be_bytes(value.try_into().ok()?).to_string(),
        types::TEXT | types::VARCHAR => String::from_utf8(value.to_vec()).ok()?,
        types::DATE => {
            let days = i32::from_be_bytes(value.try_into().ok()?);
            return Some(format!("('2000-01-01'::date + ({days}))"));
        }
        types::TIMESTAMPTZ => {
            let micros = i64::from_be_bytes(value.try_into().ok()?);
            Timestamp::from_microsecond(micros.checked_add(EPOCH)?).ok()?.to_string()
        }
        types::UUID => Uuid::from_slice(value).ok()?.to_string(),
        _ => return None,
    };
    Some(format!("{}::{}", quoted(&text), name(type_id)?.0))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(type_id: u32, value: &[u8]) -> String {
        literal(&Parameter { type_id, binary: true, value: Some(value.to_vec()) }).unwrap()
    }

    #[test]
    fn values_are_written_as_literals() {
        assert_eq!(written(types::INT4, &(-5_i32).to_be_bytes()), "'-5'::int4");
        assert_eq!(written(types::BYTEA, &[0, 255]), "'\\x00ff'::bytea");
        assert_eq!(written(types::TEXT, b"it's"), "'it''s'::text");
        assert_eq!(written(types::TIMESTAMPTZ, &0_i64.to_be_bytes()), "'2000-01-01T00:00:00Z'::timestamptz");
        assert_eq!(written(types::UUID, &[1; 16]), "'01010101-0101-0101-0101-010101010101'::uuid");
        let null = Parameter { type_id: types::UUID, binary: true, value: None };
        assert_eq!(literal(&null).unwrap(), "NULL::uuid");
    }

    #[test]
    fn an_array_is_written_by_its_items() {
        let head = [1_u32, 0, types::INT8, 2, 1].map(u32::to_be_bytes).concat();
        let item = |value: i64| [8_u32.to_be_bytes().as_slice(), &value.to_be_bytes()].concat();
        let value = [head, item(60), item(-1)].concat();
        assert_eq!(written(1016, &value), "ARRAY['60'::int8, '-1'::int8]::int8[]");
    }
}
