//! Servers that hang, go and come back, and connections that are cut.

use std::time::{Duration, Instant};

use adapters::sql::{PostgresOptions, PostgresStore, SqlError};
use domain::ports::{
    AccountStore, Approved, Change, Inserted, PortError, PortErrorKind, Saved, VerificationStore,
};
use domain::verification::Verification;
use sqlx::Executor as _;

use super::harness::{
    Place, account, approve, begin, begun, foreign, guess, inserted, mistyped, opened, patient, seconds,
    subject, today, vault,
};
use super::proxy::Proxy;

/// How soon the service is back behind the server's return.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// How much longer than stated something may take on a machine that is busy.
const SLACK: Duration = Duration::from_secs(4);

/// Waits that a test can wait for.
fn impatient(url: &str) -> PostgresOptions {
    let second = Duration::from_secs(1);
    PostgresOptions {
        connections_max: 4,
        connect_timeout: second / 2,
        acquire_timeout: second,
        statement_timeout: second,
        ..PostgresOptions::from_url(url).unwrap()
    }
}

/// The waits as they are when nothing is said.
fn default(url: &str) -> PostgresOptions {
    PostgresOptions::from_url(url).unwrap()
}

fn is_unavailable<T: std::fmt::Debug>(answer: Result<T, PortError>) {
    assert_eq!(answer.unwrap_err().kind, PortErrorKind::Unavailable);
}

