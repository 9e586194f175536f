//! A master that dies or hangs while another server takes over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode};
use domain::ports::Counters;
use servers::own::{RedisCluster, RedisSentinel};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::harness::{Sender, begin, beside, bounded_take, counters_at, is_taken, until, until_it_counts};

/// What a failover may take at most, until the cluster or the sentinels have agreed on it.
const FAILOVER: Duration = Duration::from_secs(20);
/// What the adapter may take afterwards.
const AFTERWARDS: Duration = Duration::from_secs(5);
const MAX: u32 = 3;

/// Sends to some phones all the time, and what came of it.
struct Load {
    running: Arc<AtomicBool>,
    seen: Arc<Mutex<Log>>,
    tasks: Vec<JoinHandle<()>>,
}

/// By phone.
type Log = BTreeMap<u64, Seen>;

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    taken: u32,
    answered: u32,
    failed: u32,
    slowest: Duration,
}

impl Seen {
    fn note(&mut self, taken: Option<bool>, took: Duration) {
        self.slowest = self.slowest.max(took);
        match taken {
            Some(taken) => {
                self.answered += 1;
                self.taken += u32::from(taken);
            }
            None => self.failed += 1,
        }
    }
}

impl Load {
    fn on(counters: &RedisCounters, phones: &[u64]) -> Self {
        let (running, seen) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Log::new())));
        let tasks = phones.iter().map(|phone| {
            let (counters, running, seen, phone) =
                (counters.clone(), Arc::clone(&running), Arc::clone(&seen), *phone);
            tokio::spawn(async move {
                let mut attempt = 0;
                while running.load(Ordering::Relaxed) {
                    attempt += 1;
                    let start = Instant::now();
                    let taken =
                        bounded_take(&counters, &Sender::to_phone_only(MAX).send(phone, attempt), begin())
                            .await;
                    seen.lock()
                        .unwrap()
                        .entry(phone)
                        .or_default()
                        .note(taken.as_ref().map(is_taken), start.elapsed());
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
        });
        Self { tasks: tasks.collect(), running, seen }
    }

    fn so_far(&self) -> Log {
        self.seen.lock().unwrap().clone()
    }

    async fn end(self) -> Log {
        self.running.store(false, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.seen.lock().unwrap().clone()
    }
}

/// How many calls about these phones have failed.
fn failed(log: &Log, phones: &[u64]) -> u32 {
    phones.iter().map(|phone| log[phone].failed).sum()
}

/// What takes the first master out.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Killed,
    Frozen,
}

async fn phones_of(cluster: &RedisCluster) -> [Vec<u64>; 3] {
    let mut phones: [Vec<u64>; 3] = Default::default();
    for phone in 0.. {
        let send = Sender::to_phone_only(MAX).send(phone, 0);
        let of_node = &mut phones[cluster.master_of(&format!("{{{}}}", send[0].key.about())).await];
        if of_node.len() < 4 {
            of_node.push(phone);
        }
        if phones.iter().all(|phones| phones.len() == 4) {
            break;
        }
    }
    phones
}

async fn a_cluster_survives(fault: Fault) {
    let cluster = RedisCluster::start(true).await;
    for node in 0..6 {
        // Else the whole cluster refuses from the moment the master is given up until its replica has taken over.
        let setting = ["SET", "cluster-require-full-coverage", "no"];
        redis::cmd("CONFIG")
            .arg(&setting)
            .exec_async(&mut beside(cluster.node(node).url()).await)
            .await
            .unwrap();
    }
    let counters = counters_at(cluster.url(), RedisMode::Cluster);
    let [struck, one, other] = phones_of(&cluster).await;
    let all: Vec<u64> = struck.iter().chain(&one).chain(&other).copied().collect();
    let load = Load::on(&counters, &all);
    // Everything is full, and the replicas have heard of it.
    until(Duration::from_secs(5), async || {
        let seen = load.seen.lock().unwrap();
        all.iter().all(|phone| seen.get(phone).is_some_and(|seen| seen.answered > 10))
    })
    .await;
    let node = cluster.node(0);
    match fault {
        Fault::Killed => node.kill(),
        Fault::Frozen => node.freeze(),
    }
    let key = format!("{{{}}}", Sender::to_phone_only(MAX).send(struck[0], 0)[0].key.about());
    until(FAILOVER, async || cluster.master_of(&key).await == 3).await;
    until(AFTERWARDS, async || {
        let mut works = true;
        for phone in &struck {
            let send = Sender::to_phone_only(MAX).send(*phone, 1_000_000);
            works &= bounded_take(&counters, &send, begin()).await.is_some();
        }
        works
    })
    .await;
    // What was under way all the while may fail yet; the calls behind it may not.
    let back = load.so_far();
    until(AFTERWARDS, async || {
        let now = load.so_far();
        struck.iter().all(|phone| now[phone].answered > back[phone].answered)
    })
    .await;
    let before = failed(&load.so_far(), &struck);
    if fault == Fault::Frozen {
        // The old master comes back as a replica and finds that it is none any more.
        node.thaw();
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let seen = load.end().await;
    assert_eq!(failed(&seen, &struck), before, "after the failover no call fails");
    for (phone, seen) in seen {
        if struck.contains(&phone) {
            // What the replica had not heard of can be taken again.
            assert!(seen.taken <= MAX * 2 && seen.failed > 0, "{phone}: {seen:?}");
        } else {
            assert_eq!((seen.taken, seen.failed), (MAX, 0), "{phone}: {seen:?}");
            assert!(seen.slowest < Duration::from_millis(500), "{phone}: {seen:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_of_a_cluster_is_killed() {
    a_cluster_survives(Fault::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_of_a_cluster_hangs() {
    a_cluster_survives(Fault::Frozen).await;
}

async fn sentinels_find_another_master(fault: Fault) {
    let servers = RedisSentinel::start().await;
    let mode = RedisMode::Sentinel { master_name: servers.master_name().to_owned() };
    let counters = counters_at(servers.url(), mode);
    until_it_counts(&counters, Duration::from_secs(1)).await;
    let phones: Vec<u64> = (0..8).collect();
    let load = Load::on(&counters, &phones);
    until(Duration::from_secs(5), async || {
        let seen = load.seen.lock().unwrap();
        phones.iter().all(|phone| seen.get(phone).is_some_and(|seen| seen.answered > 10))
    })
    .await;
    let old = match fault {
        Fault::Killed => servers.kill_master(),
        Fault::Frozen => servers.freeze_master(),
    };
    until(FAILOVER, async || servers.master() != old).await;
    until_it_counts(&counters, AFTERWARDS).await;
    match fault {
        Fault::Killed => servers.node(old).restart().await,
        Fault::Frozen => servers.node(old).thaw(),
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    until_it_counts(&counters, AFTERWARDS).await;
    for (phone, seen) in load.end().await {
        assert!(seen.taken <= MAX * 2 && seen.failed > 0, "{phone}: {seen:?}");
    }
    counters.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_sentinels_watch_is_killed() {
    sentinels_find_another_master(Fault::Killed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_sentinels_watch_hangs() {
    sentinels_find_another_master(Fault::Frozen).await;
}
