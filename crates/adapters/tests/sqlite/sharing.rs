//! One file, several processes: nobody has it for himself.

use std::time::{Duration, Instant};

use adapters::sql::{SqlError, SqliteOptions, SqliteStore};
use domain::account::VerifiedPhone;
use domain::phone::Phone;
use domain::ports::{
    AccountStore, Approval, Change, Counters, Dependency, PortErrorKind, Saved, Taken, VerificationStore,
};
use domain::verification::{Command, step};
use sqlx::Executor as _;

use super::harness::{Place, account, begin, begun, guess, inserted, mistyped, seconds, take, today, vault};
use crate::promises::{self, count, race};

/// Two stores of one file, as two processes have.
async fn two_stores(place: &Place) -> [SqliteStore; 2] {
    [place.open().await, place.open().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_right_codes_over_two_pools_one_approves() {
    promises::of_many_right_codes_one_approves(&two_stores(&Place::new()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_starts_over_two_pools_one_is_stored() {
    promises::of_many_starts_one_is_stored(&two_stores(&Place::new()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_adds_of_one_name_over_two_pools_one_account_comes() {
    promises::of_many_adds_of_one_name_one_account_comes(&two_stores(&Place::new()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_takes_over_two_pools_never_exceed_the_limit() {
    let place = Place::new();
    let answers = race(&two_stores(&place).await, |racer, store| {
        let take = take(10, 1, racer as u64);
        async move { matches!(store.counters().take(&[take], begin()).await.unwrap(), Taken::All(_)) }
    })
    .await;
    assert_eq!(count(&answers, &true), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_open_and_migrate_a_new_file_at_once_all_get_a_whole_one() {
    let place = Place::new();
    let options = place.options();
    let opened: Vec<_> = (0..8)
        .map(|_| {
            let options = options.clone();
            tokio::spawn(async move {
                let store = SqliteStore::open(&options, vault(7)).await.unwrap();
                store.migrate().await.unwrap();
                store.ping().await.unwrap();
            })
        })
        .collect();
    for opened in opened {
        opened.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opens_a_new_file_waits_for_whom_is_at_it() {
    let place = Place::new();
    std::fs::write(place.path(), "").unwrap();
    let mut foreign = place.foreign().await;
    // Going over to WAL meets this lock, and SQLite does not wait for it by itself.
    foreign.execute("BEGIN IMMEDIATE; CREATE TABLE theirs (id INTEGER)").await.unwrap();
    let options = place.options();
    let opening = tokio::spawn(async move { SqliteStore::open(&options, vault(7)).await });
    let locked = SqliteStore::open(&impatient(&place), vault(7)).await;
    assert!(matches!(locked, Err(SqlError::Database(_))), "a wait must end");
    foreign.execute("COMMIT").await.unwrap();
    opening.await.unwrap().unwrap().migrate().await.unwrap();
}

const WAIT: Duration = Duration::from_millis(150);

fn impatient(place: &Place) -> SqliteOptions {
    SqliteOptions { busy_timeout: WAIT, acquire_timeout: WAIT, ..place.options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_kept_waiting_is_told_in_time_and_goes_on_afterwards() {
    let place = Place::new();
    let store = place.open_with(&impatient(&place)).await;
    let verification = inserted(&store, None, 1).await;
    let mut foreign = place.foreign().await;
    foreign.execute("BEGIN IMMEDIATE").await.unwrap();

    let began = Instant::now();
    // The first waits for the file, those behind it for their turn.
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let (store, next) = (store.clone(), mistyped(&verification));
            tokio::spawn(async move {
                let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
                store.save(&change).await
            })
        })
        .collect();
    for waiting in waiting {
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!((error.dependency, error.kind), (Dependency::Store, PortErrorKind::Unavailable));
    }
    let error = store.counters().ping().await.unwrap_err();
    assert_eq!((error.dependency, error.kind), (Dependency::Counters, PortErrorKind::Unavailable));
    // Two rounds of both waits, and some seconds for a slow machine; the defaults would take longer.
    assert!(began.elapsed() < WAIT * 4 + Duration::from_secs(4), "{:?}", began.elapsed());
    // Reading goes on meanwhile.
    assert_eq!(store.load(verification.id, today()).await.unwrap().unwrap().verification, verification);
    store.ping().await.unwrap();

    foreign.execute("COMMIT").await.unwrap();
    let next = mistyped(&verification);
    let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
    assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
    store.counters().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_nothing_half_done() {
    let place = Place::new();
    let store = place.open().await;
    for seed in 0..40 {
        let ram = account(&store, &format!("ram-{seed}"), seed).await;
        let live = begun(Some(&ram), seed, begin());
        store.insert(&live).await.unwrap();
        let next = step(&live, Command::Check { matches: true }, seconds(60)).next;
        // A phone of its own, so that nobody stands in the way.
        let phone = Phone::from_digits(9_779_800_000_000 + seed).unwrap();
        let phone = VerifiedPhone { phone, verified_at: seconds(60) };
        let (store_of_caller, account) = (store.clone(), ram.id);
        let caller = tokio::spawn(async move {
            let change = Change { next: &next, expected: 0, guess: Some(guess(today(), false)) };
            store_of_caller.approve(&Approval { change, account, phone, transfer: false }).await
        });
        // Each goes away a little later than the one before.
        for _ in 0..seed {
            tokio::task::yield_now().await;
        }
        caller.abort();
        let _ = caller.await;

        // Whatever was under way is over when the next turn begins.
        store.counters().ping().await.unwrap();
        let verification = store.load(live.id, today()).await.unwrap().unwrap().verification;
        let bound = store.load_account(ram.id).await.unwrap().unwrap().phone.is_some();
        assert_eq!(verification.version == 1, bound, "both are stored or none");
    }
}
