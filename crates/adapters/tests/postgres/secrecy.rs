//! What the tables, the errors and the logs give away: nothing.

use adapters::sql::{PostgresOptions, PostgresStore, SqlError};
use domain::account::{Account, Username, VerifiedPhone};
use domain::id::AccountId;
use domain::ports::{AccountStore, VerificationStore};
use domain::testkit::SeededEntropy;
use sqlx::{AssertSqlSafe, Row as _};

use super::harness::{PHONE_DIGITS, Place, account, begin, inserted, one_of_everything, phone, today, vault};
use crate::ear;

/// The seal of the phone, as the server writes it.
fn sealed_phone() -> String {
    vault(7).seal(phone()).map(|byte| format!("{byte:02x}")).concat()
}

#[tokio::test]
async fn neither_a_phone_nor_a_secret_is_in_the_tables() {
    let place = Place::new().await;
    let secret = one_of_everything(&place.open().await).await;
    let mut foreign = place.foreign().await;
    let mut all = String::new();
    for table in [
        "settings",
        "accounts",
        "verifications",
        "wrong_checks",
        "credentials",
        "events",
        "event_outbox",
        "idempotency_keys",
        "blocks",
        "statistics",
        "statistic_writers",
        "delivery_cohorts",
        "_sqlx_migrations",
    ] {
        let rows = format!("SELECT t::text FROM {table} t");
        let rows = sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut foreign).await.unwrap();
        assert!(!rows.is_empty(), "{table}");
        for row in rows {
            all.push_str(row.get::<&str, _>(0));
        }
    }
    assert!(all.contains("ram-the-first"), "what is not secret is there to be read");
    let number = format!("{:012x}", phone().digits());
    let reversed: String =
        number.as_bytes().rchunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
    assert!(!all.contains(PHONE_DIGITS), "a phone must not be there in digits");
    assert!(!all.contains(&number) && !all.contains(&reversed), "a phone must not be there as a number");
    assert!(!all.contains(secret.reveal()) && !all.contains(&secret.reveal()[4..]), "nor a secret");
}

#[tokio::test]
async fn another_phone_key_is_refused_at_once() {
    let place = Place::new().await;
    place.open().await;
    let error = PostgresStore::open(&place.options(), vault(8)).await.unwrap_err();
    assert!(matches!(error, SqlError::PhoneKey));
}

#[tokio::test]
async fn of_two_phone_keys_the_first_to_migrate_holds() {
    let place = Place::new().await;
    let first = PostgresStore::open(&place.options(), vault(7)).await.unwrap();
    let second = PostgresStore::open(&place.options(), vault(8)).await.unwrap();
    first.migrate().await.unwrap();
    assert!(matches!(second.migrate().await.unwrap_err(), SqlError::PhoneKey));
    one_of_everything(&first).await;
}

#[tokio::test]
async fn a_lost_seal_is_not_taken_for_a_new_database() {
    let place = Place::new().await;
    place.open().await;
    sqlx::query("DELETE FROM settings").execute(&mut place.foreign().await).await.unwrap();
    let error = PostgresStore::open(&place.options(), vault(7)).await.unwrap_err();
    assert!(matches!(error, SqlError::PhoneKey));
}

#[tokio::test]
async fn nothing_that_prints_tells_a_phone_a_name_or_a_password() {
    let place = Place::new().await;
    let store = place.open().await;
    let with_password = PostgresOptions::from_url("postgres://ram:secret@db/verify").unwrap();
    let printed = format!("{store:?} {with_password:?} {}", with_password.shown());
    assert!(printed.contains("postgres://ram:********@db/verify"), "{printed}");
    assert!(!printed.contains("secret"), "{printed}");

    // The server tells which values an error is about; the store does not.
    let ram = account(&store, "ram", 1).await;
    let named = |name, seed| Account {
        username: Username::parse(name).unwrap(),
        id: AccountId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
        phone: Some(VerifiedPhone { phone: phone(), verified_at: begin() }),
        ..ram.clone()
    };
    store.add(&named("sita", 9)).await.unwrap();
    let error = store.add(&named("hari", 10)).await.unwrap_err();
    let printed = format!("{error:?} {error} {}", error.source);
    assert!(printed.contains("accounts_by_phone"), "{printed}");
    let sealed = sealed_phone();
    for secret in [PHONE_DIGITS, "hari", "sita", &sealed, "Key ("] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}

#[tokio::test]
async fn no_statement_and_no_value_is_logged() {
    ear::listen();
    let place = Place::new().await;
    let store = place.open().await;
    let secret = one_of_everything(&store).await;
    // An error, and a connection that is lost.
    let twice = inserted(&store, None, 40).await;
    let broken = domain::verification::Verification { checks_used: u32::MAX, version: 1, ..twice.clone() };
    let change = domain::ports::Change { next: &broken, expected: 0, guess: None };
    store.save(&change).await.unwrap_err();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query(end).execute(&mut place.foreign().await).await.unwrap();
    store.load(twice.id, today()).await.unwrap();

    let heard = ear::heard();
    for statement in ["INSERT INTO", "UPDATE", "FROM verifications", "WITH held"] {
        assert!(!heard.contains(statement), "statements must not be logged: {statement}");
    }
    assert!(heard.contains("a connection to the database was lost"), "what an operator wants to know is");
    let sealed = sealed_phone();
    for secret in [PHONE_DIGITS, "ram-the-first", secret.reveal(), &sealed] {
        assert!(!heard.contains(secret), "{secret} must not be logged");
    }
}
