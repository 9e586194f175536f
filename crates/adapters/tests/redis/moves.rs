//! Slots that move from one master of a cluster to another while they are counted in.

use adapters::redis::RedisMode;
use domain::ports::Counters;
use redis::aio::MultiplexedConnection;
use servers::own::RedisCluster;

use super::harness::{Sender, begin, beside, bounded_take, counters_at, is_taken, room};

async fn told<Answer: redis::FromRedisValue>(server: &mut MultiplexedConnection, words: &[&str]) -> Answer {
    let (name, arguments) = words.split_first().unwrap();
    redis::cmd(name).arg(arguments).query_async(server).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_moves_is_counted_in_all_the_time() {
    let cluster = RedisCluster::start(false).await;
    let counters = counters_at(cluster.url(), RedisMode::Cluster);
    let sender = Sender::to_phone_only(5);
    let about = sender.send(1, 0)[0].key.about().to_owned();
    let tag = format!("{{{about}}}");
    let from = cluster.master_of(&tag).await;
    let to = (from + 1) % 3;
    let (mut source, mut target) =
        (beside(cluster.node(from).url()).await, beside(cluster.node(to).url()).await);
    let slot: u64 = told(&mut source, &["CLUSTER", "KEYSLOT", &tag]).await;
    let slot = slot.to_string();
    let (source_id, target_id): (String, String) =
        (told(&mut source, &["CLUSTER", "MYID"]).await, told(&mut target, &["CLUSTER", "MYID"]).await);

    assert!(is_taken(&counters.take(&sender.send(1, 1), begin()).await.unwrap()), "before");
    let () = told(&mut target, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source_id]).await;
    let () = told(&mut source, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target_id]).await;
    assert!(is_taken(&counters.take(&sender.send(1, 2), begin()).await.unwrap()), "the key is still there");

    let keys: Vec<String> = told(&mut source, &["CLUSTER", "GETKEYSINSLOT", &slot, "10"]).await;
    assert_eq!(keys.len(), 1);
    let port = cluster.node(to).port().to_string();
    let () = told(&mut source, &["MIGRATE", "127.0.0.1", &port, &keys[0], "0", "5000"]).await;
    assert!(is_taken(&counters.take(&sender.send(1, 3), begin()).await.unwrap()), "the key has gone (ASK)");
    let receipt = counters.take(&sender.send(1, 4), begin()).await.unwrap();
    let domain::ports::Taken::All(receipt) = receipt else { panic!("there is room for five") };
    counters.refund(&receipt).await.unwrap();

    for node in 0..3 {
        let mut node = beside(cluster.node(node).url()).await;
        let () = told(&mut node, &["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]).await;
    }
    assert!(
        is_taken(&counters.take(&sender.send(1, 5), begin()).await.unwrap()),
        "the slot has gone (MOVED)"
    );
    assert_eq!(room(&counters, &sender, 1, begin()).await, 1, "all was counted, once, wherever it was");

    // The other master forgets the scripts at the worst moment.
    let () = told(&mut target, &["SCRIPT", "FLUSH"]).await;
    assert!(bounded_take(&counters, &sender.send(1, 6), begin()).await.is_some());
    counters.ping().await.unwrap();
}
