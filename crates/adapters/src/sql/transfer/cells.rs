//! The values of a row, the same whichever database they come from. Owns how each looks in the file; never what it
//! means: a phone stays sealed, a secret is a hash.

use std::fmt;

use domain::time::Timestamp;
use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::sql::arguments::Arguments;
use crate::sql::columns::Cells;
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// An id: a UUID in its usual form, with hyphens, in small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(pub(super) Uuid);

/// Some bytes of a fixed length, at most 32: hexadecimal, in small letters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes<const N: usize>(pub(super) [u8; N]);

/// An instant: whole milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

/// The most bytes of a [`Bytes`].
const BYTES_MAX: usize = 32;

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// A value of a row, on its way from one database into another.
pub(super) trait Cell: Sized {
    /// Reads the cell of this column.
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure>;

    /// Binds it as the next argument.
    fn bind<Q: Arguments>(&self, query: Q) -> Q;
}

impl Cell for Id {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(row.uuid(column)?.map(Self).ok_or(RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.uuid(self.0)
    }
}

impl Cell for Option<Id> {
    fn of<R: Cells>(row: &R, column: usize, _: &'static str) -> Result<Self, Failure> {
        Ok(row.uuid(column)?.map(Id))
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.uuid(self.map(|id| id.0))
    }
}

impl<const N: usize> Cell for Bytes<N> {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(Option::of(row, column, name)?.ok_or(RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.bytes(self.0.as_slice())
    }
}

impl<const N: usize> Cell for Option<Bytes<N>> {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        let Some(bytes) = row.bytes(column)? else { return Ok(None) };
        Ok(Some(Bytes(bytes.try_into().map_err(|_| RowFault(name))?)))
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.bytes(self.as_ref().map(|bytes| bytes.0.as_slice()))
    }
}

impl Cell for Instant {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(row.instant(column)?.map(Self).ok_or(RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.instant(self.0)
    }
}

impl Cell for Option<Instant> {
    fn of<R: Cells>(row: &R, column: usize, _: &'static str) -> Result<Self, Failure> {
        Ok(row.instant(column)?.map(Instant))
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.instant(self.map(|instant| instant.0))
    }
}

impl Cell for String {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(row.text(column)?.map(Self::from).ok_or(RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.text(self.as_str())
    }
}

impl Cell for Option<String> {
    fn of<R: Cells>(row: &R, column: usize, _: &'static str) -> Result<Self, Failure> {
        Ok(row.text(column)?.map(String::from))
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.text(self.as_deref())
    }
}

impl Cell for u32 {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(Self::try_from(i64::of(row, column, name)?).map_err(|_| RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.whole(i64::from(*self))
    }
}

impl Cell for Option<u32> {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(row.whole(column)?.map(u32::try_from).transpose().map_err(|_| RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.whole(self.map(i64::from))
    }
}

impl Cell for i64 {
    fn of<R: Cells>(row: &R, column: usize, name: &'static str) -> Result<Self, Failure> {
        Ok(row.whole(column)?.ok_or(RowFault(name))?)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.whole(*self)
    }
}

impl Cell for Option<i64> {
    fn of<R: Cells>(row: &R, column: usize, _: &'static str) -> Result<Self, Failure> {
        row.whole(column)
    }

    fn bind<Q: Arguments>(&self, query: Q) -> Q {
        query.whole(*self)
    }
}

impl<const N: usize> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> Serialize for Bytes<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const { assert!(N <= BYTES_MAX) };
        let mut text = [0; 2 * BYTES_MAX];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        let text = std::str::from_utf8(&text[..2 * N]).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(text)
    }
}

fn digit(value: u8) -> u8 {
    DIGITS[usize::from(value & 15)]
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl<'de, const N: usize> Deserialize<'de> for Bytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text: &str| {
            let mut bytes = [0; N];
            if text.len() != 2 * N {
                return None;
            }
            for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
                *byte = (value(pair[0])? << 4) | value(pair[1])?;
            }
            Some(Self(bytes))
        }))
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Uuid::encode_buffer();
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut text))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text(|text: &str| {
            let is_usual = text.len() == uuid::fmt::Hyphenated::LENGTH;
            is_usual.then(|| Uuid::try_parse(text).ok().map(Self)).flatten()
        }))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_millisecond())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let millis = i64::deserialize(deserializer)?;
        Timestamp::from_millisecond(millis).map(Self).map_err(D::Error::custom)
    }
}

/// Reads a text without taking a copy of it.
struct Text<F>(F);

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text of the right form")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("a text of another form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_as_they_were_written() {
        let bytes = Bytes([0, 1, 0x7f, 0x80, 0xff]);
        let text = serde_json::to_string(&bytes).unwrap();
        assert_eq!((text.as_str(), bytes.to_string().as_str()), ("\"00017f80ff\"", "00017f80ff"));
        assert_eq!(serde_json::from_str::<Bytes<5>>(&text).unwrap().0, bytes.0);

        let id = Id(Uuid::from_u128(7));
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, "\"00000000-0000-0000-0000-000000000007\"");
        assert_eq!(serde_json::from_str::<Id>(&text).unwrap(), id);

        for instant in [
            Timestamp::MIN,
            Timestamp::UNIX_EPOCH,
            Timestamp::from_second(Timestamp::MAX.as_second()).unwrap(),
        ] {
            let millis = instant.as_millisecond();
            let text = millis.to_string();
            let read: Instant = serde_json::from_str(&text).unwrap();
            assert_eq!((read.0.as_millisecond(), serde_json::to_string(&read).unwrap()), (millis, text));
        }
    }

    #[test]
    fn what_has_another_form_is_refused() {
        for text in ["\"\"", "\"0\"", "\"000\"", "\"0G\"", "\"AA\"", "\"é\"", "\"0000\"", "0", "null"] {
            assert!(serde_json::from_str::<Bytes<1>>(text).is_err(), "{text}");
        }
        for text in ["\"\"", "\"00000000000000000000000000000007\"", "7"] {
            assert!(serde_json::from_str::<Id>(text).is_err(), "{text}");
        }
        for text in ["9223372036854775807", "-9223372036854775808", "1.5", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Instant>(text).is_err(), "{text}");
        }
    }
}
