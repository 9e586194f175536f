//! Short talks with a Redis: one connection per talk, and a bound on every wait.

use std::time::Duration;

use redis::{Cmd, Connection, FromRedisValue, Value};

/// On a connection, and on each answer.
const BOUND: Duration = Duration::from_secs(2);

/// A connection to `host:port`, or to a whole URL.
pub(crate) fn connect(address: &str) -> Result<Connection, String> {
    let url = if address.contains("://") { address.to_owned() } else { format!("redis://{address}") };
    let connect = || {
        let connection = redis::Client::open(url)?.get_connection_with_timeout(BOUND)?;
        connection.set_read_timeout(Some(BOUND))?;
        connection.set_write_timeout(Some(BOUND))?;
        Ok(connection)
    };
    connect().map_err(|error: redis::RedisError| format!("{address}: {error}"))
}

/// One command, its words separated by spaces.
pub(crate) fn ask<T: FromRedisValue>(address: &str, command: &str) -> Result<T, String> {
    let mut connection = connect(address)?;
    say(command).query(&mut connection).map_err(|error| format!("{address}: {command}: {error}"))
}

/// One command whose answer is of no interest.
pub(crate) fn tell(address: &str, command: &str) -> Result<(), String> {
    ask::<Value>(address, command).map(drop)
}

/// A field of an answer of the form of `INFO`.
pub(crate) fn field(address: &str, command: &str, name: &str) -> Result<String, String> {
    let text: String = ask(address, command)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.map(|value| value.trim().to_owned()).ok_or_else(|| format!("{address}: {command} has no {name}"))
}

/// The command of these words.
pub(crate) fn say(command: &str) -> Cmd {
    let mut words = Cmd::new();
    for word in command.split(' ') {
        words.arg(word);
    }
    words
}
