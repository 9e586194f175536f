//! All rows out of a database, and into an empty one.

mod tuples;

use futures_util::TryFutureExt as _;
use sqlx::postgres::PgConnection;
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Executor as _, SqlSafeStr as _, Statement as _,
    TypeInfo as _,
};
use tokio::io::{AsyncBufRead, AsyncWrite};
use tokio::time::{Instant, timeout};

use self::tuples::Tuples;
use super::failure::without_values;
use super::{Database, PostgresStore};
use crate::sql::failure::Failure;
use crate::sql::transfer::{
    AccountRecord, BlockRecord, CredentialRecord, DeliveryRowRecord, EventOutboxRecord, EventRecord, Filling,
    Import, Moved, Progress, Record, Row, SILENCE_MAX, StatisticRecord, Table, TransferError,
    TransferRefusal, VerificationRecord, WebhookAttemptRecord, WebhookDeliveryRecord, Writing,
    WrongChecksRecord, in_time,
};

/// What a transfer asks of its connection. A statement runs as long as it takes, and so does the other end of a pipe;
/// whoever else writes has to be gone soon.
const SETTINGS: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
     SET lock_timeout = '5s'";

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// All of a table is read, which is not what indexes are for. Whoever fills tables stays with indexes: the plans by
/// which references are looked up are made when the tables are small.
const READ_ALL: &str = "SET LOCAL enable_seqscan = on";

/// Whoever reads goes on, whoever writes waits, and another import waits too.
const LOCK: &str = "LOCK TABLE accounts, credentials, verifications, wrong_checks, deliveries, events, event_outbox, \
     webhook_deliveries, webhook_attempts, blocks, statistics IN SHARE ROW EXCLUSIVE MODE";

/// What the server knows of tables that were empty is of no use any more.
const ANALYZE: &str = "ANALYZE accounts, credentials, verifications, wrong_checks, deliveries, events, event_outbox, \
     webhook_deliveries, webhook_attempts, blocks, statistics";

/// A lock was not to be had, because somebody else has it or waits for it.
const LOCK_NOT_AVAILABLE: &str = "55P03";
const DEADLOCK_DETECTED: &str = "40P01";

impl PostgresStore {
    /// Writes all rows, as they are at one instant, for [`PostgresStore::import`] and that of other stores. The service
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
        let mut connection = self.0.connection_of_a_transfer().await?;
        let mut snapshot = connection.begin_with(SNAPSHOT).await.map_err(without_values)?;
        snapshot.execute(READ_ALL).await.map_err(without_values)?;
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
        snapshot.rollback().await.map_err(without_values)?;
        writing.end().await
    }

    /// Fills an empty database, of the newest schema, with the rows of a file: with all of them or none. Whoever else
    /// writes to it waits until then.
    ///
    /// # Errors
    /// [`TransferError`] when the file is not whole, the database is not empty, somebody else writes to it, or it does
    /// not answer; then nothing was changed. Only when the database was lost at the very end it may have been; then an
    /// import that is tried again finds that it is not empty.
    pub async fn import<R: AsyncBufRead + Unpin>(
        &self,
        import: Import<R>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Moved, TransferError> {
        let mut connection = self.0.connection_of_a_transfer().await?;
        let mut transaction = connection.begin().await.map_err(without_values)?;
        in_time(transaction.execute(LOCK).map_err(busy_or_failed)).await?;
        let moved = import.fill(&mut *transaction, progress).await?;
        in_time(transaction.execute(ANALYZE).map_err(without_values)).await?;
        let committed = timeout(SILENCE_MAX, transaction.commit().map_err(without_values)).await;
        let committed = committed.map_err(|late| TransferError::Unknown(late.into()))?;
        committed.map_err(|error| TransferError::Unknown(error.into()))?;
        Ok(moved)
    }
}

impl Database {
    /// A connection of its own, which is closed when it is dropped: the server rolls back what was not committed.
    async fn connection_of_a_transfer(&self) -> Result<PgConnection, TransferError> {
        let connection = self.pool.connect(Instant::now() + self.acquire_timeout).await;
        let mut connection = connection.map_err(|error| TransferError::Database(error.into()))?;
        connection.execute(sqlx::raw_sql(SETTINGS)).await.map_err(without_values)?;
        Ok(connection)
    }
}

async fn write<T: Record, W: AsyncWrite + Unpin>(
    snapshot: &mut PgConnection,
    order: &str,
    writing: &mut Writing<'_, W>,
) -> Result<(), TransferError> {
    let columns = match T::TABLE {
        Table::Accounts
        | Table::Credentials
        | Table::Verifications
        | Table::Deliveries
        | Table::Blocks
        | Table::Statistics
        | Table::Events
        | Table::EventOutbox
        | Table::WebhookDeliveries
        | Table::WebhookAttempts => T::COLUMNS.to_owned(),
        // A day is a number in the file.
        Table::WrongChecks => T::COLUMNS.replace("day", "day - DATE '1970-01-01'"),
    };
    let statement = format!("SELECT {columns} FROM {} ORDER BY {order}", T::TABLE.as_str());
    writing.rows::<T, _>(sqlx::query(AssertSqlSafe(statement)).fetch(snapshot)).await
}

fn busy_or_failed(error: sqlx::Error) -> TransferError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| code == LOCK_NOT_AVAILABLE || code == DEADLOCK_DETECTED) {
        return TransferRefusal::Busy.into();
    }
    without_values(error).into()
}

impl Filling for PgConnection {
    async fn has_rows(&mut self, table: Table) -> Result<bool, Failure> {
        let statement = format!("SELECT EXISTS (SELECT 1 FROM {})", table.as_str());
        Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(self).await.map_err(without_values)?)
    }

    async fn count(&mut self, table: Table) -> Result<u64, Failure> {
        let statement = format!("SELECT count(*) FROM {}", table.as_str());
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(self).await.map_err(without_values)?;
        Ok(count.unsigned_abs())
    }

    async fn add(&mut self, table: Table, rows: &[Row]) -> Result<(), Failure> {
        let (name, columns) = (table.as_str(), table.columns());
        // Prepared once, and asked for nothing but the types.
        let types = AssertSqlSafe(format!("SELECT {columns} FROM {name}")).into_sql_str();
        let types = self.prepare(types).await.map_err(without_values)?;
        let types = types.columns().iter().map(|column| column.type_info().name());
        let tuples = rows.iter().fold(Tuples::begin(types), Tuples::row).end()?;

        let copy = format!("COPY {name} ({columns}) FROM STDIN (FORMAT binary)");
        let mut copying = self.copy_in_raw(&copy).await.map_err(without_values)?;
        copying.send(tuples).await.map_err(without_values)?;
        copying.finish().await.map_err(without_values)?;
        Ok(())
    }
}
