//! Sparrow behind its guard, over real sockets: which of its answers open the breaker, and what credits do to it.

use std::sync::Arc;

use adapters::gateway::{GuardSettings, GuardedGateway, SparrowGateway};
use domain::breaker::BreakerState;
use domain::ports::{HeldWhy, SendAnswer, SmsGateway};
use simulator::Behaviour;

use crate::harness::{ENOUGH, settings, simulator, sms, sms_to};
use crate::patience::{Patience, for_each};

fn guarded(base_url: &str, patience: Patience) -> GuardedGateway {
    let sparrow = SparrowGateway::new(settings(base_url, patience)).unwrap();
    GuardedGateway::new(Arc::new(sparrow), GuardSettings::default()).unwrap()
}

async fn send(guard: &GuardedGateway) -> SendAnswer {
    guard.send(&sms(), ENOUGH).await.unwrap().answer
}

fn is_open(guard: &GuardedGateway) -> bool {
    matches!(guard.condition().breaker, BreakerState::Open { .. })
}

#[test]
fn one_answer_opens_the_breaker_where_it_proves_that_the_operator_is_needed() {
    let rows = (1000..=1013).chain([1014, 1099]).map(|code| (Behaviour::Refuse { code }, code));
    let rows = rows.map(|(behaviour, code)| (behaviour, !matches!(code, 1007 | 1011)));
    let others = [
        (Behaviour::Normal, false),
        (Behaviour::CountZero, true),
        (Behaviour::Redirect { location: "http://127.0.0.1:9/".to_owned() }, true),
        (Behaviour::HtmlWith200, false),
        (Behaviour::TruncatedJson, false),
        (Behaviour::ServerError { status: 503 }, false),
        (Behaviour::ResetMidway, false),
    ];
    for_each(rows.chain(others), async |(behaviour, opens)| {
        let (simulator, running) = simulator().await;
        let guard = guarded(&running.base_url(), Patience::Long);
        simulator.set_behaviour(behaviour.clone());
        let answer = send(&guard).await;
        assert_eq!(is_open(&guard), opens, "{behaviour:?}: {answer:?}");
        if opens {
            let held = guard.send(&sms(), ENOUGH).await.unwrap_err();
            assert_eq!((held.why, simulator.calls()), (HeldWhy::Open, 1), "{behaviour:?}");
        }
    });
}

#[tokio::test]
async fn what_may_have_been_sent_opens_it_after_ten_of_them() {
    let (simulator, running) = simulator().await;
    let guard = guarded(&running.base_url(), Patience::Long);
    simulator.set_behaviour(Behaviour::HtmlWith200);
    for call in 1..=10 {
        assert!(!is_open(&guard), "{call}");
        assert_eq!(send(&guard).await, SendAnswer::Unknown);
    }
    assert!(is_open(&guard));
}

#[tokio::test]
async fn phones_that_are_none_of_sparrows_open_nothing() {
    let (simulator, running) = simulator().await;
    let guard = guarded(&running.base_url(), Patience::Long);
    for number in 0..50 {
        let answer = guard.send(&sms_to(9_771_441_000 + number), ENOUGH).await.unwrap().answer;
        assert_eq!(answer, SendAnswer::ReceiverRefused);
    }
    assert_eq!((guard.condition().breaker, simulator.calls()), (BreakerState::Closed, 0));
}

#[tokio::test]
async fn credits_that_run_out_close_the_way_and_the_first_reading_of_new_ones_opens_it() {
    let (simulator, running) = simulator().await;
    let guard = guarded(&running.base_url(), Patience::Long);
    simulator.set_credits(1);
    guard.credit().await.unwrap();
    assert_eq!(send(&guard).await, SendAnswer::Accepted);
    // Who sends first learns it from the refusal, everybody else from the reading.
    assert_eq!(send(&guard).await, SendAnswer::Refused);
    guard.credit().await.unwrap();
    assert!(guard.condition().breaker.retry_after().unwrap().as_secs() > 600, "{:?}", guard.condition());
    simulator.set_credits(10);
    guard.credit().await.unwrap();
    assert_eq!(guard.condition().breaker, BreakerState::HalfOpen);
    assert_eq!(send(&guard).await, SendAnswer::Accepted);
    assert_eq!(guard.condition().breaker, BreakerState::Closed);
}
