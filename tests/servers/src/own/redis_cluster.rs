//! A Redis Cluster.

use std::ffi::OsString;
use std::sync::Arc;

use super::redis::Redis;
use crate::background;
use crate::cluster::{MASTERS, Seat, form, master_of};
use crate::den::Den;
use crate::ports::BUS;

/// Three masters, and a replica of each when asked for.
#[derive(Clone, Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
    url: String,
}

impl RedisCluster {
    /// Starts one whose nodes are given up after 2 s of silence. Without replicas, a dead master takes its slots with
    /// it, and after those 2 s the whole cluster refuses; with replicas, one of them takes over.
    pub async fn start(replicas: bool) -> Self {
        let cluster = background::blocking(move || Self::launch(replicas, 2_000)).await;
        cluster.unwrap_or_else(|error| panic!("no Redis Cluster: {error}"))
    }

    /// `redis://host:port,host:port,host:port`: the masters at the start.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A node: 0, 1 and 2 are the masters at the start, 3, 4 and 5 the replicas of 0, 1 and 2.
    #[must_use]
    pub fn node(&self, index: usize) -> &Redis {
        &self.nodes[index]
    }

    /// The index of the node that is the master of this key now, as the first node says that answers.
    pub async fn master_of(&self, key: &str) -> usize {
        let addresses: Vec<String> = self.nodes.iter().map(Redis::address).collect();
        let key = key.to_owned();
        background::blocking(move || {
            let master = addresses.iter().find_map(|address| master_of(address, &key).ok());
            let master = master.unwrap_or_else(|| panic!("no node knows the master of {key}"));
            addresses.iter().position(|address| *address == master).expect("the master is one of ours")
        })
        .await
    }

    /// Starts one. `timeout` is in milliseconds.
    pub(crate) fn launch(replicas: bool, timeout: u32) -> Result<Self, String> {
        let den = Arc::new(Den::new("redis-cluster", None)?);
        let timeout = timeout.to_string();
        let settings = |_| {
            let on = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf"];
            on.into_iter().chain(["--cluster-node-timeout", &timeout]).map(OsString::from).collect()
        };
        let count = if replicas { 2 * MASTERS } else { MASTERS };
        let node = |index| Redis::in_den(&den, &format!("node-{index}"), &settings);
        let nodes = (0..count).map(node).collect::<Result<Vec<_>, _>>()?;
        let seat = |node: &Redis| {
            let port = node.port();
            Seat { outside: node.address(), inside: format!("127.0.0.1 {port} {}", port + BUS) }
        };
        form(&nodes.iter().map(seat).collect::<Vec<_>>())?;
        let masters: Vec<String> = nodes.iter().take(MASTERS).map(Redis::address).collect();
        Ok(Self { nodes, url: format!("redis://{}", masters.join(",")) })
    }
}
