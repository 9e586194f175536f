//! Randomness that repeats.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::ports::{Dependency, Entropy, PortError};

/// The same bytes for the same seed, draw by draw (`SplitMix64`); fit for tests and for nothing else.
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
    failing: AtomicBool,
}

/// The step of `SplitMix64`: 2^64 divided by the golden ratio, odd, so that the state takes every value once.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SeededEntropy {
    /// A source that begins with `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(mixed(seed)), failing: AtomicBool::new(false) }
    }

    /// Whether draws fail from now on.
    pub fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// The next 64 bits, whether or not draws fail.
    pub fn word(&self) -> u64 {
        mixed(self.state.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP))
    }
}

/// The finaliser of `SplitMix64`: a bijection, so that distinct states give distinct words.
const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(PortError::unavailable(Dependency::Entropy, "it was told to fail"));
        }
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
