//! Real servers for tests: Postgres and Redis, shared by the tests of a process or of a test's own to kill and freeze.
//!
//! Every test of a shared server owns its data: [`database`] gives it an empty database, [`redis()`] and
//! [`redis_cluster`] a prefix for its keys. Shared servers come, in this order,
//!
//! 1. from a URL in the environment: `SPARROW_VERIFY_TEST_POSTGRES_URL` (of a user who may create databases),
//!    `SPARROW_VERIFY_TEST_REDIS_URL`, `SPARROW_VERIFY_TEST_REDIS_CLUSTER_URL` (`redis://h:p1,h:p2,h:p3`);
//! 2. from testcontainers, where a Docker engine answers;
//! 3. from the binaries of this machine.
//!
//! `SPARROW_VERIFY_TEST_SERVERS=docker` or `=local` takes the second or the third and nothing else. The servers in
//! [`own`] are always processes of this machine. Where no server is to be had a test fails and says what to install:
//! it never skips.
//!
//! What is started here ends with the process that started it, however that ends (see `guard`). It runs on Linux: it
//! reads `/proc`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

mod background;
mod binaries;
mod cluster;
mod containers;
mod den;
mod environment;
mod guard;
pub mod own;
mod ports;
mod process;
mod shared;
mod sql;
mod talk;

pub use shared::{Database, KeySpace};

use shared::Kind;

/// A new, empty database of the caller's own on the Postgres that the process's tests share. It goes when it is
/// dropped.
pub async fn database() -> Database {
    Database::create(shared::server(Kind::Postgres).await).await
}

/// Keys of the caller's own on the Redis that the process's tests share.
pub async fn redis() -> KeySpace {
    KeySpace::new(shared::server(Kind::Redis).await)
}

/// Keys of the caller's own on the Redis Cluster of three masters that the process's tests share.
pub async fn redis_cluster() -> KeySpace {
    KeySpace::new(shared::server(Kind::RedisCluster).await)
}
