//! Telling: each end of a verification and each loss of a phone is told once, and nothing that did not happen.

use super::super::super::demand::kept;
use super::super::race::{RACERS, race};
use super::super::verifications::{Attempt, changed, final_states, finished, under_no_room};
use super::{Stage, expected};
use crate::account::Account;
use crate::event::EventKind;
use crate::phone::Phone;
use crate::ports::{Approved, Change, Inserted, Saved};
use crate::verification::{Command, Purpose, State, Subject, Verification, step};
use std::sync::Arc;

pub(super) async fn all(stage: &Stage<'_>) {
    every_end_is_told_once(stage).await;
    what_is_pending_is_not_told(stage).await;
    an_end_is_told_with_the_account(stage).await;
    an_insert_that_settles_tells_the_end(stage).await;
    an_approval_is_told(stage).await;
    a_transfer_is_told_before_the_approval(stage).await;
    what_was_not_stored_is_not_told(stage).await;
    what_happens_behind_the_end_is_not_told(stage).await;
    racing_ends_of_one_version_are_told_once(stage).await;
}

async fn every_end_is_told_once(stage: &Stage<'_>) {
    let bench = &stage.bench;
    for purpose in Purpose::ALL {
        for state in final_states(bench.ground.now()) {
            let begun = bench.begun(&Subject { purpose, ..bench.ground.subject() }).await;
            let over = finished(&begun, state);
            bench.must_save(&over, None).await;
            let event = stage.only(&over).await;
            assert_eq!(event, expected(&over, None, &event), "an event must tell what has happened");
            let loaded = kept(stage.events.load_event(&over.subject.application, event.id).await);
            assert_eq!(loaded, Some(event), "an event must be found by its id");
        }
    }
}

async fn what_is_pending_is_not_told(stage: &Stage<'_>) {
    let begun = stage.bench.begun(&stage.bench.ground.subject()).await;
    stage.bench.must_save(&changed(&begun), None).await;
    assert_eq!(stage.about(&begun).await, [], "what is pending must not be told");
}

async fn an_end_is_told_with_the_account(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let account = bench.account(&bench.ground.application(), "राम").await;
    let subject = of_account(&account, bench.ground.phone(), Purpose::Login);
    let begun = bench.begun(&subject).await;
    let over = finished(&begun, State::Locked { at: bench.ground.now() });
    bench.must_save(&over, None).await;
    let event = stage.only(&over).await;
    assert_eq!(event, expected(&over, Some(&account), &event), "an event must tell the account and its name");
}

async fn an_insert_that_settles_tells_the_end(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let old = bench.begun(&bench.ground.subject()).await;
    let now = old.generation.expires_at;
    bench.must_insert(&bench.ground.verification_at(&old.subject, now)).await;
    let settled = step(&old, Command::Settle, now).next;
    let event = stage.only(&settled).await;
    assert_eq!(event, expected(&settled, None, &event), "a life that an insert ends must be told");
}

async fn an_approval_is_told(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let account = bench.account(&bench.ground.application(), "ram").await;
    let attempt = attempt(stage, &account, bench.ground.phone()).await;
    let approved = bench.approve(&attempt, true).await;
    assert_eq!(approved, Approved::Stored { transferred_from: None });
    let event = stage.only(&attempt.approved).await;
    let told = expected(&attempt.approved, Some(&account), &event);
    assert_eq!(event, told, "an approval that takes a phone from nobody must be told, and nothing beside");
}

async fn a_transfer_is_told_before_the_approval(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let phone = bench.ground.phone();
    let ram = bench.account(&bench.ground.application(), "ram").await;
    let sita = bench.account(&ram.application, "sita").await;
    bench.approve(&attempt(stage, &ram, phone).await, false).await;
    let attempt = attempt(stage, &sita, phone).await;
    let approved = bench.approve(&attempt, true).await;
    assert_eq!(approved, Approved::Stored { transferred_from: Some(ram.id) });

    let events = stage.about(&attempt.approved).await;
    assert_eq!(events.len(), 2, "a transfer must be told beside the approval");
    let mut lost = expected(&attempt.approved, Some(&ram), &events[0]);
    lost.kind = EventKind::PhoneTransferred;
    assert_eq!(events[0], lost, "a transfer must tell who lost the phone, before who has it now");
    let told = expected(&attempt.approved, Some(&sita), &events[1]);
    assert_eq!(events[1], told, "an approval must be told behind the transfer");
    assert!(events[0].place < events[1].place, "later events must have greater places");
}

async fn what_was_not_stored_is_not_told(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let phone = bench.ground.phone();
    let ram = bench.account(&bench.ground.application(), "ram").await;
    let sita = bench.account(&ram.application, "sita").await;
    bench.approve(&attempt(stage, &ram, phone).await, false).await;

    let taken = attempt(stage, &sita, phone).await;
    assert_eq!(bench.approve(&taken, false).await, Approved::PhoneTaken);
    let spent = under_no_room(taken);
    assert_eq!(bench.approve(&spent, true).await, Approved::BudgetSpent);
    assert_eq!(stage.about(&spent.approved).await, [], "an approval that was refused must not be told");

    let begun = bench.begun(&bench.ground.subject()).await;
    bench.must_save(&changed(&begun), None).await;
    let over = finished(&begun, State::Canceled { at: bench.ground.now() });
    let change = Change { next: &over, expected: begun.version, guess: None };
    assert_eq!(kept(bench.verifications.save(&change).await), Saved::Conflict);
    assert_eq!(stage.about(&over).await, [], "a change that was not stored must not be told");

    let live = kept(bench.verifications.insert(&bench.ground.verification(&begun.subject)).await);
    assert_eq!(live, Inserted::LiveExists);
    assert_eq!(stage.about(&begun).await, [], "an insert beside a live one must not be told");
}

async fn what_happens_behind_the_end_is_not_told(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let begun = bench.begun(&bench.ground.subject()).await;
    let approved = finished(&begun, State::Approved { at: bench.ground.now() });
    bench.must_save(&approved, None).await;
    bench.must_save(&changed(&approved), None).await;
    stage.only(&approved).await;
}

async fn racing_ends_of_one_version_are_told_once(stage: &Stage<'_>) {
    let bench = &stage.bench;
    let begun = bench.begun(&bench.ground.subject()).await;
    let ends = final_states(bench.ground.now()).map(|state| finished(&begun, state));
    let answers = race(|racer| {
        let (store, next) = (Arc::clone(&bench.verifications), ends[racer % ends.len()].clone());
        async move {
            kept(store.save(&Change { next: &next, expected: next.version - 1, guess: None }).await)
        }
    })
    .await;
    let stored = answers.iter().filter(|answer| **answer == Saved::Stored).count();
    assert_eq!(stored, 1, "of {RACERS} ends of one version one must be stored");
    let over = bench.reload(&begun).await;
    let event = stage.only(&over).await;
    assert_eq!(event, expected(&over, None, &event), "of racing ends the one that was stored must be told");
}

fn of_account(account: &Account, phone: Phone, purpose: Purpose) -> Subject {
    Subject { application: account.application.clone(), account: Some(account.id), phone, purpose }
}

/// A right code that is about to be stored, for a new verification of the account's.
async fn attempt(stage: &Stage<'_>, account: &Account, phone: Phone) -> Attempt {
    let live: Verification = stage.bench.begun(&of_account(account, phone, Purpose::Contact)).await;
    Attempt::of(&live, account, stage.bench.ground.now())
}
