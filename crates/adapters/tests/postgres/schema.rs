//! The schema: how it comes about, and what it refuses whoever asks.

use adapters::sql::{PostgresStore, SqlError};
use domain::ports::{AccountStore, Dependency, PortErrorKind, VerificationStore};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::harness::{Place, account, begin, inserted, patient, today, vault};
use crate::promises;

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let place = Place::new().await;
    let store = PostgresStore::open(&place.options(), vault(7)).await.unwrap();
    let before = store.migration_status().await.unwrap();
    assert!(!before.is_empty() && before.iter().all(|migration| !migration.applied), "{before:?}");
    for _ in 0..2 {
        store.migrate().await.unwrap();
        let after = store.migration_status().await.unwrap();
        assert!(after.iter().all(|migration| migration.applied), "{after:?}");
        assert_eq!(after.len(), before.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_that_migrate_at_once_all_get_a_whole_schema() {
    let place = Place::new().await;
    let replicas: Vec<_> = (0..10)
        .map(|_| {
            let options = place.options();
            tokio::spawn(async move {
                let store = PostgresStore::open(&options, vault(7)).await.unwrap();
                store.migrate().await.unwrap();
                store.ping().await.unwrap();
            })
        })
        .collect();
    for replica in replicas {
        replica.await.unwrap();
    }
}

#[tokio::test]
async fn who_has_nothing_to_migrate_needs_no_rights_for_it() {
    let place = Place::new().await;
    place.open().await;
    let role = format!("t_{}", uuid::Uuid::from_u128(rand::random()).simple());
    let mut foreign = place.foreign().await;
    let grants = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'guest';
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
         REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    );
    foreign.execute(AssertSqlSafe(grants)).await.unwrap();
    let (_, server) = place.url().rsplit_once('@').unwrap();
    let url = format!("postgres://{role}:guest@{server}");
    let as_guest = async {
        let store = PostgresStore::open(&patient(&url), vault(7)).await?;
        store.migrate().await?;
        let ram = account(&store, "ram", 1).await;
        inserted(&store, Some(&ram), 1).await;
        store.close().await;
        Ok::<_, SqlError>(())
    }
    .await;
    let denied = super::harness::foreign(&url).await.execute("CREATE TABLE theirs (id integer)").await;
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    foreign.execute(AssertSqlSafe(gone)).await.unwrap();
    as_guest.unwrap();
    let denied = denied.unwrap_err();
    assert_eq!(denied.as_database_error().and_then(DatabaseError::code).as_deref(), Some("42501"));
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused() {
    let place = Place::new().await;
    let store = place.open().await;
    let newer =
        "INSERT INTO _sqlx_migrations VALUES (9999, 'from the future', '2030-01-01', TRUE, '\\x00', 1)";
    place.foreign().await.execute(newer).await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, SqlError::Newer { version: 9999 }), "{error:?}");
    let last = store.migration_status().await.unwrap().pop().unwrap();
    assert_eq!((last.version, last.description.as_str(), last.applied), (9999, "from the future", true));
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let place = Place::new().await;
    let store = place.open().await;
    let changed = "UPDATE _sqlx_migrations SET checksum = '\\x00' WHERE version = 1";
    place.foreign().await.execute(changed).await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, SqlError::Altered { version: 1 }), "{error:?}");
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    let place = Place::new().await;
    let store = PostgresStore::open(&place.options(), vault(7)).await.unwrap();
    // What the last table of the migration is called is taken.
    let mut foreign = place.foreign().await;
    foreign.execute("CREATE VIEW credentials AS SELECT 1").await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, SqlError::Migration(_)), "{error:?}");
    assert!(store.migration_status().await.unwrap().iter().all(|migration| !migration.applied));
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'credentials'",
    )
    .fetch_one(&mut foreign)
    .await
    .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn without_its_schema_a_store_says_that_something_is_wrong() {
    let place = Place::new().await;
    let store = PostgresStore::open(&place.options(), vault(7)).await.unwrap();
    let error = store.ping().await.unwrap_err();
    assert_eq!((error.dependency, error.kind), (Dependency::Store, PortErrorKind::Inconsistent));
}

