//! Races: of many at once, as many win as the promise says.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::super::demand::kept;
use super::super::race::{RACERS, race};
use super::{Attempt, Bench, changed, wide};
use crate::account::Account;
use crate::guess::{Guess, GuessClass};
use crate::ports::{Approval, Approved, Change, Inserted, PhoneSet, Saved};
use crate::time::Day;
use crate::verification::{Purpose, Subject};

pub(super) async fn all(bench: &Bench<'_>) {
    racing_inserts_of_one_subject_store_one(bench).await;
    racing_inserts_over_an_over_lifed_one_store_one(bench).await;
    racing_saves_of_one_version_store_one(bench).await;
    racing_approvals_of_one_version_store_one(bench).await;
    racing_wrong_checks_of_one_phone_never_exceed_the_ceiling(bench).await;
    racing_proofs_of_one_phone_have_one_holder(bench).await;
    racing_transfers_of_one_phone_have_one_holder(bench).await;
    racing_proofs_and_gifts_of_one_phone_have_one_holder(bench).await;
}

fn count<Answer: PartialEq>(answers: &[Answer], wanted: &Answer) -> usize {
    answers.iter().filter(|answer| *answer == wanted).count()
}

async fn racing_inserts_of_one_subject_store_one(bench: &Bench<'_>) {
    for subject in [bench.subject_with_account().await, bench.ground.subject()] {
        let all: Vec<_> = (0..RACERS).map(|_| bench.ground.verification(&subject)).collect();
        let answers = race(|racer| {
            let (store, verification) = (Arc::clone(&bench.verifications), all[racer].clone());
            async move { kept(store.insert(&verification).await) }
        })
        .await;
        assert_eq!(
            count(&answers, &Inserted::Stored),
            1,
            "of {RACERS} inserts of one subject one must be stored"
        );
        assert_eq!(
            count(&answers, &Inserted::LiveExists),
            RACERS - 1,
            "every other must be told of the live one"
        );
        let mut found = 0;
        for (verification, inserted) in all.iter().zip(&answers) {
            let stored = bench.load(verification).await.is_some();
            assert_eq!(stored, *inserted == Inserted::Stored, "what is answered must be what was done");
            found += usize::from(stored);
        }
        assert_eq!(found, 1, "of {RACERS} inserts of one subject one must be found");
    }
}

async fn racing_inserts_over_an_over_lifed_one_store_one(bench: &Bench<'_>) {
    let old = bench.begun(&bench.ground.subject()).await;
    let over = old.generation.expires_at;
    let all: Vec<_> = (0..RACERS).map(|_| bench.ground.verification_at(&old.subject, over)).collect();
    let answers = race(|racer| {
        let (store, verification) = (Arc::clone(&bench.verifications), all[racer].clone());
        async move { kept(store.insert(&verification).await) }
    })
    .await;
    assert_eq!(
        count(&answers, &Inserted::Stored),
        1,
        "of {RACERS} inserts over an ended life one must be stored"
    );
    let settled = bench.reload(&old).await;
    assert_eq!(settled.version, old.version + 1, "an ended life must be settled once");
}

async fn racing_saves_of_one_version_store_one(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.subject()).await;
    let day = Day::of(bench.ground.now());
    let next = changed(&begun);
    let answers = race(|_| {
        let (store, next) = (Arc::clone(&bench.verifications), next.clone());
        async move {
            let guess = Some(wide(day, GuessClass::Short));
            kept(store.save(&Change { next: &next, expected: 0, guess }).await)
        }
    })
    .await;
    assert_eq!(count(&answers, &Saved::Stored), 1, "of {RACERS} changes of one version one must be stored");
    assert_eq!(count(&answers, &Saved::Conflict), RACERS - 1, "every other must be told of the conflict");
    let totals = bench.totals(begun.subject.phone, day).await;
    assert_eq!(totals.short_today, 1, "a wrong check whose change was not stored must not be counted");
}

async fn racing_approvals_of_one_version_store_one(bench: &Bench<'_>) {
    let account = bench.account(&bench.ground.application(), "ram").await;
    let attempts = attempts(bench, std::slice::from_ref(&account)).await;
    let answers = race_to_approve(bench, &attempts, false).await;
    let plain = Approved::Stored { transferred_from: None };
    assert_eq!(count(&answers, &plain), 1, "of {RACERS} approvals of one version one must be stored");
    assert_eq!(count(&answers, &Approved::Conflict), RACERS - 1, "every other must be told of the conflict");
    let bound = bench.reload_account(&account).await;
    assert_eq!(bound.phone, Some(attempts[0].phone), "the approval that was stored must bind");
}

async fn racing_wrong_checks_of_one_phone_never_exceed_the_ceiling(bench: &Bench<'_>) {
    let phone = bench.ground.phone();
    let day = Day::of(bench.ground.now());
    bench.charge(phone, day, GuessClass::Short, 3).await;
    let mut all = Vec::new();
    for _ in 0..RACERS {
        all.push(bench.begun(&Subject { phone, ..bench.ground.subject() }).await);
    }
    let answers = race(|racer| {
        let (store, begun) = (Arc::clone(&bench.verifications), all[racer].clone());
        let guess = Guess { day, class: GuessClass::Short, wrong: true, short_ceiling: 10, ceiling: 12 };
        async move {
            let change = Change { next: &changed(&begun), expected: begun.version, guess: Some(guess) };
            kept(store.save(&change).await)
        }
    })
    .await;
    assert_eq!(
        count(&answers, &Saved::Stored),
        7,
        "of {RACERS} wrong checks as many must be stored as there is room"
    );
    assert_eq!(
        count(&answers, &Saved::BudgetSpent),
        RACERS - 7,
        "every other must be told that the budget is spent"
    );
    let totals = bench.totals(phone, day).await;
    assert_eq!(totals.short_today, 10, "the ceiling must be reached and never exceeded");
    for (begun, saved) in all.iter().zip(&answers) {
        let changed = bench.reload(begun).await.version != begun.version;
        assert_eq!(changed, *saved == Saved::Stored, "a comparison that was refused must not be stored");
    }
}

