//! The schema: how it comes about, and what it refuses whoever asks.

use adapters::sql::{SqlError, SqliteOptions, SqliteStore};
use domain::ports::{Counters, Dependency, PortErrorKind, Receipt, Taken, VerificationStore};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Executor as _, SqliteConnection};

use super::harness::{Place, account, begin, inserted, seconds, take, today, vault};
use crate::promises;

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let place = Place::new();
    let store = SqliteStore::open(&place.options(), vault(7)).await.unwrap();
    let before = store.migration_status().await.unwrap();
    assert!(!before.is_empty() && before.iter().all(|migration| !migration.applied), "{before:?}");
    for _ in 0..2 {
        store.migrate().await.unwrap();
        let after = store.migration_status().await.unwrap();
        assert!(after.iter().all(|migration| migration.applied), "{after:?}");
        assert_eq!(after.len(), before.len());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused() {
    let place = Place::new();
    let store = place.open().await;
    let mut foreign = place.foreign().await;
    foreign
        .execute(
            "INSERT INTO _sqlx_migrations VALUES (9999, 'from the future', '2030-01-01', TRUE, x'00', 1)",
        )
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, SqlError::Newer { version: 9999 }), "{error:?}");
    let last = store.migration_status().await.unwrap().pop().unwrap();
    assert_eq!((last.version, last.description.as_str(), last.applied), (9999, "from the future", true));
}

#[tokio::test]
async fn a_migration_that_was_changed_is_refused() {
    let place = Place::new();
    let store = place.open().await;
    place
        .foreign()
        .await
        .execute("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1")
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, SqlError::Altered { version: 1 }), "{error:?}");
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    let place = Place::new();
    let store = SqliteStore::open(&place.options(), vault(7)).await.unwrap();
    // What the last table of the migration is called is taken, by something of another kind.
    place.foreign().await.execute("CREATE VIEW counter_members AS SELECT 1").await.unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, SqlError::Migration(_)), "{error:?}");
    assert!(store.migration_status().await.unwrap().iter().all(|migration| !migration.applied));
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE type = 'table'")
        .fetch_one(&mut place.foreign().await)
        .await
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn without_its_schema_a_store_says_that_something_is_wrong() {
    let place = Place::new();
    let store = SqliteStore::open(&place.options(), vault(7)).await.unwrap();
    let error = store.ping().await.unwrap_err();
    assert_eq!((error.dependency, error.kind), (Dependency::Store, PortErrorKind::Inconsistent));
    let error = store.counters().take(&[take(1, 1, 1)], begin()).await.unwrap_err();
    assert_eq!((error.dependency, error.kind), (Dependency::Counters, PortErrorKind::Inconsistent));
}

#[tokio::test]
async fn what_is_no_database_is_not_opened() {
    let place = Place::new();
    std::fs::write(
        place.path(),
        "not a database, but long enough to be taken for one at first sight: ".repeat(20),
    )
    .unwrap();
    let error = SqliteStore::open(&place.options(), vault(7)).await.unwrap_err();
    assert!(matches!(error, SqlError::Database(_)), "{error:?}");

    let nowhere = SqliteOptions::at(place.path().with_file_name("nowhere").join("verify.db"));
    let error = SqliteStore::open(&nowhere, vault(7)).await.unwrap_err();
    assert!(matches!(error, SqlError::File { .. }), "{error:?}");
}

/// A database with one of everything, and a foreign connection.
async fn populated(place: &Place) -> (SqliteStore, SqliteConnection) {
    let store = place.open().await;
    let ram = account(&store, "ram", 1).await;
    inserted(&store, Some(&ram), 1).await;
    inserted(&store, None, 2).await;
    store.counters().take(&[take(1, 1, 1)], begin()).await.unwrap();
    let mut foreign = place.foreign().await;
    foreign.execute("INSERT INTO wrong_checks VALUES (randomblob(24), 1, 1, 1)").await.unwrap();
    (store, foreign)
}