/// A database with one of everything, and a foreign connection.
async fn populated(place: &Place) -> (PostgresStore, PgConnection) {
    let store = place.open().await;
    let ram = account(&store, "ram", 1).await;
    inserted(&store, Some(&ram), 1).await;
    inserted(&store, None, 2).await;
    let mut foreign = place.foreign().await;
    foreign
        .execute("INSERT INTO wrong_checks SELECT DISTINCT phone, date '2026-01-15', 1, 1 FROM verifications")
        .await
        .unwrap();
    (store, foreign)
}

/// All of a verification but its id and its place in the order of insertion.
const REST: &str = "version, application, account_id, phone, purpose, state, final_at, nonce, pepper, code_length, \
    expires_at, locale, app_hash, origin, delivery_number, delivery_state, delivery_at, created_at, sent_at, \
    resend_at, sends_used, checks_used, lifetime_ms, renew_below_ms, checks_max, cooldowns_ms";

const CHECK: &str = "23514";
const UNIQUE: &str = "23505";
const FOREIGN_KEY: &str = "23503";

async fn refuses(foreign: &mut PgConnection, statement: &str, code: &str) {
    let refused = foreign.execute(AssertSqlSafe(statement)).await.err();
    let told = refused.as_ref().and_then(|error| error.as_database_error()).and_then(DatabaseError::code);
    assert_eq!(told.as_deref(), Some(code), "{statement}: {refused:?}");
}

/// Stores a delivery of the first verification, with these values.
fn delivery(
    application: &str,
    number: &str,
    answer: &str,
    took_ms: &str,
    message_id: &str,
    credits: &str,
) -> String {
    format!(
        "INSERT INTO deliveries SELECT gen_random_uuid(), id, {application}, {number}, 'sparrow', {answer}, now(), \
         {took_ms}, 1, {message_id}, {credits} FROM verifications LIMIT 1"
    )
}

