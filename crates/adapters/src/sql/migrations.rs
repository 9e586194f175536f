//! The schema's history, and the seal that ties a database to its phone key, in any database.

use std::collections::BTreeMap;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::{MigrationStatus, SqlError};
use crate::phone_vault::PhoneVault;

/// Number, description and text of each migration of a database. What was released does not change any more.
pub(super) type Migrations = &'static [(i64, &'static str, &'static str)];

/// The name under which a database keeps the seal of its phone key.
pub(super) const CANARY: &str = "phone-canary";

/// What applies them.
pub(super) fn migrator(migrations: Migrations) -> Migrator {
    let migrations = migrations.iter().map(|(version, description, sql)| {
        Migration::new(*version, (*description).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Every migration that this release or the database knows, in order.
pub(super) fn status(migrations: Migrations, applied: Vec<(i64, String)>) -> Vec<MigrationStatus> {
    let mut known: BTreeMap<i64, MigrationStatus> = migrations
        .iter()
        .map(|(version, description, _)| {
            let (version, description) = (*version, (*description).to_owned());
            (version, MigrationStatus { version, description, applied: false })
        })
        .collect();
    for (version, description) in applied {
        known.entry(version).or_insert(MigrationStatus { version, description, applied: true }).applied =
            true;
    }
    known.into_values().collect()
}

/// Why a database is not migrated.
pub(super) fn refusal(error: MigrateError) -> SqlError {
    if let MigrateError::VersionMissing(version) = error {
        return SqlError::Newer { version };
    }
    if let MigrateError::VersionMismatch(version) = error {
        return SqlError::Altered { version };
    }
    SqlError::Migration(error)
}

/// Whether the phones of a database open with the key at hand, by the seal that it keeps.
pub(super) fn compare_canary(vault: &PhoneVault, kept: Option<&[u8]>) -> Result<(), SqlError> {
    if kept == Some(vault.canary().as_slice()) { Ok(()) } else { Err(SqlError::PhoneKey) }
}

/// That a database's list holds every file of its directory.
#[cfg(test)]
pub(super) fn all_files_are_built_in(migrations: Migrations, directory: &str) {
    use std::collections::BTreeSet;

    let files: BTreeSet<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let built_in: BTreeSet<String> = migrations.iter().map(|(_, _, sql)| (*sql).to_owned()).collect();
    assert_eq!(files, built_in);
}
