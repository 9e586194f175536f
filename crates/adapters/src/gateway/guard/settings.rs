//! What guards a gateway: how many calls at a time, how many may wait, when it is left alone. Owns which settings are
//! taken.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::breaker::{BreakerSettings, BreakerSettingsFault};

/// How a gateway is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardSettings {
    /// When it is left alone because it fails, and for how long.
    pub breaker: BreakerSettings,
    /// So many calls are under way at most: 1 to 20,000.
    pub calls_max: u32,
    /// So many sends wait at most for a call to end: 0 to 20,000. Zero: nobody waits.
    pub waiting_max: u32,
    /// How long a send waits at most: 0 to 1 min, and never more than half of the time that it has in all.
    pub wait_max: Duration,
    /// How long it is left alone after a reading of zero credits, unless a later reading tells otherwise: 0 to 24 h.
    /// Longer than the time between readings. Zero: a reading of zero holds nothing, for those who pay afterwards.
    pub hold_for: Duration,
}

impl GuardSettings {
    /// What `calls_max` may be.
    pub const CALLS: RangeInclusive<u32> = 1..=20_000;
    /// What `waiting_max` may be.
    pub const WAITING: RangeInclusive<u32> = 0..=20_000;
    /// What `wait_max` may be.
    pub const WAITS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_mins(1);
    /// What `hold_for` may be.
    pub const HOLDS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(24);

    /// Whether each is in its range.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), GuardSettingsFault> {
        self.breaker.check()?;
        let kept = [
            (Self::CALLS.contains(&self.calls_max), GuardSettingsFault::Calls),
            (Self::WAITING.contains(&self.waiting_max), GuardSettingsFault::Waiting),
            (Self::WAITS.contains(&self.wait_max), GuardSettingsFault::Wait),
            (Self::HOLDS.contains(&self.hold_for), GuardSettingsFault::Hold),
        ];
        kept.into_iter().find(|(kept, _)| !kept).map_or(Ok(()), |(_, fault)| Err(fault))
    }
}

/// 256 calls and as many that wait, 2 s at most; 15 min after a reading of zero, which are three readings.
impl Default for GuardSettings {
    fn default() -> Self {
        Self {
            breaker: BreakerSettings::default(),
            calls_max: 256,
            waiting_max: 256,
            wait_max: Duration::from_secs(2),
            hold_for: Duration::from_mins(15),
        }
    }
}

/// Which setting of a guard is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardSettingsFault {
    /// One of its breaker.
    #[error(transparent)]
    Breaker(#[from] BreakerSettingsFault),
    /// `calls_max`.
    #[error("the calls that a gateway gets at a time must be 1 to 20000")]
    Calls,
    /// `waiting_max`.
    #[error("the sends that wait for a gateway must be 0 to 20000")]
    Waiting,
    /// `wait_max`.
    #[error("the time that a send waits for a gateway must be at most 1 min")]
    Wait,
    /// `hold_for`.
    #[error("the time that a gateway without credits is left alone must be at most 24 h")]
    Hold,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_their_range_are_named() {
        let usual = GuardSettings::default();
        assert_eq!(usual.check(), Ok(()));
        let long = Duration::from_hours(25);
        let breaker = BreakerSettings { probes: 0, ..usual.breaker };
        let faults = [
            (GuardSettings { breaker, ..usual }, BreakerSettingsFault::Probes.into()),
            (GuardSettings { calls_max: 0, ..usual }, GuardSettingsFault::Calls),
            (GuardSettings { calls_max: 20_001, ..usual }, GuardSettingsFault::Calls),
            (GuardSettings { waiting_max: 20_001, ..usual }, GuardSettingsFault::Waiting),
            (GuardSettings { wait_max: long, ..usual }, GuardSettingsFault::Wait),
            (GuardSettings { hold_for: long, ..usual }, GuardSettingsFault::Hold),
        ];
        for (settings, fault) in faults {
            assert_eq!(settings.check(), Err(fault), "{settings:?}");
        }
    }
}
