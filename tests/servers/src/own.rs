//! Servers of a test's own, always processes of this machine, for what cannot be done to a shared one: killing it,
//! freezing it (SIGSTOP: it hangs without dying, its port still accepts connections), starting it again at the same
//! address. They go when they are dropped.
//!
//! `kill`, `freeze` and `thaw` return when the processes are gone, stand still or run. `restart` returns when the
//! server answers again.

mod pair;
mod postgres;
mod redis;
mod redis_cluster;
mod redis_sentinel;

pub use pair::PostgresPair;
pub(crate) use postgres::Care;
pub use postgres::Postgres;
pub use redis::Redis;
pub use redis_cluster::RedisCluster;
pub use redis_sentinel::RedisSentinel;
