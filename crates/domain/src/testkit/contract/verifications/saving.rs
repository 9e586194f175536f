//! Changing: by version, and nothing beside.

use super::super::super::demand::kept;
use super::{Bench, changed, final_states, finished, today};
use crate::ports::Saved;
use crate::verification::{Command, step};

pub(super) async fn all(bench: &Bench<'_>) {
    a_change_replaces_the_version_it_was_made_from(bench).await;
    a_change_of_another_version_changes_nothing(bench).await;
    a_change_of_what_is_not_there_is_a_conflict(bench).await;
    a_change_touches_no_other(bench).await;
    a_new_generation_replaces_the_old(bench).await;
}

async fn a_change_replaces_the_version_it_was_made_from(bench: &Bench<'_>) {
    let mut current = bench.begun(&bench.ground.subject()).await;
    for _ in 0..3 {
        let next = changed(&current);
        bench.must_save(&next, None).await;
        assert_eq!(bench.reload(&current).await, next, "a stored change must be what is found from then on");
        current = next;
    }
    let standing = bench.standing(&current.subject, today(&current)).await;
    assert_eq!(standing.latest, Some(current), "a stored change must be what stands for its subject");
}

async fn a_change_of_another_version_changes_nothing(bench: &Bench<'_>) {
    let first = bench.begun(&bench.ground.subject()).await;
    let second = changed(&first);
    bench.must_save(&second, None).await;

    let late = finished(&first, final_states(bench.ground.now())[2]);
    assert_eq!(
        bench.save(&late, first.version, None).await,
        Saved::Conflict,
        "the first of two changes must win"
    );
    let early = finished(&changed(&second), final_states(bench.ground.now())[2]);
    assert_eq!(
        bench.save(&early, second.version + 1, None).await,
        Saved::Conflict,
        "a change of a version that is not there yet must not be stored"
    );
    assert_eq!(bench.reload(&first).await, second, "a change that conflicts must change nothing");
}

async fn a_change_of_what_is_not_there_is_a_conflict(bench: &Bench<'_>) {
    let never = bench.ground.verification(&bench.ground.subject());
    let saved = bench.save(&changed(&never), never.version, None).await;
    assert_eq!(
        saved,
        Saved::Conflict,
        "a change of what was never stored, or was swept away, must be a conflict"
    );
    assert_eq!(bench.load(&never).await, None, "a change must not bring a verification into being");
}

async fn a_change_touches_no_other(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    let old = finished(&bench.begun(&subject).await, final_states(bench.ground.now())[2]);
    bench.must_save(&old, None).await;
    let stranger = bench.begun(&bench.ground.subject()).await;
    let current = bench.begun(&subject).await;
    bench.must_save(&changed(&current), None).await;
    assert_eq!(bench.reload(&old).await, old, "a change must leave others of the subject alone");
    assert_eq!(bench.reload(&stranger).await, stranger, "a change must leave other subjects alone");
}

async fn a_new_generation_replaces_the_old(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.subject()).await;
    let seed = bench.ground.seed(begun.generation.length);
    let late = begun.generation.expires_at.saturating_sub(begun.budget.renew_below / 2);
    let late = late.unwrap_or(begun.created_at);
    let resent = step(&begun, Command::Resend { seed, pepper_known: true }, late).next;
    assert_ne!(resent.generation, begun.generation, "a late resend begins a new generation");
    bench.must_save(&resent, None).await;
    assert_eq!(bench.reload(&begun).await, resent, "a new generation must be stored whole");

    // The life that counts is the new generation's.
    let between = bench.ground.verification_at(&begun.subject, begun.generation.expires_at);
    let inserted = kept(bench.verifications.insert(&between).await);
    assert_eq!(
        inserted,
        crate::ports::Inserted::LiveExists,
        "a new generation must keep its verification live beyond the life of the old one"
    );
}
