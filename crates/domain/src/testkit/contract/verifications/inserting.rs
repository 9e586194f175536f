//! Beginning: what is inserted is found, and at most one verification of a subject is live.

use std::time::Duration;

use super::super::super::demand::kept;
use super::{Bench, changed, final_states, finished, step_of, today};
use crate::guess::GuessTotals;
use crate::ports::{Inserted, Saved, Standing};
use crate::verification::{Command, Purpose, State, Subject};

pub(super) async fn all(bench: &Bench<'_>) {
    what_was_never_stored_is_not_found(bench).await;
    what_is_inserted_is_found(bench).await;
    a_live_one_keeps_others_of_its_subject_out(bench).await;
    subjects_that_differ_in_anything_are_independent(bench).await;
    an_over_lifed_one_is_settled_by_the_next(bench).await;
    a_final_one_keeps_nobody_out(bench).await;
    the_youngest_of_a_subject_stands(bench).await;
}

async fn what_was_never_stored_is_not_found(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    let never = bench.ground.verification(&subject);
    assert_eq!(bench.load(&never).await, None, "an id that was never stored must not be found");
    let nothing = Standing { latest: None, guesses: GuessTotals::default(), proved: None };
    let standing = bench.standing(&subject, today(&never)).await;
    assert_eq!(standing, nothing, "of a subject that was never stored nothing must be known");
}

async fn what_is_inserted_is_found(bench: &Bench<'_>) {
    let subject = bench.subject_with_account().await;
    let begun = bench.begun(&subject).await;
    assert_eq!(
        bench.reload(&begun).await,
        begun,
        "an inserted verification must be found as it was inserted"
    );
    let standing = bench.standing(&subject, today(&begun)).await;
    assert_eq!(standing.latest, Some(begun), "an inserted verification must be the latest of its subject");
    assert_eq!(
        standing.guesses,
        GuessTotals::default(),
        "a phone without wrong checks must have none counted"
    );
}

async fn a_live_one_keeps_others_of_its_subject_out(bench: &Bench<'_>) {
    for subject in [bench.subject_with_account().await, bench.ground.subject()] {
        let live = bench.begun(&subject).await;
        let last_moment = live.generation.expires_at.saturating_sub(Duration::from_millis(1));
        let last_moment = last_moment.unwrap_or(live.created_at);
        for now in [bench.ground.now(), last_moment] {
            let second = bench.ground.verification_at(&subject, now);
            let inserted = kept(bench.verifications.insert(&second).await);
            assert_eq!(
                inserted,
                Inserted::LiveExists,
                "a live verification must keep others of its subject out, with or without an account"
            );
            assert_eq!(bench.load(&second).await, None, "what was kept out must not be stored");
        }
        assert_eq!(
            bench.reload(&live).await,
            live,
            "a live verification must not be changed by what was kept out"
        );
        let standing = bench.standing(&subject, today(&live)).await;
        assert_eq!(standing.latest, Some(live), "a live verification must stay the latest of its subject");
    }
}

async fn subjects_that_differ_in_anything_are_independent(bench: &Bench<'_>) {
    let subject = bench.subject_with_account().await;
    let sita = bench.account(&subject.application, "sita").await;
    let others = [
        Subject { purpose: Purpose::Login, ..subject.clone() },
        Subject { purpose: Purpose::Recovery, ..subject.clone() },
        Subject { purpose: Purpose::Transaction, ..subject.clone() },
        Subject { account: Some(sita.id), ..subject.clone() },
        Subject { account: None, ..subject.clone() },
        Subject { phone: bench.ground.phone(), ..subject.clone() },
        Subject { application: bench.ground.application(), account: None, ..subject.clone() },
    ];
    bench.begun(&subject).await;
    let mut begun = Vec::new();
    for other in &others {
        begun.push(bench.begun(other).await);
    }
    for (other, verification) in others.iter().zip(begun) {
        let standing = bench.standing(other, today(&verification)).await;
        assert_eq!(
            standing.latest,
            Some(verification),
            "each subject must have a latest verification of its own"
        );
    }
}

async fn an_over_lifed_one_is_settled_by_the_next(bench: &Bench<'_>) {
    for subject in [bench.subject_with_account().await, bench.ground.subject()] {
        let old = bench.begun(&subject).await;
        let over = old.generation.expires_at;
        let young = bench.ground.verification_at(&subject, over);
        bench.must_insert(&young).await;

        let settled = step_of(&old, Command::Settle, over).next;
        assert_eq!(
            bench.reload(&old).await,
            settled,
            "a pending verification whose life is over must be expired by the insert of the next"
        );
        let saved = bench.save(&changed(&old), old.version, None).await;
        assert_eq!(
            saved,
            Saved::Conflict,
            "settling is a change: what was made from the version before must not win"
        );
        let standing = bench.standing(&subject, today(&young)).await;
        assert_eq!(standing.latest, Some(young), "the next must be the latest");
    }
}

async fn a_final_one_keeps_nobody_out(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    for state in final_states(bench.ground.now()) {
        let begun = bench.begun(&subject).await;
        let over = finished(&begun, state);
        bench.must_save(&over, None).await;
        let standing = bench.standing(&subject, today(&begun)).await;
        assert_eq!(standing.latest.as_ref(), Some(&over), "the latest must be found whatever its state");
    }
    let next = bench.begun(&subject).await;
    assert_eq!(bench.reload(&next).await, next, "behind final ones a new one must begin");
}

async fn the_youngest_of_a_subject_stands(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    let mut ended = Vec::new();
    for _ in 0..3 {
        let begun = bench.begun(&subject).await;
        let over = finished(&begun, State::Canceled { at: bench.ground.now() });
        bench.must_save(&over, None).await;
        ended.push(over);
    }
    // The last to change is not the youngest.
    bench.must_save(&changed(&ended[0]), None).await;
    let latest = bench.standing(&subject, today(&ended[2])).await.latest;
    assert_eq!(
        latest.as_ref(),
        ended.last(),
        "the youngest must stand for its subject, whichever changed last"
    );
}
