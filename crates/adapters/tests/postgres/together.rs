//! What many calls at once have of going together, and that none of them pays for another.

use std::time::Duration;

use adapters::sql::{PostgresOptions, PostgresStore};
use domain::account::VerifiedPhone;
use domain::id::AccountId;
use domain::phone::Phone;
use domain::ports::{AccountStore as _, Approval, Approved, Change, Inserted, Saved, VerificationStore as _};
use domain::testkit::SeededEntropy;
use domain::verification::{Command, Verification, step};
use futures_util::future::join_all;
use sqlx::{Connection as _, PgConnection};

use super::harness::{Place, account, begin, begun, guess, mistyped, opened, today};
use super::proxy::Proxy;

const CALLERS: u64 = 64;

/// One connection, so that of many calls most wait.
async fn narrow(place: &Place) -> (PostgresStore, Proxy) {
    let proxy = Proxy::before(place.url()).await;
    let url = proxy.url(place.url());
    let address = PostgresOptions::from_url(&url).unwrap().address;
    let options = PostgresOptions { address, connections_max: 1, ..place.options() };
    (opened(&options).await, proxy)
}

/// Verifications of as many phones.
fn verifications() -> Vec<Verification> {
    let one = |number| {
        let mut begun = begun(None, number, begin());
        begun.subject.phone = Phone::from_digits(9_779_851_000_000 + number).unwrap();
        begun
    };
    (0..CALLERS).map(one).collect()
}

fn approved(verification: &Verification) -> Verification {
    step(verification, Command::Check { matches: true }, begin()).next
}

async fn insert_all(store: &PostgresStore, all: &[Verification]) {
    for inserted in join_all(all.iter().map(|new| store.insert(new))).await {
        assert_eq!(inserted.unwrap(), Inserted::Stored);
    }
}

#[tokio::test]
async fn many_callers_share_few_trips_and_each_gets_his_own_answer() {
    let place = Place::new().await;
    let (store, proxy) = narrow(&place).await;
    let all = verifications();
    // What is asked for once more behind this is not learnt any more.
    let few = |asked: usize| asked < 20;

    proxy.questions();
    insert_all(&store, &all).await;
    let asked = proxy.questions();
    assert!(few(asked), "{asked} questions for {CALLERS} inserts");

    let loaded = join_all(all.iter().map(|one| store.load(one.id, today()))).await;
    for (loaded, one) in loaded.into_iter().zip(&all) {
        assert_eq!(loaded.unwrap().unwrap().verification, *one);
    }
    let asked = proxy.questions();
    assert!(few(asked), "{asked} questions for {CALLERS} looks");

    let wrong: Vec<_> = all.iter().map(mistyped).collect();
    let saved = join_all(wrong.iter().map(|next| {
        let store = &store;
        async move { save(store, &Change { next, expected: 0, guess: Some(guess(today(), true)) }).await }
    }));
    for saved in saved.await {
        assert_eq!(saved, Saved::Stored);
    }
    let asked = proxy.questions();
    assert!(few(asked), "{asked} questions for {CALLERS} wrong checks");
    for one in &all {
        let found = store.load(one.id, today()).await.unwrap().unwrap();
        assert_eq!((found.verification.checks_used, found.guesses.short_today), (1, 1));
    }
}

async fn save(store: &PostgresStore, change: &Change<'_>) -> Saved {
    store.save(change).await.unwrap()
}

#[tokio::test]
async fn a_row_that_is_refused_fails_alone() {
    let place = Place::new().await;
    let (store, _) = narrow(&place).await;
    let mut all = verifications();
    // There is no such account, so that the schema refuses it.
    all[40].subject.account = Some(AccountId::new(begin(), &SeededEntropy::new(77)).unwrap());
    let inserted = join_all(all.iter().map(|new| store.insert(new))).await;
    for (place, inserted) in inserted.into_iter().enumerate() {
        assert_eq!(inserted.is_err(), place == 40, "{place}");
    }
    for (place, one) in all.iter().enumerate() {
        assert_eq!(store.load(one.id, today()).await.unwrap().is_some(), place != 40, "{place}");
    }
}

