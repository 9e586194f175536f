//! Why a call got no answer. Owns what of a server's words may be repeated: a key, an argument or a password never.

use domain::ports::{Dependency, PortError};
use redis::{ErrorKind, RedisError};

use super::options::RedisAddress;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// There was no time left to wait for a connection.
    #[error("there was no connection to Redis in time")]
    Late,
    /// A server was asked and did not answer. Whether it does what it was asked is not known.
    #[error("Redis at {0} did not answer in time")]
    Silent(RedisAddress),
    /// No connection could be made; nothing was asked.
    #[error("could not connect to Redis at {address} {}: {why}", if *.tls { "over TLS (rediss://)" } else { "without TLS (redis://)" })]
    NoConnection {
        /// To which server.
        address: RedisAddress,
        /// Whether it was to be TLS.
        tls: bool,
        /// Why.
        why: String,
    },
    /// The connection was lost. Whether what was asked was done is not known.
    #[error("the connection to Redis at {address} was lost: {why}")]
    Lost {
        /// To which server.
        address: RedisAddress,
        /// Why.
        why: String,
    },
    /// It answered that it does not do it.
    #[error("Redis at {address} answered {why}{}", kind.hint())]
    Refused {
        /// Which server.
        address: RedisAddress,
        /// What kind of answer.
        kind: Answer,
        /// Its words.
        why: String,
    },
    /// The answer has another form than the question's.
    #[error("the answer of Redis has another form than it must have")]
    Shape,
    /// No sentinel answered, or none knows the master.
    #[error("no sentinel tells where the master {0} is")]
    NoMaster(String),
    /// No node of the cluster tells who serves what.
    #[error("no node of the cluster answers")]
    NoNode,
    /// No master serves a part of the keys.
    #[error("a part of the cluster has no master")]
    Uncovered,
}

/// Kinds of answers that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The script is not known there; nothing was done.
    NoScript,
    /// The key lives elsewhere for good; nothing was done.
    Moved(RedisAddress),
    /// The key is about to move and may be elsewhere; nothing was done.
    Ask(RedisAddress),
    /// The server is a replica; nothing was done.
    NotMaster,
    /// The cluster has lost too many of its nodes to go on, or its replicas have not taken over yet; nothing was done.
    ClusterDown,
    /// It wants a login.
    NoLogin,
    /// The key holds something else than a counter.
    WrongType,
    /// Anything else.
    Other,
}

impl Answer {
    /// What the operator may not know.
    const fn hint(&self) -> &'static str {
        match self {
            Self::Moved(_) | Self::Ask(_) => " (another node of its cluster keeps this key)",
            Self::NoScript
            | Self::NotMaster
            | Self::ClusterDown
            | Self::NoLogin
            | Self::WrongType
            | Self::Other => "",
        }
    }
}

impl Failure {
    /// What a server answered.
    pub(super) fn answered(address: &RedisAddress, error: &RedisError) -> Self {
        let (code, elsewhere) = (error.code().unwrap_or_default(), redirect(address, error));
        let kind = match (code, elsewhere) {
            ("NOSCRIPT", _) => Answer::NoScript,
            ("MOVED", Some(elsewhere)) => Answer::Moved(elsewhere),
            ("ASK", Some(elsewhere)) => Answer::Ask(elsewhere),
            // A master that is cut off from its replicas does not count alone (`min-replicas-to-write`).
            ("READONLY" | "MASTERDOWN" | "NOREPLICAS", _) => Answer::NotMaster,
            ("CLUSTERDOWN", _) => Answer::ClusterDown,
            ("NOAUTH", _) => Answer::NoLogin,
            ("WRONGTYPE", _) => Answer::WrongType,
            // Before Redis 7 the code of a script's error is within the text of another one.
            _ if error.detail().is_some_and(|text| text.contains("WRONGTYPE")) => Answer::WrongType,
            _ if error.detail().is_some_and(|text| text.contains("NOREPLICAS")) => Answer::NotMaster,
            _ => Answer::Other,
        };
        Self::Refused { address: address.clone(), kind, why: words(error) }
    }

    /// The connection was lost.
    pub(super) fn lost(address: &RedisAddress, error: &RedisError) -> Self {
        Self::Lost { address: address.clone(), why: words(error) }
    }

    /// It could not be made.
    pub(super) fn no_connection(address: &RedisAddress, tls: bool, error: &RedisError) -> Self {
        match error.code() {
            Some(_) => Self::answered(address, error),
            None => Self::NoConnection { address: address.clone(), tls, why: words(error) },
        }
    }

