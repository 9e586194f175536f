//! The service's own calls of Redis, made by redis-benchmark: what Redis can do with them when nobody is in between.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::process::Command as Process;

use crate::Fallible;
use crate::redis_tongue::Command;

/// What redis-benchmark replaces by twelve digits, others each time.
const OWN: &str = "__rand_int__";

/// The arguments that make redis-benchmark say what the service said in two calls: where both said the same, it is
/// said; where they differ, each call has digits of its own.
pub(crate) fn arguments(calls: [&Command; 2]) -> Fallible<Vec<String>> {
    let [one, other] = calls;
    let told = |argument: &Vec<u8>| {
        let text = String::from_utf8(argument.clone()).ok().filter(|text| !text.contains('\0'));
        text.ok_or("an argument that is no text cannot be given to redis-benchmark")
    };
    if one.len() != other.len() {
        return Err("two calls have said different things to Redis".into());
    }
    let argument = |(one, other): (&Vec<u8>, &Vec<u8>)| -> Fallible<String> {
        if one == other {
            return Ok(told(one)?);
        }
        // Instants pass: those of the first call do.
        if [one, other].iter().all(|argument| argument.iter().all(u8::is_ascii_digit)) {
            return Ok(told(one)?);
        }
        let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
        let one_rest = one.get(same..).unwrap_or_default();
        let other_rest = other.get(same..).unwrap_or_default();
        let end = one_rest.iter().rev().zip(other_rest.iter().rev()).take_while(|(a, b)| a == b).count();
        let (first, last) = (one.get(..same), one_rest.get(one_rest.len() - end..));
        // A name around what differs is kept; bytes that happen to be alike are no name.
        let part = |bytes: Option<&[u8]>| told(&bytes.unwrap_or_default().to_vec()).unwrap_or_default();
        Ok(format!("{}{OWN}{}", part(first), part(last)))
    };
    one.iter().zip(other).map(argument).collect()
}

/// What redis-benchmark found.
pub(crate) struct Found {
    /// Calls per second.
    pub(crate) rate: f64,
    /// On the average.
    pub(crate) latency: Duration,
}

/// Makes this many such calls over this many connections.
pub(crate) async fn run(
    server: SocketAddr,
    clients: usize,
    count: usize,
    arguments: &[String],
) -> Fallible<Found> {
    let mut command = Process::new("redis-benchmark");
    command.args(["-h", &server.ip().to_string(), "-p", &server.port().to_string(), "--csv"]);
    command.args(["-c", &clients.to_string(), "-n", &count.to_string(), "-r", "1000000000000"]);
    let output = command.args(arguments).kill_on_drop(true).output().await;
    let output = output.map_err(|error| format!("could not run redis-benchmark: {error}"))?;
    let told = String::from_utf8(output.stdout)?;
    // A line of names, then the figures, of which the first is the command with all that it holds.
    let figures: Vec<&str> = told.lines().last().unwrap_or_default().rsplit("\",\"").collect();
    let figure = |from_the_end: usize| figures.get(from_the_end).and_then(|text| text.parse::<f64>().ok());
    match (figure(6), figure(5)) {
        (Some(rate), Some(millis)) if output.status.success() => {
            Ok(Found { rate, latency: Duration::from_secs_f64(millis / 1e3) })
        }
        (Some(_) | None, Some(_) | None) => {
            Err(format!("redis-benchmark failed: {told}{}", String::from_utf8_lossy(&output.stderr)).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(arguments: &[&str]) -> Command {
        arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_differs_is_each_calls_own() {
        let one = command(&["EVALSHA", "abc", "1", "v:{ab3x}:phone", "1700000000000", "5"]);
        let other = command(&["EVALSHA", "abc", "1", "v:{ac9yx}:phone", "1700000000001", "5"]);
        let told = arguments([&one, &other]).unwrap();
        assert_eq!(told, ["EVALSHA", "abc", "1", "v:{a__rand_int__x}:phone", "1700000000000", "5"]);
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let one = command(&["SET", "\0"]);
        assert!(arguments([&one, &one]).is_err());
    }
}
