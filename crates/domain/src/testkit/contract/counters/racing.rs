//! Counters that are taken from at the same time.

use std::sync::Arc;

use super::super::super::demand::kept;
use super::super::race::{RACERS, race};
use super::{Bench, WINDOW, refused};
use crate::time::after;

pub(super) async fn all(bench: &Bench<'_>) {
    racing_takes_never_exceed_the_limit(bench).await;
    racing_takes_of_one_member_count_once(bench).await;
    racing_refusals_leave_nothing(bench).await;
    racing_refusals_of_one_member_leave_nothing(bench).await;
}

async fn racing_takes_never_exceed_the_limit(bench: &Bench<'_>) {
    let counter = bench.counter(10);
    let now = bench.ground.now();
    let takes: Vec<_> = (0..RACERS).map(|_| bench.another(&counter)).collect();
    let answers = race(|racer| {
        let (counters, take) = (Arc::clone(&bench.counters), takes[racer].clone());
        async move { kept(counters.take(&[take], now).await) }
    })
    .await;
    let all = answers.iter().filter(|taken| refused(taken).is_none()).count();
    assert_eq!(all, 10, "of {RACERS} takes at once exactly as many must be taken as the limit allows");
    assert_eq!(bench.room(&counter, now).await, 0, "after the race the counter must be full");
}

async fn racing_takes_of_one_member_count_once(bench: &Bench<'_>) {
    let counter = bench.counter(2);
    let now = bench.ground.now();
    let answers = race(|_| {
        let (counters, take) = (Arc::clone(&bench.counters), counter.clone());
        async move { kept(counters.take(&[take], now).await) }
    })
    .await;
    let all = answers.iter().filter(|taken| refused(taken).is_none()).count();
    assert_eq!(all, RACERS, "a member that is held must never be refused");
    assert_eq!(
        bench.room(&counter, now).await,
        1,
        "one member must count once, however many take it at once"
    );
}

async fn racing_refusals_leave_nothing(bench: &Bench<'_>) {
    let (wide, narrow) = (bench.counter(40), bench.counter(5));
    let now = bench.ground.now();
    let takes: Vec<_> = (0..RACERS).map(|_| [bench.another(&wide), bench.another(&narrow)]).collect();
    let answers = race(|racer| {
        let (counters, takes) = (Arc::clone(&bench.counters), takes[racer].clone());
        async move { kept(counters.take(&takes, now).await) }
    })
    .await;
    let all = answers.iter().filter(|taken| refused(taken).is_none()).count();
    assert!(all <= 5, "the narrower of two limits must hold in a race");
    assert!(all > 0, "racers must not refuse each other until none is left");
    let left = |max: usize| u32::try_from(max - all).unwrap_or(0);
    assert_eq!(
        bench.room(&wide, now).await,
        left(40),
        "refused calls must leave nothing in the wide counter"
    );
    assert_eq!(
        bench.room(&narrow, now).await,
        left(5),
        "refused calls must leave nothing in the narrow counter"
    );
}

async fn racing_refusals_of_one_member_leave_nothing(bench: &Bench<'_>) {
    for held in [false, true] {
        let (shared, full) = (bench.counter(3), bench.counter(1));
        let begin = bench.ground.now();
        if held {
            bench.take_one(&shared, begin).await;
        }
        let half = after(begin, WINDOW / 2);
        bench.take_one(&bench.another(&full), half).await;
        let answers = race(|_| {
            let (counters, takes) = (Arc::clone(&bench.counters), [shared.clone(), bench.another(&full)]);
            async move { kept(counters.take(&takes, half).await) }
        })
        .await;
        assert!(
            answers.iter().all(|taken| refused(taken).is_some()),
            "a full counter must refuse however many there are"
        );
        let room = bench.room(&shared, half).await;
        assert_eq!(room, if held { 2 } else { 3 }, "racing refusals of one member must leave nothing of it");
        // Those of the half count on when the one from the beginning does no more.
        let room = bench.room(&shared, after(begin, WINDOW)).await;
        assert_eq!(room, u32::from(held), "racing refusals must not begin a member's life anew");
    }
}
