//! The SQLite stores: the contracts of their ports, and what only a file can get wrong.

use std::path::PathBuf;
use std::sync::Arc;

use domain::phone_key::PhoneKey;
use domain::testkit::contract::{self, Ground};
use adapters::phone_vault::PhoneVault;
use adapters::sql::{SqlError, SqliteOptions, SqliteStore};
use tempfile::TempDir;

/// A database file of a test's own.
struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("verify.db")
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions::at(self.path())
    }

    async fn open(&self) -> SqliteStore {
        let store = SqliteStore::open(&self.options(), vault(7)).await.unwrap();
        store.migrate().await.unwrap();
        store
    }
}

fn vault(key: u8) -> PhoneVault {
    PhoneVault::new(&PhoneKey::new(&[key; 32]).unwrap())
}

mod contracts {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn verifications_keep_their_contract() {
        let place = Place::new();
        let store = Arc::new(place.open().await);
        contract::verification_store(store.clone(), store, &Ground::new(1)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn sweeping_keeps_its_contract() {
        let place = Place::new();
        let store = Arc::new(place.open().await);
        contract::sweep(store.clone(), store, &Ground::new(2)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn accounts_keep_their_contract() {
        let place = Place::new();
        contract::account_store(Arc::new(place.open().await), &Ground::new(3)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn credentials_keep_their_contract() {
        let place = Place::new();
        let store = Arc::new(place.open().await);
        contract::credential_store(store.clone(), store, &Ground::new(4)).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn counters_keep_their_contract() {
        let place = Place::new();
        contract::counters(Arc::new(place.open().await.counters()), &Ground::new(5)).await;
    }
}
