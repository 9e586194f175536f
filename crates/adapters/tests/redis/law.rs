//! The law: Redis and the counters in memory answer the same to the same calls in the same order.

use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode};
use domain::limit::{Limit, Take};
use domain::ports::{Counters, Receipt, Taken};
use domain::testkit::{MemoryCounters, SeededEntropy};

use super::harness::{Sender, at, counters_in};

/// A number below `end`.
fn below(entropy: &SeededEntropy, end: u64) -> u64 {
    entropy.word() % end
}

/// Somebody of a few, with one of a few policies: the same counters with another limit, as after a change of settings.
fn sender(entropy: &SeededEntropy, seed: u64) -> Sender {
    let mut sender = Sender::with_account(seed * 10 + below(entropy, 2), 1);
    let limit = |windows: &[u64]| -> Vec<Limit> {
        let of_window = |millis: &u64| Limit {
            max: u32::try_from(1 + below(entropy, 4)).unwrap(),
            window: Duration::from_secs(*millis),
        };
        windows.iter().filter(|_| below(entropy, 4) > 0).map(of_window).collect()
    };
    sender.limits.sends_per_phone = limit(&[1, 7]);
    sender.limits.sends_per_account = limit(&[3, 20]);
    sender.limits.phones_per_account = limit(&[5]);
    sender
}

/// One walk: takes and refunds of old receipts, at instants that mostly pass and now and then go back.
async fn walk(counters: &RedisCounters, seed: u64) {
    let entropy = SeededEntropy::new(seed);
    let memory = MemoryCounters::default();
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut millis = 60_000;
    for step in 0..150 {
        millis += match below(&entropy, 8) {
            0 | 1 => 0,
            2..=5 => below(&entropy, 400),
            6 => below(&entropy, 8_000),
            _ => {
                millis -= below(&entropy, 2_000).min(millis);
                0
            }
        };
        if below(&entropy, 5) == 0 && !receipts.is_empty() {
            let last = receipts.len() - 1;
            let receipt = &receipts[last - usize::try_from(below(&entropy, 5)).unwrap().min(last)];
            counters.refund(receipt).await.unwrap();
            memory.refund(receipt).await.unwrap();
            continue;
        }
        // An attempt now and then comes again.
        let attempt = if below(&entropy, 10) == 0 { step - step.min(1) } else { step };
        let takes: Vec<Take> =
            sender(&entropy, seed).send(seed * 10 + below(&entropy, 3), seed * 1000 + attempt);
        let (ours, theirs) = (
            counters.take(&takes, at(millis)).await.unwrap(),
            memory.take(&takes, at(millis)).await.unwrap(),
        );
        assert_eq!(ours, theirs, "seed {seed}, step {step}, {millis} ms");
        if let Taken::All(receipt) = ours {
            receipts.push(receipt);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_answers_like_memory() {
    let single = counters_in(&servers::redis().await, RedisMode::Single);
    let cluster = counters_in(&servers::redis_cluster().await, RedisMode::Cluster);
    let walks: Vec<_> = (0..80)
        .map(|seed| {
            let counters = if seed % 2 == 0 { single.clone() } else { cluster.clone() };
            tokio::spawn(async move { walk(&counters, seed).await })
        })
        .collect();
    for walk in walks {
        walk.await.unwrap();
    }
}
