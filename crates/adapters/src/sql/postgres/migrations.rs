//! The schema's history in PostgreSQL.

use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use tokio::time::{Instant, sleep, timeout};

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
    (
        13,
        "routes of deliveries",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0013_routes.sql")),
    ),
    (
        14,
        "pauses because of invalid numbers",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0014_pauses.sql")),
    ),
    (
        15,
        "cohorts of SMS",
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/0015_cohorts.sql")),
    ),
];

/// How long all of it may take: a large table takes its time.
const MIGRATION_TIMEOUT: Duration = Duration::from_hours(1);
/// The key of the lock that one who migrates holds: "sparrow\0" in ASCII.
const LOCK: i64 = i64::from_be_bytes(*b"sparrow\0");
/// How long is tried while somebody else holds locks on the tables.
const TRY_FOR: Duration = Duration::from_mins(1);
/// The pause between two tries, in which those pass who have come meanwhile.
const PAUSE: Duration = Duration::from_secs(3);

impl PostgresStore {
    /// Brings the schema up to date. All of it happens or nothing, and of several processes that do it at once one does
    /// it while the others wait, up to a minute. Replicas of the release before may go on working. While somebody else
    /// holds a lock on the tables it is tried again, for a minute. Where nothing is left to do, nothing but rights to
    /// read is needed.
    ///
    /// # Errors
    /// [`SqlError::Newer`] when a newer release has migrated the database, [`SqlError::Altered`] when a migration was
    /// applied in another form, [`SqlError::PhoneKey`] when the database was made with another phone key,
    /// [`SqlError::Locked`] when somebody else held a lock on the tables all the time, and other [`SqlError`]s when a
    /// migration fails.
    pub async fn migrate(&self) -> Result<(), SqlError> {
        let database = &*self.0;
        if database.is_up_to_date().await? {
            return database.check_phone_key().await;
        }
        let connect_by = Instant::now() + database.acquire_timeout;
        let connection = database.pool.connect(connect_by).await;
        let mut connection = connection.map_err(|error| SqlError::Unreachable(error.into()))?;
        let migrated = timeout(MIGRATION_TIMEOUT, migrate(&database.vault, &mut connection, TRY_FOR)).await;
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

/// One transaction, behind the lock of those who migrate. Each try is a savepoint in it: with a try that is given up go
/// the locks on tables that it has got, so that others work on in the pause, while the lock of those who migrate stays,
/// so that they do not all stand in the way by turns.
async fn migrate(
    vault: &PhoneVault,
    connection: &mut PgConnection,
    try_for: Duration,
) -> Result<(), SqlError> {
    let failed = |error| SqlError::Database(without_values(error));
    sqlx::raw_sql(PATIENCE).execute(&mut *connection).await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK);
    lock.execute(&mut *transaction).await.map_err(failed)?;
    sqlx::raw_sql(PATIENCE_WITH_TABLES).execute(&mut *transaction).await.map_err(failed)?;
    let give_up_at = Instant::now() + try_for;
    let mut logged = false;
    loop {
        let mut attempt = transaction.begin().await.map_err(failed)?;
        let Err(error) = apply(vault, &mut attempt).await else {
            attempt.commit().await.map_err(failed)?;
            return transaction.commit().await.map_err(failed);
        };
        attempt.rollback().await.map_err(failed)?;
        if !is_in_the_way(&error) {
            return Err(error);
        }
        if Instant::now() + PAUSE >= give_up_at {
            return Err(SqlError::Locked(Box::new(error)));
        }
        if !logged {
            tracing::warn!(
                "somebody else holds a lock on the database's tables; the migration is tried again"
            );
            logged = true;
        }
        sleep(PAUSE).await;
    }
}

async fn apply(vault: &PhoneVault, connection: &mut PgConnection) -> Result<(), SqlError> {
    let failed = |error| SqlError::Database(without_values(error));
    sqlx::raw_sql(LOCK_TABLES).execute(&mut *connection).await.map_err(failed)?;
    let mut migrator = migrator(MIGRATIONS);
    // Inside a transaction sqlx makes a savepoint of each migration.
    let migrated = migrator.set_locking(false).run_direct(None, &mut *connection, false).await;
    migrated.map_err(|error| refusal(told(error)))?;
    let remember = sqlx::query(REMEMBER).bind(CANARY).bind(vault.canary());
    remember.execute(&mut *connection).await.map_err(failed)?;
    let kept = sqlx::query_scalar(REMEMBERED).bind(CANARY);
    let kept: Option<Vec<u8>> = kept.fetch_optional(&mut *connection).await.map_err(failed)?;
    compare_canary(vault, kept.as_deref())
}

/// A migration may take long; whoever waits for another that migrates has an end.
const PATIENCE: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s'";

/// Behind one who waits for a table everybody waits who comes later, and a replica's statement gives up after 2.25 s
/// (unless it is set up otherwise). It is more than the server's `deadlock_timeout` (1 s), behind which an autovacuum
/// makes way for who waits.
const PATIENCE_WITH_TABLES: &str = "SET LOCAL lock_timeout = '1500ms'";

/// The migrations up to 13 change tables that replicas of the release before go on writing to. What one of them locks
/// stays locked while the next waits for another table, or for the same one more strictly, and a statement that holds
/// that one waits for the first. Hence all locks before the first migration, in the order in which the statements of
/// those replicas, and of these, take theirs:
///
/// * what keeps a delivery, and what lists deliveries: `deliveries`, then `verifications`;
/// * what begins, checks, approves, cancels or expires one: `verifications`, then `accounts`, then (by a trigger) `events`;
/// * what changes the phone of an account: `accounts`, then `events`.
///
/// Of `accounts` nothing is changed, but a new table refers to them, which keeps out only who writes. Whoever looks up the
/// account of an event, or begins a verification behind one that is over, takes them behind `events`; this mode lets him.
///
/// Sweeping goes the other way (`verifications`, then their `deliveries`), and a backup has an order of its own. Where one
/// of them is in the way, this gives way.
const LOCK_TABLES: &str = "
    DO $$
    BEGIN
        IF to_regclass('_sqlx_migrations') IS NULL THEN
            RETURN;
        END IF;
        IF EXISTS (SELECT 1 FROM _sqlx_migrations WHERE version >= 13) THEN
            RETURN;
        END IF;
        IF to_regclass('deliveries') IS NOT NULL THEN
            LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE;
        END IF;
        IF to_regclass('verifications') IS NOT NULL THEN
            LOCK TABLE verifications IN ACCESS EXCLUSIVE MODE;
            LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE;
        END IF;
        IF to_regclass('events') IS NOT NULL THEN
            LOCK TABLE events IN ACCESS EXCLUSIVE MODE;
        END IF;
    END
    $$";

/// Whether a migration met locks of somebody else, and may go well behind him: `deadlock_detected`,
/// `lock_not_available`.
fn is_in_the_way(error: &SqlError) -> bool {
    let error = match error {
        SqlError::Database(error)
        | SqlError::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            error
        }
        SqlError::File { .. }
        | SqlError::Unreachable(_)
        | SqlError::Migration(_)
        | SqlError::Locked(_)
        | SqlError::Newer { .. }
        | SqlError::Altered { .. }
        | SqlError::PhoneKey => return false,
    };
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("40P01" | "55P03"))
}

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
    use domain::phone_key::PhoneKey;

    use super::*;

    #[test]
    fn every_migration_file_is_built_in() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
        crate::sql::migrations::all_files_are_built_in(MIGRATIONS, directory);
    }

    #[tokio::test]
    async fn a_lock_that_nobody_lets_go_is_told_in_the_end() {
        let database = servers::database().await;
        let vault = PhoneVault::new(&PhoneKey::new(&[7; 32]).unwrap());
        let (mut ours, mut theirs) = (
            PgConnection::connect(database.url()).await.unwrap(),
            PgConnection::connect(database.url()).await.unwrap(),
        );
        migrate(&vault, &mut ours, Duration::ZERO).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE settings").execute(&mut theirs).await.unwrap();
        let error = migrate(&vault, &mut ours, Duration::ZERO).await.unwrap_err();
        assert!(matches!(error, SqlError::Locked(_)), "{error:?}");
        assert!(error.to_string().contains("backup"), "{error}");
        theirs.close().await.unwrap();
        migrate(&vault, &mut ours, Duration::ZERO).await.unwrap();
    }
}
