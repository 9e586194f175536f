//! A clock that moves when it is told to.

use std::sync::Mutex;
use std::time::Duration;

use super::demand::locked;
use crate::ports::Clock;
use crate::time::{Timestamp, after};

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `now`, cut to whole milliseconds.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(whole_milliseconds(now)))
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let mut now = locked(&self.0);
        *now = whole_milliseconds(after(*now, by));
    }

    /// Moves it to `now`, back as well.
    pub fn set(&self, now: Timestamp) {
        *locked(&self.0) = whole_milliseconds(now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *locked(&self.0)
    }
}

fn whole_milliseconds(instant: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millisecond()).unwrap_or(instant)
}
