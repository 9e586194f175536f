//! The schema's history, and the seal that ties a database to its phone key.

use std::collections::BTreeMap;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor, SqlSafeStr as _, Sqlite};

use super::{Database, SqliteStore};
use crate::phone_vault::PhoneVault;
use crate::sql::{MigrationStatus, SqlError};

/// Number, description and text of each migration. What was released does not change any more.
const MIGRATIONS: [(i64, &str, &str); 1] = [(
    1,
    "verifications, accounts, credentials and counters",
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite/0001_initial.sql")),
)];

const CANARY: &str = "phone-canary";

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
        migrator().run_direct(None, &mut *transaction, false).await.map_err(refusal)?;
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
        let mut migrations: BTreeMap<i64, MigrationStatus> = MIGRATIONS
            .into_iter()
            .map(|(version, description, _)| {
                (version, MigrationStatus { version, description: description.to_owned(), applied: false })
            })
            .collect();
        for (version, description) in self.0.applied().await? {
            migrations
                .entry(version)
                .or_insert(MigrationStatus { version, description, applied: true })
                .applied = true;
        }
        Ok(migrations.into_values().collect())
    }
}

impl Database {
    /// Whether the phones in here, if there can be any, open with the key at hand.
    pub(super) async fn check_phone_key(&self) -> Result<(), SqlError> {
        if has_table(&self.readers, "settings").await? {
            compare_canary(&self.vault, &self.readers).await?;
        }
        Ok(())
    }

    async fn applied(&self) -> Result<Vec<(i64, String)>, SqlError> {
        if !has_table(&self.readers, "_sqlx_migrations").await? {
            return Ok(Vec::new());
        }
        let applied = sqlx::query_as("SELECT version, description FROM _sqlx_migrations ORDER BY version");
        Ok(applied.fetch_all(&self.readers).await?)
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.into_iter().map(|(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn refusal(error: MigrateError) -> SqlError {
    if let MigrateError::VersionMissing(version) = error {
        return SqlError::Newer { version };
    }
    if let MigrateError::VersionMismatch(version) = error {
        return SqlError::Altered { version };
    }
    SqlError::Migration(error)
}

async fn has_table(database: impl Executor<'_, Database = Sqlite>, table: &str) -> Result<bool, sqlx::Error> {
    let found =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)");
    found.bind(table).fetch_one(database).await
}

async fn remember_phone_key(vault: &PhoneVault, database: &mut SqliteConnection) -> Result<(), SqlError> {
    sqlx::query("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
        .bind(CANARY)
        .bind(&vault.canary()[..])
        .execute(&mut *database)
        .await?;
    compare_canary(vault, database).await
}

async fn compare_canary(
    vault: &PhoneVault,
    database: impl Executor<'_, Database = Sqlite>,
) -> Result<(), SqlError> {
    let canary: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
        .bind(CANARY)
        .fetch_optional(database)
        .await?;
    match canary {
        Some(canary) if canary == vault.canary() => Ok(()),
        Some(_) | None => Err(SqlError::PhoneKey),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_migration_file_is_built_in() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        let built_in: BTreeSet<String> = MIGRATIONS.map(|(_, _, sql)| sql.to_owned()).into();
        assert_eq!(files, built_in);
    }
}
