//! Alarms that are kept for the test to read.

use std::sync::Mutex;

use super::demand::locked;
use crate::ports::{Alarms, Lost, PortError};

/// Keeps what was raised.
#[derive(Debug, Default)]
pub struct RecordedAlarms(Mutex<Vec<(Lost, String)>>);

impl RecordedAlarms {
    /// What was lost, in the order in which it was raised.
    #[must_use]
    pub fn raised(&self) -> Vec<Lost> {
        locked(&self.0).iter().map(|(lost, _)| *lost).collect()
    }

    /// The causes, as the operator would read them.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        locked(&self.0).iter().map(|(_, cause)| cause.clone()).collect()
    }
}

impl Alarms for RecordedAlarms {
    fn raise(&self, lost: Lost, cause: &PortError) {
        locked(&self.0).push((lost, format!("{cause}: {}", cause.source)));
    }
}
