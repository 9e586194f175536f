//! Time and randomness.

use std::fmt;

use super::PortError;
use crate::time::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now, in whole milliseconds.
    fn now(&self) -> Timestamp;

    /// How far it is ahead of the machine's clock, in milliseconds; `None` where it is the machine's.
    fn ahead_millis(&self) -> Option<i64> {
        None
    }
}

/// Randomness fit for secrets.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes` with unpredictable bits.
    ///
    /// # Errors
    /// [`PortError`] when there are none to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError>;
}
