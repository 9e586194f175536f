//! Three replicas of the service over one Redis.

use std::sync::Arc;
use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode};
use domain::ports::Counters;
use servers::KeySpace;
use tokio::sync::Barrier;

use super::harness::{Sender, at, beside, counters_at, counters_in, is_taken, room};

const RACERS: u64 = 200;

/// Three processes' worth of counters.
fn replicas(space: &KeySpace, mode: &RedisMode) -> Vec<RedisCounters> {
    (0..3).map(|_| counters_in(space, mode.clone())).collect()
}

/// Sends 200 times at once over three replicas; how many were allowed.
async fn race(replicas: &[RedisCounters], sender: &Sender, phone: impl Fn(u64) -> u64) -> u32 {
    let start = Arc::new(Barrier::new(usize::try_from(RACERS).unwrap()));
    let racers: Vec<_> = (0..RACERS)
        .map(|number| {
            let counters = replicas[usize::try_from(number).unwrap() % replicas.len()].clone();
            let (start, takes) = (Arc::clone(&start), sender.send(phone(number), number));
            tokio::spawn(async move {
                start.wait().await;
                is_taken(&counters.take(&takes, at(number % 5)).await.unwrap())
            })
        })
        .collect();
    let mut taken = 0;
    for racer in racers {
        taken += u32::from(racer.await.unwrap());
    }
    taken
}

/// `fewest` of 20 sends are allowed at least. On a cluster what a refused send has taken for a moment may refuse another
/// one of the race; but there are never more than 20, and afterwards nothing of the refused ones is left.
async fn races_never_exceed_a_limit(space: &KeySpace, mode: &RedisMode, fewest: u32) {
    let replicas = replicas(space, mode);
    let one = &replicas[0];

    let sender = Sender::to_phone_only(20);
    assert_eq!(race(&replicas, &sender, |_| 1).await, 20, "exactly as many as the one limit allows");

    let sender = Sender::with_account(1, 20);
    let taken = race(&replicas, &sender, |_| 2).await;
    assert!((fewest..=20).contains(&taken), "{taken} sends to one phone that allows 20");
    let left = room(one, &Sender::to_phone_only(20), 2, at(10)).await;
    assert_eq!(left, 20 - taken, "nothing of a refused send is left with the phone");
    let left = room(one, &sender.by_account_only(40), 3, at(10)).await;
    assert_eq!(left, 40 - taken, "nothing of a refused send is left with the account");

    let sender = Sender::with_account(2, 30);
    let taken = race(&replicas, &sender, |number| number + 100).await;
    assert!((fewest..=30).contains(&taken), "sends to {taken} phones of an account that may have 30");
    let left = room(one, &sender.by_account_only(60), 3, at(10)).await;
    assert_eq!(left, 60 - taken, "nothing of a refused send is left with the account");
    let mut held = 0;
    for number in 0..RACERS {
        let send = Sender::to_phone_only(1).send(number + 100, number + 500);
        held += u32::from(!is_taken(&one.take(&send, at(10)).await.unwrap()));
    }
    assert_eq!(held, taken, "nothing of a refused send is left with any phone");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_never_exceed_a_limit_on_a_single_server() {
    races_never_exceed_a_limit(&servers::redis().await, &RedisMode::Single, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_never_exceed_a_limit_on_a_cluster() {
    races_never_exceed_a_limit(&servers::redis_cluster().await, &RedisMode::Cluster, 1).await;
}

/// Sends a few from many tasks, while the server forgets the scripts all the time.
async fn forgotten_scripts_cost_nothing(replicas: Vec<RedisCounters>, urls: Vec<String>) {
    let mut servers = Vec::new();
    for url in &urls {
        servers.push(beside(url).await);
    }
    let forgetting = tokio::spawn(async move {
        loop {
            for server in &mut servers {
                redis::cmd("SCRIPT").arg("FLUSH").exec_async(server).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    for round in 0..5 {
        let sender = Sender::with_account(round, 10);
        let taken = race(&replicas, &sender, |_| round).await;
        assert!((1..=10).contains(&taken), "{taken}");
        assert_eq!(room(&replicas[1], &sender.by_account_only(20), 1, at(9)).await, 20 - taken);
    }
    forgetting.abort();
    assert!(forgetting.await.unwrap_err().is_cancelled(), "the scripts were forgotten all the time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_the_scripts_is_told_them_again() {
    let server = servers::own::Redis::start().await;
    let replicas = (0..3).map(|_| counters_at(server.url(), RedisMode::Single)).collect();
    forgotten_scripts_cost_nothing(replicas, vec![server.url().to_owned()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_forgets_the_scripts_is_told_them_again() {
    let cluster = servers::own::RedisCluster::start(false).await;
    let replicas = (0..3).map(|_| counters_at(cluster.url(), RedisMode::Cluster)).collect();
    let urls = (0..3).map(|node| cluster.node(node).url().to_owned()).collect();
    forgotten_scripts_cost_nothing(replicas, urls).await;
}
