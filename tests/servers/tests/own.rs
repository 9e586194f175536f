//! The servers of a test's own do what is done to them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use redis::{Commands as _, Connection, ConnectionLike as _};
use servers::own;
use sqlx::{Connection as _, PgConnection, Row as _};

/// Longer than any answer takes, shorter than a test may.
const MOMENT: Duration = Duration::from_millis(300);

fn connect(url: &str) -> Connection {
    let connection = redis::Client::open(url).unwrap().get_connection_with_timeout(MOMENT).unwrap();
    connection.set_read_timeout(Some(MOMENT)).unwrap();
    connection
}

/// Waits, within reason, for what the servers do by themselves.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn number(connection: &mut PgConnection, query: &'static str) -> i64 {
    sqlx::query(query).fetch_one(connection).await.unwrap().get(0)
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_what_it_committed() {
    let postgres = own::Postgres::start().await;
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    sqlx::query("CREATE TABLE kept AS SELECT 7::int8 AS n").execute(&mut connection).await.unwrap();
    for _ in 0..2 {
        postgres.kill();
        assert!(sqlx::query("SELECT 1").execute(&mut connection).await.is_err());
        assert!(PgConnection::connect(postgres.url()).await.is_err());
        postgres.restart().await;
        connection = PgConnection::connect(postgres.url()).await.unwrap();
        assert_eq!(number(&mut connection, "SELECT n FROM kept").await, 7);
    }
}

#[tokio::test]
async fn a_frozen_postgres_hangs_and_thaws() {
    let postgres = own::Postgres::start().await;
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    postgres.freeze();
    let mut answer = Box::pin(number(&mut connection, "SELECT 1::int8"));
    assert!(tokio::time::timeout(MOMENT, &mut answer).await.is_err(), "an old connection hangs");
    let new = PgConnection::connect(postgres.url());
    assert!(tokio::time::timeout(MOMENT, new).await.is_err(), "a new one hangs too");
    postgres.thaw();
    assert_eq!(answer.await, 1, "what was asked is answered");
}

#[tokio::test]
async fn a_frozen_postgres_can_be_killed() {
    let postgres = own::Postgres::start().await;
    let _connection = PgConnection::connect(postgres.url()).await.unwrap();
    postgres.freeze();
    postgres.kill();
    postgres.restart().await;
    assert!(PgConnection::connect(postgres.url()).await.is_ok());
}

#[tokio::test]
async fn a_promoted_standby_has_every_commit_that_was_answered() {
    let pair = own::PostgresPair::start().await;
    let mut primary = PgConnection::connect(pair.primary().url()).await.unwrap();
    let mut standby = PgConnection::connect(pair.standby().url()).await.unwrap();
    assert!(sqlx::query("CREATE TABLE n ()").execute(&mut standby).await.is_err(), "it only reads");
    sqlx::query("CREATE TABLE kept (n int8)").execute(&mut primary).await.unwrap();
    for _ in 0..20 {
        sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut primary).await.unwrap();
    }
    pair.kill_primary();
    pair.promote().await;
    assert_eq!(number(&mut standby, "SELECT count(*) FROM kept").await, 20);
    sqlx::query("INSERT INTO kept VALUES (1)").execute(&mut standby).await.unwrap();
}

#[tokio::test]
async fn a_primary_without_its_standby_answers_no_commit() {
    let pair = own::PostgresPair::start().await;
    let mut primary = PgConnection::connect(pair.primary().url()).await.unwrap();
    pair.standby().kill();
    let commit = sqlx::query("CREATE TABLE never ()").execute(&mut primary);
    assert!(tokio::time::timeout(MOMENT, commit).await.is_err());
}

#[tokio::test]
async fn an_old_primary_that_thaws_answers_no_commit() {
    let pair = own::PostgresPair::start().await;
    let mut old = PgConnection::connect(pair.primary().url()).await.unwrap();
    pair.primary().freeze();
    pair.promote().await;
    pair.primary().thaw();
    let commit = sqlx::query("CREATE TABLE never ()").execute(&mut old);
    assert!(tokio::time::timeout(MOMENT, commit).await.is_err());
}

#[tokio::test]
async fn a_redis_loses_its_counters_by_a_restart_and_none_by_a_freeze() {
    let server = own::Redis::start().await;
    let mut connection = connect(server.url());
    let _: u32 = connection.incr("n", 1).unwrap();
    server.freeze();
    assert!(connection.get::<_, u32>("n").unwrap_err().is_timeout());
    server.thaw();
    assert_eq!(connect(server.url()).get::<_, u32>("n").unwrap(), 1);
    server.kill();
    assert!(redis::Client::open(server.url()).unwrap().get_connection_with_timeout(MOMENT).is_err());
    server.restart().await;
    assert_eq!(connect(server.url()).get::<_, Option<u32>>("n").unwrap(), None);
}

#[tokio::test]
async fn a_cluster_without_replicas_comes_back_when_its_master_does() {
    let cluster = own::RedisCluster::start(false).await;
    let master = cluster.master_of("a").await;
    cluster.node(master).kill();
    cluster.node(master).restart().await;
    let mut connection = connect(cluster.node(master).url());
    until("the key can be written", async || connection.set::<_, _, ()>("a", 1).is_ok()).await;
}

#[tokio::test]
async fn a_replica_takes_over_from_a_frozen_master() {
    let cluster = own::RedisCluster::start(true).await;
    let master = cluster.master_of("a").await;
    assert!(master < 3);
    cluster.node(master).freeze();
    // Asked until a node knows: the first that answers may not have heard of it yet.
    until("its replica is the master", async || {
        let replica = cluster.node(master + 3).url();
        connect(replica).set::<_, _, ()>("a", 1).is_ok()
    })
    .await;
    cluster.node(master).thaw();
    until("all agree", async || cluster.master_of("a").await == master + 3).await;
}

#[tokio::test]
async fn sentinels_replace_a_master_that_is_killed_or_frozen() {
    let sentinel = own::RedisSentinel::start().await;
    assert_eq!((sentinel.master(), sentinel.master_name()), (0, "verify"));
    assert_eq!(sentinel.kill_master(), 0);
    until("the replica is the master", async || sentinel.master() == 1).await;
    sentinel.node(0).restart().await;
    assert!(connect(sentinel.node(1).url()).check_connection());
}
