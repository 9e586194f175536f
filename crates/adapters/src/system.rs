//! What the operating system gives: time, randomness, and a log for alarms. The only place that reads the clock.

use domain::ports::{Alarms, Clock, Dependency, Entropy, Lost, PortError, chain};
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
            Lost::NextRoute => {
                ("next-route", "an SMS that may not have been sent does not go by the next route")
            }
            Lost::InvalidNumbers => {
                ("invalid-numbers", "a number that was refused was not looked into; the next one is")
            }
            Lost::BlockRefresh => {
                ("block-refresh", "a change of the blocks or pauses takes effect some seconds later")
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
