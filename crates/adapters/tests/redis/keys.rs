//! What lies in Redis: keys that a cluster can place, that end by themselves, and that give nothing away.

use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode, RedisOptions};
use domain::ports::{Counters, PortErrorKind, chain};
use redis::aio::MultiplexedConnection;

use super::harness::{Sender, WINDOW, at, begin, beside, counters_in, is_taken, port_of, until};

async fn keys(beside: &mut MultiplexedConnection, prefix: &str) -> Vec<String> {
    let mut keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{prefix}:*")).query_async(beside).await.unwrap();
    keys.sort();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_say_whom_they_are_about_and_end_after_their_members() {
    let space = servers::redis().await;
    let counters = counters_in(&space, RedisMode::Single);
    let send = Sender::with_account(1, 5).send(1, 1);
    assert!(is_taken(&counters.take(&send, begin()).await.unwrap()));
    counters.ping().await.unwrap();

    let mut beside = beside(space.url()).await;
    let prefix = space.prefix();
    let (phone, account) = (send[0].key.about(), send[1].key.about());
    let mut expected = vec![
        format!("{prefix}:{{{phone}}}:sends-per-phone:600"),
        format!("{prefix}:{{{account}}}:sends-per-account:600"),
        format!("{prefix}:{{{account}}}:sends-per-account:1200"),
        format!("{prefix}:{{{account}}}:phones-per-account:600"),
    ];
    expected.sort();
    // What a ping leaves is gone in a moment, and so is what the last test left, if it has the same prefix.
    until(Duration::from_secs(1), async || keys(&mut beside.clone(), prefix).await == expected).await;

    let (member, score): (Vec<u8>, String) = redis::cmd("ZRANGE")
        .arg(&expected[0])
        .arg(0)
        .arg(0)
        .arg("WITHSCORES")
        .query_async(&mut beside)
        .await
        .unwrap();
    assert_eq!(member.len(), 16, "what is counted is kept as it is");
    let ends = at(600_000).as_millisecond().to_string();
    assert_eq!(score.split('.').next(), Some(ends.as_str()), "its score is when it stops to count");
    for (key, window) in
        expected.iter().map(|key| (key, if key.ends_with(":1200") { WINDOW * 2 } else { WINDOW }))
    {
        let left: u64 = redis::cmd("PTTL").arg(key).query_async(&mut beside).await.unwrap();
        let left = Duration::from_millis(left);
        assert!(
            left > window && left <= window + Duration::from_mins(1) + Duration::from_millis(1),
            "{key}: {left:?}"
        );
    }

    // Of two clocks that differ by less than a minute, neither lets the key end while the other still counts in it.
    assert!(is_taken(&counters.take(&send, at(59_000)).await.unwrap()));
    for now in [begin(), at(59_000)] {
        let another = Sender::with_account(1, 5).send(1, now.as_millisecond().unsigned_abs());
        assert!(is_taken(&counters.take(&another, now).await.unwrap()));
        let left: u64 = redis::cmd("PTTL").arg(&expected[3]).query_async(&mut beside).await.unwrap();
        assert!(Duration::from_millis(left) > WINDOW + Duration::from_secs(50), "{left}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_never_holds_more_than_its_limit() {
    let space = servers::redis().await;
    let counters = counters_in(&space, RedisMode::Single);
    let sender = Sender::to_phone_only(3);
    for attempt in 0..50 {
        let _ = counters.take(&sender.send(1, attempt), at(attempt * 60_000)).await.unwrap();
        let mut beside = beside(space.url()).await;
        let key = keys(&mut beside, space.prefix()).await.remove(0);
        let held: u32 = redis::cmd("ZCARD").arg(key).query_async(&mut beside).await.unwrap();
        assert!(held <= 3, "{held} after {attempt} minutes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn braces_in_the_prefix_do_not_move_keys() {
    let space = servers::redis_cluster().await;
    let options = RedisOptions::from_url(space.url(), RedisMode::Cluster).unwrap();
    let key_prefix = format!("{{{}}}", space.prefix());
    let counters = RedisCounters::new(RedisOptions { key_prefix, ..options });
    for phone in 0..20 {
        let send = Sender::with_account(phone, 5).send(phone, 1);
        assert!(is_taken(&counters.take(&send, begin()).await.unwrap()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_holds_something_else_is_inconsistent() {
    let space = servers::redis().await;
    let counters = counters_in(&space, RedisMode::Single);
    let send = Sender::to_phone_only(3).send(1, 1);
    let key = format!("{}:{{{}}}:sends-per-phone:600", space.prefix(), send[0].key.about());
    redis::cmd("SET").arg(&key).arg("x").exec_async(&mut beside(space.url()).await).await.unwrap();
    let error = counters.take(&send, begin()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Inconsistent);
    let text = format!("{} {error:?}", chain(&error));
    assert!(text.contains("WRONGTYPE") && text.contains(&port_of(space.url()).to_string()), "{text}");
    assert!(!text.contains(send[0].key.about()), "an error must not hold a key: {text}");
}
