//! What goes on beside serving, and when each was last at it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Something that goes on beside serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopName {
    /// Ends verifications whose life is over.
    Expire,
    /// Deletes what is past its retention.
    Sweep,
    /// Tells webhooks.
    Webhooks,
}

impl LoopName {
    /// Every loop.
    pub const ALL: [Self; 3] = [Self::Expire, Self::Sweep, Self::Webhooks];

    /// The name over HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expire => "expire",
            Self::Sweep => "sweep",
            Self::Webhooks => "webhooks",
        }
    }

    /// After how much silence something is wrong with it: its interval, and a database that takes its time.
    const fn silence_max(self) -> Duration {
        match self {
            Self::Expire => Duration::from_mins(1),
            Self::Sweep => Duration::from_hours(3),
            Self::Webhooks => Duration::from_mins(3),
        }
    }

    const fn number(self) -> usize {
        match self {
            Self::Expire => 0,
            Self::Sweep => 1,
            Self::Webhooks => 2,
        }
    }
}

/// When each was last at it.
#[derive(Debug)]
pub struct Loops {
    begin: Instant,
    /// Milliseconds from the beginning, and one; zero for never.
    beats: [AtomicU64; 3],
}

impl Default for Loops {
    fn default() -> Self {
        Self { begin: Instant::now(), beats: Default::default() }
    }
}

impl Loops {
    /// It is at it now.
    pub fn beat(&self, name: LoopName) {
        let millis = u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX - 1);
        if let Some(beat) = self.beats.get(name.number()) {
            beat.store(millis + 1, Ordering::Relaxed);
        }
    }

    /// How long the process has been serving.
    pub(crate) fn uptime(&self) -> Duration {
        self.begin.elapsed()
    }

    /// How long ago it was last at it; `None` when it never was.
    #[must_use]
    pub fn silence(&self, name: LoopName) -> Option<Duration> {
        let millis = self.beats.get(name.number())?.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.uptime().saturating_sub(Duration::from_millis(millis)))
    }

    /// Whether it goes on as it should.
    pub(crate) fn is_alive(&self, name: LoopName) -> bool {
        self.silence(name).unwrap_or(self.uptime()) <= name.silence_max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_silent_since_it_was_last_at_it() {
        let loops = Loops::default();
        for name in LoopName::ALL {
            assert_eq!((loops.silence(name), loops.is_alive(name)), (None, true), "it may not have begun");
            loops.beat(name);
            assert!(loops.silence(name).is_some_and(|silence| silence < Duration::from_mins(1)));
        }
        let begin = Instant::now().checked_sub(Duration::from_hours(5)).unwrap();
        let old = Loops { begin, ..Loops::default() };
        old.beat(LoopName::Sweep);
        let alive = LoopName::ALL.map(|name| old.is_alive(name));
        assert_eq!(alive, [false, true, false], "what never was at it for hours is not alive");
    }
}
