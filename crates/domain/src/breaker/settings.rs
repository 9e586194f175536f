//! When a breaker opens and closes. Owns which settings are taken.

use std::ops::RangeInclusive;
use std::time::Duration;

/// When a breaker opens, for how long, and when it closes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// The share of failed calls in the window from which on it opens, in per cent: 1 to 100.
    pub failure_percent: u8,
    /// How far back calls count for that share: 1 s to 10 min.
    pub window: Duration,
    /// Fewer calls in the window than this tell nothing: 1 to 10,000. As many failures in a row open it too, however well
    /// things went before and however long ago.
    pub calls_min: u16,
    /// So many answers [`Refused`](crate::ports::SendAnswer::Refused) open it at once, where no success is between them: 1 to
    /// 20.
    pub refusals: u8,
    /// How long it is open the first time: 1 s to 1 h. Twice as long after each probe that fails.
    pub open_for: Duration,
    /// How long it is open at most: `open_for` to 1 h.
    pub open_for_max: Duration,
    /// So many probes in a row have to succeed before it closes: 1 to 5.
    pub probes: u8,
}

impl BreakerSettings {
    /// What `failure_percent` may be.
    pub const FAILURE_PERCENTS: RangeInclusive<u8> = 1..=100;
    /// What `window` may be.
    pub const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(10);
    /// What `calls_min` may be.
    pub const CALLS_MINS: RangeInclusive<u16> = 1..=10_000;
    /// What `refusals` may be.
    pub const REFUSALS: RangeInclusive<u8> = 1..=20;
    /// What `open_for` and `open_for_max` may be.
    pub const OPEN_FORS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(1);
    /// What `probes` may be.
    pub const PROBES: RangeInclusive<u8> = 1..=5;

    /// Whether each is in its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), BreakerSettingsFault> {
        let kept = [
            (Self::FAILURE_PERCENTS.contains(&self.failure_percent), BreakerSettingsFault::FailurePercent),
            (Self::WINDOWS.contains(&self.window), BreakerSettingsFault::Window),
            (Self::CALLS_MINS.contains(&self.calls_min), BreakerSettingsFault::CallsMin),
            (Self::REFUSALS.contains(&self.refusals), BreakerSettingsFault::Refusals),
            (Self::OPEN_FORS.contains(&self.open_for), BreakerSettingsFault::OpenFor),
            (
                Self::OPEN_FORS.contains(&self.open_for_max) && self.open_for <= self.open_for_max,
                BreakerSettingsFault::OpenForMax,
            ),
            (Self::PROBES.contains(&self.probes), BreakerSettingsFault::Probes),
        ];
        kept.into_iter().find(|(kept, _)| !kept).map_or(Ok(()), |(_, fault)| Err(fault))
    }
}

/// Half of at least 10 calls in 30 s, or one refusal; open for 10 s, and up to 5 min while probes fail; one good probe.
impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failure_percent: 50,
            window: Duration::from_secs(30),
            calls_min: 10,
            refusals: 1,
            open_for: Duration::from_secs(10),
            open_for_max: Duration::from_mins(5),
            probes: 1,
        }
    }
}

/// Which setting of a breaker is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreakerSettingsFault {
    /// `failure_percent`.
    #[error("the share of failures that opens a breaker must be 1 to 100 per cent")]
    FailurePercent,
    /// `window`.
    #[error("the window of a breaker must be 1 s to 10 min")]
    Window,
    /// `calls_min`.
    #[error("the calls that tell a breaker something must be 1 to 10000")]
    CallsMin,
    /// `refusals`.
    #[error("the refusals that open a breaker must be 1 to 20")]
    Refusals,
    /// `open_for`.
    #[error("the time that a breaker is open must be 1 s to 1 h")]
    OpenFor,
    /// `open_for_max`.
    #[error("the longest time that a breaker is open must be at most 1 h, and not less than the first")]
    OpenForMax,
    /// `probes`.
    #[error("the probes that close a breaker must be 1 to 5")]
    Probes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_their_range_are_named() {
        let usual = BreakerSettings::default();
        assert_eq!(usual.check(), Ok(()));
        let second = Duration::from_secs(1);
        let faults = [
            (BreakerSettings { failure_percent: 0, ..usual }, BreakerSettingsFault::FailurePercent),
            (BreakerSettings { failure_percent: 101, ..usual }, BreakerSettingsFault::FailurePercent),
            (BreakerSettings { window: Duration::ZERO, ..usual }, BreakerSettingsFault::Window),
            (BreakerSettings { window: Duration::MAX, ..usual }, BreakerSettingsFault::Window),
            (BreakerSettings { calls_min: 0, ..usual }, BreakerSettingsFault::CallsMin),
            (BreakerSettings { refusals: 0, ..usual }, BreakerSettingsFault::Refusals),
            (BreakerSettings { open_for: Duration::ZERO, ..usual }, BreakerSettingsFault::OpenFor),
            (BreakerSettings { open_for_max: second, ..usual }, BreakerSettingsFault::OpenForMax),
            (BreakerSettings { open_for_max: Duration::MAX, ..usual }, BreakerSettingsFault::OpenForMax),
            (BreakerSettings { probes: 0, ..usual }, BreakerSettingsFault::Probes),
            (BreakerSettings { probes: 6, ..usual }, BreakerSettingsFault::Probes),
        ];
        for (settings, fault) in faults {
            assert_eq!(settings.check(), Err(fault), "{settings:?}");
        }
    }
}
