//! The arguments of a statement for many: a table, each column of which is one parameter, an array, which `unnest` makes
//! rows of again. Owns how PostgreSQL writes an array (its manual, "Array Types"; the layout is that of `array_send`);
//! never what is in it.

use domain::time::Timestamp;
use jiff_sqlx::ToSqlx as _;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, Postgres, Type, TypeInfo as _};
use uuid::Uuid;

use super::super::engine::Query;
use crate::sql::arguments::Arguments;

/// Rows of arguments, which are filled in one behind the other, each from the left to the right.
#[derive(Default)]
pub(super) struct Table {
    columns: Vec<Column>,
    /// The column of the next argument.
    next: usize,
    /// How many rows are begun.
    rows: u32,
}

/// One parameter.
struct Column {
    kind: Kind,
    cells: u32,
    /// The cells as PostgreSQL reads them, each behind its length.
    bytes: Vec<u8>,
    has_empty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Uuid,
    Bytes,
    Whole,
    Truth,
    Instant,
}

/// The rows have not all the same columns: a mistake in this program.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the rows of a statement have different columns")]
struct Uneven;

impl Table {
    /// A row for each of these, by what fills it in.
    pub(super) fn of<T>(rows: impl IntoIterator<Item = T>, mut fill: impl FnMut(Self, T) -> Self) -> Self {
        rows.into_iter().fold(Self::default(), |table, row| fill(table.begin_row(), row))
    }

    /// Binds every column.
    pub(super) fn bind_to(self, query: Query<'static>) -> Query<'static> {
        let rows = self.rows;
        self.columns.into_iter().fold(query, |query, column| query.bind(Cells { column, rows }))
    }

    fn begin_row(mut self) -> Self {
        self.next = 0;
        self.rows += 1;
        self
    }

    /// Adds a cell to the next column, which the first row makes.
    fn cell(mut self, kind: Kind, value: Option<&[u8]>) -> Self {
        if self.next == self.columns.len() {
            self.columns.push(Column { kind, cells: 0, bytes: Vec::new(), has_empty: false });
        }
        if let Some(column) = self.columns.get_mut(self.next) {
            column.add(kind, value);
        }
        self.next += 1;
        self
    }
}

impl Column {
    fn add(&mut self, kind: Kind, value: Option<&[u8]>) {
        // A cell of another kind is missed when the column is bound.
        if kind != self.kind {
            return;
        }
        self.cells += 1;
        let value = value.and_then(|value| Some((i32::try_from(value.len()).ok()?, value)));
        self.has_empty |= value.is_none();
        let (length, value) = value.unwrap_or((-1, &[]));
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
    }
}

impl Kind {
    /// The type of an array of it, and that of a cell.
    fn types(self) -> (PgTypeInfo, PgTypeInfo) {
        match self {
            Self::Text => types_of::<String>(),
            Self::Uuid => types_of::<Uuid>(),
            Self::Bytes => types_of::<Vec<u8>>(),
            Self::Whole => types_of::<i64>(),
            Self::Truth => types_of::<bool>(),
            Self::Instant => types_of::<jiff_sqlx::Timestamp>(),
        }
    }
}

fn types_of<T>() -> (PgTypeInfo, PgTypeInfo)
where
    T: Type<Postgres>,
    Vec<T>: Type<Postgres>,
{
    (Vec::<T>::type_info(), T::type_info())
}

/// A column, to be bound.
struct Cells {
    column: Column,
    rows: u32,
}

impl Type<Postgres> for Cells {
    /// Of a column it is what [`Encode::produces`] says.
    fn type_info() -> PgTypeInfo {
        Vec::<String>::type_info()
    }
}

impl Encode<'_, Postgres> for Cells {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let (column, (_, cell)) = (&self.column, self.column.kind.types());
        if column.cells != self.rows {
            return Err(Uneven.into());
        }
        let element = cell.oid().ok_or_else(|| format!("{} has no number", cell.name()))?;
        // Dimensions, whether cells are empty, the type, the length, and the number of the first.
        for part in [1, u32::from(column.has_empty), element.0, self.rows, 1] {
            buffer.extend_from_slice(&part.to_be_bytes());
        }
        buffer.extend_from_slice(&column.bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.column.kind.types().0)
    }

    fn size_hint(&self) -> usize {
        self.column.bytes.len() + 20
    }
}

impl Arguments for Table {
    fn text<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        self.cell(Kind::Text, text.into().map(str::as_bytes))
    }

    fn uuid(self, uuid: impl Into<Option<Uuid>>) -> Self {
        self.cell(Kind::Uuid, uuid.into().as_ref().map(|uuid| uuid.as_bytes().as_slice()))
    }

    fn bytes<'a>(self, bytes: impl Into<Option<&'a [u8]>>) -> Self {
        self.cell(Kind::Bytes, bytes.into())
    }

    fn whole(self, number: impl Into<Option<i64>>) -> Self {
        self.cell(Kind::Whole, number.into().map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice))
    }

    fn truth(self, truth: bool) -> Self {
        self.cell(Kind::Truth, Some(&[u8::from(truth)]))
    }

    fn instant(self, instant: impl Into<Option<Timestamp>>) -> Self {
        // As a cell by itself is written, so that there is one place that knows how.
        let mut buffer = PgArgumentBuffer::default();
        let written = instant.into().map(|instant| instant.to_sqlx().encode_by_ref(&mut buffer));
        let is_written = matches!(written, Some(Ok(IsNull::No)));
        self.cell(Kind::Instant, is_written.then_some(&buffer))
    }
}
