//! What the file, its mode and the logs give away: nothing.

use adapters::sql::{SqlError, SqliteStore};
use domain::account::VerifiedPhone;
use domain::credential::CredentialSecret;
use domain::ports::{AccountStore, Counters};
use domain::testkit::SeededEntropy;

use super::harness::{PHONE_DIGITS, Place, account, begin, one_of_everything, phone, take, vault};
use crate::ear;

/// Everything that has a phone or a secret in it.
async fn write(store: &SqliteStore) -> CredentialSecret {
    store.counters().take(&[take(5, 41_234_567, 1)], begin()).await.unwrap();
    one_of_everything(store).await
}

#[tokio::test]
async fn neither_a_phone_nor_a_secret_is_in_the_files() {
    let place = Place::new();
    let store = place.open().await;
    let secret = write(&store).await;
    let files: Vec<u8> = ["db", "db-wal", "db-shm"]
        .into_iter()
        .flat_map(|extension| std::fs::read(place.path().with_extension(extension)).unwrap())
        .collect();
    let holds = |bytes: &[u8]| files.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(b"ram-the-first"), "what is not secret is there to be read");
    assert!(!holds(PHONE_DIGITS.as_bytes()), "a phone must not be there in digits");
    assert!(!holds(&phone().digits().to_be_bytes()[2..]), "a phone must not be there as a number");
    assert!(!holds(&phone().digits().to_le_bytes()[..6]), "a phone must not be there as a number");
    assert!(!holds(secret.reveal().as_bytes()), "a secret must not be there");
    assert!(!holds(&secret.reveal().as_bytes()[4..]), "a secret must not be there");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let store = place.open().await;
    write(&store).await;
    for extension in ["db", "db-wal", "db-shm"] {
        let mode = std::fs::metadata(place.path().with_extension(extension)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{extension}");
    }
}

#[tokio::test]
async fn another_phone_key_is_refused_at_once() {
    let place = Place::new();
    place.open().await;
    let error = SqliteStore::open(&place.options(), vault(8)).await.unwrap_err();
    assert!(matches!(error, SqlError::PhoneKey));
    assert_eq!(error.to_string(), "phone_key is not the one this database was made with");
}

#[tokio::test]
async fn of_two_phone_keys_the_first_to_migrate_holds() {
    let place = Place::new();
    let first = SqliteStore::open(&place.options(), vault(7)).await.unwrap();
    let second = SqliteStore::open(&place.options(), vault(8)).await.unwrap();
    first.migrate().await.unwrap();
    assert!(matches!(second.migrate().await.unwrap_err(), SqlError::PhoneKey));
    write(&first).await;
}

#[tokio::test]
async fn a_lost_seal_is_not_taken_for_a_new_database() {
    let place = Place::new();
    place.open().await;
    let mut foreign = place.foreign().await;
    sqlx::query("DELETE FROM settings").execute(&mut foreign).await.unwrap();
    let error = SqliteStore::open(&place.options(), vault(7)).await.unwrap_err();
    assert!(matches!(error, SqlError::PhoneKey));
}

#[tokio::test]
async fn nothing_that_prints_tells_a_phone_or_a_key() {
    let place = Place::new();
    let store = place.open().await;
    let printed = format!("{store:?} {:?} {:?}", store.counters(), vault(7));
    assert!(printed.contains("verify.db"), "{printed}");

    // An error about a value does not tell the value.
    let ram = account(&store, "ram", 1).await;
    let twin = domain::account::Account {
        username: domain::account::Username::parse("sita").unwrap(),
        id: domain::id::AccountId::new(begin(), &SeededEntropy::new(9)).unwrap(),
        phone: Some(VerifiedPhone { phone: phone(), verified_at: begin() }),
        ..ram.clone()
    };
    store.add(&twin).await.unwrap();
    let other = domain::account::Account {
        username: domain::account::Username::parse("hari").unwrap(),
        id: domain::id::AccountId::new(begin(), &SeededEntropy::new(10)).unwrap(),
        ..twin
    };
    let error = store.add(&other).await.unwrap_err();
    let printed = format!("{error:?} {error} {}", error.source);
    assert!(printed.contains("accounts.phone"), "{printed}");
    assert!(!printed.contains(PHONE_DIGITS) && !printed.contains("hari"), "{printed}");
}

#[tokio::test]
async fn no_statement_is_logged() {
    ear::listen();
    let place = Place::new();
    write(&place.open().await).await;
    assert!(!ear::heard().contains("[sqlx::query]"), "statements must not be logged");
}
