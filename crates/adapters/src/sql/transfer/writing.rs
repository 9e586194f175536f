//! Writes the file. Owns what comes after what; the rows come from the databases.

use std::pin::pin;

use futures_util::{Stream, TryStreamExt as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::cells::Bytes;
use super::counts::RowCounts;
use super::lines::{End, FORMAT, Header, VERSION};
use super::records::Record;
use super::{Moved, Progress, TransferError, in_time};
use crate::phone_vault::PhoneVault;
use crate::sql::columns::Cells;

/// How many bytes are gathered before they are written.
const BUFFER_BYTES: usize = 64 * 1024;

/// An export under way.
pub(in crate::sql) struct Writing<'a, W> {
    output: &'a mut W,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    buffer: Vec<u8>,
    rows: RowCounts,
    bytes: u64,
    digest: Sha256,
}

impl<'a, W: AsyncWrite + Unpin> Writing<'a, W> {
    /// Begins with the header.
    pub(in crate::sql) fn begin(
        vault: &PhoneVault,
        output: &'a mut W,
        progress: &'a mut (dyn FnMut(Progress) + Send),
    ) -> Result<Self, TransferError> {
        let (rows, digest) = (RowCounts::default(), Sha256::new());
        let buffer = Vec::with_capacity(2 * BUFFER_BYTES);
        let mut begun = Self { output, progress, buffer, rows, bytes: 0, digest };
        begun.line(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            phone_canary: Bytes(vault.canary()),
        })?;
        Ok(begun)
    }

    /// Adds the rows of a table.
    pub(in crate::sql) async fn rows<T: Record, R: Cells>(
        &mut self,
        rows: impl Stream<Item = Result<R, sqlx::Error>>,
    ) -> Result<(), TransferError> {
        let mut rows = pin!(rows);
        while let Some(row) = in_time(rows.try_next()).await? {
            self.line(&Row(&T::of(&row)?))?;
            self.rows.add_one(T::TABLE);
            if self.buffer.len() >= BUFFER_BYTES {
                self.pass_on().await?;
                (self.progress)(Progress { rows: self.rows.total(), bytes: self.bytes });
            }
        }
        Ok(())
    }

    /// Ends with the counts and the digest of all that was written, and waits until it has left the buffers.
    pub(in crate::sql) async fn end(mut self) -> Result<Moved, TransferError> {
        self.pass_on().await?;
        let sha256 = Bytes(self.digest.clone().finalize().into());
        self.line(&EndLine { end: End { rows: self.rows, sha256 } })?;
        self.pass_on().await?;
        self.output.flush().await.map_err(TransferError::Write)?;
        let sha256 = Bytes::<32>(self.digest.finalize().into()).to_string();
        Ok(Moved { rows: self.rows, bytes: self.bytes, sha256 })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), TransferError> {
        serde_json::to_writer(&mut self.buffer, line).map_err(|error| TransferError::Write(error.into()))?;
        self.buffer.push(b'\n');
        Ok(())
    }

    async fn pass_on(&mut self) -> Result<(), TransferError> {
        self.output.write_all(&self.buffer).await.map_err(TransferError::Write)?;
        self.digest.update(&self.buffer);
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// A row as the one member of an object, named after its table.
struct Row<'a, T>(&'a T);

impl<T: Record> Serialize for Row<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(T::TABLE.as_str(), self.0)])
    }
}

#[derive(Serialize)]
struct EndLine {
    end: End,
}
