//! Expiring: what is pending although its life is over ends, at the end of its life, a bounded number at a time.

use std::sync::Arc;
use std::time::Duration;

use super::super::super::demand::{kept, present};
use super::super::race::race;
use super::super::verifications::finished;
use super::{Stage, expected};
use crate::ports::{Change, Expired};
use crate::route::RouteName;
use crate::time::{Timestamp, after};
use crate::verification::{State, Verification};

/// All of it happens in 2001, where nothing else does.
pub(super) async fn all(stage: &Stage<'_>) {
    while expire(stage, minutes(60 * 24 * 100), 1000).await > 0 {}
    a_life_that_is_over_ends(stage).await;
    it_is_bounded_and_the_first_over_end_first(stage).await;
    racing_ones_end_each_once(stage).await;
    racing_changes_are_not_overwritten(stage).await;
}

/// 2001-09-09T01:46:40Z.
fn begin() -> Timestamp {
    present(Timestamp::from_second(1_000_000_000).ok(), "it is an instant")
}

fn minutes(minutes: u64) -> Timestamp {
    after(begin(), Duration::from_secs(minutes * 60))
}

async fn expire(stage: &Stage<'_>, now: Timestamp, max: u32) -> usize {
    kept(stage.events.expire(now, max).await).len()
}

/// One that begins at `at`, and whose life is ten minutes.
async fn begun_at(stage: &Stage<'_>, at: Timestamp) -> Verification {
    let ground = stage.bench.ground;
    let verification = ground.verification_at(&ground.subject(), at);
    stage.bench.must_insert(&verification).await;
    verification
}

/// What it is when its life has ended.
fn ended(verification: &Verification) -> Verification {
    finished(verification, State::Expired { at: verification.generation.expires_at })
}

async fn a_life_that_is_over_ends(stage: &Stage<'_>) {
    let over = begun_at(stage, begin()).await;
    let sent_by = RouteName::parse("to-nepal");
    let over = Verification { version: over.version + 1, sent_by: sent_by.clone(), ..over };
    stage.bench.must_save(&over, None).await;
    let live = begun_at(stage, after(begin(), Duration::from_millis(1))).await;
    let approved = begun_at(stage, begin()).await;
    let approved = finished(&approved, State::Approved { at: begin() });
    stage.bench.must_save(&approved, None).await;

    let now = over.generation.expires_at;
    let told = kept(stage.events.expire(now, 100).await);
    let ended_now = [Expired { subject: over.subject.clone(), sent_by }];
    assert_eq!(told, ended_now, "what ended must be told, and by which route its SMS went");
    let ended = ended(&over);
    assert_eq!(stage.bench.reload(&over).await, ended, "a life that is over must end when it was over");
    let event = stage.only(&ended).await;
    assert_eq!(event, expected(&ended, None, &event), "a life that ended must be told");
    assert_eq!(stage.bench.reload(&live).await, live, "what lives must stay as it is");
    assert_eq!(stage.about(&live).await, [], "what lives must not be told");
    assert_eq!(stage.bench.reload(&approved).await, approved, "what is final must stay as it is");
    stage.only(&approved).await;
    assert_eq!(expire(stage, now, 100).await, 0, "a second time must find nothing more");
    assert_eq!(expire(stage, live.generation.expires_at, 100).await, 1, "the other one must end in its time");
}

async fn it_is_bounded_and_the_first_over_end_first(stage: &Stage<'_>) {
    let mut all = Vec::new();
    for minute in [3, 1, 2, 0] {
        all.push((minute, begun_at(stage, minutes(100 + minute)).await));
    }
    assert_eq!(expire(stage, minutes(200), 3).await, 3, "no more must end than was asked for");
    for (minute, begun) in &all {
        let is_pending = stage.bench.reload(begun).await.state == State::Pending;
        assert_eq!(is_pending, *minute == 3, "the first that are over must end first");
    }
    assert_eq!(expire(stage, minutes(200), 3).await, 1, "the rest must end next time");
}

async fn racing_ones_end_each_once(stage: &Stage<'_>) {
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(begun_at(stage, minutes(300)).await);
    }
    let counts = race(|_| {
        let events = Arc::clone(&stage.events);
        async move { kept(events.expire(minutes(400), 5).await).len() }
    })
    .await;
    let mut ended_now: usize = counts.iter().sum();
    while ended_now < 20 {
        let more = expire(stage, minutes(400), 5).await;
        assert!(more > 0, "what is over must end, though others pass it by");
        ended_now += more;
    }
    assert_eq!(ended_now, 20, "each must be told as ended by one");
    for begun in &all {
        assert_eq!(stage.bench.reload(begun).await, ended(begun), "each must end once");
        stage.only(begun).await;
    }
}

/// Somebody settles the same verification by a save: one of the two does it.
async fn racing_changes_are_not_overwritten(stage: &Stage<'_>) {
    let begun = begun_at(stage, minutes(500)).await;
    let locked = finished(&begun, State::Locked { at: minutes(509) });
    race(|racer| {
        let (events, next) = (Arc::clone(&stage.events), locked.clone());
        let verifications = Arc::clone(&stage.bench.verifications);
        async move {
            if racer % 2 == 0 {
                kept(events.expire(minutes(600), 5).await);
            } else {
                kept(
                    verifications
                        .save(&Change { next: &next, expected: next.version - 1, guess: None })
                        .await,
                );
            }
        }
    })
    .await;
    let over = stage.bench.reload(&begun).await;
    assert_eq!(over.version, begun.version + 1, "one of two ends must be stored");
    let event = stage.only(&over).await;
    assert_eq!(event, expected(&over, None, &event), "the end that was stored must be told");
}
