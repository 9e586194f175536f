//! Moves what a database of ours holds into another one, whichever kind either is, by way of a file.
//!
//! The file is JSON, a line for each row. The first line tells the form, its version, and by the seal of nothing under
//! which `phone_key` the phones are sealed; then come the rows of [`Table`] after [`Table`], each as an object with one
//! member that is named after the table; the last line tells how many rows there are and the SHA-256 of all before it:
//!
//! ```json
//! {"format":"sparrow-verify-export","version":2,"release":"0.1.0","phone_canary":"..."}
//! {"accounts":{"id":"0197a1b2-...","application":"default","username":"ram","phone":"...","created_at":1768464000000}}
//! {"end":{"rows":{"accounts":1,"credentials":0,...},"sha256":"..."}}
//! ```
//!
//! An export is one snapshot. An import happens as a whole or not at all, into a database without a row, and nobody
//! writes there meanwhile. Both hold a bounded number of rows in memory. Phones go as they are stored, sealed; of
//! credentials there are hashes; no code is ever stored. Counters stay behind: they live for a day at most.

mod cells;
mod counts;
mod lines;
mod reading;
mod records;
mod writing;

use std::error::Error;
use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::failure::Failure;

pub use counts::RowCounts;
pub use reading::Import;
pub use records::Table;
pub(in crate::sql) use {
    reading::Filling,
    records::{
        AccountRecord, BlockRecord, CredentialRecord, DeliveryRowRecord, EventOutboxRecord, EventRecord,
        Record, Row, StatisticRecord, VerificationRecord, WebhookAttemptRecord, WebhookDeliveryRecord,
        WrongChecksRecord,
    },
    writing::Writing,
};

/// How long one answer of the database may take: it may have to sort a table first, or to look at all of it.
pub(in crate::sql) const SILENCE_MAX: Duration = Duration::from_mins(30);

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The rows.
    pub rows: RowCounts,
    /// The bytes of the file.
    pub bytes: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The rows so far, of all tables.
    pub rows: u64,
    /// The bytes of the file so far.
    pub bytes: u64,
}

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// It is not to be done.
    #[error(transparent)]
    Refused(#[from] TransferRefusal),
    /// The database failed.
    #[error("the database failed")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// The database failed at the very end.
    #[error(
        "the database failed when all was there: try again, and if it was kept, the database is found not to be empty"
    )]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
    /// The database was silent.
    #[error("the database was silent for {} minutes", SILENCE_MAX.as_secs() / 60)]
    Silent,
    /// The database did not take some rows.
    #[error("the database does not take the rows of lines {first_line} to {last_line}")]
    Add {
        /// The line of the first of them; the file's first line is 1.
        first_line: u64,
        /// The line of the last of them.
        last_line: u64,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file could not be read.
    #[error("the file could not be read")]
    Read(#[source] io::Error),
    /// The file could not be written.
    #[error("the file could not be written")]
    Write(#[source] io::Error),
    /// A line is wrong. It is not quoted.
    #[error("line {line} of the file {fault}: the file was changed or damaged")]
    Line {
        /// Its number; the first is 1.
        line: u64,
        /// What is wrong.
        fault: LineFault,
    },
    /// The file ends early.
    #[error("the file ends early, with line {line}: it is not whole")]
    Truncated {
        /// The number of its last line.
        line: u64,
    },
    /// The file has not as many rows as it tells.
    #[error("the file has {read} rows of `{}` and tells of {told}: it was changed or damaged", table.as_str())]
    Counts {
        /// The table.
        table: Table,
        /// How many it tells of.
        told: u64,
        /// How many there are.
        read: u64,
    },
    /// The file is not what was written.
    #[error("the file's checksum is wrong: it was changed or damaged")]
    Checksum,
    /// The database has not as many rows as the file.
    #[error("the database has {stored} rows of `{}` where the file has {told}", table.as_str())]
    Stored {
        /// The table.
        table: Table,
        /// How many the file has.
        told: u64,
        /// How many the database has.
        stored: u64,
    },
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<Failure> for TransferError {
    fn from(failure: Failure) -> Self {
        Self::Database(failure.into())
    }
}

/// What the database answers, unless it is silent.
pub(in crate::sql) async fn in_time<T, E: Into<TransferError>>(
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, TransferError> {
    timeout(SILENCE_MAX, answer).await.map_err(|_| TransferError::Silent)?.map_err(Into::into)
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It is longer than any of ours.
    #[error("is too long")]
    TooLong,
    /// It is not JSON.
    #[error("is no JSON at column {column}")]
    NotJson {
        /// Where.
        column: usize,
    },
    /// It is JSON, but nothing that we write.
    #[error("has at column {column} what no export has there")]
    Value {
        /// Where.
        column: usize,
    },
    /// It must not come here: tables have an order, and nothing follows the end.
    #[error("is out of place")]
    OutOfPlace,
}

/// Why it is not to be done. Each tells what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferRefusal {
    /// The file is something else.
    #[error("the file is no export; make one with `sparrow-verify db export`")]
    NoExport,
    /// A newer release wrote the file.
    #[error(
        "the export has version {version} of the form, which this release does not know; import it with the release that made it, or a newer one"
    )]
    Newer {
        /// The version of the form.
        version: u32,
    },
    /// The phones in the file are sealed with another key.
    #[error(
        "the phones in the export are sealed with another key; set `secrets.phone_key` to that of the database it was made from"
    )]
    PhoneKey,
    /// The database is not empty.
    #[error("the database has rows in `{}` already; import into one that is empty", table.as_str())]
    NotEmpty {
        /// The first table that has rows.
        table: Table,
    },
    /// Somebody else uses the database.
    #[error(
        "somebody else writes to the database; stop the service, or wait for the other import, and try again"
    )]
    Busy,
}
