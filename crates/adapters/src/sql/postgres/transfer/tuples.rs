//! Rows in the binary form of `COPY` (PostgreSQL's manual, "COPY", "Binary Format"): it is read faster than any other,
//! and no value can be mistaken for what separates values.

use domain::time::Timestamp;
use uuid::Uuid;

use crate::sql::arguments::Arguments;
use crate::sql::failure::Failure;
use crate::sql::transfer::Row;

/// How it begins, without flags and without more header.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends: with a row of -1 columns.
const TRAILER: i16 = -1;
/// The length of a value that is not there.
const NULL: i32 = -1;

/// PostgreSQL counts from 2000-01-01 UTC: milliseconds and days since 1970-01-01.
const EPOCH_MILLIS: i64 = 946_684_800_000;
const EPOCH_DAY: i64 = 10_957;

/// Rows of a table.
pub(super) struct Tuples {
    bytes: Vec<u8>,
    columns: Vec<Column>,
    /// The column that comes next.
    next: usize,
    /// Whether all values had room.
    fit: bool,
}

/// What a column takes. A whole number has the width of its column; everything else has one form only, which the server
/// looks at.
#[derive(Clone, Copy)]
enum Column {
    Small,
    Integer,
    Big,
    Day,
    Other,
}

impl Column {
    fn of_type(name: &str) -> Self {
        match name {
            "INT2" => Self::Small,
            "INT4" => Self::Integer,
            "INT8" => Self::Big,
            "DATE" => Self::Day,
            _ => Self::Other,
        }
    }
}

impl Tuples {
    /// Begins rows with columns of these types.
    pub(super) fn begin<'a>(types: impl Iterator<Item = &'a str>) -> Self {
        Self { bytes: HEADER.to_vec(), columns: types.map(Column::of_type).collect(), next: 0, fit: true }
    }

    /// Adds a row.
    pub(super) fn row(mut self, row: &Row) -> Self {
        self.next = 0;
        let columns = i16::try_from(self.columns.len());
        self.fit &= columns.is_ok();
        self.bytes.extend(columns.unwrap_or(TRAILER).to_be_bytes());
        row.bind(self)
    }

    /// The rows, as they are sent.
    pub(super) fn end(mut self) -> Result<Vec<u8>, Failure> {
        if !self.fit {
            return Err(sqlx::Error::Encode("a value has no room in its column".into()).into());
        }
        self.bytes.extend(TRAILER.to_be_bytes());
        Ok(self.bytes)
    }

    fn value(mut self, value: Option<&[u8]>) -> Self {
        self.next += 1;
        let length = value.map_or(Ok(NULL), |value| i32::try_from(value.len()));
        self.fit &= length.is_ok();
        self.bytes.extend(length.unwrap_or(NULL).to_be_bytes());
        self.bytes.extend(value.unwrap_or_default());
        self
    }

    /// A value, unless it was found too great for its column.
    fn if_fit<const N: usize, E>(mut self, value: Result<[u8; N], E>) -> Self {
        self.fit &= value.is_ok();
        self.value(value.ok().as_ref().map(<[u8; N]>::as_slice))
    }
}

impl Arguments for Tuples {
    fn text<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        self.value(text.into().map(str::as_bytes))
    }

    fn uuid(self, uuid: impl Into<Option<Uuid>>) -> Self {
        self.value(uuid.into().as_ref().map(|uuid| uuid.as_bytes().as_slice()))
    }

    fn bytes<'a>(self, bytes: impl Into<Option<&'a [u8]>>) -> Self {
        self.value(bytes.into())
    }

    fn whole(self, number: impl Into<Option<i64>>) -> Self {
        let Some(number) = number.into() else { return self.value(None) };
        match self.columns.get(self.next).unwrap_or(&Column::Other) {
            Column::Small => self.if_fit(i16::try_from(number).map(i16::to_be_bytes)),
            Column::Integer => self.if_fit(i32::try_from(number).map(i32::to_be_bytes)),
            Column::Big => self.value(Some(&number.to_be_bytes())),
            Column::Day => self.if_fit(i32::try_from(number.saturating_sub(EPOCH_DAY)).map(i32::to_be_bytes)),
            Column::Other => self.if_fit::<0, _>(Err(())),
        }
    }

    fn truth(self, truth: bool) -> Self {
        self.value(Some(&[u8::from(truth)]))
    }

    fn instant(self, instant: impl Into<Option<Timestamp>>) -> Self {
        let micros = instant.into().map(|instant| (instant.as_millisecond() - EPOCH_MILLIS) * 1000);
        self.value(micros.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice))
    }
}
