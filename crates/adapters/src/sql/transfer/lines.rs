//! The lines of the file: a header, a line for each row, an end. Owns their form and the reading of a line of bounded
//! length; never their order.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

use super::cells::Bytes;
use super::counts::RowCounts;
use super::records::{
    AccountRecord, BlockRecord, CredentialRecord, DeliveryRowRecord, EventOutboxRecord, EventRecord,
    StatisticRecord, VerificationRecord, WebhookAttemptRecord, WebhookDeliveryRecord, WrongChecksRecord,
};
use super::{LineFault, TransferError};
use crate::phone_vault::SEALED_BYTES;

/// How a file of ours begins.
pub(super) const FORMAT: &str = "sparrow-verify-export";

/// The version of the form. It goes up with every column that is added, and whoever reads a version reads all before.
pub(super) const VERSION: u32 = 4;

/// The most bytes of a line, its end included. The longest row there can be, a verification whose texts are all
/// escaped, has less than a quarter.
pub(super) const LINE_BYTES_MAX: u64 = 16 * 1024;

/// The part of the first line that every version has.
#[derive(Serialize, Deserialize)]
pub(super) struct Kind {
    pub(super) format: String,
    pub(super) version: u32,
    /// The release that wrote it; for people.
    pub(super) release: String,
}

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) release: String,
    /// The seal of nothing, which tells under which key the phones are sealed.
    pub(super) phone_canary: Bytes<SEALED_BYTES>,
}

/// Every other line: an object with one member, named after the table, or `end`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Accounts(Box<AccountRecord>),
    Credentials(Box<CredentialRecord>),
    Verifications(Box<VerificationRecord>),
    WrongChecks(Box<WrongChecksRecord>),
    Deliveries(Box<DeliveryRowRecord>),
    Events(Box<EventRecord>),
    EventOutbox(Box<EventOutboxRecord>),
    WebhookDeliveries(Box<WebhookDeliveryRecord>),
    WebhookAttempts(Box<WebhookAttemptRecord>),
    Blocks(Box<BlockRecord>),
    Statistics(Box<StatisticRecord>),
    End(End),
}

/// What the last line tells of those before it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    /// How many rows there are.
    pub(super) rows: RowCounts,
    /// The SHA-256 of every byte before the line.
    pub(super) sha256: Bytes<32>,
}

/// Reads lines, and adds up what it has read.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
    digest: Sha256,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0, bytes: 0, digest: Sha256::new() }
    }

    /// Goes on to the next line; `false` when there is none, and then all lines are behind it.
    pub(super) async fn next(&mut self) -> Result<bool, TransferError> {
        self.digest.update(&self.line);
        self.line.clear();
        let mut bounded = (&mut self.input).take(LINE_BYTES_MAX);
        let read = bounded.read_until(b'\n', &mut self.line).await.map_err(TransferError::Read)?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.bytes += self.line.len() as u64;
        match self.line.last() {
            Some(b'\n') => Ok(true),
            Some(_) | None if self.line.len() as u64 == LINE_BYTES_MAX => Err(self.fault(LineFault::TooLong)),
            Some(_) | None => Err(TransferError::Truncated { line: self.number }),
        }
    }
}

impl<R> Lines<R> {
    /// The SHA-256 of all lines before this one.
    pub(super) fn digest_before(&self) -> Bytes<32> {
        Bytes(self.digest.clone().finalize().into())
    }

    /// The line as a value. What is wrong with it is not told in JSON's words, which would quote it.
    pub(super) fn parse<'line, T: Deserialize<'line>>(&'line self) -> Result<T, TransferError> {
        serde_json::from_slice(&self.line).map_err(|error| {
            self.fault(match error.classify() {
                serde_json::error::Category::Data => LineFault::Value { column: error.column() },
                serde_json::error::Category::Io
                | serde_json::error::Category::Syntax
                | serde_json::error::Category::Eof => LineFault::NotJson { column: error.column() },
            })
        })
    }

    pub(super) const fn fault(&self, fault: LineFault) -> TransferError {
        TransferError::Line { line: self.number, fault }
    }

    /// The number of the line; the first is 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The bytes of all lines so far, this one included.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}