#[tokio::test]
async fn the_schema_holds_what_a_value_may_be_against_any_program() {
    let place = Place::new().await;
    let (_store, mut foreign) = populated(&place).await;
    for statement in [
        // States and names.
        "UPDATE verifications SET state = 'done', final_at = now()",
        "UPDATE verifications SET state = 'approved'",
        "UPDATE verifications SET final_at = now()",
        "UPDATE verifications SET purpose = 'fun'",
        "UPDATE verifications SET delivery_state = 'delivered'",
        // Counts.
        "UPDATE verifications SET checks_used = -1",
        "UPDATE verifications SET checks_used = checks_max + 2",
        "UPDATE verifications SET sends_used = -1",
        "UPDATE verifications SET version = -1",
        "UPDATE verifications SET code_length = 5",
        "UPDATE verifications SET delivery_number = -1",
        "UPDATE verifications SET lifetime_ms = -1",
        "UPDATE verifications SET renew_below_ms = -1",
        "UPDATE verifications SET checks_max = -1, checks_used = -1",
        "UPDATE verifications SET cooldowns_ms = '60,x'",
        "UPDATE wrong_checks SET short_codes = -1",
        "UPDATE wrong_checks SET day = 'infinity'",
        // Lengths.
        "UPDATE verifications SET phone = '\\x00'",
        "UPDATE verifications SET nonce = '\\x00'",
        "UPDATE verifications SET pepper = '\\x00'",
        "UPDATE verifications SET application = '', account_id = NULL",
        "UPDATE verifications SET locale = 'x'",
        "UPDATE verifications SET app_hash = 'x'",
        "UPDATE verifications SET origin = 'x'",
        "UPDATE verifications SET expires_at = 'infinity'",
        "UPDATE verifications SET delivery_at = 'infinity'",
        "UPDATE verifications SET created_at = 'infinity'",
        "UPDATE verifications SET sent_at = 'infinity'",
        "UPDATE verifications SET resend_at = 'infinity'",
        "UPDATE verifications SET state = 'expired', final_at = 'infinity'",
        "UPDATE accounts SET username = ''",
        "UPDATE accounts SET application = ''",
        // What happened, and what became of an SMS.
        "INSERT INTO events (id, application, kind, at) VALUES (gen_random_uuid(), '', 'x', now())",
        "INSERT INTO events (id, application, kind, at) VALUES (gen_random_uuid(), 'a', '', now())",
        "INSERT INTO events (id, application, kind, at) VALUES (gen_random_uuid(), 'a', 'x', 'infinity')",
        "INSERT INTO events (id, application, kind, at, purpose) VALUES (gen_random_uuid(), 'a', 'x', now(), 'fun')",
        "INSERT INTO events (id, application, kind, at, phone) VALUES (gen_random_uuid(), 'a', 'x', now(), '\\x00')",
        "INSERT INTO events (id, application, kind, at, reason) VALUES (gen_random_uuid(), 'a', 'x', now(), '')",
        "INSERT INTO events (id, application, kind, at, gateway) VALUES (gen_random_uuid(), 'a', 'x', now(), '')",
        "INSERT INTO events (id, application, kind, at, thousandths) VALUES (gen_random_uuid(), 'a', 'x', now(), -1)",
        &delivery("''", "1", "'accepted'", "1", "NULL", "NULL"),
        &delivery("'a'", "-1", "'accepted'", "1", "NULL", "NULL"),
        &delivery("'a'", "1", "'lost'", "1", "NULL", "NULL"),
        &delivery("'a'", "1", "'accepted'", "-1", "NULL", "NULL"),
        &delivery("'a'", "1", "'accepted'", "1", "''", "NULL"),
        &delivery("'a'", "1", "'accepted'", "1", "NULL", "4294967296"),
        // The nil UUID stands for nobody.
        "INSERT INTO accounts VALUES ('00000000-0000-0000-0000-000000000000', 'default', 'x', NULL, NULL, now())",
        // A phone and when it was proved belong together.
        "UPDATE accounts SET phone = (SELECT min(phone::text)::bytea FROM verifications)",
        "UPDATE accounts SET phone_verified_at = now()",
        // Credentials.
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'verify', NULL, sha256('a'), now(), NULL, NULL, '')",
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'root', NULL, sha256('a'), now(), NULL, NULL)",
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'user-token', NULL, sha256('a'), now(), NULL, NULL)",
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'verify', gen_random_uuid(), sha256('a'), now(), NULL, NULL)",
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'verify', NULL, '\\x00', now(), NULL, NULL)",
        // Idempotency keys.
        "INSERT INTO idempotency_keys VALUES ('\\x00', sha256('a'), '0123456789abcdef', now(), now(), NULL)",
        "INSERT INTO idempotency_keys VALUES (sha256('a'), '\\x00', '0123456789abcdef', now(), now(), NULL)",
        "INSERT INTO idempotency_keys VALUES (sha256('a'), sha256('a'), '\\x00', now(), now(), NULL)",
        "INSERT INTO idempotency_keys VALUES (sha256('a'), sha256('a'), '0123456789abcdef', now(), 'infinity', NULL)",
        "INSERT INTO idempotency_keys VALUES (sha256('a'), sha256('a'), '0123456789abcdef', now(), now(), '')",
    ] {
        refuses(&mut foreign, statement, CHECK).await;
    }
}

#[tokio::test]
async fn the_schema_holds_what_there_is_one_of_against_any_program() {
    let place = Place::new().await;
    let (_store, mut foreign) = populated(&place).await;
    let twin =
        format!("INSERT INTO verifications (id, {REST}) SELECT gen_random_uuid(), {REST} FROM verifications");
    for statement in [
        "INSERT INTO accounts VALUES (gen_random_uuid(), 'default', 'ram', NULL, NULL, now())",
        "INSERT INTO wrong_checks SELECT * FROM wrong_checks",
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'verify', NULL, sha256('a'), now(), NULL, NULL), \
            (gen_random_uuid(), 'default', 'verify', NULL, sha256('a'), now(), NULL, NULL)",
        // One live verification of a subject, with an account and without.
        &format!("{twin} WHERE account_id IS NULL"),
        &format!("{twin} WHERE account_id IS NOT NULL"),
    ] {
        refuses(&mut foreign, statement, UNIQUE).await;
    }
    for statement in [
        "INSERT INTO credentials VALUES (gen_random_uuid(), 'default', 'user-token', gen_random_uuid(), sha256('a'), now(), NULL, NULL)",
        // The account is there, but of another application.
        "UPDATE verifications SET application = 'other' WHERE account_id IS NOT NULL",
        "DELETE FROM accounts",
    ] {
        refuses(&mut foreign, statement, FOREIGN_KEY).await;
    }
}