#[tokio::test]
async fn the_schema_holds_the_invariants_against_any_program() {
    let place = Place::new();
    let (_store, mut foreign) = populated(&place).await;
    let refused = [
        // States and names.
        "UPDATE verifications SET state = 'done', final_at = 1",
        "UPDATE verifications SET state = 'approved'",
        "UPDATE verifications SET final_at = 1",
        "UPDATE verifications SET purpose = 'fun'",
        "UPDATE verifications SET delivery_state = 'delivered'",
        // Counts.
        "UPDATE verifications SET checks_used = -1",
        "UPDATE verifications SET checks_used = checks_max + 2",
        "UPDATE verifications SET sends_used = -1",
        "UPDATE verifications SET version = -1",
        "UPDATE verifications SET code_length = 5",
        "UPDATE verifications SET lifetime_ms = -1",
        "UPDATE verifications SET cooldowns_ms = '60,x'",
        "UPDATE wrong_checks SET short_codes = -1",
        // Lengths and kinds of values.
        "UPDATE verifications SET id = x'00'",
        "UPDATE verifications SET phone = '9841234567'",
        "UPDATE verifications SET phone = x'00'",
        "UPDATE verifications SET nonce = x'00'",
        "UPDATE verifications SET expires_at = 'tomorrow'",
        "UPDATE verifications SET account_id = x'00'",
        "UPDATE accounts SET username = ''",
        "UPDATE accounts SET application = ''",
        "UPDATE counter_members SET member = x'00'",
        // A phone and when it was proved belong together.
        "UPDATE accounts SET phone = randomblob(24)",
        "UPDATE accounts SET phone_verified_at = 1",
        // One of each.
        "INSERT INTO accounts VALUES (randomblob(16), 'default', 'ram', NULL, NULL, 1)",
        "INSERT INTO wrong_checks SELECT * FROM wrong_checks",
        // One live verification of a subject, with an account and without.
        "INSERT INTO verifications SELECT NULL, randomblob(16), version, application, account_id, phone, purpose, \
            state, final_at, nonce, pepper, code_length, expires_at, locale, app_hash, origin, delivery_number, \
            delivery_state, delivery_at, created_at, sent_at, resend_at, sends_used, checks_used, lifetime_ms, \
            renew_below_ms, checks_max, cooldowns_ms, sent_by FROM verifications WHERE account_id IS NULL",
        "INSERT INTO verifications SELECT NULL, randomblob(16), version, application, account_id, phone, purpose, \
            state, final_at, nonce, pepper, code_length, expires_at, locale, app_hash, origin, delivery_number, \
            delivery_state, delivery_at, created_at, sent_at, resend_at, sends_used, checks_used, lifetime_ms, \
            renew_below_ms, checks_max, cooldowns_ms, sent_by FROM verifications WHERE account_id IS NOT NULL",
        // Credentials.
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'verify', NULL, randomblob(32), 1, NULL, NULL, '')",
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'root', NULL, randomblob(32), 1, NULL, NULL, NULL)",
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'user-token', NULL, randomblob(32), 1, NULL, NULL, NULL)",
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'verify', randomblob(16), randomblob(32), 1, NULL, NULL, NULL)",
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'verify', NULL, randomblob(31), 1, NULL, NULL, NULL)",
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'verify', NULL, zeroblob(32), 1, NULL, NULL, NULL), \
            (randomblob(16), 'default', 'verify', NULL, zeroblob(32), 1, NULL, NULL, NULL)",
        // Idempotency keys.
        "INSERT INTO idempotency_keys VALUES (randomblob(31), randomblob(32), randomblob(16), 1, 1, NULL)",
        "INSERT INTO idempotency_keys VALUES (randomblob(32), randomblob(31), randomblob(16), 1, 1, NULL)",
        "INSERT INTO idempotency_keys VALUES (randomblob(32), randomblob(32), randomblob(15), 1, 1, NULL)",
        "INSERT INTO idempotency_keys VALUES (randomblob(32), randomblob(32), randomblob(16), 1, 1, randomblob(32769))",
        "INSERT INTO idempotency_keys VALUES (zeroblob(32), randomblob(32), randomblob(16), 1, 1, NULL), \
            (zeroblob(32), randomblob(32), randomblob(16), 1, 1, NULL)",
    ];
    for statement in refused {
        let error = foreign.execute(AssertSqlSafe(statement)).await.err();
        // SQLITE_CONSTRAINT, whatever extends it.
        let code = error.as_ref().and_then(|error| error.as_database_error()).and_then(DatabaseError::code);
        let code = code.and_then(|code| code.parse::<i32>().ok());
        assert_eq!(code.map(|code| code & 0xff), Some(19), "{statement}: {error:?}");
    }
    let foreign_keys = [
        "INSERT INTO credentials VALUES (randomblob(16), 'default', 'user-token', randomblob(16), randomblob(32), 1, NULL, NULL, NULL)",
        // The account is there, but of another application.
        "UPDATE verifications SET application = 'other' WHERE account_id IS NOT NULL",
        "DELETE FROM accounts",
    ];
    foreign.execute("PRAGMA foreign_keys = ON").await.unwrap();
    for statement in foreign_keys {
        let error = foreign.execute(AssertSqlSafe(statement)).await.unwrap_err();
        assert!(
            error.as_database_error().is_some_and(DatabaseError::is_foreign_key_violation),
            "{statement}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_phone_has_one_holder_in_an_application_whoever_writes() {
    let place = Place::new();
    let (_store, mut foreign) = populated(&place).await;
    let two = "INSERT INTO accounts VALUES (randomblob(16), 'default', 'a', zeroblob(24), 1, 1), \
        (randomblob(16), $1, 'b', zeroblob(24), 1, 1)";
    let error = sqlx::query(two).bind("default").execute(&mut foreign).await.unwrap_err();
    assert!(error.as_database_error().is_some_and(DatabaseError::is_unique_violation), "{error:?}");
    sqlx::query(two).bind("another").execute(&mut foreign).await.unwrap();
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_told_and_not_guessed_at() {
    let nonsense = [
        "UPDATE verifications SET phone = randomblob(24)",
        "UPDATE verifications SET application = 'Not A Slug'",
        "UPDATE verifications SET locale = 'xx'",
        "UPDATE verifications SET origin = 'http://example.com'",
        "UPDATE verifications SET app_hash = '???????????'",
        "UPDATE verifications SET expires_at = 9223372036854775807",
        "UPDATE verifications SET cooldowns_ms = ','",
        "UPDATE accounts SET username = ' ram'",
    ];
    for statement in nonsense {
        let place = Place::new();
        let store = place.open().await;
        let ram = account(&store, "ram", 1).await;
        let verification = inserted(&store, Some(&ram), 1).await;
        place.foreign().await.execute(AssertSqlSafe(statement)).await.unwrap();
        let error = store.load(verification.id, today()).await.unwrap_err();
        assert_eq!(
            (error.dependency, error.kind),
            (Dependency::Store, PortErrorKind::Inconsistent),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn an_approval_for_an_account_that_is_not_the_applications_stores_nothing() {
    promises::an_approval_for_an_account_that_is_not_the_applications_stores_nothing(
        &Place::new().open().await,
    )
    .await;
}

#[tokio::test]
async fn a_clock_that_was_put_back_does_not_hide_the_live_verification() {
    promises::a_clock_that_was_put_back_does_not_hide_the_live_verification(&Place::new().open().await).await;
}

#[tokio::test]
async fn of_two_of_one_millisecond_the_second_is_the_younger() {
    promises::of_two_of_one_millisecond_the_second_is_the_younger(&Place::new().open().await).await;
}

#[tokio::test]
async fn what_counts_no_more_does_not_pile_up() {
    let place = Place::new();
    let store = place.open().await;
    let counters = store.counters();
    for phone in 0..60 {
        counters.take(&[take(1, phone, phone)], begin()).await.unwrap();
    }
    let mut foreign = place.foreign().await;
    let mut left = Vec::new();
    for phone in 1000..1003 {
        let taken = counters.take(&[take(1, phone, phone)], seconds(600)).await.unwrap();
        assert!(matches!(taken, Taken::All(_)));
        let rows: i64 =
            sqlx::query_scalar("SELECT count(*) FROM counter_members").fetch_one(&mut foreign).await.unwrap();
        left.push(rows);
    }
    assert_eq!(left, [36, 12, 3]);
}

#[tokio::test]
async fn a_member_that_counted_before_and_does_no_more_is_taken_as_a_new_one() {
    let place = Place::new();
    let counters = place.open().await.counters();
    let once = take(1, 1, 1);
    let receipt = Receipt(vec![(once.key.clone(), once.member)]);
    for at in [begin(), seconds(600)] {
        let taken = counters.take(std::slice::from_ref(&once), at).await.unwrap();
        assert_eq!(taken, Taken::All(Receipt(receipt.0.clone())), "what was added can be given back");
    }
    counters.refund(&receipt).await.unwrap();
    assert!(matches!(counters.take(&[take(1, 1, 2)], seconds(600)).await.unwrap(), Taken::All(_)));
}

#[tokio::test]
async fn a_name_is_looked_up_in_its_application_only() {
    promises::a_name_is_looked_up_in_its_application_only(&Place::new().open().await).await;
}
