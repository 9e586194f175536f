//! The fakes of the testkit keep the contracts that the adapters keep.

use std::sync::Arc;
use std::time::Duration;

use domain::message::{AppName, Content, Locale, MessageFormat};
use domain::ports::{Clock, Sms};
use domain::testkit::contract::{self, Ground};
use domain::testkit::{ManualClock, MemoryCounters, MemoryStore, ScriptedGateway, SeededEntropy, phone};
use domain::time::Timestamp;

#[tokio::test(flavor = "multi_thread")]
async fn the_counters_in_memory_keep_the_contract() {
    contract::counters(Arc::new(MemoryCounters::default()), &Ground::new(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_verifications() {
    let store = Arc::new(MemoryStore::default());
    contract::verification_store(store.clone(), store, &Ground::new(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_sweeping() {
    let store = Arc::new(MemoryStore::default());
    contract::sweep(store.clone(), store, &Ground::new(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_accounts() {
    contract::account_store(Arc::new(MemoryStore::default()), &Ground::new(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_credentials() {
    let store = Arc::new(MemoryStore::default());
    contract::credential_store(store.clone(), store, &Ground::new(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_deliveries() {
    let store = Arc::new(MemoryStore::default());
    contract::delivery_store(store.clone(), store, &Ground::new(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_events() {
    let store = Arc::new(MemoryStore::default());
    contract::event_store(store.clone(), store.clone(), store, &Ground::new(16)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_expiring() {
    let store = Arc::new(MemoryStore::default());
    contract::expire(store.clone(), store.clone(), store, &Ground::new(7)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_sweeping_events() {
    let store = Arc::new(MemoryStore::default());
    let (webhooks, verifications) = (store.clone(), store.clone());
    contract::sweep_events(store.clone(), webhooks, verifications, store, &Ground::new(8)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_webhooks() {
    let store = Arc::new(MemoryStore::default());
    let (events, verifications) = (store.clone(), store.clone());
    contract::webhook_store(store.clone(), events, verifications, store, &Ground::new(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_blocks() {
    let store = Arc::new(MemoryStore::default());
    contract::block_store(store.clone(), store.clone(), store, &Ground::new(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_statistics() {
    let store = Arc::new(MemoryStore::default());
    contract::statistic_store(store.clone(), &Ground::new(8)).await;
    contract::statistic_sweep(store, &Ground::new(9)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suites_with_different_seeds_share_one_store() {
    let store = Arc::new(MemoryStore::default());
    let counters = Arc::new(MemoryCounters::default());
    let suites: Vec<_> = (10..14)
        .map(|seed| {
            let (store, counters) = (store.clone(), counters.clone());
            tokio::spawn(async move {
                let ground = Ground::new(seed);
                contract::verification_store(store.clone(), store.clone(), &ground).await;
                contract::event_store(store.clone(), store.clone(), store.clone(), &ground).await;
                contract::account_store(store.clone(), &ground).await;
                contract::credential_store(store.clone(), store.clone(), &ground).await;
                contract::delivery_store(store.clone(), store, &ground).await;
                contract::counters(counters, &ground).await;
            })
        })
        .collect();
    for suite in suites {
        suite.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scripted_gateway_answers_in_time() {
    let messages = MessageFormat::new(AppName::parse("Demo").unwrap());
    let content =
        Content { locale: Locale::English, code: "042137", minutes: 10, app_hash: None, origin: None };
    let sms = Sms { to: phone("9841234567"), text: messages.render(&content) };
    let gateway = Arc::new(ScriptedGateway::default());
    contract::sms_gateway(gateway.clone(), &sms, Duration::from_secs(5)).await;
    assert_eq!(gateway.last_code().as_deref(), Some("042137"));
}

#[test]
fn the_manual_clock_keeps_the_contract() {
    let clock = ManualClock::at("2026-01-15T08:00:00.123456789Z".parse::<Timestamp>().unwrap());
    clock.advance(Duration::from_nanos(1_999_999));
    assert_eq!(clock.now().as_millisecond() % 1000, 124);
    contract::clock(&(Arc::new(clock) as Arc<dyn Clock>));
}

#[test]
fn the_seeded_entropy_keeps_the_contract() {
    for seed in [0, 1, u64::MAX] {
        contract::entropy(&(Arc::new(SeededEntropy::new(seed)) as _));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_idempotency_keys() {
    let store = Arc::new(MemoryStore::default());
    contract::idempotency_store(store.clone(), &Ground::new(6)).await;
    contract::idempotency_sweep(store, &Ground::new(7)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cohorts_in_memory_keep_their_contract() {
    let store = Arc::new(MemoryStore::default());
    contract::cohort_store(store.clone(), &Ground::new(16)).await;
    contract::cohort_sweep(Arc::new(MemoryStore::default()), &Ground::new(17)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_in_memory_keep_their_contract() {
    let store = Arc::new(MemoryStore::default());
    contract::credit_store(store.clone(), store, &Ground::new(13)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_vitals() {
    let store = Arc::new(MemoryStore::default());
    let (webhooks, events, verifications) = (store.clone(), store.clone(), store.clone());
    contract::vital_store(store.clone(), webhooks, events, verifications, store, &Ground::new(15)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_in_memory_keeps_the_contract_of_pauses() {
    let store = Arc::new(MemoryStore::default());
    contract::pause_store(contract::PauseStores::of(&store), &Ground::new(17)).await;
}
