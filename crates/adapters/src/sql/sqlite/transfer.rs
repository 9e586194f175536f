//! All rows out of the file, and into an empty one.

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;
use tokio::io::{AsyncBufRead, AsyncWrite};

use super::SqliteStore;
use super::failure::{SQLITE_BUSY, sqlite_code};
use crate::sql::failure::Failure;
use crate::sql::transfer::{
    AccountRecord, BlockRecord, CredentialRecord, DeliveryRowRecord, EventOutboxRecord, EventRecord, Filling,
    Import, Moved, Progress, Record, Row, StatisticRecord, Table, TransferError, TransferRefusal,
    VerificationRecord, WebhookAttemptRecord, WebhookDeliveryRecord, Writing, WrongChecksRecord,
};

/// How many rows a statement adds: more save nothing any more. Their values stay far below what SQLite binds at the
/// most, 32766.
const ROWS_PER_STATEMENT: usize = 100;

impl SqliteStore {
    /// Writes all rows, as they are at one instant, for [`SqliteStore::import`] and that of other stores. The service
    /// may run meanwhile.
    ///
    /// # Errors
    /// [`TransferError`] when the database does not answer, or the file cannot be written; what was written until
    /// then is no export.
    pub async fn export<W: AsyncWrite + Unpin>(
        &self,
        output: &mut W,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Moved, TransferError> {
        // A transaction sees what was there at its first statement.
        let mut snapshot = self.0.readers.begin().await?;
        let mut writing = Writing::begin(&self.0.vault, output, progress)?;
        write::<AccountRecord, _>(&mut snapshot, "id", &mut writing).await?;
        write::<CredentialRecord, _>(&mut snapshot, "id", &mut writing).await?;
        write::<VerificationRecord, _>(&mut snapshot, "seq", &mut writing).await?;
        write::<WrongChecksRecord, _>(&mut snapshot, "phone, day", &mut writing).await?;
        write::<DeliveryRowRecord, _>(&mut snapshot, "id", &mut writing).await?;
        write::<EventRecord, _>(&mut snapshot, "place", &mut writing).await?;
        write::<EventOutboxRecord, _>(&mut snapshot, "place", &mut writing).await?;
        write::<WebhookDeliveryRecord, _>(&mut snapshot, "id", &mut writing).await?;
        write::<WebhookAttemptRecord, _>(&mut snapshot, "delivery_id, number", &mut writing).await?;
        write::<BlockRecord, _>(&mut snapshot, "id", &mut writing).await?;
        let order = "day, application, operator, purpose, gateway, measure";
        write::<StatisticRecord, _>(&mut snapshot, order, &mut writing).await?;
        snapshot.rollback().await?;
        writing.end().await
    }

    /// Fills an empty database, of the newest schema, with the rows of a file: with all of them or none.
    ///
    /// # Errors
    /// [`TransferError`] when the file is not whole, the database is not empty, somebody else writes to it, or it
    /// does not answer; then nothing was changed.
    pub async fn import<R: AsyncBufRead + Unpin>(
        &self,
        import: Import<R>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Moved, TransferError> {
        let mut turn = self.0.writer.turn().await?;
        let mut transaction = turn.begin().await.map_err(busy_or_failed)?;
        let moved = import.fill(&mut *transaction, progress).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(moved)
    }
}

async fn write<T: Record, W: AsyncWrite + Unpin>(
    snapshot: &mut SqliteConnection,
    order: &str,
    writing: &mut Writing<'_, W>,
) -> Result<(), TransferError> {
    let statement = format!("SELECT {} FROM {} ORDER BY {order}", T::COLUMNS, T::TABLE.as_str());
    writing.rows::<T, _>(sqlx::query(AssertSqlSafe(statement)).fetch(snapshot)).await
}

fn busy_or_failed(error: sqlx::Error) -> TransferError {
    let code = error.as_database_error().and_then(sqlite_code);
    if code == Some(SQLITE_BUSY) { TransferRefusal::Busy.into() } else { error.into() }
}

impl Filling for SqliteConnection {
    async fn has_rows(&mut self, table: Table) -> Result<bool, Failure> {
        let statement = format!("SELECT EXISTS (SELECT 1 FROM {})", table.as_str());
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(self).await?)
    }

    async fn count(&mut self, table: Table) -> Result<u64, Failure> {
        let statement = format!("SELECT count(*) FROM {}", table.as_str());
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(self).await?)
    }

    async fn add(&mut self, table: Table, rows: &[Row]) -> Result<(), Failure> {
        let columns = table.columns();
        let row = format!("({})", vec!["?"; columns.split(',').count()].join(", "));
        for rows in rows.chunks(ROWS_PER_STATEMENT) {
            let values = vec![row.as_str(); rows.len()].join(", ");
            let statement = format!("INSERT INTO {} ({columns}) VALUES {values}", table.as_str());
            let query = sqlx::query(AssertSqlSafe(statement));
            rows.iter().fold(query, |query, row| row.bind(query)).execute(&mut *self).await?;
        }
        Ok(())
    }
}
