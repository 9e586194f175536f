//! Instants and days. Owns the few operations on time that the rules need; never reads a clock.

use std::fmt;
use std::time::Duration;

/// An instant on the server's clock, UTC, in whole milliseconds (what every store keeps).
pub use jiff::Timestamp;

/// The instant `wait` after `from`, clamped to what a [`Timestamp`] can hold.
#[must_use]
pub fn after(from: Timestamp, wait: Duration) -> Timestamp {
    from.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// How long it is from `now` until `instant`; zero when that is past.
#[must_use]
pub fn until(now: Timestamp, instant: Timestamp) -> Duration {
    Duration::try_from(instant.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// The instant as people and programs read it: RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn rfc3339(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

/// A calendar day in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

const SECONDS_PER_DAY: i64 = 86_400;

impl Day {
    /// The day that holds `instant`.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        Self(i32::try_from(instant.as_second().div_euclid(SECONDS_PER_DAY)).unwrap_or(i32::MAX))
    }

    /// Days since 1970-01-01: the form in which stores keep it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day with this number of days since 1970-01-01.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// The day that lies `days` before this one.
    #[must_use]
    pub fn minus(self, days: u16) -> Self {
        Self(self.0.saturating_sub(i32::from(days)))
    }

    /// Reads `2026-01-31`; `None` when it is no day, or one before 1970.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 10 && text.is_ascii();
        let begin: Timestamp = plain.then(|| format!("{text}T00:00:00Z").parse().ok()).flatten()?;
        Some(Self::of(begin)).filter(|day| day.0 >= 0)
    }

    /// The first instant of the next day.
    #[must_use]
    pub fn end(self) -> Timestamp {
        Timestamp::from_second((i64::from(self.0) + 1) * SECONDS_PER_DAY).unwrap_or(Timestamp::MAX)
    }
}

/// `2026-01-31`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = Timestamp::from_second(i64::from(self.0) * SECONDS_PER_DAY).unwrap_or(Timestamp::MAX);
        write!(f, "{}", begin.strftime("%Y-%m-%d"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_its_milliseconds() {
        assert_eq!(rfc3339(Timestamp::from_millisecond(850).unwrap()), "1970-01-01T00:00:00.850Z");
    }

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let last_millisecond = Timestamp::from_millisecond(86_399_999).unwrap();
        assert_eq!(Day::of(last_millisecond), Day::from_number(0));
        assert_eq!(Day::of(Day::from_number(0).end()), Day::from_number(1));
    }

    #[test]
    fn a_day_is_read_as_it_is_written() {
        for text in ["1970-01-01", "2024-02-29", "2026-12-31"] {
            assert_eq!(Day::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "2026-02-29", "1969-12-31", "2026-1-1", "20260101", "2026-01-01T00:00:00Z", "+2026-01-0"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn time_before_an_instant_is_never_negative() {
        let (early, late) = (Timestamp::from_second(1).unwrap(), Timestamp::from_second(9).unwrap());
        assert_eq!(until(early, late), Duration::from_secs(8));
        assert_eq!(until(late, early), Duration::ZERO);
    }
}
