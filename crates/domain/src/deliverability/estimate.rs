//! The estimate of one cohort: the share with its interval, and the times.

use std::time::Duration;

use super::cohort::Cohort;
use crate::statistic::{BUCKETS, begin_of, quantile};

/// With fewer sends than this nothing is told: the interval would be as wide as half of all there is.
pub const SENDS_MIN: u64 = 20;
/// How many standard errors the interval of 95 % reaches to each side.
const Z: f64 = 1.959_964;

/// A share with its interval of 95 % (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// 1927): unlike the simple one it is right for few sends, and for shares near none or all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The share, from 0 to 1.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Share {
    /// The share of so many out of so many; `None` out of nothing.
    #[must_use]
    pub fn of(verified: u64, sends: u64) -> Option<Self> {
        if sends == 0 {
            return None;
        }
        let (of, all) = (number(verified.min(sends)), number(sends));
        let value = of / all;
        let spread = Z * Z / all;
        let centre = value + spread / 2.0;
        let half = Z * ((value * (1.0 - value) + spread / 4.0) / all).sqrt();
        let end = |end: f64| (end / (1.0 + spread)).clamp(0.0, 1.0);
        Some(Self { value, low: end(centre - half).min(value), high: end(centre + half).max(value) })
    }
}

/// Counts are far below 2^32 within a window; more says nothing more of a share.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What is known of the SMS of a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// SMS that were sent, whose codes have died.
    pub sends: u64,
    /// Those of them whose code came back.
    pub verified: u64,
    /// The share of these; `None` with fewer than [`SENDS_MIN`] sends, which are too few to tell.
    pub share: Option<Share>,
    /// Half of those that were verified had been by then, since their verification began, with an error of at most 5 %;
    /// `None` where none were, or there are too few sends.
    pub p50: Option<Duration>,
    /// Nine in ten of them had.
    pub p90: Option<Duration>,
    /// The lower end of the interval of 95 % of the median, out of the ranks alone: whatever times are like.
    pub p50_low: Option<Duration>,
    /// SMS that were sent since, whose codes may still come back.
    pub recent_sends: u64,
    /// Those of them whose code has: no share yet, but what it will be at least.
    pub recent_verified: u64,
}

impl Estimate {
    /// What these cohorts tell: those whose codes have died, and those since.
    #[must_use]
    pub fn of(settled: &Cohort, recent: &Cohort) -> Self {
        let enough = settled.sent() >= SENDS_MIN;
        let time = |percent| quantile(settled.took(), percent).filter(|_| enough);
        Self {
            sends: settled.sent(),
            verified: settled.verified(),
            share: Share::of(settled.verified(), settled.sent()).filter(|_| enough),
            p50: time(50),
            p90: time(90),
            p50_low: median_at_least(settled.took()).filter(|_| enough),
            recent_sends: recent.sent(),
            recent_verified: recent.verified(),
        }
    }

    /// Whether half of those who verify measurably wait for longer than this.
    #[must_use]
    pub fn is_slower_than(&self, wait: Duration) -> bool {
        self.p50_low.is_some_and(|low| low >= wait)
    }
}

/// What the median is at least, with 97.5 %: of `n` times that of the rank `n/2 - 1.96 * sqrt(n)/2`, since the rank of the
/// median is that of `n` tosses of a coin; and of its bucket the beginning. `None` for too few times.
fn median_at_least(took: &[u64; BUCKETS]) -> Option<Duration> {
    let total: u64 = took.iter().sum();
    let rank = (number(total) / 2.0 - Z * number(total).sqrt() / 2.0).floor();
    let mut seen = 0;
    let bucket = took.iter().position(|count| {
        seen += count;
        number(seen) >= rank
    })?;
    let bucket = u8::try_from(bucket).ok()?;
    (rank >= 1.0).then(|| begin_of(bucket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliverability::CohortMeasure;
    use crate::statistic::bucket_of;

    #[test]
    fn the_interval_is_that_of_the_book() {
        // Newcombe 1998, table I: 81 of 263, and 0 of 20.
        let share = Share::of(81, 263).unwrap();
        assert!((share.low - 0.2553).abs() < 1e-4 && (share.high - 0.3662).abs() < 1e-4, "{share:?}");
        let none = Share::of(0, 20).unwrap();
        assert!(none.low.abs() < 1e-12 && (none.high - 0.1611).abs() < 1e-4, "{none:?}");
        assert_eq!(Share::of(0, 0), None);
    }

    fn cohort(sent: u64, seconds: &[u64]) -> Cohort {
        let mut cohort = Cohort::default();
        cohort.add(CohortMeasure::Sent, sent);
        for second in seconds {
            cohort.add(CohortMeasure::Verified, 1);
            cohort.add(CohortMeasure::Took(bucket_of(Duration::from_secs(*second))), 1);
        }
        cohort
    }

    #[test]
    fn too_few_sends_tell_nothing() {
        let few = Estimate::of(&cohort(19, &[10; 19]), &cohort(3, &[5]));
        assert_eq!((few.sends, few.verified, few.share), (19, 19, None));
        assert_eq!((few.p50, few.p90, few.p50_low), (None, None, None));
        assert_eq!((few.recent_sends, few.recent_verified), (3, 1));
        let enough = Estimate::of(&cohort(20, &[10; 19]), &Cohort::default());
        assert!(enough.share.is_some_and(|share| share.low > 0.7) && enough.p50.is_some());
    }

    #[test]
    fn slow_is_what_is_measurably_slower() {
        let minute = Duration::from_mins(1);
        let slow =
            |seconds: &[u64]| Estimate::of(&cohort(100, seconds), &Cohort::default()).is_slower_than(minute);
        assert!(slow(&[80; 30]));
        assert!(!slow(&[55; 30]));
        let mut mixed = vec![50; 18];
        mixed.extend([90; 22]);
        assert!(!slow(&mixed), "22 of 40 may be chance");
        mixed.extend([90; 30]);
        assert!(slow(&mixed), "52 of 70 is not");
        assert!(!slow(&[]));
        assert!(!slow(&[80; 3]), "of three nothing is said");
    }
}
