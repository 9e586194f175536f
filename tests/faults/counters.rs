//! Redis dies, freezes, fails over.

use std::time::{Duration, Instant};

use harness::{Asked, Fleet, Ground, Load, Outcome};

/// The time within which a failure is told: `counters.answer_timeout` (half a second here, see [`Ground::impatient`])
/// for the take and once more for what is given back, and a busy machine adds to it.
const FAILURES_WITHIN: Duration = Duration::from_secs(3);
/// Service returns within this time of the server's return.
const WELL_WITHIN: Duration = Duration::from_secs(5);
/// How long the load goes on before the fault, and while it lasts.
const WHILE: Duration = Duration::from_secs(2);

async fn fleet(redis_url: &str, mode: &str, settings: &[(&str, &str)]) -> Fleet {
    let ground = Ground::shared().await.setting("COUNTERS__URL", redis_url);
    let mut ground = ground.setting("COUNTERS__MODE", mode).impatient();
    for (name, value) in settings {
        ground = ground.setting(name, value);
    }
    Fleet::start(&ground, 2).await
}

async fn goes_through(fleet: &Fleet, outcome: &Outcome, fault: Instant, back: Instant) {
    outcome.is_as_promised(FAILURES_WITHIN);
    outcome.has_failures_after(fault);
    outcome.is_well_again(back, WELL_WITHIN);
    outcome.is_kept(fleet).await;
    // A check needs no counters.
    let checks = outcome.calls.iter().filter(|call| call.asked != Asked::Start);
    let failed: Vec<_> = checks.filter(|call| call.status == 503).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_restarted() {
    let redis = servers::own::Redis::start().await;
    let fleet = fleet(redis.url(), "single", &[]).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    redis.kill();
    tokio::time::sleep(WHILE).await;
    redis.restart().await;
    let back = Instant::now();
    tokio::time::sleep(WELL_WITHIN + WHILE).await;
    let outcome = load.end().await;
    goes_through(&fleet, &outcome, fault, back).await;
    // It keeps nothing on disk: the limits begin anew, once.
    assert!((6..=10).contains(&outcome.greedy_sends), "{}", outcome.greedy_sends);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_freezes_and_thaws() {
    let redis = servers::own::Redis::start().await;
    let fleet = fleet(redis.url(), "single", &[]).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    redis.freeze();
    tokio::time::sleep(WHILE * 2).await;
    redis.thaw();
    let back = Instant::now();
    tokio::time::sleep(WELL_WITHIN + WHILE).await;
    let outcome = load.end().await;
    goes_through(&fleet, &outcome, fault, back).await;
    // Nothing is forgotten; what timed out may be counted though it was not sent.
    assert!((1..=5).contains(&outcome.greedy_sends), "{}", outcome.greedy_sends);
}

/// How a node of a cluster is lost.
#[derive(Clone, Copy)]
enum Loss {
    Killed,
    Frozen,
}

/// A master is lost, its replica takes over, and the master comes back as a replica.
async fn a_cluster_master_is_lost(loss: Loss) {
    let cluster = servers::own::RedisCluster::start(true).await;
    let fleet = fleet(cluster.url(), "cluster", &[]).await;
    let mut probe = 0;
    while cluster.master_of(&format!("probe-{probe}")).await != 0 {
        probe += 1;
    }
    let of_the_lost = format!("probe-{probe}");
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    match loss {
        Loss::Killed => cluster.node(0).kill(),
        Loss::Frozen => cluster.node(0).freeze(),
    }
    let taken_over = async {
        while cluster.master_of(&of_the_lost).await == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taken_over).await.expect("a replica takes over");
    let back = Instant::now();
    tokio::time::sleep(WELL_WITHIN + WHILE).await;
    match loss {
        Loss::Killed => cluster.node(0).restart().await,
        Loss::Frozen => cluster.node(0).thaw(),
    }
    tokio::time::sleep(WHILE).await;
    let outcome = load.end().await;
    goes_through(&fleet, &outcome, fault, back).await;
    // The replica may lack the last counts of its master, which were long before: the greedy one had its five.
    assert!((1..=5).contains(&outcome.greedy_sends), "{}", outcome.greedy_sends);
    // The other masters were there all the time.
    let meanwhile = outcome.calls.iter().filter(|call| call.began > fault && call.began < back);
    let started = meanwhile.filter(|call| call.asked == Asked::Start && call.status == 201).count();
    assert!(started > 0, "phones and accounts of other masters go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_master_is_killed_and_its_replica_takes_over() {
    a_cluster_master_is_lost(Loss::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_master_freezes_and_its_replica_takes_over() {
    a_cluster_master_is_lost(Loss::Frozen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_promote_a_replica() {
    let redis = servers::own::RedisSentinel::start().await;
    let name = redis.master_name();
    let fleet = fleet(redis.url(), "sentinel", &[("COUNTERS__SENTINEL_MASTER", name)]).await;
    let load = Load::on(&fleet);
    tokio::time::sleep(WHILE).await;
    let fault = Instant::now();
    let lost = redis.kill_master();
    let promoted = async {
        while redis.master() == lost {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), promoted).await.expect("the replica is promoted");
    let back = Instant::now();
    tokio::time::sleep(WELL_WITHIN + WHILE).await;
    let outcome = load.end().await;
    goes_through(&fleet, &outcome, fault, back).await;
    assert!((1..=5).contains(&outcome.greedy_sends), "{}", outcome.greedy_sends);
}
