//! The PostgreSQL stores: the contracts of their ports, and what only a server can get wrong.

#[cfg(test)]
#[path = "sql/ear.rs"]
mod ear;
#[cfg(test)]
#[path = "postgres/faults.rs"]
mod faults;
#[cfg(test)]
#[path = "postgres/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "sql/material.rs"]
mod material;
#[cfg(test)]
#[path = "postgres/newer.rs"]
mod newer;
#[cfg(test)]
#[path = "sql/promises.rs"]
mod promises;
#[cfg(test)]
#[path = "postgres/proxy.rs"]
mod proxy;
#[cfg(test)]
#[path = "postgres/schema.rs"]
mod schema;
#[cfg(test)]
#[path = "postgres/secrecy.rs"]
mod secrecy;
#[cfg(test)]
#[path = "postgres/sharing.rs"]
mod sharing;
#[cfg(test)]
#[path = "postgres/tls.rs"]
mod tls;
#[cfg(test)]
#[path = "postgres/together.rs"]
mod together;
#[cfg(test)]
#[path = "postgres/trips.rs"]
mod trips;
#[cfg(test)]
#[path = "sql/unknown.rs"]
mod unknown;
#[cfg(test)]
#[path = "postgres/upgrade.rs"]
mod upgrade;

use std::sync::Arc;

use domain::testkit::contract::{self, Ground};

use self::harness::Place;

#[tokio::test(flavor = "multi_thread")]
async fn verifications_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::verification_store(store.clone(), store, &Ground::new(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeping_keeps_its_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::sweep(store.clone(), store, &Ground::new(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_keep_their_contract() {
    let place = Place::new().await;
    contract::account_store(Arc::new(place.open().await), &Ground::new(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::credential_store(store.clone(), store, &Ground::new(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::delivery_store(store.clone(), store, &Ground::new(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::event_store(store.clone(), store.clone(), store, &Ground::new(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expiring_keeps_its_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::expire(store.clone(), store.clone(), store, &Ground::new(7)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeping_of_events_keeps_its_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    let (webhooks, verifications) = (store.clone(), store.clone());
    contract::sweep_events(store.clone(), webhooks, verifications, store, &Ground::new(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    let (events, verifications) = (store.clone(), store.clone());
    contract::webhook_store(store.clone(), events, verifications, store, &Ground::new(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idempotency_keys_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::idempotency_store(store.clone(), &Ground::new(10)).await;
    contract::idempotency_sweep(store, &Ground::new(11)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::block_store(store.clone(), store.clone(), store, &Ground::new(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::credit_store(store.clone(), store, &Ground::new(13)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::pause_store(contract::PauseStores::of(&store), &Ground::new(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cohorts_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::cohort_store(store.clone(), &Ground::new(30)).await;
    let alone = Place::new().await;
    contract::cohort_sweep(Arc::new(alone.open().await), &Ground::new(31)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    contract::statistic_store(store.clone(), &Ground::new(12)).await;
    contract::statistic_sweep(store, &Ground::new(13)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vitals_keep_their_contract() {
    let place = Place::new().await;
    let store = Arc::new(place.open().await);
    let (webhooks, events, verifications) = (store.clone(), store.clone(), store.clone());
    contract::vital_store(store.clone(), webhooks, events, verifications, store, &Ground::new(14)).await;
}
