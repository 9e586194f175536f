//! The schema's history in SQLite.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor, Sqlite};

use super::{Database, SqliteStore};
use crate::phone_vault::PhoneVault;
use crate::sql::migrations::{CANARY, Migrations, compare_canary, migrator, refusal, status};
use crate::sql::statements::{APPLIED_MIGRATIONS, REMEMBER, REMEMBERED};
use crate::sql::{MigrationStatus, SqlError};

const MIGRATIONS: Migrations = &[
    (
        1,
        "verifications, accounts, credentials and counters",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0001_initial.sql")),
    ),
    (
        2,
        "events and webhooks",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0002_events.sql")),
    ),
    (
        3,
        "answers to calls with an idempotency key",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0003_idempotency.sql")),
    ),
    (
        6,
        "names of credentials",
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrations/sqlite/0006_credential_names.sql"
        )),
    ),
    (
        7,
        "deliveries",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0007_deliveries.sql")),
    ),
    (
        8,
        "blocks and allow-lists",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0008_blocks.sql")),
    ),
    (
        9,
        "statistics",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0009_statistics.sql")),
    ),
    (
        11,
        "credits of gateways",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0011_credits.sql")),
    ),
    (
        13,
        "routes of deliveries",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0013_routes.sql")),
    ),
    (
        14,
        "pauses because of invalid numbers",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0014_pauses.sql")),
    ),
    (
        15,
        "cohorts of SMS",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0015_cohorts.sql")),
    ),
];

impl SqliteStore {
    /// Brings the schema up to date. All of it happens or nothing, and of several processes that do it at once one
    /// does it.
    ///
    /// # Errors
    /// [`SqlError::Newer`] when a newer release has migrated the database, [`SqlError::Altered`] when a migration was
    /// applied in another form, [`SqlError::PhoneKey`] when the database was made with another phone key, and other
    /// [`SqlError`]s when a migration fails.
    pub async fn migrate(&self) -> Result<(), SqlError> {
        let mut turn = self.0.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        // Inside a transaction sqlx makes a savepoint of each migration.
        migrator(MIGRATIONS).run_direct(None, &mut *transaction, false).await.map_err(refusal)?;
        remember_phone_key(&self.0.vault, &mut transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(())
    }

    /// Every migration that this release or the database knows, in order.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, SqlError> {
        Ok(status(MIGRATIONS, self.0.applied().await?))
    }
}

impl Database {
    /// Whether the phones in here, if there can be any, open with the key at hand.
    pub(super) async fn check_phone_key(&self) -> Result<(), SqlError> {
        if has_table(&self.readers, "settings").await? {
            check_canary(&self.vault, &self.readers).await?;
        }
        Ok(())
    }

    async fn applied(&self) -> Result<Vec<(i64, String)>, SqlError> {
        if !has_table(&self.readers, "_sqlx_migrations").await? {
            return Ok(Vec::new());
        }
        Ok(sqlx::query_as(APPLIED_MIGRATIONS).fetch_all(&self.readers).await?)
    }
}

async fn has_table(database: impl Executor<'_, Database = Sqlite>, table: &str) -> Result<bool, sqlx::Error> {
    let found =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)");
    found.bind(table).fetch_one(database).await
}

async fn remember_phone_key(vault: &PhoneVault, database: &mut SqliteConnection) -> Result<(), SqlError> {
    sqlx::query(REMEMBER).bind(CANARY).bind(&vault.canary()[..]).execute(&mut *database).await?;
    check_canary(vault, database).await
}

async fn check_canary(
    vault: &PhoneVault,
    database: impl Executor<'_, Database = Sqlite>,
) -> Result<(), SqlError> {
    let kept: Option<Vec<u8>> = sqlx::query_scalar(REMEMBERED).bind(CANARY).fetch_optional(database).await?;
    compare_canary(vault, kept.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_file_is_built_in() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
        crate::sql::migrations::all_files_are_built_in(MIGRATIONS, directory);
    }
}
