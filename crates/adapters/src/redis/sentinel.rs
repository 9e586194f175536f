//! What sentinels are asked. Owns the one question: where the master is.

use std::sync::Arc;

use redis::{Value, cmd};

use super::dial::Dialer;
use super::failure::Failure;
use super::options::RedisAddress;

/// Where the master is, as most of the sentinels that answer say.
pub(super) async fn master(dialer: &Arc<Dialer>, name: &str) -> Result<RedisAddress, Failure> {
    let mut question = cmd("SENTINEL");
    question.arg("get-master-addr-by-name").arg(name);
    let sentinels = dialer.options().servers.iter().cloned();
    match dialer.ask(sentinels, &question, read).await {
        Ok(master) => Ok(master),
        // They answer, but not with an address: they know no such master.
        Err(Failure::Shape | Failure::NoNode) => Err(Failure::NoMaster(name.to_owned())),
        Err(failure) => Err(failure),
    }
}

fn read(_: &RedisAddress, answer: &Value) -> Option<RedisAddress> {
    let (host, port): (String, String) = redis::from_redis_value_ref(answer).ok()?;
    Some(RedisAddress { host, port: port.parse().ok()? })
}
