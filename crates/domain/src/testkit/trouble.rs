//! What fakes of a dependency share: they can be told to fail, and they count what is asked of them.

use std::collections::BTreeMap;

use crate::ports::{Dependency, PortError};

/// The troubles of one fake.
#[derive(Debug)]
pub(super) struct Trouble {
    dependency: Dependency,
    down: bool,
    failing: BTreeMap<&'static str, u32>,
    calls: BTreeMap<&'static str, u32>,
}

impl Trouble {
    pub(super) const fn new(dependency: Dependency) -> Self {
        Self { dependency, down: false, failing: BTreeMap::new(), calls: BTreeMap::new() }
    }

    pub(super) const fn set_down(&mut self, down: bool) {
        self.down = down;
    }

    pub(super) fn fail_next(&mut self, method: &'static str, times: u32) {
        self.failing.insert(method, times);
    }

    pub(super) fn calls(&self, method: &str) -> u32 {
        self.calls.get(method).copied().unwrap_or(0)
    }

    pub(super) fn all_calls(&self) -> u32 {
        self.calls.values().sum()
    }

    pub(super) fn forget_calls(&mut self) {
        self.calls.clear();
    }

    /// Counts a call, and fails it when it is to fail.
    pub(super) fn enter(&mut self, method: &'static str) -> Result<(), PortError> {
        *self.calls.entry(method).or_default() += 1;
        if self.down {
            return Err(PortError::unavailable(self.dependency, "it was told to be down"));
        }
        match self.failing.get_mut(method) {
            Some(left) if *left > 0 => {
                *left -= 1;
                Err(PortError::unavailable(self.dependency, format!("`{method}` was told to fail")))
            }
            Some(_) | None => Ok(()),
        }
    }
}
