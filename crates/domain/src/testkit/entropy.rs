//! Randomness that repeats.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::{Dependency, Entropy, PortError};

/// The same bytes for the same seed, draw by draw (`SplitMix64`); fit for tests and for nothing else.
#[derive(Debug)]
pub struct SeededEntropy {
    state: AtomicU64,
    /// How many draws do not fail.
    good: AtomicU64,
}

/// The step of `SplitMix64`: 2^64 divided by the golden ratio, odd, so that the state takes every value once.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SeededEntropy {
    /// A source that begins with `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(mixed(seed)), good: AtomicU64::new(u64::MAX) }
    }

    /// Whether draws fail from now on.
    pub fn set_failing(&self, failing: bool) {
        self.fail_after(if failing { 0 } else { u64::MAX });
    }

    /// Lets this many more draws succeed, and fails from then on.
    pub fn fail_after(&self, draws: u64) {
        self.good.store(draws, Ordering::SeqCst);
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
        let one_less = |good: u64| good.checked_sub(1);
        if self.good.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err() {
            return Err(PortError::unavailable(Dependency::Entropy, "it was told to fail"));
        }
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
