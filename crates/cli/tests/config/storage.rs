//! What the service stands on.

use std::time::Duration;

use adapters::redis::RedisMode;
use serde_json::{Value, json};
use sparrow_verify::config::{CountersConfig, DatabaseConfig};

use crate::sandbox::Sandbox;

const POSTGRES: &str = "postgres://ram:pg-private@db1:5432,db2:5433/verify?sslmode=require";
const REDIS: &str = "rediss://:redis-private@r1:6379,r2:6379";

#[test]
fn postgres_and_redis_are_chosen_by_their_urls() {
    let config = Sandbox::new()
        .variable("DATABASE__URL", POSTGRES)
        .variable("DATABASE__CONNECTIONS_MAX", "7")
        .variable("DATABASE__STATEMENT_TIMEOUT", "2s")
        .variable("COUNTERS__URL", REDIS)
        .variable("COUNTERS__MODE", "sentinel")
        .variable("COUNTERS__SENTINEL_MASTER", "verify")
        .variable("COUNTERS__KEY_PREFIX", "shop")
        .variable("COUNTERS__ANSWER_TIMEOUT", "250ms")
        .loaded();
    let DatabaseConfig::Postgres(postgres) = &config.database else { panic!("{:?}", config.database) };
    assert_eq!((postgres.connections_max, postgres.statement_timeout), (7, Duration::from_secs(2)));
    let CountersConfig::Redis(redis) = &config.counters else { panic!("{:?}", config.counters) };
    assert_eq!(redis.mode, RedisMode::Sentinel { master_name: "verify".to_owned() });
    assert_eq!((redis.key_prefix.as_str(), redis.answer_timeout), ("shop", Duration::from_millis(250)));

    let printed = format!("{} {config:?}", config.shown());
    assert!(!printed.contains("private"), "{printed}");
    let url = config.shown()["database"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("postgres://ram:********@db1:5432,db2:5433/verify"), "{url}");
    let url = config.shown()["counters"]["url"].as_str().unwrap().to_owned();
    assert!(url.contains("********") && url.contains("r1:6379,r2:6379"), "{url}");
}

#[test]
fn a_url_may_be_in_a_file() {
    let sandbox = Sandbox::new();
    let postgres = sandbox.written("database-url", format!("{POSTGRES}\n").as_bytes());
    let redis = sandbox.written("counters-url", b"redis://r1:6379\n");
    let config = sandbox
        .variable("DATABASE__URL_FILE", postgres.to_str().unwrap())
        .variable("COUNTERS__URL_FILE", redis.to_str().unwrap())
        .loaded();
    assert!(matches!(config.database, DatabaseConfig::Postgres(_)));
    assert!(matches!(config.counters, CountersConfig::Redis(_)));
    assert_eq!(config.shown()["database"]["url"], Value::Null);
    assert_eq!(config.shown()["counters"]["url_file"], json!(redis.to_str().unwrap()));
}

#[test]
fn a_url_is_given_once() {
    let sandbox = Sandbox::new();
    let file = sandbox.written("database-url", POSTGRES.as_bytes());
    let faults = sandbox
        .variable("DATABASE__URL", "sqlite:verify.db")
        .variable("DATABASE__URL_FILE", file.to_str().unwrap())
        .faults();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("database.url: is set together with `database.url_file`"), "{faults:#?}");
}

#[test]
fn postgres_needs_redis_and_sqlite_may_have_it() {
    let faults = Sandbox::new().variable("DATABASE__URL", POSTGRES).faults();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("counters.url: must be a Redis"), "{faults:#?}");

    let config = Sandbox::new().variable("COUNTERS__URL", "redis://r1:6379").loaded();
    assert!(matches!(config.database, DatabaseConfig::Sqlite(_)));
    assert!(matches!(config.counters, CountersConfig::Redis(_)));
}

#[test]
fn no_fault_repeats_a_url() {
    for (name, url) in [
        ("DATABASE__URL", "postgres://ram:private@host/verify?surprise=private"),
        ("DATABASE__URL", "postgres://ram:private@host:port/verify"),
        ("DATABASE__URL", "postgres:private"),
        ("COUNTERS__URL", "redis://ram:private@host:port"),
        ("COUNTERS__URL", "redis:private"),
        // A single server is one server.
        ("COUNTERS__URL", "redis://ram:private@r1,r2"),
        ("COUNTERS__URL", "http://ram:private@r1"),
    ] {
        let faults = Sandbox::new().variable(name, url).faults().join("\n");
        assert!(!faults.contains("private") && !faults.contains("ram"), "{url}: {faults}");
    }
}
