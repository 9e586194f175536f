//! No column is forgotten: what a table has beyond the file is told here, with the reason.

use std::collections::BTreeSet;

use serde_json::Value;

use super::furniture::furnish;
use super::harness::{Base, Kind, lines};

/// Columns that are not moved.
const LEFT_BEHIND: [(&str, &str); 4] = [
    // The order of the rows in the file tells it.
    ("verifications", "seq"),
    ("events", "place"),
    ("event_outbox", "place"),
    // The database makes it out of others.
    ("verifications", "ended_at"),
];

/// Tables that are not moved.
const TABLES_LEFT_BEHIND: [&str; 8] = [
    // The processes that come have numbers of their own.
    "statistic_writers",
    // What becomes of SMS is known anew within an hour.
    "delivery_cohorts",
    // The seal of the phone key is in the header.
    "settings",
    // Counters live for a day at most.
    "counter_members",
    // Keys are kept for a day, and a call under way does not survive the move.
    "idempotency_keys",
    // Gateways are asked again within minutes.
    "gateway_credits",
    // A pause is an hour, and nothing begins anew that deserves one.
    "pauses",
    // Of sqlx.
    "_sqlx_migrations",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_column_is_moved() {
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        furnish(&base).await;
        let mut moved = BTreeSet::new();
        for line in &lines(&base.export().await)[1..] {
            let line: Value = serde_json::from_slice(line).unwrap();
            let (table, row) = line.as_object().unwrap().iter().next().unwrap();
            if table != "end" {
                let columns = row.as_object().unwrap().keys();
                moved.extend(columns.map(|column| (table.clone(), column.clone())));
            }
        }
        let mut there: BTreeSet<_> = base.columns().await.into_iter().collect();
        there.retain(|(table, column)| {
            !TABLES_LEFT_BEHIND.contains(&table.as_str())
                && !LEFT_BEHIND.contains(&(table.as_str(), column.as_str()))
        });
        assert_eq!(moved, there, "{kind:?}: a column was added, and the form of the file has to follow");
    }
}
