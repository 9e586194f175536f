//! Sweeping: what is old goes, a bounded number at a time; what is young stays.

use std::time::Duration;

use super::super::super::demand::{kept, present};
use super::{Bench, changed, final_states, finished, today, wide};
use crate::guess::{GuessClass, GuessTotals};
use crate::time::{Day, Timestamp, after};
use crate::verification::{State, Verification};

/// All of it happens before 2002, where nothing else does.
pub(super) async fn all(bench: &Bench<'_>) {
    empty(bench).await;
    what_ended_before_goes_and_the_rest_stays(bench).await;
    a_sweep_is_bounded(bench).await;
    the_ledger_outlives_its_verifications_until_its_day(bench).await;
    empty(bench).await;
}

/// 2001-09-09T01:46:40Z.
fn begin() -> Timestamp {
    present(Timestamp::from_second(1_000_000_000).ok(), "it is an instant")
}

fn minutes(minutes: u64) -> Timestamp {
    after(begin(), Duration::from_secs(minutes * 60))
}

const LONG_AGO: Day = Day::from_number(0);

async fn sweep(bench: &Bench<'_>, before: Timestamp, ledger_before: Day, max: u32) -> u64 {
    kept(bench.verifications.sweep(before, ledger_before, max).await)
}

/// Leaves nothing from before 2002.
async fn empty(bench: &Bench<'_>) {
    let year_2002 = Day::of(minutes(60 * 24 * 114));
    while sweep(bench, year_2002.end(), year_2002, 1000).await > 0 {}
}

async fn begun_at(bench: &Bench<'_>, at: Timestamp) -> Verification {
    let verification = bench.ground.verification_at(&bench.ground.subject(), at);
    bench.must_insert(&verification).await;
    verification
}

/// Settles a verification at the end of its life.
async fn expire(bench: &Bench<'_>, verification: &Verification) {
    let at = verification.generation.expires_at;
    bench.must_save(&finished(verification, State::Expired { at }), None).await;
}

async fn what_ended_before_goes_and_the_rest_stays(bench: &Bench<'_>) {
    let before = minutes(100);
    let just_before = before.saturating_sub(Duration::from_millis(1)).unwrap_or(before);
    let (mut old, mut young) = (Vec::new(), Vec::new());
    for (rows, at) in [(&mut old, just_before), (&mut young, before)] {
        for state in final_states(at) {
            let begun = begun_at(bench, begin()).await;
            let over = finished(&begun, state);
            bench.must_save(&over, None).await;
            rows.push(over);
        }
    }
    // Its life was over long before, and nobody has settled it yet.
    let pending = begun_at(bench, begin()).await;
    young.push(pending.clone());

    assert_eq!(
        sweep(bench, before, LONG_AGO, 1000).await,
        4,
        "a sweep must tell how many verifications went"
    );
    for verification in &old {
        assert_eq!(bench.load(verification).await, None, "what ended before must go");
        let standing = bench.standing(&verification.subject, today(verification)).await;
        assert_eq!(standing.latest, None, "what went must no longer stand for its subject");
    }
    for verification in &young {
        let found = bench.reload(verification).await;
        assert_eq!(found, *verification, "what did not end before must stay as it was");
    }
    assert_eq!(sweep(bench, before, LONG_AGO, 1000).await, 0, "a second sweep must find nothing more");
    expire(bench, &pending).await;
    empty(bench).await;
}

async fn a_sweep_is_bounded(bench: &Bench<'_>) {
    for minute in 0..7 {
        let begun = begun_at(bench, minutes(minute)).await;
        expire(bench, &begun).await;
    }
    let mut swept = Vec::new();
    for _ in 0..4 {
        swept.push(sweep(bench, minutes(100), LONG_AGO, 3).await);
    }
    assert_eq!(
        swept,
        [3, 3, 1, 0],
        "a sweep must delete no more than was asked for, and no less while there is more"
    );
}

async fn the_ledger_outlives_its_verifications_until_its_day(bench: &Bench<'_>) {
    let (day, next_day) = (Day::of(begin()), Day::of(Day::of(begin()).end()));
    let begun = begun_at(bench, begin()).await;
    let phone = begun.subject.phone;
    let once = changed(&begun);
    bench.must_save(&once, Some(wide(day, GuessClass::Short))).await;
    let twice = changed(&once);
    bench.must_save(&twice, Some(wide(next_day, GuessClass::Short))).await;
    expire(bench, &twice).await;

    assert_eq!(sweep(bench, minutes(100), day, 1000).await, 1, "what ended before must go");
    let totals = bench.totals(phone, next_day).await;
    let both = GuessTotals { short_in_window: 2, short_today: 1, long_today: 0 };
    assert_eq!(totals, both, "wrong checks must outlive the verification that they were made on");

    let swept = sweep(bench, minutes(100), next_day, 1000).await;
    assert_eq!(swept, 0, "ledger rows must not be told as verifications");
    let totals = bench.totals(phone, next_day).await;
    let younger = GuessTotals { short_in_window: 1, short_today: 1, long_today: 0 };
    assert_eq!(totals, younger, "the ledger must lose the days from before, and no other");
}
