//! When a gateway is left alone.

use std::time::Duration;

use adapters::gateway::{GuardSettings, GuardedGateway};
use domain::breaker::{BreakerSettings, BreakerState};
use domain::ports::{Held, HeldWhy, SendAnswer, SmsGateway};
use tokio::time::{advance, sleep};

use crate::logs::Logs;
use crate::scripted::{ACCEPTED, LONG, NOT_SENT, Plays, REFUSED, Scripted, UNKNOWN, guarded, send, sms};

const fn open(seconds: u64) -> Held {
    Held { why: HeldWhy::Open, retry_after: Duration::from_secs(seconds) }
}

/// Calls until the guard lets none through; how many calls that took.
async fn calls_until_open(guard: &GuardedGateway) -> u32 {
    for calls in 0..100 {
        if matches!(send(guard).await, Err(Held { why: HeldWhy::Open, .. })) {
            return calls;
        }
    }
    panic!("never opened");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_refuses_is_left_alone_until_a_probe_succeeds() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    gateway.plays(REFUSED);
    assert_eq!(send(&guard).await, Ok(SendAnswer::Refused));
    assert_eq!(send(&guard).await, Err(open(10)));
    advance(Duration::from_secs(4)).await;
    assert_eq!(send(&guard).await, Err(open(6)));
    assert_eq!(guard.condition().breaker, BreakerState::Open { retry_after: Duration::from_secs(6) });
    advance(Duration::from_secs(6)).await;
    assert_eq!(guard.condition().breaker, BreakerState::HalfOpen);
    assert_eq!(send(&guard).await, Ok(SendAnswer::Refused), "the probe");
    assert_eq!(send(&guard).await, Err(open(20)));
    advance(Duration::from_secs(20)).await;
    gateway.plays(ACCEPTED);
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
    assert_eq!(gateway.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn of_many_sends_one_is_the_probe() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    gateway.plays(REFUSED);
    send(&guard).await.unwrap();
    advance(Duration::from_secs(10)).await;
    gateway.plays(ACCEPTED);
    gateway.takes(Duration::from_millis(300));
    let sendings: Vec<_> = (0..100)
        .map(|_| {
            let guard = guard.clone();
            tokio::spawn(async move { send(&guard).await })
        })
        .collect();
    let mut answers = Vec::new();
    for sending in sendings {
        answers.push(sending.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(
        answers.iter().all(|answer| matches!(answer, Ok(SendAnswer::Accepted)) || *answer == Err(open(1)))
    );
    assert_eq!((gateway.calls(), gateway.most()), (2, 1));
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_nobody_waits_for_any_more_has_failed_and_makes_room_for_the_next() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    gateway.plays(REFUSED);
    send(&guard).await.unwrap();
    advance(Duration::from_secs(10)).await;
    gateway.plays(Plays::Hangs);
    let probe = tokio::spawn({
        let guard = guard.clone();
        async move { send(&guard).await }
    });
    sleep(Duration::from_millis(1)).await;
    assert_eq!(send(&guard).await, Err(open(1)));
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(send(&guard).await, Err(open(20)));
    advance(Duration::from_secs(20)).await;
    gateway.plays(ACCEPTED);
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
}

/// "Each replica learns by itself within a few calls": so few.
#[tokio::test(start_paused = true)]
async fn each_replica_learns_for_itself_within_one_refusal_or_ten_failures() {
    for (plays, calls) in [(REFUSED, 1), (NOT_SENT, 10), (UNKNOWN, 10)] {
        for healthy_before in [0, 9, 5_000] {
            let gateway = Scripted::named("one");
            let replicas =
                [guarded(&gateway, GuardSettings::default()), guarded(&gateway, GuardSettings::default())];
            for replica in &replicas {
                for _ in 0..healthy_before {
                    send(replica).await.unwrap();
                }
            }
            gateway.plays(plays);
            for replica in &replicas {
                assert_eq!(replica.condition().breaker, BreakerState::Closed, "it has not failed this one");
                // With few calls before, half of them have failed sooner.
                let learned = calls_until_open(replica).await;
                assert!((1..=calls).contains(&learned), "{plays:?} after {healthy_before}: {learned}");
                assert!(healthy_before != 5_000 || learned == calls, "{plays:?}: {learned}");
            }
            // And each finds out for itself that it works again.
            gateway.plays(ACCEPTED);
            advance(Duration::from_secs(10)).await;
            for replica in &replicas {
                assert_eq!(send(replica).await, Ok(SendAnswer::Accepted));
                assert_eq!(replica.condition().breaker, BreakerState::Closed);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_credits_nobody_pays_with_a_wait() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    gateway.leave(Some(0));
    guard.credit().await;
    assert_eq!(send(&guard).await, Err(open(900)));
    advance(Duration::from_mins(5)).await;
    assert_eq!(send(&guard).await, Err(open(600)));
    guard.credit().await;
    assert_eq!(send(&guard).await, Err(open(900)), "renewed");
    advance(Duration::from_mins(5)).await;
    gateway.leave(None);
    guard.credit().await;
    assert_eq!(send(&guard).await, Err(open(600)), "no reading says nothing");
    gateway.leave(Some(1));
    guard.credit().await;
    assert_eq!(guard.condition().breaker, BreakerState::HalfOpen);
    assert_eq!(gateway.calls(), 0);
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_no_reading_renews_ends_by_itself() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    gateway.leave(Some(0));
    guard.credit().await;
    advance(Duration::from_mins(15)).await;
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
}

#[tokio::test(start_paused = true)]
async fn credits_that_are_there_again_end_what_their_want_began() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    // Sparrow's 1012 and 1013 are refusals; they come before the reading.
    gateway.plays(REFUSED);
    for _ in 0..8 {
        send(&guard).await.unwrap();
        advance(guard.condition().breaker.retry_after().unwrap()).await;
    }
    send(&guard).await.unwrap();
    assert_eq!(send(&guard).await, Err(open(300)));
    gateway.plays(ACCEPTED);
    gateway.leave(Some(1_000));
    guard.credit().await;
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn those_who_pay_afterwards_are_not_held() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings { hold_for: Duration::ZERO, ..GuardSettings::default() });
    gateway.leave(Some(0));
    guard.credit().await;
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_late_opens_nothing_again() {
    let gateway = Scripted::named("one");
    let guard = guarded(&gateway, GuardSettings::default());
    gateway.plays(REFUSED);
    gateway.takes(Duration::from_secs(10) + Duration::from_millis(500));
    let late = tokio::spawn({
        let guard = guard.clone();
        async move { guard.send(&sms(0), LONG * 2).await }
    });
    sleep(Duration::from_millis(1)).await;
    gateway.takes(Duration::ZERO);
    send(&guard).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    gateway.plays(ACCEPTED);
    send(&guard).await.unwrap();
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
    assert_eq!(late.await.unwrap(), Ok(SendAnswer::Refused.into()));
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn each_change_is_told_once_with_its_class() {
    let logs = Logs::capture();
    let gateway = Scripted::named("spare");
    let breaker = BreakerSettings { probes: 2, ..BreakerSettings::default() };
    let guard = guarded(&gateway, GuardSettings { breaker, ..GuardSettings::default() });
    gateway.plays(REFUSED);
    send(&guard).await.unwrap();
    for _ in 0..20 {
        send(&guard).await.unwrap_err();
    }
    gateway.plays(UNKNOWN);
    advance(Duration::from_secs(10)).await;
    send(&guard).await.unwrap();
    gateway.plays(ACCEPTED);
    advance(Duration::from_secs(20)).await;
    for _ in 0..5 {
        send(&guard).await.unwrap();
    }
    gateway.leave(Some(0));
    for _ in 0..3 {
        guard.credit().await;
    }
    gateway.leave(Some(5));
    for _ in 0..3 {
        guard.credit().await;
    }
    assert_eq!(
        logs.warnings("adapters::gateway::guard"),
        [
            "WARN message=the gateway fails: it is left alone for a while gateway=spare why=refused \
             class=refused open_s=10 ",
            "WARN message=the gateway fails: it is left alone for a while gateway=spare why=probe-failed \
             class=unknown open_s=20 ",
            "WARN message=no credits are left at the gateway: it is called no more gateway=spare \
             why=no-credits open_s=900 ",
        ]
    );
    let all = logs.all();
    assert_eq!(all.matches("the gateway works again").count(), 1, "{all}");
    assert_eq!(all.matches("one call is let through to try").count(), 1, "{all}");
    assert!(!all.contains("042137") && !all.contains("9841000000"), "{all}");
}
