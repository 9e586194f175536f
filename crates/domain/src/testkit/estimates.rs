//! Estimates that are what a test says.

use std::sync::{Arc, Mutex};

use super::demand::locked;
use crate::deliverability::{Estimates, Window};
use crate::ports::DeliveryEstimates;
use crate::time::Timestamp;

/// Knows what it was told; nothing at first.
#[derive(Debug)]
pub struct KnownEstimates(Mutex<Arc<Estimates>>);

impl Default for KnownEstimates {
    fn default() -> Self {
        Self(Mutex::new(Arc::new(Estimates::none(Window::at(Timestamp::UNIX_EPOCH)))))
    }
}

impl KnownEstimates {
    /// This is known from now on.
    pub fn set(&self, estimates: Estimates) {
        *locked(&self.0) = Arc::new(estimates);
    }
}

impl DeliveryEstimates for KnownEstimates {
    fn estimates(&self) -> Arc<Estimates> {
        Arc::clone(&locked(&self.0))
    }
}
