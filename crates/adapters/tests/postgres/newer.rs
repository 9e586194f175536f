//! What a newer release has stored.

use sqlx::{AssertSqlSafe, Executor as _};

use super::harness::Place;
use crate::unknown;

#[tokio::test(flavor = "multi_thread")]
async fn events_of_kinds_that_are_not_known_are_left_in_the_outbox() {
    let place = Place::new().await;
    let store = place.open().await;
    let mut foreign = place.foreign().await;
    unknown::events_are_left_to_those_who_know_them(&store, async |statement| {
        foreign.execute(AssertSqlSafe(statement)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_of_kinds_that_are_not_known_are_not_claimed() {
    let place = Place::new().await;
    let store = place.open().await;
    let mut foreign = place.foreign().await;
    unknown::deliveries_are_left_to_those_who_know_them(&store, async |statement| {
        foreign.execute(AssertSqlSafe(statement)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_that_makes_no_sense_is_none() {
    let place = Place::new().await;
    let store = place.open().await;
    let mut foreign = place.foreign().await;
    unknown::a_reason_that_makes_no_sense_is_none(&store, async |statement| {
        foreign.execute(AssertSqlSafe(statement)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_somebody_who_is_not_known_stands_in_nobodys_way() {
    let place = Place::new().await;
    let store = place.open().await;
    let mut foreign = place.foreign().await;
    foreign.execute("ALTER TABLE blocks DROP CONSTRAINT blocks_check").await.unwrap();
    unknown::blocks_are_left_to_those_who_know_them(&store, async |statement| {
        foreign.execute(AssertSqlSafe(statement)).await.unwrap();
    })
    .await;
}