async fn racing_proofs_of_one_phone_have_one_holder(bench: &Bench<'_>) {
    let attempts = attempts(bench, &accounts(bench).await).await;
    let answers = race_to_approve(bench, &attempts, false).await;
    let plain = Approved::Stored { transferred_from: None };
    assert_eq!(count(&answers, &plain), 1, "of {RACERS} accounts that prove one phone one must hold it");
    assert_eq!(
        count(&answers, &Approved::PhoneTaken),
        RACERS - 1,
        "every other must be told that it is taken"
    );
    assert_eq!(
        holders(bench, &attempts).await,
        1,
        "of {RACERS} accounts that prove one phone one must hold it"
    );
}

async fn racing_transfers_of_one_phone_have_one_holder(bench: &Bench<'_>) {
    let attempts = attempts(bench, &accounts(bench).await).await;
    let answers = race_to_approve(bench, &attempts, true).await;
    let mut losers = BTreeSet::new();
    let mut first = 0;
    for answer in answers {
        match answer {
            Approved::Stored { transferred_from: Some(loser) } => {
                assert!(losers.insert(loser), "an account must lose a phone no more than once");
            }
            Approved::Stored { transferred_from: None } => first += 1,
            Approved::PhoneTaken | Approved::Conflict | Approved::BudgetSpent => {
                assert_eq!(first, usize::MAX, "a transfer must not be refused");
            }
        }
    }
    assert_eq!(
        (first, losers.len()),
        (1, RACERS - 1),
        "each transfer but the first must take the phone from one"
    );
    assert_eq!(
        holders(bench, &attempts).await,
        1,
        "after {RACERS} transfers one account must hold the phone"
    );
}

/// Half of the accounts prove the phone, the other half is given it by operators.
async fn racing_proofs_and_gifts_of_one_phone_have_one_holder(bench: &Bench<'_>) {
    let attempts = attempts(bench, &accounts(bench).await).await;
    let answers = race(|racer| {
        let (verifications, accounts) = (Arc::clone(&bench.verifications), Arc::clone(&bench.accounts));
        let Attempt { approved, expected, guess, account, phone } = &attempts[racer];
        let (next, expected, guess, account, phone) =
            (approved.clone(), *expected, *guess, account.clone(), *phone);
        async move {
            if racer % 2 == 0 {
                let given = accounts.set_phone(&account.application, account.id, phone, phone.verified_at);
                return matches!(kept(given.await), PhoneSet::Set(_));
            }
            let change = Change { next: &next, expected, guess };
            let approval = Approval { change, account: account.id, phone, transfer: false };
            matches!(kept(verifications.approve(&approval).await), Approved::Stored { .. })
        }
    })
    .await;
    assert_eq!(count(&answers, &true), 1, "of {RACERS} proofs and gifts of one phone one must be stored");
    let held = holders(bench, &attempts).await;
    assert_eq!(held, 1, "of {RACERS} accounts that prove or are given one phone one must hold it");
}

/// As many accounts of one application as race.
async fn accounts(bench: &Bench<'_>) -> Vec<Account> {
    let application = bench.ground.application();
    let mut accounts = Vec::new();
    for racer in 0..RACERS {
        accounts.push(bench.account(&application, &format!("racer-{racer}")).await);
    }
    accounts
}

/// Right codes for one phone: one verification for each account, over and over until there are enough.
async fn attempts(bench: &Bench<'_>, accounts: &[Account]) -> Vec<Attempt> {
    let phone = bench.ground.phone();
    let mut live = Vec::new();
    for account in accounts {
        let application = account.application.clone();
        let subject = Subject { application, account: Some(account.id), phone, purpose: Purpose::Contact };
        live.push((bench.begun(&subject).await, account));
    }
    let now = bench.ground.now();
    live.iter().cycle().take(RACERS).map(|(live, account)| Attempt::of(live, account, now)).collect()
}

async fn race_to_approve(bench: &Bench<'_>, attempts: &[Attempt], transfer: bool) -> Vec<Approved> {
    race(|racer| {
        let store = Arc::clone(&bench.verifications);
        let Attempt { approved, expected, guess, account, phone } = &attempts[racer];
        let (next, expected, guess, account, phone) =
            (approved.clone(), *expected, *guess, account.id, *phone);
        async move {
            let change = Change { next: &next, expected, guess };
            kept(store.approve(&Approval { change, account, phone, transfer }).await)
        }
    })
    .await
}

/// How many of the accounts hold the phone of their attempt.
async fn holders(bench: &Bench<'_>, attempts: &[Attempt]) -> usize {
    let mut holders = 0;
    for attempt in attempts {
        let held = bench.reload_account(&attempt.account).await.phone;
        holders += usize::from(held.is_some_and(|held| held.phone == attempt.phone.phone));
    }
    holders
}
