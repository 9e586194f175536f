//! The servers that tests share, of whatever kind the environment asks for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use redis::{Commands as _, Connection};
use sqlx::{Connection as _, PgConnection, Row as _};

fn connect(url: &str) -> Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

#[tokio::test]
async fn a_database_is_empty_and_takes_what_it_is_given() {
    let database = servers::database().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let tables = sqlx::query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables.fetch_one(&mut connection).await.unwrap().get::<i64, _>(0), 0);
    sqlx::query("CREATE TABLE name (name text)").execute(&mut connection).await.unwrap();
    sqlx::query("INSERT INTO name VALUES ('राम')").execute(&mut connection).await.unwrap();
    let lower = sqlx::query("SELECT lower('ÄÖ'), name FROM name").fetch_one(&mut connection).await.unwrap();
    assert_eq!((lower.get::<&str, _>(0), lower.get::<&str, _>(1)), ("äö", "राम"));
}

#[tokio::test]
async fn databases_do_not_see_each_other() {
    let (one, other) = tokio::join!(servers::database(), servers::database());
    assert_ne!(one.url(), other.url());
    for database in [&one, &other] {
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        sqlx::query("CREATE TABLE same ()").execute(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_database_is_gone() {
    let database = servers::database().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let url = database.url().to_owned();
    drop(database);
    // Its connections are closed by force, and it cannot be entered again.
    while sqlx::query("SELECT 1").execute(&mut connection).await.is_ok() {
        tokio::task::yield_now().await;
    }
    while PgConnection::connect(&url).await.is_ok() {}
}

#[tokio::test]
async fn a_server_outlives_the_test_that_started_it() {
    for _ in 0..2 {
        let thread = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let database = runtime.block_on(servers::database());
            let url = database.url().to_owned();
            assert!(runtime.block_on(PgConnection::connect(&url)).is_ok());
            url.rsplit_once('/').unwrap().0.to_owned()
        });
        let server = thread.join().unwrap();
        assert!(servers::database().await.url().starts_with(&server));
    }
}

#[tokio::test]
async fn keys_have_a_prefix_of_their_own() {
    let (one, other) = tokio::join!(servers::redis(), servers::redis());
    assert_eq!(one.url(), other.url());
    assert_ne!(one.prefix(), other.prefix());
    let key = format!("{}:n", one.prefix());
    let count: u32 = connect(one.url()).incr(&key, 1).unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_cluster_has_three_masters_that_take_every_key() {
    let keys = servers::redis_cluster().await;
    let nodes: Vec<String> =
        keys.url()["redis://".len()..].split(',').map(|n| format!("redis://{n}")).collect();
    assert_eq!(nodes.len(), 3);
    let mut cluster = redis::cluster::ClusterClient::new(nodes.clone()).unwrap().get_connection().unwrap();
    let mut held = 0;
    for number in 0..60 {
        let key = format!("{{{}:{number}}}:n", keys.prefix());
        let count: u32 = cluster.incr(&key, 1).unwrap();
        assert_eq!(count, 1);
        cluster.del::<_, ()>(&key).unwrap();
    }
    for node in &nodes {
        let role: Vec<redis::Value> = redis::cmd("ROLE").query(&mut connect(node)).unwrap();
        held += u32::from(role.first() == Some(&redis::Value::BulkString(b"master".to_vec())));
    }
    assert_eq!(held, 3);
}
