//! `PostgreSQL` dies, freezes, fails over.

use std::time::{Duration, Instant};

use harness::{Fleet, Ground, Load, Outcome};

/// The time within which a failure is told: one call to the database waits for a connection and for its answer (a
/// second each here, see [`Ground::impatient`]), and a busy machine adds to it.
const FAILURES_WITHIN: Duration = Duration::from_secs(5);
/// Service returns within this time of the server's return.
const WELL_WITHIN: Duration = Duration::from_secs(5);
/// How long the load goes on before the fault, and while it lasts.
const WHILE: Duration = Duration::from_secs(2);

async fn fleet(database_url: &str) -> Fleet {
    Fleet::start(&Ground::shared().await.setting("DATABASE__URL", database_url).impatient(), 2).await
}

async fn goes_through(fleet: &Fleet, load: Load, fault: Instant, back: Instant) -> Outcome {
    tokio::time::sleep(WELL_WITHIN + WHILE).await;
    let outcome = load.end().await;
    outcome.is_as_promised(FAILURES_WITHIN);
    outcome.has_failures_after(fault);
    outcome.is_well_again(back, WELL_WITHIN);
    outcome.is_kept(fleet).await;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed_and_restarted() {
    let postgres = servers::own::Postgres::start().await;
    let fleet = fleet(postgres.url()).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    postgres.kill();
    tokio::time::sleep(WHILE).await;
    postgres.restart().await;
    let back = Instant::now();
    let outcome = goes_through(&fleet, load, fault, back).await;
    assert_eq!(outcome.greedy_sends, 5, "the counters are in Redis");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_freezes_and_thaws() {
    let postgres = servers::own::Postgres::start().await;
    let fleet = fleet(postgres.url()).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    postgres.freeze();
    tokio::time::sleep(WHILE * 2).await;
    postgres.thaw();
    let back = Instant::now();
    let outcome = goes_through(&fleet, load, fault, back).await;
    assert!(outcome.greedy_sends <= 5, "{}", outcome.greedy_sends);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_promoted_and_found() {
    let postgres = servers::own::PostgresPair::start().await;
    let fleet = fleet(postgres.url()).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    postgres.kill_primary();
    tokio::time::sleep(WHILE).await;
    postgres.promote().await;
    let back = Instant::now();
    // Commits were answered when the standby had them: nothing answered is lost.
    let outcome = goes_through(&fleet, load, fault, back).await;
    assert!(outcome.greedy_sends <= 5, "{}", outcome.greedy_sends);
}
