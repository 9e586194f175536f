//! The counters in Redis: the contract of their port on a single server, behind sentinels and on a cluster, and what
//! only a server can get wrong. Real servers come from the crate `servers`.

#[cfg(test)]
#[path = "sql/ear.rs"]
mod ear;
#[cfg(test)]
#[path = "redis/failover.rs"]
mod failover;
#[cfg(test)]
#[path = "redis/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "redis/keys.rs"]
mod keys;
#[cfg(test)]
#[path = "redis/law.rs"]
mod law;
#[cfg(test)]
#[path = "redis/login.rs"]
mod login;
#[cfg(test)]
#[path = "redis/moves.rs"]
mod moves;
#[cfg(test)]
#[path = "redis/outages.rs"]
mod outages;
#[cfg(test)]
#[path = "redis/proxy.rs"]
mod proxy;
#[cfg(test)]
#[path = "redis/races.rs"]
mod races;
#[cfg(test)]
#[path = "redis/tls.rs"]
mod tls;
#[cfg(test)]
#[path = "redis/trips.rs"]
mod trips;
#[cfg(test)]
#[path = "redis/undoing.rs"]
mod undoing;

use std::sync::Arc;

use adapters::redis::RedisMode;
use domain::testkit::contract::{self, Ground};

use self::harness::{counters_at, counters_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_single_server_keeps_the_contract() {
    let space = servers::redis().await;
    contract::counters(Arc::new(counters_in(&space, RedisMode::Single)), &Ground::new(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_keeps_the_contract() {
    let space = servers::redis_cluster().await;
    contract::counters(Arc::new(counters_in(&space, RedisMode::Cluster)), &Ground::new(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_sentinels_watch_keeps_the_contract() {
    let servers = servers::own::RedisSentinel::start().await;
    let mode = RedisMode::Sentinel { master_name: servers.master_name().to_owned() };
    contract::counters(Arc::new(counters_at(servers.url(), mode)), &Ground::new(3)).await;
}
