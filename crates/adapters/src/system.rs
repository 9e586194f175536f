//! What the operating system gives: time, randomness, and a log for alarms. The only place that reads the clock.

use std::error::Error;

use domain::ports::{Alarms, Clock, Dependency, Entropy, Lost, PortError};
use domain::time::Timestamp;
use rand::TryRng;
use rand::rngs::SysRng;

/// The server's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock that the others ask")]
        let now = Timestamp::now();
        // Stores keep milliseconds. Whole ones from the start make an instant compare alike before and after saving.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// The operating system's source of randomness, asked each time: nothing is kept that a fork could repeat.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        SysRng.try_fill_bytes(bytes).map_err(|error| PortError::unavailable(Dependency::Entropy, error))
    }
}

/// Writes each alarm to the log, once, with its whole cause.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoggedAlarms;

impl Alarms for LoggedAlarms {
    fn raise(&self, lost: Lost, cause: &PortError) {
        let (name, consequence) = match lost {
            Lost::DeliveryRecord => {
                ("delivery-record", "a delivery stays `sending`: its answer was not stored")
            }
            Lost::Refund => {
                ("refund", "limits stay stricter until their windows pass: a send was not given back")
            }
        };
        tracing::error!(
            lost = name,
            dependency = cause.dependency.as_str(),
            cause = chain(cause),
            "{consequence}"
        );
    }
}

/// An error and all its causes in one line, outermost first: `the store is unavailable: timed out`. A cause whose
/// text the error above it ends with already is not said again.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link { text, source: source.map(Box::new) }
    }

    #[test]
    fn a_chain_says_every_cause_once() {
        let error = link("could not save", Some(link("no answer", Some(link("timed out", None)))));
        assert_eq!(chain(&error), "could not save: no answer: timed out");
        let repeated = link("could not save: timed out", Some(link("timed out", None)));
        assert_eq!(chain(&repeated), "could not save: timed out");
        let port = PortError::unavailable(Dependency::Store, io::Error::other("disk full"));
        assert_eq!(chain(&port), "the store is unavailable: disk full");
    }
}
