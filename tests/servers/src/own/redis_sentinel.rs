//! A Redis that sentinels watch.

use std::ffi::OsString;
use std::sync::Arc;

use super::redis::Redis;
use crate::background;
use crate::cluster::until;
use crate::den::Den;
use crate::talk::{ask, field, say};

/// What the sentinels call it.
const MASTER: &str = "verify";

/// A master, a replica and three sentinels, two of which must agree that the master is down, after 1 s of silence.
#[derive(Clone, Debug)]
pub struct RedisSentinel {
    nodes: [Redis; 2],
    sentinels: Vec<Redis>,
    url: String,
}

impl RedisSentinel {
    /// Starts all five; returns when the sentinels know each other and the replica.
    pub async fn start() -> Self {
        let sentinel = background::blocking(Self::launch).await;
        sentinel.unwrap_or_else(|error| panic!("no Redis Sentinel: {error}"))
    }

    /// `redis://host:port,host:port,host:port`: the sentinels.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the sentinels call the master.
    #[must_use]
    pub fn master_name(&self) -> &'static str {
        MASTER
    }

    /// A server: 0 is the master at the start, 1 its replica.
    #[must_use]
    pub fn node(&self, index: usize) -> &Redis {
        &self.nodes[index]
    }

    /// A sentinel: 0, 1 or 2.
    #[must_use]
    pub fn sentinel(&self, index: usize) -> &Redis {
        &self.sentinels[index]
    }

    /// SIGKILL to the server that is the master now. Returns its index.
    #[must_use = "it says which node to restart"]
    pub fn kill_master(&self) -> usize {
        let master = self.master();
        self.nodes[master].kill();
        master
    }

    /// SIGSTOP to the server that is the master now. Returns its index. Thawed, it becomes a replica.
    #[must_use = "it says which node to thaw"]
    pub fn freeze_master(&self) -> usize {
        let master = self.master();
        self.nodes[master].freeze();
        master
    }

    /// The index of the server that is the master now, as the first sentinel says that answers.
    #[must_use]
    pub fn master(&self) -> usize {
        let question = format!("SENTINEL GET-MASTER-ADDR-BY-NAME {MASTER}");
        let mut answers = self.sentinels.iter().map(|sentinel| ask(&sentinel.address(), &question));
        let address: Option<(String, u16)> = answers.find_map(Result::ok);
        let (_, port) = address.expect("a sentinel answers");
        self.nodes.iter().position(|node| node.port() == port).expect("the master is one of ours")
    }

    fn launch() -> Result<Self, String> {
        let den = Arc::new(Den::new("redis-sentinel", None)?);
        let master = Redis::in_den(&den, "node-0", &|_| Vec::new())?;
        let follow = format!("127.0.0.1 {}", master.port());
        let replica = Redis::in_den(&den, "node-1", &|_| vec!["--replicaof".into(), follow.clone().into()])?;
        until("the replica follows its master", || {
            let link = field(&replica.address(), "INFO replication", "master_link_status");
            link.is_ok_and(|link| link == "up")
        })?;
        let sentinel = |index: usize| {
            let name = format!("sentinel-{index}");
            let file = den.path().join(format!("{name}.conf"));
            // A sentinel keeps what it learns in its file.
            std::fs::write(&file, configuration(master.port()))
                .map_err(|error| format!("{}: {error}", file.display()))?;
            let arguments: Vec<OsString> = vec![file.into(), "--sentinel".into()];
            Redis::in_den(&den, &name, &|_| arguments.clone())
        };
        let sentinels = (0..3).map(sentinel).collect::<Result<Vec<_>, _>>()?;
        let addresses: Vec<String> = sentinels.iter().map(Redis::address).collect();
        let url = format!("redis://{}", addresses.join(","));
        let pair = Self { nodes: [master, replica], sentinels, url };
        until("the sentinels know each other and the replica", || {
            pair.sentinels.iter().all(|sentinel| knows_all(&sentinel.address()))
        })?;
        Ok(pair)
    }
}

fn configuration(port: u16) -> String {
    format!(
        "sentinel monitor {MASTER} 127.0.0.1 {port} 2\n\
         sentinel down-after-milliseconds {MASTER} 1000\n\
         sentinel failover-timeout {MASTER} 3000\n\
         sentinel parallel-syncs {MASTER} 1\n"
    )
}

fn knows_all(address: &str) -> bool {
    let facts = crate::talk::connect(address).and_then(|mut connection| {
        let facts = say(&format!("SENTINEL MASTER {MASTER}")).query::<Vec<String>>(&mut connection);
        facts.map_err(|error| error.to_string())
    });
    let facts = facts.unwrap_or_default();
    let number = |name: &str| {
        let at = facts.iter().position(|fact| fact == name)?;
        facts.get(at + 1)?.parse::<u32>().ok()
    };
    number("num-slaves") == Some(1) && number("num-other-sentinels") == Some(2)
}