/// Calls until it works, which it must within [`BACK_WITHIN`]; meanwhile it is unavailable.
async fn comes_back(store: &PostgresStore) {
    let since = Instant::now();
    loop {
        let seed = 1_000_000 + u64::try_from(since.elapsed().as_micros()).unwrap();
        let new = begun(None, seed, seconds(seed));
        match store.insert(&new).await {
            Ok(answer) => {
                assert_eq!(answer, Inserted::Stored);
                return;
            }
            Err(error) => assert_eq!(error.kind, PortErrorKind::Unavailable, "{error:?}"),
        }
        assert!(since.elapsed() < BACK_WITHIN, "it is not back after {:?}", since.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_costs_no_more_than_is_stated_and_works_again_when_it_goes_on() {
    let server = servers::own::Postgres::start().await;
    let options = impatient(server.url());
    let store = opened(&options).await;
    let ram = account(&store, "ram", 1).await;
    let live = inserted(&store, Some(&ram), 1).await;
    server.freeze();
    for _ in 0..2 {
        let began = Instant::now();
        let calls: Vec<_> = (0..24)
            .map(|number| {
                let (store, next) = (store.clone(), mistyped(&live));
                tokio::spawn(async move {
                    if number % 2 == 0 {
                        let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
                        store.save(&change).await.map(drop)
                    } else {
                        store.ping().await
                    }
                })
            })
            .collect();
        for call in calls {
            is_unavailable(call.await.unwrap());
        }
        let stated = options.acquire_timeout + options.statement_timeout;
        assert!(began.elapsed() < stated + SLACK, "{:?}", began.elapsed());
    }
    server.thaw();
    comes_back(&store).await;
    // What was under way when it froze happened once or not at all.
    let loaded = store.load(live.id, today()).await.unwrap().unwrap();
    assert_eq!(loaded.verification.version, loaded.guesses.short_today);
    assert!(loaded.verification.version <= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_and_comes_back_is_found_again() {
    let server = servers::own::Postgres::start().await;
    let store = opened(&default(server.url())).await;
    let ram = account(&store, "ram", 1).await;
    let live = inserted(&store, Some(&ram), 1).await;
    let next = mistyped(&live);
    let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
    assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
    assert_eq!(approve(&store, &next, &ram).await, Approved::Stored { transferred_from: None });

    server.kill();
    let began = Instant::now();
    is_unavailable(store.ping().await);
    assert!(began.elapsed() < Duration::from_secs(10) + SLACK, "{:?}", began.elapsed());
    server.restart().await;
    comes_back(&store).await;
    let standing = store.standing(&subject(Some(&ram)), today()).await.unwrap();
    assert_eq!(standing.guesses.short_today, 1, "what was answered is there");
    assert_eq!(store.load(live.id, today()).await.unwrap().unwrap().verification.version, 2);
    assert!(store.load_account(ram.id).await.unwrap().unwrap().phone.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_that_is_short_costs_idle_connections_no_call() {
    let server = servers::own::Postgres::start().await;
    let store = opened(&default(server.url())).await;
    // Sixteen connections that are idle when it goes.
    let all: Vec<_> = (0..32)
        .map(|seed| {
            let store = store.clone();
            tokio::spawn(async move { account(&store, &format!("ram-{seed}"), seed).await })
        })
        .collect();
    let mut accounts = Vec::new();
    for account in all {
        accounts.push(account.await.unwrap());
    }
    server.kill();
    server.restart().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    for (seed, ram) in accounts.iter().enumerate() {
        let live = inserted(&store, Some(ram), seed as u64).await;
        let next = mistyped(&live);
        let change = Change { next: &next, expected: 0, guess: None };
        assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_ends_costs_no_call() {
    let place = Place::new().await;
    let store = place.open().await;
    let mut other = place.foreign().await;
    let mut current = inserted(&store, None, 1).await;
    for turn in 0..5_u8 {
        // In use a moment ago, so that it is not asked whether it is there.
        store.load(current.id, today()).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        other.execute(end).await.unwrap();
        let next = Verification { version: current.version + 1, ..current.clone() };
        let change = Change { next: &next, expected: current.version, guess: Some(guess(today(), turn < 2)) };
        assert_eq!(store.save(&change).await.unwrap(), Saved::Stored, "and happens once");
        current = next;
    }
    let loaded = store.load(current.id, today()).await.unwrap().unwrap();
    assert_eq!((loaded.verification, loaded.guesses.short_today), (current, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_that_is_cut_costs_no_look_and_no_start() {
    let place = Place::new().await;
    let proxy = Proxy::before(place.url()).await;
    let store = opened(&patient(&proxy.url(place.url()))).await;
    let mut live = inserted(&store, None, 1).await;
    for turn in 2..12 {
        proxy.cut();
        assert_eq!(store.load(live.id, today()).await.unwrap().unwrap().verification, live);
        proxy.cut();
        live = begun(None, turn, seconds(turn * 700));
        assert_eq!(store.insert(&live).await.unwrap(), Inserted::Stored);
        proxy.cut();
        // Whether this happened is not known when nobody answers, and then it is said so; the next one works.
        let next = mistyped(&live);
        let change = Change { next: &next, expected: 0, guess: None };
        match store.save(&change).await {
            Ok(answer) => assert_eq!(answer, Saved::Stored),
            Err(error) => assert_eq!(error.kind, PortErrorKind::Unavailable),
        }
        live = store.load(live.id, today()).await.unwrap().unwrap().verification;
        let again = Verification { version: live.version + 1, ..live.clone() };
        let change = Change { next: &again, expected: live.version, guess: None };
        assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
        live = again;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_that_goes_silent_costs_the_stated_time_and_no_connection_of_it_is_used_again() {
    let place = Place::new().await;
    let proxy = Proxy::before(place.url()).await;
    let options = impatient(&proxy.url(place.url()));
    let store = opened(&options).await;
    let live = inserted(&store, None, 1).await;
    proxy.go_silent();
    let began = Instant::now();
    is_unavailable(store.load(live.id, today()).await);
    assert!(began.elapsed() < options.acquire_timeout + options.statement_timeout + SLACK);
    proxy.cut();
    assert_eq!(store.load(live.id, today()).await.unwrap().unwrap().verification, live);
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_close_every_call_is_answered_with_unavailable() {
    let place = Place::new().await;
    let store = place.open().await;
    let ram = account(&store, "ram", 1).await;
    store.close().await;
    is_unavailable(store.load_account(ram.id).await);
    is_unavailable(store.add(&ram).await);
    is_unavailable(store.ping().await);
    is_unavailable(store.time().await);
    // A closed connection is gone once the process that served it has ended, which nobody waits for. One that was left
    // open would stay.
    let mut other = place.foreign().await;
    let since = Instant::now();
    loop {
        let left: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                AND backend_type = 'client backend'",
        )
        .fetch_one(&mut other)
        .await
        .unwrap();
        if left == 0 {
            break;
        }
        assert!(since.elapsed() < BACK_WITHIN + SLACK, "{left} connections are left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_promoted_is_found_and_has_all_that_was_answered() {
    let pair = servers::own::PostgresPair::start().await;
    let store = opened(&default(pair.url())).await;
    let ram = account(&store, "ram", 1).await;
    let live = inserted(&store, Some(&ram), 1).await;
    assert_eq!(approve(&store, &live, &ram).await, Approved::Stored { transferred_from: None });
    // Starts go on while the primary dies and the standby takes over.
    let load = {
        let (store, ram) = (store.clone(), ram.clone());
        tokio::spawn(async move {
            let mut stored = Vec::new();
            for seed in 100_u64.. {
                let new = begun(Some(&ram), seed, seconds(seed * 1000));
                match store.insert(&new).await {
                    Ok(answer) => {
                        assert_eq!(answer, Inserted::Stored);
                        stored.push(new.id);
                    }
                    Err(error) => assert_eq!(error.kind, PortErrorKind::Unavailable, "{error:?}"),
                }
                if seed > 300 && stored.len() > 150 {
                    break;
                }
            }
            stored
        })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    pair.kill_primary();
    pair.promote().await;
    comes_back(&store).await;
    let stored = load.await.unwrap();
    for id in stored {
        assert!(store.load(id, today()).await.unwrap().is_some(), "what was answered is there");
    }
    assert!(store.load_account(ram.id).await.unwrap().unwrap().phone.is_some());
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_primary_will_do() {
    let pair = servers::own::PostgresPair::start().await;
    opened(&default(pair.url())).await;
    let (primary, standby) = pair.url().rsplit_once('@').unwrap().1.split_once(',').unwrap();
    let standby = standby.split('/').next().unwrap();
    let only_standby = format!("postgres://postgres@{standby}/postgres");
    let error = PostgresStore::open(&impatient(&only_standby), vault(7)).await.unwrap_err();
    let SqlError::Unreachable(cause) = error else { panic!("{error:?}") };
    assert_eq!(cause.to_string(), format!("no host is a primary that answers: {standby} is no primary"));

    // Behind a standby, the primary is found.
    let turned = format!("postgres://postgres@{standby},{primary}/postgres");
    let store = opened(&default(&turned)).await;
    store.ping().await.unwrap();

    // Who wants any host gets a standby too, and hears so when he writes.
    let any = format!("{only_standby}?target_session_attrs=any");
    let reader = PostgresStore::open(&impatient(&any), vault(7)).await.unwrap();
    assert!(reader.migration_status().await.unwrap().iter().all(|migration| migration.applied));
    is_unavailable(reader.insert(&begun(None, 1, begin())).await);
    is_unavailable(reader.ping().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_dead_or_silent_are_passed_over() {
    let place = Place::new().await;
    // One that refuses, one that accepts and says nothing, and one whose name nobody knows.
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hosts = format!("@{dead},{},nobody.invalid,", silent.local_addr().unwrap());
    let url = place.url().replacen('@', &hosts, 1);
    let second = Duration::from_secs(1);
    let options = PostgresOptions { connect_timeout: second, ..patient(&url) };
    let began = Instant::now();
    let store = opened(&options).await;
    assert!(began.elapsed() < second * 2 + SLACK, "only the silent one costs time: {:?}", began.elapsed());
    // The one that was right is asked first from then on.
    foreign(place.url())
        .await
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    let began = Instant::now();
    store.ping().await.unwrap();
    assert!(began.elapsed() < second, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_hears_why_at_once() {
    let place = Place::new().await;
    let (server, _) = place.url().rsplit_once('/').unwrap();
    let nowhere = format!("{server}/nowhere?sslmode=disable");
    let began = Instant::now();
    let error = PostgresStore::open(&patient(&nowhere), vault(7)).await.unwrap_err();
    let SqlError::Unreachable(cause) = error else { panic!("{error:?}") };
    assert!(cause.to_string().contains("database \"nowhere\" does not exist (SQLSTATE 3D000)"), "{cause}");
    assert!(began.elapsed() < SLACK, "{:?}", began.elapsed());

    let plain = format!("{}?sslmode=verify-full", place.url());
    let error = PostgresStore::open(&patient(&plain), vault(7)).await.unwrap_err();
    assert!(matches!(error, SqlError::Unreachable(_)), "who asks for TLS does not go on without: {error:?}");
}
