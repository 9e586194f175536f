//! An upgrade while replicas of the release before work on: both sides take the locks of the same tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use adapters::sql::PostgresStore;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, Executor as _, PgConnection, SqlSafeStr as _};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::harness::{Place, vault};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres/", $name))
    };
}

/// What releases before had, one after the other.
const RELEASED: [(i64, &str); 5] = [
    (1, file!("0001_initial.sql")),
    (2, file!("0002_events.sql")),
    (3, file!("0003_idempotency.sql")),
    (6, file!("0006_credential_names.sql")),
    (7, file!("0007_deliveries.sql")),
];

const WRITERS: usize = 16;
/// How long a replica waits for a lock, and for a statement (`PostgresOptions`).
const GREETING: &str = "SET lock_timeout = 2250; SET statement_timeout = 4500; SET plan_cache_mode = force_generic_plan; \
     SET enable_seqscan = off";

/// The statements of the release before, but for what makes no difference to the locks that they take.
const START: &str = "INSERT INTO verifications (id, version, application, phone, purpose, state, nonce, pepper, code_length,
        expires_at, locale, delivery_number, delivery_state, delivery_at, created_at, sent_at, resend_at, sends_used,
        checks_used, lifetime_ms, renew_below_ms, checks_max, cooldowns_ms)
    VALUES ($1, 0, 'default', substring(sha256(uuid_send($1)) FOR 24), 'contact', 'pending',
        uuid_send($1), substring(uuid_send($1) FOR 8), 6, now() + interval '10 minutes', 'en', 1, 'sending', now(), now(),
        now(), now(), 1, 0, 600000, 0, 5, '60000')";
const RECORD_DELIVERY: &str = "WITH saved AS (
        UPDATE verifications AS v SET delivery_state = 'sent', version = version + 1 WHERE v.id = $1 AND v.version = 0
        RETURNING v.id, v.application
     ) INSERT INTO deliveries (verification_id, application, id, number, gateway, answer, answered_at, took_ms, segments)
     SELECT saved.id, saved.application, gen_random_uuid(), 1, 'sparrow', 'accepted', now(), 5, 1 FROM saved";
const APPROVE: &str = "WITH held AS MATERIALIZED (
        SELECT v.id, v.phone FROM verifications v WHERE v.id = $1 AND v.state = 'pending' FOR UPDATE
     ), room AS MATERIALIZED (
        SELECT held.id FROM held CROSS JOIN LATERAL wrong_checks_locked(held.phone, current_date) AS w
     ), saved AS (
        UPDATE verifications AS v SET state = 'approved', final_at = now(), version = version + 1
        FROM room WHERE v.id = room.id
     )
     SELECT count(*) FROM room";

