//! The calls of late, and how many of them failed, in constant memory. Owns the counting; never decides what it means.

use std::time::Duration;

/// Into so many slices the window is cut: what counts goes back nine to ten tenths of it.
const SLICES: usize = 10;

/// Counts what happened within the last so-and-so long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    slice_millis: u64,
    slices: [Slice; SLICES],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slice {
    /// Which one since the start.
    number: u64,
    calls: u32,
    failures: u32,
}

impl Window {
    /// An empty one of this length.
    pub(super) fn new(length: Duration) -> Self {
        let slice_millis = (millis(length) / SLICES as u64).max(1);
        Self { slice_millis, slices: [Slice::default(); SLICES] }
    }

    /// Counts a call that ends now.
    pub(super) fn add(&mut self, failed: bool, now: Duration) {
        let number = self.number(now);
        for (place, slice) in (0_u64..).zip(&mut self.slices) {
            if place != number % SLICES as u64 {
                continue;
            }
            if slice.number != number {
                *slice = Slice { number, calls: 0, failures: 0 };
            }
            slice.calls = slice.calls.saturating_add(1);
            slice.failures = slice.failures.saturating_add(u32::from(failed));
        }
    }

    /// The calls that count, and how many of them failed.
    pub(super) fn counts(&self, now: Duration) -> (u64, u64) {
        let number = self.number(now);
        let counting = self.slices.iter().filter(|slice| number.saturating_sub(slice.number) < SLICES as u64);
        counting.fold((0, 0), |(calls, failures), slice| {
            (calls + u64::from(slice.calls), failures + u64::from(slice.failures))
        })
    }

    fn number(&self, now: Duration) -> u64 {
        millis(now) / self.slice_millis
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> Window {
        Window::new(Duration::from_secs(10))
    }

    #[test]
    fn what_happened_counts_for_the_length_of_the_window() {
        let mut window = window();
        let at = Duration::from_millis;
        window.add(true, at(999));
        window.add(false, at(1_000));
        assert_eq!(window.counts(at(1_000)), (2, 1));
        assert_eq!(window.counts(at(9_999)), (2, 1));
        assert_eq!(window.counts(at(10_000)), (1, 0), "the slice of the failure is over");
        assert_eq!(window.counts(at(11_000)), (0, 0));
    }

    #[test]
    fn a_slice_that_comes_round_again_begins_anew() {
        let mut window = window();
        for round in 0..100 {
            window.add(true, Duration::from_secs(round * 10));
            assert_eq!(window.counts(Duration::from_secs(round * 10)), (1, 1), "{round}");
        }
    }

    #[test]
    fn the_end_of_time_is_an_instant_like_any_other() {
        let mut window = window();
        window.add(true, Duration::MAX);
        assert_eq!(window.counts(Duration::MAX), (1, 1));
    }
}
