//! Passwords: who has the right one gets in, and nobody reads it anywhere.

use std::fmt::Write as _;
use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode, RedisOptions};
use domain::ports::{Counters, PortErrorKind, chain};
use servers::own::{Redis, RedisSentinel};

use super::harness::{Sender, begin, beside, bounded_take, counters_at, hear, is_taken};

const PASSWORD: &str = "s3cr3t/of@ram";
const IN_URL: &str = "s3cr3t%2Fof%40ram";

/// Lets `ram` in.
async fn add_ram(server: &Redis) {
    let rights = ["SETUSER", "ram", "on", &format!(">{PASSWORD}"), "~sparrow-verify:*", "+@all"]
        .map(ToOwned::to_owned);
    redis::cmd("ACL").arg(&rights).exec_async(&mut beside(server.url()).await).await.unwrap();
}

fn url(server: &Redis, login: &str) -> String {
    format!("redis://{login}@127.0.0.1:{}", server.port())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_asked_for_and_used() {
    let server = Redis::start().await;
    add_ram(&server).await;
    let require = ["SET", "requirepass", "of all"];
    redis::cmd("CONFIG").arg(&require).exec_async(&mut beside(server.url()).await).await.unwrap();
    for (login, code) in [
        (format!("ram:{IN_URL}"), None),
        (":of%20all".to_owned(), None),
        ("ram:wrong".to_owned(), Some("WRONGPASS")),
        (":wrong".to_owned(), Some("WRONGPASS")),
    ] {
        let counters = counters_at(&url(&server, &login), RedisMode::Single);
        let taken = counters.take(&Sender::with_account(1, 5).send(1, 1), begin()).await;
        match (taken, code) {
            (Ok(taken), None) => assert!(is_taken(&taken), "{login}"),
            (Err(error), Some(code)) => {
                assert_eq!(error.kind, PortErrorKind::Unavailable);
                assert!(chain(&error).contains(code), "{login}: {}", chain(&error));
            }
            (taken, code) => panic!("{login}: {taken:?}, not {code:?}"),
        }
    }
    let counters = counters_at(server.url(), RedisMode::Single);
    let error = counters.ping().await.unwrap_err();
    assert!(chain(&error).contains("NOAUTH"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_database_is_used() {
    let server = Redis::start().await;
    let counters = counters_at(&format!("{}/3", server.url()), RedisMode::Single);
    assert!(is_taken(&counters.take(&Sender::with_account(1, 5).send(1, 1), begin()).await.unwrap()));
    let keyspace: String =
        redis::cmd("INFO").arg("keyspace").query_async(&mut beside(server.url()).await).await.unwrap();
    assert!(keyspace.contains("db3:keys=4"), "{keyspace}");
    let counters = counters_at(&format!("{}/99", server.url()), RedisMode::Single);
    let error = counters.ping().await.unwrap_err();
    assert!(chain(&error).contains("database") || chain(&error).contains("DB"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_are_asked_without_a_login_or_with_the_same() {
    let servers = RedisSentinel::start().await;
    let mode = RedisMode::Sentinel { master_name: servers.master_name().to_owned() };
    let url = servers.url().replace("redis://", &format!("redis://ram:{IN_URL}@"));
    for server in [servers.node(0), servers.node(1)] {
        add_ram(server).await;
    }
    let send = Sender::with_account(1, 5).send(1, 1);
    assert!(is_taken(&counters_at(&url, mode.clone()).take(&send, begin()).await.unwrap()), "without");

    for sentinel in 0..3 {
        let sentinel = servers.sentinel(sentinel);
        let mut beside = beside(sentinel.url()).await;
        for rights in [
            vec![
                "SETUSER".to_owned(),
                "ram".to_owned(),
                "on".to_owned(),
                format!(">{PASSWORD}"),
                "+@all".to_owned(),
            ],
            vec!["SETUSER".to_owned(), "default".to_owned(), "resetpass".to_owned(), ">other".to_owned()],
        ] {
            redis::cmd("ACL").arg(&rights).exec_async(&mut beside).await.unwrap();
        }
    }
    assert!(is_taken(&counters_at(&url, mode.clone()).take(&send, begin()).await.unwrap()), "with the same");
    let error = counters_at(servers.url(), mode).ping().await.unwrap_err();
    assert!(chain(&error).contains("NOAUTH"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_a_password_or_whom_a_counter_is_about() {
    hear();
    let server = Redis::start().await;
    add_ram(&server).await;
    let mut told = String::new();
    let send = Sender::with_account(1, 1).send(1, 1);
    for (login, mode) in [
        (format!("ram:{IN_URL}"), RedisMode::Single),
        (format!("sita:{IN_URL}"), RedisMode::Single),
        (format!("ram:{IN_URL}"), RedisMode::Cluster),
        (format!("ram:{IN_URL}"), RedisMode::Sentinel { master_name: "mymaster".to_owned() }),
    ] {
        let options = RedisOptions::from_url(&url(&server, &login), mode).unwrap();
        write!(told, "{options:?} {} ", options.shown()).unwrap();
        let counters = RedisCounters::new(options);
        write!(told, "{counters:?} ").unwrap();
        for _ in 0..2 {
            if let Err(error) = counters.take(&send, begin()).await {
                write!(told, "{error:?} {} ", chain(&error)).unwrap();
            }
        }
    }
    // Calls that are not answered, and a connection that breaks.
    let counters = counters_at(&url(&server, &format!("ram:{IN_URL}")), RedisMode::Single);
    counters.ping().await.unwrap();
    for fault in [Redis::freeze as fn(&Redis), Redis::thaw, Redis::kill] {
        fault(&server);
        for _ in 0..4 {
            if let Err(error) = counters.take(&send, begin()).await {
                write!(told, "{error:?} {} ", chain(&error)).unwrap();
            }
        }
        assert!(bounded_take(&counters, &[], begin()).await.is_some());
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    told.push_str(&hear());
    assert!(told.contains("ram:********@127.0.0.1") && told.contains("connected to Redis"), "{told}");
    for secret in [PASSWORD, IN_URL, send[0].key.about(), send[1].key.about()] {
        assert!(!told.contains(secret), "{secret} is told: {told}");
    }
}
