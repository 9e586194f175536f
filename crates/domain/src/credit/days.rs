//! For how many days credits last: out of what the SMS of the last days used. Owns the estimate, and when it is low; never
//! where it is counted.

use std::time::Duration;

use super::CreditBalance;
use crate::statistic::{Amounts, Measure};
use crate::time::{Day, Timestamp, until};

/// Over how many days, before the present one, use is looked at: each day of the week counts once.
pub const USE_DAYS: u16 = 7;
const DAY: Duration = Duration::from_hours(24);

/// What the SMS of a gateway used within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditUse {
    /// Thousandths of a credit; never none.
    thousandths: u64,
    /// Days that are over, in full, and of the present one as much as is over.
    over: Duration,
}

impl CreditUse {
    /// The first day that is looked at.
    #[must_use]
    pub fn since(now: Timestamp) -> Day {
        Day::of(now).minus(USE_DAYS)
    }

    /// What these amounts of a gateway say, counted from the beginning of `since` until `now`: the credits that it told,
    /// and a credit a segment where it told none. `None` where nothing was used, or no whole day is over since the end of
    /// `since`, of which nobody knows how much was without use: these tell nothing of days to come.
    #[must_use]
    pub fn of(amounts: &Amounts, since: Day, now: Timestamp) -> Option<Self> {
        let told = amounts.of(Measure::CreditThousandths);
        let counted = if told > 0 { told } else { amounts.of(Measure::Segments).saturating_mul(1000) };
        let whole_day = until(since.end(), now) >= DAY;
        (counted > 0 && whole_day)
            .then(|| Self { thousandths: counted, over: until(since.minus(1).end(), now) })
    }

    /// For how long a balance lasts if as much is used a day as was.
    #[must_use]
    pub fn days_left(self, balance: CreditBalance) -> DaysLeft {
        let seconds = u128::from(balance.thousandths()) * u128::from(self.over.as_secs());
        let tenths = seconds * 10 / (u128::from(self.thousandths.max(1)) * u128::from(DAY.as_secs()));
        DaysLeft(u32::try_from(tenths).map_or(DaysLeft::MAX.0, |tenths| tenths.min(DaysLeft::MAX.0)))
    }
}

/// For how many days credits last, in whole tenths of a day: never more than they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DaysLeft(u32);

impl DaysLeft {
    /// The most that is told apart: ten thousand days.
    pub const MAX: Self = Self(100_000);

    /// As a number of days, exact to the tenth.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// Whether they are fewer than `days`.
    #[must_use]
    pub fn is_below(self, days: u16) -> bool {
        self.0 < u32::from(days) * 10
    }

    /// Whether they are `days` or more, by less than a quarter. What is used varies by the hour, so that one day's end is no
    /// news where they were low: they are so until there are clearly more.
    #[must_use]
    pub fn hovers_above(self, days: u16) -> bool {
        !self.is_below(days) && self.0 * 4 < u32::from(days) * 50
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Noon.
    const NOW: i64 = 1_768_478_400;

    fn used(credits: u64, segments: u64, days: u16) -> Option<CreditUse> {
        let mut amounts = Amounts::default();
        amounts.add(Measure::CreditThousandths, credits * 1000);
        amounts.add(Measure::Segments, segments);
        let now = Timestamp::from_second(NOW).unwrap();
        CreditUse::of(&amounts, Day::of(now).minus(days), now)
    }

    fn left(credits: u64, segments: u64, days: u16, balance: u32) -> f64 {
        used(credits, segments, days).unwrap().days_left(CreditBalance::from_credits(balance)).as_f64()
    }

    #[test]
    fn a_balance_lasts_as_long_as_what_was_used_says() {
        for (credits, segments, days, balance, expected) in [
            // Of today, a half.
            (750, 500, 7, 300, 3.0),
            (0, 750, 7, 300, 3.0),
            (750, 0, 7, 299, 2.9),
            (250, 0, 2, 100, 1.0),
            (750, 0, 7, 0, 0.0),
            (1, 0, 7, u32::MAX, 10_000.0),
        ] {
            let told = left(credits, segments, days, balance);
            assert!((told - expected).abs() < 1e-9, "{credits} {segments} {days} {balance}: {told}");
        }
    }

    #[test]
    fn nothing_is_told_out_of_no_use_or_less_than_a_day() {
        assert_eq!(used(0, 0, 7), None);
        assert_eq!(used(5, 5, 0), None, "half of today");
        assert_eq!(used(5, 5, 1), None, "yesterday may have begun late");
        assert!(used(5, 5, 2).is_some());
    }

    proptest! {
        #[test]
        fn more_lasts_longer_and_more_use_shorter(
            used_a_week in 1_u64..1_000_000_000,
            more in 0_u64..1_000_000,
            days in 2_u16..=USE_DAYS,
            balance in any::<u32>(),
            balance_more in any::<u32>(),
        ) {
            let of = |used_a_week, balance: u64| {
                used(used_a_week, 0, days).unwrap().days_left(CreditBalance::from_thousandths(balance))
            };
            let days_left = of(used_a_week, balance.into());
            prop_assert!(days_left <= of(used_a_week, u64::from(balance) + u64::from(balance_more)));
            prop_assert!(days_left >= of(used_a_week + more, balance.into()));
            prop_assert!(days_left <= DaysLeft::MAX);
        }

        #[test]
        fn few_days_hover_or_are_enough(tenths in 0_u32..=100_000, days in 0_u16..=365) {
            let left = DaysLeft(tenths);
            prop_assert!(!(left.is_below(days) && left.hovers_above(days)));
            let enough = left.as_f64() >= f64::from(days) * 1.25;
            prop_assert_eq!(enough, !left.is_below(days) && !left.hovers_above(days));
        }
    }
}