/// A database as a release before left it, and a store of this one.
async fn before(place: &Place, released: &[(i64, &'static str)]) -> PostgresStore {
    // While there is nothing to compare its key with: the first that migrates leaves that.
    let store = PostgresStore::open(&place.options(), vault(7)).await.unwrap();
    let released = released.iter().map(|(version, sql)| {
        Migration::new(*version, "released".into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(released.collect()).run(&mut place.foreign().await).await.unwrap();
    store
}

/// Replicas of the release before, each of whose statements must go well.
struct Writers {
    done: Arc<AtomicBool>,
    ended: Arc<AtomicUsize>,
    replicas: Vec<JoinHandle<Result<Duration, sqlx::Error>>>,
}

impl Writers {
    async fn begin(place: &Place, statements: &'static [&'static str]) -> Self {
        let (done, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut replicas = Vec::new();
        for _ in 0..WRITERS {
            let (connection, done, ended) = (place.foreign().await, Arc::clone(&done), Arc::clone(&ended));
            replicas.push(tokio::spawn(work(connection, statements, done, ended)));
        }
        let all = Self { done, ended, replicas };
        // Each has prepared its statements.
        all.go_on(4 * WRITERS).await;
        all
    }

    /// Until so many verifications more have ended.
    async fn go_on(&self, more: usize) {
        let until = self.ended.load(Ordering::Relaxed) + more;
        while self.ended.load(Ordering::Relaxed) < until && self.replicas.iter().all(|one| !one.is_finished())
        {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The longest that any statement took.
    async fn end(self) -> Duration {
        self.go_on(4 * WRITERS).await;
        self.done.store(true, Ordering::Relaxed);
        let mut longest = Duration::ZERO;
        for replica in self.replicas {
            longest = longest.max(replica.await.unwrap().unwrap());
        }
        longest
    }
}

/// Begins and ends verifications, one after the other.
async fn work(
    mut connection: PgConnection,
    statements: &[&'static str],
    done: Arc<AtomicBool>,
    ended: Arc<AtomicUsize>,
) -> Result<Duration, sqlx::Error> {
    connection.execute(GREETING).await?;
    let mut longest = Duration::ZERO;
    while !done.load(Ordering::Relaxed) {
        let id = Uuid::from_u128(rand::random());
        for statement in statements {
            let begun = Instant::now();
            sqlx::query(*statement).bind(id).execute(&mut connection).await?;
            longest = longest.max(begun.elapsed());
        }
        ended.fetch_add(1, Ordering::Relaxed);
    }
    Ok(longest)
}

/// That each verification has ended and is told once, and has so many deliveries.
async fn nothing_was_lost(place: &Place, deliveries: i64) {
    let lost: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM verifications v WHERE v.state <> 'approved'
            OR (SELECT count(*) FROM events e WHERE e.verification_id = v.id AND e.kind = 'verification.approved') <> 1
            OR (SELECT count(*) FROM deliveries d WHERE d.verification_id = v.id) <> $1",
    )
    .bind(deliveries)
    .fetch_one(&mut place.foreign().await)
    .await
    .unwrap();
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_does_not_get_into_the_way_of_those_who_write() {
    let place = Place::new().await;
    let store = before(&place, &RELEASED).await;
    let writers = Writers::begin(&place, &[START, RECORD_DELIVERY, APPROVE]).await;
    let begun = Instant::now();
    let migrated = store.migrate().await;
    let took = begun.elapsed();
    let longest = writers.end().await;
    migrated.unwrap();
    assert!(store.migration_status().await.unwrap().iter().all(|migration| migration.applied));
    // It had no need to try again.
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    nothing_was_lost(&place, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_over_several_releases_does_not_either() {
    let place = Place::new().await;
    let store = before(&place, &RELEASED[..3]).await;
    let writers = Writers::begin(&place, &[START, APPROVE]).await;
    let migrated = store.migrate().await;
    let longest = writers.end().await;
    migrated.unwrap();
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    nothing_was_lost(&place, 0).await;
}

/// Holds what a backup holds, until it is told to end.
async fn backup(place: &Place) -> PgConnection {
    let mut connection = place.foreign().await;
    connection.execute("BEGIN; LOCK TABLE events IN ACCESS SHARE MODE").await.unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_waits_for_a_backup_without_making_others_wait() {
    let place = Place::new().await;
    let store = before(&place, &RELEASED).await;
    let writers = Writers::begin(&place, &[START, RECORD_DELIVERY, APPROVE]).await;
    let mut backup = backup(&place).await;
    let migration = tokio::spawn({
        let store = store.clone();
        async move { store.migrate().await }
    });
    sleep(Duration::from_secs(3)).await;
    assert!(!migration.is_finished());
    assert!(store.migration_status().await.unwrap().iter().any(|migration| !migration.applied));
    backup.execute("COMMIT").await.unwrap();
    let migrated = migration.await.unwrap();
    writers.end().await;
    migrated.unwrap();
    assert!(store.migration_status().await.unwrap().iter().all(|migration| migration.applied));
    nothing_was_lost(&place, 1).await;
    backup.close().await.unwrap();
}