#[tokio::test]
async fn a_phone_has_one_holder_in_an_application_whoever_writes() {
    let place = Place::new().await;
    let (_store, mut foreign) = populated(&place).await;
    let two = "INSERT INTO accounts
        SELECT gen_random_uuid(), a.application, a.username, substring(sha256('a') FOR 24), now(), now()
        FROM (VALUES ('default', 'a'), ($1, 'b')) a (application, username)";
    let error = sqlx::query(two).bind("default").execute(&mut foreign).await.unwrap_err();
    assert!(error.as_database_error().is_some_and(DatabaseError::is_unique_violation), "{error:?}");
    sqlx::query(two).bind("another").execute(&mut foreign).await.unwrap();
}

#[tokio::test]
async fn an_instant_has_whole_milliseconds_whoever_writes_it() {
    let place = Place::new().await;
    let store = place.open().await;
    let ram = account(&store, "ram", 1).await;
    let moved = "UPDATE accounts SET created_at = created_at + interval '1 millisecond 400 microseconds'";
    place.foreign().await.execute(moved).await.unwrap();
    let found = store.load_account(ram.id).await.unwrap().unwrap().created_at;
    assert_eq!(found.as_microsecond(), begin().as_microsecond() + 1000);
    assert_eq!(store.time().await.unwrap().as_nanosecond() % 1_000_000, 0);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_told_and_not_guessed_at() {
    let nonsense = [
        "UPDATE verifications SET phone = substring(sha256('a') FOR 24)",
        "UPDATE verifications SET application = 'Not A Slug', account_id = NULL",
        "UPDATE verifications SET locale = 'xx'",
        "UPDATE verifications SET origin = 'http://example.com'",
        "UPDATE verifications SET app_hash = '???????????'",
        "UPDATE verifications SET expires_at = '20000-01-01'",
        "UPDATE verifications SET cooldowns_ms = ','",
        "UPDATE accounts SET username = ' ram'",
    ];
    let place = Place::new().await;
    let store = place.open().await;
    let ram = account(&store, "ram", 1).await;
    let verification = inserted(&store, Some(&ram), 1).await;
    let mut foreign = place.foreign().await;
    for statement in nonsense {
        foreign.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM verifications").await.unwrap();
        foreign.execute(AssertSqlSafe(statement)).await.unwrap();
        let error = store.load(verification.id, today()).await.unwrap_err();
        assert_eq!(
            (error.dependency, error.kind),
            (Dependency::Store, PortErrorKind::Inconsistent),
            "{statement}"
        );
        foreign
            .execute(
                "DELETE FROM verifications;
                 INSERT INTO verifications OVERRIDING SYSTEM VALUE SELECT * FROM kept;
                 UPDATE accounts SET username = 'ram';
                 DROP TABLE kept",
            )
            .await
            .unwrap();
    }
    assert_eq!(store.load(verification.id, today()).await.unwrap().unwrap().verification, verification);
}

#[tokio::test]
async fn an_approval_for_an_account_that_is_not_the_applications_stores_nothing() {
    let place = Place::new().await;
    promises::an_approval_for_an_account_that_is_not_the_applications_stores_nothing(&place.open().await)
        .await;
}

#[tokio::test]
async fn a_clock_that_was_put_back_does_not_hide_the_live_verification() {
    let place = Place::new().await;
    promises::a_clock_that_was_put_back_does_not_hide_the_live_verification(&place.open().await).await;
}

#[tokio::test]
async fn of_two_of_one_millisecond_the_second_is_the_younger() {
    let place = Place::new().await;
    promises::of_two_of_one_millisecond_the_second_is_the_younger(&place.open().await).await;
}

#[tokio::test]
async fn a_name_is_looked_up_in_its_application_only() {
    let place = Place::new().await;
    promises::a_name_is_looked_up_in_its_application_only(&place.open().await).await;
}

#[tokio::test]
async fn names_do_not_depend_on_the_collation_of_the_database() {
    let place = Place::new().await;
    let store = place.open().await;
    for (seed, name) in ["ram", "Ram", "RAM", "rám", "ra\u{301}m"].into_iter().enumerate() {
        let added = account(&store, name, seed as u64).await;
        assert_eq!(added.username.as_str(), name, "each spelling is an account of its own");
    }
    let collations: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT collation_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'text' AND table_name NOT LIKE '\\_sqlx%'",
    )
    .fetch_all(&mut place.foreign().await)
    .await
    .unwrap();
    assert_eq!(collations, ["C"]);
}
