//! A server that dies, hangs, is slow, or is no master: every call ends in time, nothing is sent meanwhile, and nobody
//! has to restart anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adapters::redis::RedisMode;
use domain::ports::{Counters, PortErrorKind, chain};
use servers::own::Redis;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::harness::{
    BOUND, Sender, begin, beside, bounded_take, connections, counters_at, is_taken, room, until,
    until_it_counts,
};

/// Many calls at once, none of which may be answered.
async fn nothing_is_counted(counters: &adapters::redis::RedisCounters, phone: u64) {
    let calls: Vec<_> = (0..64)
        .map(|attempt| {
            let counters = counters.clone();
            tokio::spawn(async move {
                let send = Sender::with_account(phone, 5).send(phone, attempt);
                bounded_take(&counters, &send, begin()).await.is_none()
            })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap(), "a dead server counts nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_is_found_again() {
    let server = Redis::start().await;
    let counters = counters_at(server.url(), RedisMode::Single);
    until_it_counts(&counters, Duration::from_millis(1)).await;
    server.kill();
    for phone in 0..4 {
        nothing_is_counted(&counters, phone).await;
    }
    assert!(counters.ping().await.is_err(), "a dead server is not pinged");
    server.restart().await;
    let took = until_it_counts(&counters, Duration::from_secs(2)).await;
    assert!(took < Duration::from_secs(1), "found after {took:?}");
    counters.ping().await.unwrap();
    assert_eq!(connections(server.url()).await.len(), 1, "one connection is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_restarts_while_nobody_asks_costs_no_call() {
    let server = Redis::start().await;
    let counters = counters_at(server.url(), RedisMode::Single);
    until_it_counts(&counters, Duration::from_millis(1)).await;
    server.kill();
    server.restart().await;
    let send = Sender::with_account(1, 5).send(1, 1);
    assert!(is_taken(&counters.take(&send, begin()).await.unwrap()), "the connection was seen to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_given_up_and_found_again() {
    let server = Redis::start().await;
    let counters = counters_at(server.url(), RedisMode::Single);
    until_it_counts(&counters, Duration::from_millis(1)).await;
    let before = connections(server.url()).await;
    server.freeze();
    for _ in 0..3 {
        nothing_is_counted(&counters, 1).await;
    }
    assert!(counters.ping().await.is_err(), "a server that hangs is not pinged");
    server.thaw();
    let took = until_it_counts(&counters, Duration::from_secs(3)).await;
    assert!(took < Duration::from_secs(2), "found after {took:?}");
    let after = connections(server.url()).await;
    assert_eq!(after.len(), 1, "the connection that hung has ended");
    assert_ne!(after, before, "it is another one");
    // What was sent to it while it hung may have been counted: a limit is kept all the same.
    assert!(room(&counters, &Sender::with_account(1, 5), 1, begin()).await <= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_answer_is_no_reason_for_another_connection() {
    let server = Redis::start().await;
    let counters = counters_at(server.url(), RedisMode::Single);
    until_it_counts(&counters, Duration::from_millis(1)).await;
    let before = connections(server.url()).await;
    for phone in 0..3 {
        redis::cmd("CLIENT")
            .arg("PAUSE")
            .arg(1_200)
            .exec_async(&mut beside(server.url()).await)
            .await
            .unwrap();
        let send = Sender::to_phone_only(5).send(phone, 1);
        assert!(bounded_take(&counters, &send, begin()).await.is_none(), "the answer comes too late");
        until_it_counts(&counters, Duration::from_secs(1)).await;
    }
    assert_eq!(connections(server.url()).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_connections_is_not_stormed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    let accepting = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            drop(stream);
        }
    });
    let counters = counters_at(&url, RedisMode::Single);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) {
        nothing_is_counted(&counters, 1).await;
    }
    let accepted = accepted.load(Ordering::Relaxed);
    assert!((4..=20).contains(&accepted), "{accepted} connections in two seconds");
    accepting.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_no_place_to_count() {
    let server = Redis::start().await;
    let counters = counters_at(server.url(), RedisMode::Single);
    until_it_counts(&counters, Duration::from_millis(1)).await;
    let mut beside = beside(server.url()).await;
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec_async(&mut beside).await.unwrap();
    let error = counters.take(&Sender::to_phone_only(5).send(1, 1), begin()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(chain(&error).contains("READONLY"), "{}", chain(&error));
    assert!(counters.ping().await.is_err(), "a ping needs what a take needs");
    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec_async(&mut beside).await.unwrap();
    until_it_counts(&counters, Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_that_does_not_fit_the_server_says_so() {
    let single = servers::redis().await;
    let counters = counters_at(single.url(), RedisMode::Cluster);
    let error = counters.take(&Sender::to_phone_only(5).send(1, 1), begin()).await.unwrap_err();
    assert!(chain(&error).contains("cluster support disabled"), "{}", chain(&error));

    let mode = RedisMode::Sentinel { master_name: "mymaster".to_owned() };
    let error = counters_at(single.url(), mode).ping().await.unwrap_err();
    assert!(chain(&error).contains("unknown command"), "{}", chain(&error));

    let cluster = servers::redis_cluster().await;
    let first = cluster.url().split(',').next().unwrap();
    let counters = counters_at(first, RedisMode::Single);
    let sent_elsewhere = async || {
        for phone in 0..20 {
            let answer = counters.take(&Sender::to_phone_only(5).send(phone, 1), begin()).await;
            if let Err(error) = answer {
                return chain(&error);
            }
        }
        String::new()
    };
    let text = sent_elsewhere().await;
    assert!(text.contains("MOVED") && text.contains("cluster"), "{text}");

    let counters = counters_at("redis://127.0.0.1:1,127.0.0.1:2", RedisMode::Cluster);
    let begin = Instant::now();
    assert!(counters.ping().await.is_err() && begin.elapsed() < BOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_counters_ends_their_connection() {
    let server = Redis::start().await;
    let counters = counters_at(server.url(), RedisMode::Single);
    until_it_counts(&counters, Duration::from_millis(1)).await;
    drop(counters);
    until(Duration::from_secs(2), async || connections(server.url()).await.is_empty()).await;
}