#[tokio::test]
async fn a_stale_version_and_a_spent_budget_are_told_to_those_whose_they_are() {
    let place = Place::new().await;
    let (store, _) = narrow(&place).await;
    let all = verifications();
    insert_all(&store, &all).await;
    let wrong: Vec<_> = all.iter().map(mistyped).collect();
    let saved = join_all(wrong.iter().enumerate().map(|(place, next)| {
        let mut of = guess(today(), true);
        if place % 3 == 1 {
            (of.short_ceiling, of.ceiling) = (0, 0);
        }
        let expected = if place % 3 == 2 { 7 } else { 0 };
        let store = &store;
        async move { save(store, &Change { next, expected, guess: Some(of) }).await }
    }));
    for (place, saved) in saved.await.into_iter().enumerate() {
        let expected = [Saved::Stored, Saved::BudgetSpent, Saved::Conflict][place % 3];
        assert_eq!(saved, expected, "{place}");
    }
}

#[tokio::test]
async fn approvals_that_go_together_bind_each_its_own_phone() {
    let place = Place::new().await;
    let (store, _) = narrow(&place).await;
    let mut all = verifications();
    for (one, seed) in all.iter_mut().zip(1000..) {
        one.subject.account = Some(account(&store, &format!("user-{seed}"), seed).await.id);
    }
    insert_all(&store, &all).await;
    // The first holds the phone that the second is about to prove.
    let holder = all[0].subject.account.unwrap();
    let held = VerifiedPhone { phone: all[1].subject.phone, verified_at: begin() };
    let application = all[0].subject.application.clone();
    store.set_phone(&application, holder, held, begin()).await.unwrap();
    let over: Vec<_> = all.iter().skip(1).map(approved).collect();
    let outcomes = join_all(over.iter().map(|next| {
        let phone = VerifiedPhone { phone: next.subject.phone, verified_at: begin() };
        let change = Change { next, expected: 0, guess: Some(guess(today(), false)) };
        let approval = Approval { change, account: next.subject.account.unwrap(), phone, transfer: false };
        let store = &store;
        async move { store.approve(&approval).await.unwrap() }
    }));
    for (place, outcome) in outcomes.await.into_iter().enumerate() {
        let bound = Approved::Stored { transferred_from: None };
        assert_eq!(outcome, if place == 0 { Approved::PhoneTaken } else { bound }, "{place}");
    }
    for next in over.iter().skip(1) {
        let account = store.load_account(next.subject.account.unwrap()).await.unwrap().unwrap();
        assert_eq!(account.phone.map(|held| held.phone), Some(next.subject.phone));
    }
}

#[tokio::test]
async fn a_row_that_somebody_holds_keeps_only_its_own_caller_waiting() {
    let place = Place::new().await;
    let options = PostgresOptions { statement_timeout: Duration::from_secs(2), ..place.options() };
    let store = opened(&options).await;
    let all = verifications();
    insert_all(&store, &all).await;
    let mut operator = PgConnection::connect(place.url()).await.unwrap();
    let mut transaction = operator.begin().await.unwrap();
    sqlx::query("SELECT 1 FROM verifications WHERE id = $1 FOR UPDATE")
        .bind(all[40].id.uuid())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let wrong: Vec<_> = all.iter().map(mistyped).collect();
    let saved = join_all(wrong.iter().map(|next| {
        let change = Change { next, expected: 0, guess: Some(guess(today(), true)) };
        let store = &store;
        async move { store.save(&change).await }
    }));
    for (place, saved) in saved.await.into_iter().enumerate() {
        assert_eq!(saved.is_err(), place == 40, "{place}: {saved:?}");
    }
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn what_was_asked_is_stored_though_the_caller_has_gone_and_a_close_waits_for_it() {
    let place = Place::new().await;
    let (store, _) = narrow(&place).await;
    let all = verifications();
    let callers: Vec<_> = all
        .iter()
        .map(|new| {
            let (store, new) = (store.clone(), new.clone());
            tokio::spawn(async move { store.insert(&new).await })
        })
        .collect();
    // Each gets as far as asking.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    for caller in &callers {
        caller.abort();
    }
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    store.close().await;
    let anew = place.open().await;
    for one in &all {
        assert!(anew.load(one.id, today()).await.unwrap().is_some());
    }
    assert!(store.insert(&all[0]).await.is_err(), "a closed store takes nothing");
}
