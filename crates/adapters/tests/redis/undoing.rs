//! What one master of a cluster has given while another refuses, or does not answer, is given back.

use std::time::Duration;

use adapters::redis::RedisMode;
use domain::ports::{Counters, PortErrorKind, Taken};
use servers::own::RedisCluster;

use super::harness::{Sender, at, begin, beside, counters_at, hear, room, until};

/// The node of the phone, which is another one than the account's, and a phone of which that is so.
async fn apart(cluster: &RedisCluster, sender: &Sender) -> (usize, usize, u64) {
    for phone in 0.. {
        let send = sender.send(phone, 0);
        let node_of =
            async |place: usize| cluster.master_of(&format!("{{{}}}", send[place].key.about())).await;
        let (of_phone, of_account) = (node_of(0).await, node_of(1).await);
        if of_phone != of_account {
            return (of_phone, of_account, phone);
        }
    }
    unreachable!("there are phones enough")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_given_back_when_another_master_does_not_answer() {
    let cluster = RedisCluster::start(false).await;
    let counters = counters_at(cluster.url(), RedisMode::Cluster);
    let sender = Sender::with_account(1, 4);
    let (of_phone, of_account, phone) = apart(&cluster, &sender).await;
    counters.ping().await.unwrap();
    cluster.node(of_account).freeze();
    let error = counters.take(&sender.send(phone, 1), at(700_000)).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    // In the background: the call has ended.
    let key = format!("sparrow-verify:{{{}}}:sends-per-phone:600", sender.send(phone, 0)[0].key.about());
    let server = beside(cluster.node(of_phone).url()).await;
    until(Duration::from_secs(2), async || {
        let held: u32 = redis::cmd("ZCARD").arg(&key).query_async(&mut server.clone()).await.unwrap();
        held == 0
    })
    .await;
    cluster.node(of_account).thaw();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_one_even_when_it_cannot_be_undone() {
    hear();
    let cluster = RedisCluster::start(false).await;
    let sender = Sender::with_account(1, 4);
    let (_, _, phone) = apart(&cluster, &sender).await;
    for node in 0..3 {
        // May take, but not write notes.
        let rights = "SETUSER ram on >of-ram ~*:600 ~*:1200 ~*:probe +@all";
        let rights: Vec<_> = rights.split(' ').collect();
        redis::cmd("ACL").arg(&rights).exec_async(&mut beside(cluster.node(node).url()).await).await.unwrap();
    }
    let url = cluster.url().replace("redis://", "redis://ram:of-ram@");
    let counters = counters_at(&url, RedisMode::Cluster);
    let everybody = counters_at(cluster.url(), RedisMode::Cluster);
    assert_eq!(room(&everybody, &sender.by_account_only(8), phone, begin()).await, 8, "the account is full");
    let taken = counters.take(&sender.send(phone, 1), at(60_000)).await.unwrap();
    let Taken::Refused { name, retry_after } = taken else { panic!("the account has no room") };
    assert_eq!((name.as_str(), retry_after), ("sends-per-account", Duration::from_mins(9)));
    assert!(hear().contains("was not undone"), "somebody is told");
    let left = room(&everybody, &Sender::to_phone_only(4), phone, at(60_000)).await;
    assert_eq!(left, 3, "the count stays");
    let left = room(&everybody, &Sender::to_phone_only(4), phone, at(700_000)).await;
    assert_eq!(left, 4, "until its window has passed");
}
