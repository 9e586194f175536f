//! The schema's history in PostgreSQL.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use tokio::time::{Instant, timeout};

use super::failure::without_values;
use super::{Database, PostgresStore};
use crate::phone_vault::PhoneVault;
use crate::sql::engine::Engine as _;
use crate::sql::migrations::{CANARY, Migrations, compare_canary, migrator, refusal, status};
use crate::sql::statements::{APPLIED_MIGRATIONS, REMEMBER, REMEMBERED};
use crate::sql::{MigrationStatus, SqlError};

const MIGRATIONS: Migrations = &[
    (
        1,
        "verifications, accounts and credentials",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0001_initial.sql")),
    ),
    (
        2,
        "events and webhooks",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0002_events.sql")),
    ),
    (
        3,
        "answers to calls with an idempotency key",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0003_idempotency.sql")),
    ),
    (
        6,
        "names of credentials",
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/postgres/0006_credential_names.sql"
        )),
    ),
    (
        7,
        "deliveries",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0007_deliveries.sql")),
    ),
    (
        8,
        "blocks and allow-lists",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0008_blocks.sql")),
    ),
    (
        9,
        "statistics",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0009_statistics.sql")),
    ),
    (
        11,
        "credits of gateways",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0011_credits.sql")),
    ),
    (
        12,
        "rules of rows that cost less",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0012_cost.sql")),
    ),
];

/// How long all of it may take: a large table takes its time.
const MIGRATION_TIMEOUT: Duration = Duration::from_hours(1);
/// The key of the lock that one who migrates holds: "sparrow\0" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"sparrow\0");

impl PostgresStore {
    /// Brings the schema up to date. All of it happens or nothing, and of several processes that do it at once one does
    /// it while the others wait, up to a minute. Where nothing is left to do, nothing but rights to read is needed.
    ///
    /// # Errors
    /// [`SqlError::Newer`] when a newer release has migrated the database, [`SqlError::Altered`] when a migration was
    /// applied in another form, [`SqlError::PhoneKey`] when the database was made with another phone key, and other
    /// [`SqlError`]s when a migration fails.
    pub async fn migrate(&self) -> Result<(), SqlError> {
        let database = &*self.0;
        if database.is_up_to_date().await? {
            return database.check_phone_key().await;
        }
        let connect_by = Instant::now() + database.acquire_timeout;
        let connection = database.pool.connect(connect_by).await;
        let mut connection = connection.map_err(|error| SqlError::Unreachable(error.into()))?;
        let migrated = timeout(MIGRATION_TIMEOUT, migrate(&database.vault, &mut connection)).await;
        migrated.map_err(|_| SqlError::Unreachable("the migration took too long".into()))?
    }

    /// Every migration that this release or the database knows, in order.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, SqlError> {
        if !self.0.has_table("_sqlx_migrations").await? {
            return Ok(status(MIGRATIONS, Vec::new()));
        }
        let rows = self.0.ask(sqlx::query(APPLIED_MIGRATIONS)).await?;
        let applied = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        Ok(status(MIGRATIONS, applied.collect::<Result<_, sqlx::Error>>()?))
    }
}

impl Database {
    /// Whether the phones in here, if there can be any, open with the key at hand.
    pub(super) async fn check_phone_key(&self) -> Result<(), SqlError> {
        if !self.has_table("settings").await? {
            return Ok(());
        }
        let kept = self.ask(sqlx::query(REMEMBERED).bind(CANARY)).await?;
        let kept = kept.first().map(|row| row.try_get(0)).transpose()?;
        compare_canary(&self.vault, kept)
    }

    /// Whether every migration was applied, in the form that this release has it, and no other.
    async fn is_up_to_date(&self) -> Result<bool, SqlError> {
        if !self.has_table("_sqlx_migrations").await? {
            return Ok(false);
        }
        let applied = self.ask(sqlx::query("SELECT version, checksum FROM _sqlx_migrations")).await?;
        let migrator = migrator(MIGRATIONS);
        for row in &applied {
            let (version, checksum): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            let known = migrator.iter().find(|known| known.version == version);
            if *known.ok_or(SqlError::Newer { version })?.checksum != *checksum {
                return Err(SqlError::Altered { version });
            }
        }
        Ok(applied.len() == MIGRATIONS.len())
    }

    async fn has_table(&self, table: &str) -> Result<bool, SqlError> {
        let found = self.ask(sqlx::query("SELECT to_regclass($1) IS NOT NULL").bind(table)).await?;
        Ok(found.first().is_some_and(|row| row.try_get(0).unwrap_or(false)))
    }
}

/// One transaction, behind the lock of those who migrate.
async fn migrate(vault: &PhoneVault, connection: &mut PgConnection) -> Result<(), SqlError> {
    let failed = |error| SqlError::Database(without_values(error));
    sqlx::raw_sql(PATIENCE).execute(&mut *connection).await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK);
    lock.execute(&mut *transaction).await.map_err(failed)?;
    let mut migrator = migrator(MIGRATIONS);
    // Inside a transaction sqlx makes a savepoint of each migration.
    let migrated = migrator.set_locking(false).run_direct(None, &mut *transaction, false).await;
    migrated.map_err(|error| refusal(told(error)))?;
    let remember = sqlx::query(REMEMBER).bind(CANARY).bind(vault.canary());
    remember.execute(&mut *transaction).await.map_err(failed)?;
    let kept = sqlx::query_scalar(REMEMBERED).bind(CANARY);
    let kept: Option<Vec<u8>> = kept.fetch_optional(&mut *transaction).await.map_err(failed)?;
    compare_canary(vault, kept.as_deref())?;
    transaction.commit().await.map_err(failed)
}

/// A migration may take long; whoever waits for a lock has an end.
const PATIENCE: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s'";

fn told(error: MigrateError) -> MigrateError {
    if let MigrateError::ExecuteMigration(error, version) = error {
        return MigrateError::ExecuteMigration(without_values(error), version);
    }
    if let MigrateError::Execute(error) = error {
        return MigrateError::Execute(without_values(error));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_built_in() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
        crate::sql::migrations::all_files_are_built_in(MIGRATIONS, directory);
    }
}