    /// Whether it may be mended by looking anew who serves what.
    pub(super) fn doubts_the_map(&self) -> bool {
        match self {
            Self::Late
            | Self::Silent(_)
            | Self::NoConnection { .. }
            | Self::Lost { .. }
            | Self::Uncovered => true,
            Self::Refused { kind, .. } => match kind {
                Answer::Moved(_) | Answer::NotMaster | Answer::ClusterDown => true,
                Answer::NoScript | Answer::Ask(_) | Answer::NoLogin | Answer::WrongType | Answer::Other => {
                    false
                }
            },
            Self::Shape | Self::NoMaster(_) | Self::NoNode => false,
        }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        let wrong = matches!(failure, Failure::Shape | Failure::Refused { kind: Answer::WrongType, .. });
        let made = if wrong { Self::inconsistent } else { Self::unavailable };
        made(Dependency::Counters, failure)
    }
}

/// Where a key lives, as `from` says. A cluster that does not know its own name leaves out the host, which is then the
/// one that was asked.
fn redirect(from: &RedisAddress, error: &RedisError) -> Option<RedisAddress> {
    let (address, _slot) = error.redirect_node()?;
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if host.is_empty() { &from.host } else { host };
    Some(RedisAddress { host: host.to_owned(), port: port.parse().ok()? })
}

/// As much of a server's words as cannot hold what it was asked: a server quotes that, or puts it behind a colon or a
/// comma. What the operating system or TLS says is whole.
fn words(error: &RedisError) -> String {
    const LENGTH_MAX: usize = 120;
    let Some(code) = error.code() else {
        let of_the_system = matches!(error.kind(), ErrorKind::Io | ErrorKind::Client);
        return if of_the_system { one_line(&error.to_string()) } else { error.category().to_owned() };
    };
    let detail = error.detail().unwrap_or_default();
    let end = detail.find(['\'', '"', '`', ':', ';', ',', '{']).unwrap_or(detail.len());
    let plain: String = detail[..end].chars().filter(|sign| !sign.is_control()).take(LENGTH_MAX).collect();
    format!("{code} {}", plain.trim()).trim_end().to_owned()
}

fn one_line(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use domain::ports::PortErrorKind;

    use super::*;

    fn address() -> RedisAddress {
        RedisAddress { host: "cache".to_owned(), port: 6379 }
    }

    /// What a server would send.
    fn answer(line: &str) -> Failure {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        Failure::answered(&address(), &value.extract_error().unwrap_err())
    }

    fn kind(line: &str) -> Answer {
        let Failure::Refused { kind, .. } = answer(line) else { panic!("an answer is one: {line}") };
        kind
    }

    #[test]
    fn an_answer_tells_where_to_go() {
        let elsewhere = |host: &str| RedisAddress { host: host.to_owned(), port: 7001 };
        assert_eq!(kind("MOVED 3999 10.0.0.2:7001"), Answer::Moved(elsewhere("10.0.0.2")));
        assert_eq!(kind("MOVED 3999 :7001"), Answer::Moved(elsewhere("cache")));
        assert_eq!(kind("ASK 3999 ::1:7001"), Answer::Ask(elsewhere("::1")));
        assert_eq!(kind("MOVED nowhere"), Answer::Other);
        assert_eq!(kind("CLUSTERDOWN The cluster is down"), Answer::ClusterDown);
        assert_eq!(kind("READONLY You can't write against a read only replica."), Answer::NotMaster);
        assert_eq!(kind("NOREPLICAS Not enough good replicas to write."), Answer::NotMaster);
    }

    #[test]
    fn a_key_that_holds_something_else_is_inconsistent_and_all_else_unavailable() {
        for (line, expected) in [
            (
                "WRONGTYPE Operation against a key holding the wrong kind of value",
                PortErrorKind::Inconsistent,
            ),
            (
                "ERR Error running script (call to f_12): @user_script:3: WRONGTYPE Operation",
                PortErrorKind::Inconsistent,
            ),
            ("LOADING Redis is loading the dataset in memory", PortErrorKind::Unavailable),
            ("TRYAGAIN Multiple keys request during rehashing of slot", PortErrorKind::Unavailable),
            ("OOM command not allowed when used memory > 'maxmemory'.", PortErrorKind::Unavailable),
            ("READONLY You can't write against a read only replica.", PortErrorKind::Unavailable),
            ("MASTERDOWN Link with MASTER is down", PortErrorKind::Unavailable),
        ] {
            let error = PortError::from(answer(line));
            assert_eq!((error.kind, error.dependency), (expected, Dependency::Counters), "{line}");
        }
        assert_eq!(PortError::from(Failure::Shape).kind, PortErrorKind::Inconsistent);
    }

    #[test]
    fn what_a_server_was_asked_is_not_repeated() {
        for line in [
            "ERR unknown command 'EVALSHA', with args beginning with: 'private' ",
            "ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `ram`, `private`, ",
            "NOPERM User ram has no permissions to access the 'private' key",
            "ERR bad key: private",
            "ERR bad {private}",
        ] {
            let text = answer(line).to_string();
            assert!(!text.contains("private") && text.contains("cache:6379"), "{text}");
        }
        let text = answer("ERR DB index is out of range").to_string();
        assert_eq!(text, "Redis at cache:6379 answered ERR DB index is out of range");
    }
}
