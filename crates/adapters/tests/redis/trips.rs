//! What a call costs: one round trip. Measured over a way that is long enough to tell one from two.

use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode, RedisOptions};
use domain::limit::Counter;
use domain::ports::{Counters, Taken};
use tokio::time::Instant;

use super::harness::{Sender, at, begin, beside, counters_in, is_taken, port_of, until};
use super::proxy::Proxy;

const WAY: Duration = Duration::from_millis(100);
/// The time-out is not what is tried here.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many round trips that took.
async fn trips<Answer>(call: impl Future<Output = Answer>) -> (u128, Answer) {
    let begin = Instant::now();
    let answer = call.await;
    (begin.elapsed().as_millis() / (WAY.as_millis() * 2), answer)
}

/// Calls on a connection that is there, of scripts that are known.
async fn each_call_is_one_round_trip(counters: &RedisCounters, trips_of_a_refusal: u128) {
    let sender = Sender::with_account(1, 2);
    let sends: Vec<_> = (0..4).map(|attempt| sender.send(1, attempt)).collect();
    assert_eq!(sends[0].len(), 4, "a send with an account takes from four counters of two subjects");
    assert!(is_taken(&counters.take(&sends[0], begin()).await.unwrap()), "the connection is made");

    let (cost, taken) = trips(counters.take(&sends[1], begin())).await;
    let Taken::All(receipt) = taken.unwrap() else { panic!("there is room for two") };
    assert_eq!(cost, 1, "a take is one round trip");

    // Later, so that what was taken is not young any more.
    let (cost, taken) = trips(counters.take(&sends[2], at(60_000))).await;
    assert!(!is_taken(&taken.unwrap()), "there is no room for three");
    assert_eq!(cost, trips_of_a_refusal, "a refusal gives back what the other subject gave");

    let (cost, refunded) = trips(counters.refund(&receipt)).await;
    refunded.unwrap();
    assert_eq!(cost, 1, "a refund is one round trip");

    let seen: Vec<_> = sends[0]
        .iter()
        .map(|take| Counter { name: take.name, limit: take.limit, key: take.key.clone() })
        .collect();
    let (cost, usage) = trips(counters.usage(&seen, at(60_000))).await;
    assert_eq!((cost, usage.unwrap().len()), (1, 4), "looking at counters is one round trip");
    let keys: Vec<_> = seen.iter().map(|counter| counter.key.clone()).collect();
    let (cost, cleared) = trips(counters.clear(&keys)).await;
    cleared.unwrap();
    assert_eq!(cost, 1, "emptying them is one round trip");

    let (cost, pong) = trips(counters.ping()).await;
    pong.unwrap();
    assert_eq!(cost, 1, "a ping is one round trip");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_single_server_is_one_round_trip() {
    let space = servers::redis().await;
    let proxy = Proxy::to(port_of(space.url()), WAY).await;
    let options =
        RedisOptions::from_url(&format!("redis://127.0.0.1:{}", proxy.port), RedisMode::Single).unwrap();
    let (key_prefix, answer_timeout) = (space.prefix().to_owned(), PATIENCE);
    let counters = RedisCounters::new(RedisOptions { key_prefix, answer_timeout, ..options });
    // The other scripts are known to the server by now, or are not needed.
    counters_in(&space, RedisMode::Single).ping().await.unwrap();
    each_call_is_one_round_trip(&counters, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_to_a_cluster_is_one_round_trip() {
    let cluster = servers::own::RedisCluster::start(false).await;
    // Every node tells the others, and whoever asks, that it is behind the long way.
    let mut proxies = Vec::new();
    for node in 0..3 {
        let node = cluster.node(node);
        let proxy = Proxy::to(node.port(), WAY).await;
        let announce = ["SET", "cluster-announce-port", &proxy.port.to_string()].map(ToOwned::to_owned);
        redis::cmd("CONFIG").arg(&announce).exec_async(&mut beside(node.url()).await).await.unwrap();
        proxies.push(proxy);
    }
    until(Duration::from_secs(20), async || {
        let mut told = Vec::new();
        for node in 0..3 {
            let mut node = beside(cluster.node(node).url()).await;
            let slots: String = redis::cmd("CLUSTER").arg("NODES").query_async(&mut node).await.unwrap();
            told.push(slots);
        }
        told.iter().all(|slots| proxies.iter().all(|proxy| slots.contains(&format!(":{}@", proxy.port))))
    })
    .await;

    let options = RedisOptions::from_url(cluster.url(), RedisMode::Cluster).unwrap();
    let counters = RedisCounters::new(RedisOptions { answer_timeout: PATIENCE, ..options });
    counters.ping().await.unwrap();
    // An undo, so that its script is known to every master.
    for phone in 0..8 {
        let sender = Sender::with_account(100 + phone, 1);
        assert!(is_taken(&counters.take(&sender.send(1000 + phone, 1), begin()).await.unwrap()));
        let other = Sender::with_account(200 + phone, 1);
        assert!(!is_taken(&counters.take(&other.send(1000 + phone, 2), at(60_000)).await.unwrap()));
        let third = Sender::with_account(100 + phone, 1);
        assert!(!is_taken(&counters.take(&third.send(2000 + phone, 3), at(60_000)).await.unwrap()));
    }
    each_call_is_one_round_trip(&counters, 2).await;
}
