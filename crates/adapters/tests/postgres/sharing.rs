//! One database, several processes: nobody has it for himself.

use std::time::{Duration, Instant};

use adapters::sql::{PostgresOptions, PostgresStore};
use domain::account::VerifiedPhone;
use domain::guess::Guess;
use domain::id::AccountId;
use domain::phone::Phone;
use domain::ports::{
    Approval, Approved, Change, EventStore, Inserted, PortErrorKind, Saved, VerificationStore,
};
use domain::time::Day;
use domain::verification::{Command, Subject, Verification, step};
use sqlx::Executor as _;

use super::harness::{
    Place, account, begin, begun, guess, inserted, mistyped, opened, phone, seconds, today, vault,
};
use crate::promises::{self, RACERS, race};

/// Three stores of one database, as three replicas have.
async fn three_stores(place: &Place) -> [PostgresStore; 3] {
    [place.open().await, place.open().await, place.open().await]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_right_codes_over_three_stores_one_approves() {
    let place = Place::new().await;
    promises::of_many_right_codes_one_approves(&three_stores(&place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_starts_over_three_stores_one_is_stored() {
    let place = Place::new().await;
    promises::of_many_starts_one_is_stored(&three_stores(&place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_twice_is_there_once_and_said_to_be() {
    let place = Place::new().await;
    let verification = begun(None, 1, begin());
    let stored = verification.clone();
    let answers = race(&three_stores(&place).await, move |_, store| {
        let verification = verification.clone();
        async move { store.insert(&verification).await.ok() }
    })
    .await;
    assert!(answers.contains(&Some(Inserted::Stored)));
    let store = place.open().await;
    assert_eq!(store.load(stored.id, today()).await.unwrap().unwrap().verification, stored);
    // As a statement that had to run again would be answered.
    assert_eq!(store.insert(&stored).await.unwrap(), Inserted::Stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_adds_of_one_name_over_three_stores_one_account_comes() {
    let place = Place::new().await;
    promises::of_many_adds_of_one_name_one_account_comes(&three_stores(&place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_that_cross_between_two_accounts_never_meet_in_a_deadlock() {
    let place = Place::new().await;
    let store = place.open().await;
    let accounts = [account(&store, "ram", 1).await, account(&store, "sita", 2).await];
    // Each of two accounts proves each of 32 phones, so that each takes from the other what the other takes from it.
    let mut attempts = Vec::new();
    for racer in 0..RACERS as u64 {
        let account = &accounts[usize::from(racer % 2 == 1)];
        let phone = Phone::from_digits(9_779_800_000_000 + racer / 2).unwrap();
        let begun = begun(Some(account), racer, begin());
        let live = Verification { subject: Subject { phone, ..begun.subject }, ..begun };
        assert_eq!(store.insert(&live).await.unwrap(), Inserted::Stored);
        attempts.push((live, account.id, VerifiedPhone { phone, verified_at: seconds(30) }));
    }
    let answers = race(&three_stores(&place).await, |racer, store| {
        let (live, account, phone) = attempts[racer].clone();
        async move {
            let next = step(&live, Command::Check { matches: true }, seconds(30)).next;
            let change = Change { next: &next, expected: 0, guess: Some(guess(today(), false)) };
            store.approve(&Approval { change, account, phone, transfer: true }).await.unwrap()
        }
    })
    .await;
    assert!(answers.iter().all(|answer| matches!(answer, Approved::Stored { .. })), "{answers:?}");
    let deadlocks: i64 =
        sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            .fetch_one(&mut place.foreign().await)
            .await
            .unwrap();
    assert_eq!(deadlocks, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_code_waits_for_the_wrong_one_before_it() {
    let place = Place::new().await;
    let store = place.open().await;
    let live = inserted(&store, None, 1).await;
    // Another replica is about to use up the budget, and has not answered yet.
    let mut foreign = place.foreign().await;
    foreign.execute("BEGIN").await.unwrap();
    sqlx::query("SELECT wrong_checks_locked($1, date 'epoch' + $2)")
        .bind(vault(7).seal(phone()))
        .bind(today().number())
        .execute(&mut foreign)
        .await
        .unwrap();
    sqlx::query("INSERT INTO wrong_checks VALUES ($1, date 'epoch' + $2, 10, 0)")
        .bind(vault(7).seal(phone()))
        .bind(today().number())
        .execute(&mut foreign)
        .await
        .unwrap();
    let right = {
        let (store, live) = (store.clone(), live.clone());
        tokio::spawn(async move {
            let next = step(&live, Command::Check { matches: true }, seconds(30)).next;
            let room_for_one = Guess { wrong: false, ..guess(today(), true) };
            store.save(&Change { next: &next, expected: 0, guess: Some(room_for_one) }).await.unwrap()
        })
    };
    waits_for_a_lock(&place).await;
    foreign.execute("COMMIT").await.unwrap();
    assert_eq!(right.await.unwrap(), Saved::BudgetSpent, "a comparison must not slip past another one");
    assert_eq!(store.load(live.id, today()).await.unwrap().unwrap().verification, live);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_guesses_about_one_version_one_counts_also_when_it_changes_nothing() {
    let place = Place::new().await;
    let store = place.open().await;
    let live = inserted(&store, None, 1).await;
    // Another replica is storing a wrong check, and has not answered yet.
    let mut foreign = place.foreign().await;
    foreign.execute("BEGIN").await.unwrap();
    foreign.execute("UPDATE verifications SET version = version + 1").await.unwrap();
    let right = {
        let (store, live) = (store.clone(), live.clone());
        tokio::spawn(async move {
            let change = Change { next: &live, expected: live.version, guess: Some(guess(today(), false)) };
            store.save(&change).await.unwrap()
        })
    };
    waits_for_a_lock(&place).await;
    foreign.execute("COMMIT").await.unwrap();
    assert_eq!(right.await.unwrap(), Saved::Conflict, "a right code must not be honored beside a wrong one");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_comes_with_the_phone_is_told_of_or_loses_it() {
    for transfer in [false, true] {
        let place = Place::new().await;
        let store = place.open().await;
        let ram = account(&store, "ram", 1).await;
        let live = inserted(&store, Some(&ram), 1).await;
        // Somebody adds an account together with its phone, which is not there yet for anybody else.
        let sita = uuid::Uuid::from_u128(7);
        let mut foreign = place.foreign().await;
        foreign.execute("BEGIN").await.unwrap();
        sqlx::query("INSERT INTO accounts VALUES ($1, 'default', 'sita', $2, now(), now())")
            .bind(sita)
            .bind(vault(7).seal(phone()))
            .execute(&mut foreign)
            .await
            .unwrap();
        let approving = {
            let (store, next) =
                (store.clone(), step(&live, Command::Check { matches: true }, seconds(60)).next);
            tokio::spawn(async move {
                let change = Change { next: &next, expected: 0, guess: Some(guess(today(), false)) };
                let phone = VerifiedPhone { phone: phone(), verified_at: seconds(60) };
                store.approve(&Approval { change, account: ram.id, phone, transfer }).await.unwrap()
            })
        };
        waits_for_a_lock(&place).await;
        foreign.execute("COMMIT").await.unwrap();
        let from_sita = Approved::Stored { transferred_from: Some(AccountId::from_uuid(sita)) };
        let expected = if transfer { from_sita } else { Approved::PhoneTaken };
        assert_eq!(approving.await.unwrap(), expected);
    }
}

/// Returns when somebody waits for a lock.
async fn waits_for_a_lock(place: &Place) {
    let mut foreign = place.foreign().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(30);
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut foreign).await.unwrap() == 0 {
        assert!(Instant::now() < deadline, "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sweepers_share_the_work() {
    let place = Place::new().await;
    let store = place.open().await;
    for hour in 0..30 {
        store.insert(&begun(None, hour, seconds(hour * 3600))).await.unwrap();
    }
    assert_eq!(
        store.expire(seconds(365 * 86_400), 100).await.unwrap().len(),
        1,
        "all but the last were settled by the next"
    );
    let swept = race(&three_stores(&place).await, |_, store| async move {
        store.sweep(seconds(365 * 86_400), Day::from_number(0), 3).await.unwrap()
    })
    .await;
    assert!(swept.iter().all(|swept| *swept <= 3));
    assert_eq!(swept.iter().sum::<u64>(), 30, "each is counted once");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_nothing_half_done() {
    let place = Place::new().await;
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

        // Whoever was under way holds the row until he is done.
        let mut foreign = place.foreign().await;
        let settled = "SELECT version, a.phone IS NOT NULL FROM verifications v
            JOIN accounts a ON a.id = v.account_id WHERE v.id = $1 FOR UPDATE";
        let (version, bound): (i32, bool) =
            sqlx::query_as(settled).bind(live.id.uuid()).fetch_one(&mut foreign).await.unwrap();
        assert_eq!(version == 1, bound, "both are stored or none");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_kept_waiting_is_told_in_time_and_goes_on_afterwards() {
    let place = Place::new().await;
    let wait = Duration::from_secs(1);
    let options = PostgresOptions {
        acquire_timeout: wait,
        statement_timeout: wait,
        connections_max: 3,
        ..place.options()
    };
    let store = opened(&options).await;
    let verification = inserted(&store, None, 1).await;
    let mut foreign = place.foreign().await;
    foreign.execute("BEGIN; SELECT * FROM verifications FOR UPDATE").await.unwrap();

    let began = Instant::now();
    // The first three wait for the row, those behind them for a connection.
    let waiting: Vec<_> = (0..12)
        .map(|_| {
            let (store, next) = (store.clone(), mistyped(&verification));
            tokio::spawn(async move {
                store.save(&Change { next: &next, expected: 0, guess: Some(guess(today(), true)) }).await
            })
        })
        .collect();
    for waiting in waiting {
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Unavailable);
    }
    // Both waits, and some seconds for a slow machine; the defaults would take longer.
    assert!(began.elapsed() < wait * 2 + Duration::from_secs(4), "{:?}", began.elapsed());
    // Reading goes on meanwhile.
    assert_eq!(store.load(verification.id, today()).await.unwrap().unwrap().verification, verification);

    foreign.execute("COMMIT").await.unwrap();
    let next = mistyped(&verification);
    let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
    assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
}
