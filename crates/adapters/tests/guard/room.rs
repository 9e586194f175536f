//! How many calls a gateway gets, and who waits.

use std::sync::Arc;
use std::time::Duration;

use adapters::gateway::{GuardSettings, GuardSettingsFault, GuardedGateway};
use domain::breaker::BreakerState;
use domain::ports::{GatewayCondition, Held, HeldWhy, SendAnswer, SmsGateway};
use domain::testkit::contract;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::scripted::{LONG, NOT_SENT, Plays, Scripted, guarded, phone, room, send, sms, unbreakable};

const FULL: Held = Held { why: HeldWhy::Full, retry_after: Duration::from_secs(1) };
const CALL: Duration = Duration::from_millis(300);

type Sending = JoinHandle<Result<SendAnswer, Held>>;

fn sending(guard: &Arc<GuardedGateway>, number: u64) -> Sending {
    let guard = guard.clone();
    tokio::spawn(async move { guard.send(&sms(number), LONG).await.map(|report| report.answer) })
}

async fn all(sendings: Vec<Sending>) -> Vec<Result<SendAnswer, Held>> {
    let mut answers = Vec::new();
    for sending in sendings {
        answers.push(sending.await.unwrap());
    }
    answers
}

/// Lets everybody come as far as they can.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

const fn at_rest(breaker: BreakerState) -> GatewayCondition {
    GatewayCondition { breaker, calls: 0, waiting: 0 }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_sends_at_once_are_never_more_calls_than_allowed() {
    let gateway = Scripted::named("one");
    gateway.takes(CALL);
    let guard = guarded(&gateway, GuardSettings { wait_max: LONG, ..room(100, 1_000) });
    let answers = all((0..1_000).map(|number| sending(&guard, number)).collect()).await;
    assert!(answers.iter().all(|answer| *answer == Ok(SendAnswer::Accepted)));
    assert_eq!((gateway.calls(), gateway.most()), (1_000, 100));
    assert_eq!(guard.condition(), at_rest(BreakerState::Closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nor_are_they_on_several_threads() {
    let gateway = Scripted::named("one");
    gateway.takes(Duration::from_millis(1));
    let guard = guarded(&gateway, room(8, 2_000));
    let answers = all((0..1_000).map(|number| sending(&guard, number)).collect()).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(SendAnswer::Accepted) | Err(FULL))));
    assert!(gateway.most() <= 8);
    assert_eq!(guard.condition(), at_rest(BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn who_finds_nobody_to_wait_behind_is_turned_away_at_once() {
    let gateway = Scripted::named("one");
    gateway.takes(CALL);
    let guard = guarded(&gateway, room(2, 3));
    let begun = Instant::now();
    let sendings: Vec<_> = (0..9).map(|number| sending(&guard, number)).collect();
    settle().await;
    assert_eq!(guard.condition(), GatewayCondition { breaker: BreakerState::Closed, calls: 2, waiting: 3 });
    assert_eq!(sendings.iter().filter(|sending| sending.is_finished()).count(), 4);
    let answers = all(sendings).await;
    assert_eq!(answers.iter().filter(|answer| **answer == Err(FULL)).count(), 4);
    assert_eq!(begun.elapsed(), CALL * 3);
    assert_eq!(gateway.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_nobody_waits() {
    let gateway = Scripted::named("one");
    gateway.takes(CALL);
    let guard = guarded(&gateway, room(1, 0));
    let first = sending(&guard, 0);
    settle().await;
    assert_eq!(send(&guard).await, Err(FULL));
    assert_eq!(first.await.unwrap(), Ok(SendAnswer::Accepted));
    assert_eq!(send(&guard).await, Ok(SendAnswer::Accepted));
}

#[tokio::test(start_paused = true)]
async fn who_comes_first_is_served_first() {
    let gateway = Scripted::named("one");
    gateway.takes(CALL);
    let guard = guarded(&gateway, GuardSettings { wait_max: LONG, ..room(1, 10) });
    let mut sendings = Vec::new();
    for number in 0..6 {
        sendings.push(sending(&guard, number));
        settle().await;
    }
    // One that comes at the very moment at which a place becomes free finds it taken.
    sleep(Duration::from_millis(294)).await;
    sendings.push(sending(&guard, 6));
    all(sendings).await;
    let served: Vec<_> = gateway.all_calls().iter().map(|call| call.to).collect();
    assert_eq!(served, (0..7).map(phone).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_allowed_nor_than_half_of_the_time() {
    let gateway = Scripted::named("one");
    gateway.plays(Plays::Hangs);
    let guard = guarded(&gateway, unbreakable(room(1, 10)));
    let hanging = sending(&guard, 0);
    settle().await;
    for (within, waited) in [(LONG, 2_000), (Duration::from_secs(3), 1_500), (Duration::ZERO, 0)] {
        let begun = Instant::now();
        assert_eq!(guard.send(&sms(1), within).await, Err(FULL));
        let over = begun.elapsed().abs_diff(Duration::from_millis(waited));
        assert!(over <= Duration::from_millis(2), "{within:?}: {:?}", begun.elapsed());
    }
    hanging.abort();
}

#[tokio::test(start_paused = true)]
async fn the_call_has_what_the_waiting_has_left_of_the_time() {
    let gateway = Scripted::named("one");
    gateway.takes(Duration::from_secs(1));
    let guard = guarded(&gateway, room(1, 10));
    let (first, second) = (sending(&guard, 0), sending(&guard, 1));
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let given: Vec<_> = gateway.all_calls().iter().map(|call| call.within).collect();
    // What the gateway must be earlier by than the guard is taken off.
    assert_eq!(given, [9_950, 8_950].map(Duration::from_millis));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_never_answers_is_answered_for() {
    let gateway = Scripted::named("one");
    gateway.plays(Plays::Hangs);
    let guard = guarded(&gateway, GuardSettings::default());
    for within in [LONG, Duration::from_millis(1), Duration::ZERO, Duration::MAX] {
        let begun = Instant::now();
        let said = guard.send(&sms(0), within).await;
        assert_eq!(said, Ok(SendAnswer::Unknown.into()), "{within:?}");
        let most = within.min(Duration::from_mins(10)) + Duration::from_millis(1);
        assert!(begun.elapsed() <= most, "{within:?}: {:?}", begun.elapsed());
    }
    assert_eq!(guard.condition(), at_rest(BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_leaves_nothing_behind() {
    let gateway = Scripted::named("one");
    gateway.plays(Plays::Hangs);
    let guard = guarded(&gateway, room(2, 5));
    let sendings: Vec<_> = (0..7).map(|number| sending(&guard, number)).collect();
    settle().await;
    assert_eq!(guard.condition(), GatewayCondition { breaker: BreakerState::Closed, calls: 2, waiting: 5 });
    // First those who wait, then those who are under way.
    for sending in sendings.into_iter().rev() {
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
    }
    assert_eq!(guard.condition(), at_rest(BreakerState::Closed));
    assert_eq!(gateway.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_its_owner_no_longer_wants_goes_to_the_next() {
    let gateway = Scripted::named("one");
    gateway.takes(CALL);
    let guard = guarded(&gateway, room(1, 5));
    let first = sending(&guard, 0);
    settle().await;
    let (second, third) = (sending(&guard, 1), sending(&guard, 2));
    settle().await;
    second.abort();
    first.await.unwrap().unwrap();
    assert_eq!(third.await.unwrap(), Ok(SendAnswer::Accepted));
    let served: Vec<_> = gateway.all_calls().iter().map(|call| call.to).collect();
    assert_eq!(served, [phone(0), phone(2)]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_at_once_when_the_breaker_opens() {
    let gateway = Scripted::named("one");
    gateway.takes(CALL);
    gateway.plays(Plays::Answers(SendAnswer::Refused));
    let guard = guarded(&gateway, room(1, 5));
    let begun = Instant::now();
    let mut sendings: Vec<_> = (0..6).map(|number| sending(&guard, number)).collect();
    let first = sendings.remove(0).await.unwrap();
    assert_eq!(first, Ok(SendAnswer::Refused));
    for answer in all(sendings).await {
        assert_eq!(answer, Err(Held { why: HeldWhy::Open, retry_after: Duration::from_secs(10) }));
    }
    assert_eq!((begun.elapsed(), gateway.calls()), (CALL, 1));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_without_room_that_fails_is_open_and_not_full() {
    let gateway = Scripted::named("one");
    gateway.plays(Plays::Hangs);
    let guard = guarded(&gateway, room(2, 0));
    let hanging = sending(&guard, 0);
    settle().await;
    gateway.plays(Plays::Answers(SendAnswer::Refused));
    assert_eq!(send(&guard).await, Ok(SendAnswer::Refused));
    gateway.plays(Plays::Hangs);
    let held = send(&guard).await.unwrap_err();
    assert_eq!(held.why, HeldWhy::Open);
    hanging.abort();
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_says_itself_that_it_is_held_is_not_counted() {
    let gateway = Scripted::named("one");
    gateway.plays(Plays::Held);
    let guard = guarded(&gateway, GuardSettings::default());
    for _ in 0..50 {
        assert_eq!(send(&guard).await, Err(FULL));
    }
    assert_eq!(guard.condition(), at_rest(BreakerState::Closed));
    gateway.plays(NOT_SENT);
    assert_eq!(send(&guard).await, Ok(SendAnswer::NotSent));
}

#[tokio::test]
async fn a_guarded_gateway_keeps_the_contract() {
    let guard = guarded(&Scripted::named("one"), GuardSettings::default());
    contract::sms_gateway(guard, &sms(0), Duration::from_secs(5)).await;
}

#[test]
fn settings_out_of_range_make_no_guard() {
    let made = GuardedGateway::new(Scripted::named("one"), room(0, 0));
    assert_eq!(made.unwrap_err(), GuardSettingsFault::Calls);
}
