//! Reads the file into a database. Owns what must come after what, and that the end tells what came before it. Rows
//! are handed on a bounded number at a time, before the end is known: the database must be able to forget them.

use std::fmt;

use futures_util::TryFutureExt as _;
use tokio::io::AsyncBufRead;

use super::cells::Bytes;
use super::counts::RowCounts;
use super::lines::{End, FORMAT, Header, Kind, Line, Lines, VERSION};
use super::records::{Row, Table};
use super::{LineFault, Moved, Progress, TransferError, TransferRefusal, in_time};
use crate::phone_vault::PhoneVault;
use crate::sql::failure::Failure;

/// How much of the file is in memory as rows, which take a few times as much. A server is asked for an answer as often,
/// and an answer may take 40 ms whatever it is about: the end of a `COPY` is a small packet behind a large one, which
/// TCP holds back until the large one is acknowledged.
const BATCH_BYTES: u64 = 4 * 1024 * 1024;

/// A file of an export, read as far as its header.
pub struct Import<R> {
    lines: Lines<R>,
    rows: RowCounts,
    table: Table,
}

/// A transaction on a database that is being filled. Nobody else writes there as long as it is open.
pub(in crate::sql) trait Filling {
    /// How many rows the table has.
    async fn count(&mut self, table: Table) -> Result<u64, Failure>;

    /// Whether the table has a row.
    async fn has_rows(&mut self, table: Table) -> Result<bool, Failure>;

    /// Adds rows, at least one. Their order is kept where the table knows one.
    async fn add(&mut self, table: Table, rows: &[Row]) -> Result<(), Failure>;
}

impl<R: AsyncBufRead + Unpin> Import<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`TransferError::Refused`] when it is no export, one of a newer form, or of a database with another phone key;
    /// other [`TransferError`]s when it cannot be read.
    pub async fn open(input: R, vault: &PhoneVault) -> Result<Self, TransferError> {
        let mut lines = Lines::new(input);
        let is_there = match lines.next().await {
            Err(TransferError::Line { .. } | TransferError::Truncated { .. }) => false,
            read => read?,
        };
        // A version to come may have another header, but it says which version it is.
        let kind = if is_there { lines.parse::<Kind>().ok() } else { None };
        let kind =
            kind.filter(|kind| kind.format == FORMAT && kind.version > 0).ok_or(TransferRefusal::NoExport)?;
        if kind.version > VERSION {
            return Err(TransferRefusal::Newer { version: kind.version }.into());
        }
        let header: Header = lines.parse()?;
        if header.phone_canary.0 != vault.canary() {
            return Err(TransferRefusal::PhoneKey.into());
        }
        Ok(Self { lines, rows: RowCounts::default(), table: Table::ALL[0] })
    }

    /// Fills an empty database with the rows, and makes sure that it has what the file tells. The transaction must
    /// not be committed unless this succeeds.
    pub(in crate::sql) async fn fill(
        mut self,
        database: &mut impl Filling,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Moved, TransferError> {
        for table in Table::ALL {
            if in_time(database.has_rows(table)).await? {
                return Err(TransferRefusal::NotEmpty { table }.into());
            }
        }
        let mut batch: Vec<Row> = Vec::new();
        let mut handed_on = self.lines.bytes();
        while let Some(row) = self.next_row().await? {
            let belongs = batch.first().is_none_or(|first| first.table() == row.table());
            if !belongs || self.lines.bytes() - handed_on > BATCH_BYTES {
                self.hand_on(&mut batch, database).await?;
                handed_on = self.lines.bytes();
                progress(Progress { rows: self.rows.total(), bytes: handed_on });
            }
            batch.push(row);
        }
        self.hand_on(&mut batch, database).await?;
        for table in Table::ALL {
            let (told, stored) = (self.rows.of(table), in_time(database.count(table)).await?);
            if told != stored {
                return Err(TransferError::Stored { table, told, stored });
            }
        }
        let sha256 = self.lines.digest_before().to_string();
        Ok(Moved { rows: self.rows, bytes: self.lines.bytes(), sha256 })
    }

    /// Stores the rows of the lines right before this one.
    async fn hand_on(&self, batch: &mut Vec<Row>, database: &mut impl Filling) -> Result<(), TransferError> {
        let Some(table) = batch.first().map(Row::table) else { return Ok(()) };
        let last_line = self.lines.number().saturating_sub(1);
        let first_line = (last_line + 1).saturating_sub(batch.len() as u64);
        let refused = |source: Failure| TransferError::Add { first_line, last_line, source: source.into() };
        in_time(database.add(table, batch).map_err(refused)).await?;
        batch.clear();
        Ok(())
    }

    /// The next row; `None` at the end, when it is right.
    async fn next_row(&mut self) -> Result<Option<Row>, TransferError> {
        if !self.lines.next().await? {
            return Err(TransferError::Truncated { line: self.lines.number() });
        }
        let row = match self.lines.parse()? {
            Line::Accounts(row) => Row::Account(row),
            Line::Credentials(row) => Row::Credential(row),
            Line::Verifications(row) => Row::Verification(row),
            Line::WrongChecks(row) => Row::WrongChecks(row),
            Line::Deliveries(row) => Row::Delivery(row),
            Line::Events(row) => Row::Event(row),
            Line::EventOutbox(row) => Row::EventOutbox(row),
            Line::WebhookDeliveries(row) => Row::WebhookDelivery(row),
            Line::WebhookAttempts(row) => Row::WebhookAttempt(row),
            Line::Blocks(row) => Row::Block(row),
            Line::Statistics(row) => Row::Statistic(row),
            Line::End(end) => {
                self.compare(&end)?;
                let is_last = !self.lines.next().await?;
                return if is_last { Ok(None) } else { Err(self.lines.fault(LineFault::OutOfPlace)) };
            }
        };
        if row.table() < self.table {
            return Err(self.lines.fault(LineFault::OutOfPlace));
        }
        self.table = row.table();
        self.rows.add_one(self.table);
        Ok(Some(row))
    }

    /// Whether the end tells what came before it.
    fn compare(&self, end: &End) -> Result<(), TransferError> {
        for table in Table::ALL {
            let (told, read) = (end.rows.of(table), self.rows.of(table));
            if told != read {
                return Err(TransferError::Counts { table, told, read });
            }
        }
        let Bytes(sha256) = self.lines.digest_before();
        if sha256 == end.sha256.0 { Ok(()) } else { Err(TransferError::Checksum) }
    }
}

impl<R> fmt::Debug for Import<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import")
            .field("line", &self.lines.number())
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
