//! The guess budget: how many wrong checks a phone may cost before its codes grow longer, and per day.
//!
//! It bounds the probability that somebody guesses a code of one phone within a year (RFC 4226 section 6: each guess
//! succeeds with 10^-digits), whatever else goes on: over all applications, accounts, resends and addresses. It owns
//! the arithmetic; the counts are in the store, next to the verifications, because they must outlive the counters.

use crate::code::CodeLength;
use crate::time::{Day, Timestamp};

/// The probability per phone and year that a policy must stay below.
pub const GUESS_PROBABILITY_MAX: f64 = 1e-4;

/// The days over which wrong checks on short codes are added up: any 365 days touch at most 366 calendar days.
pub const GUESS_WINDOW_DAYS: u16 = 366;

/// How many wrong checks one phone may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessPolicy {
    /// Wrong checks on codes of the normal length within [`GUESS_WINDOW_DAYS`]; afterwards codes are long.
    pub short_max: u32,
    /// Wrong checks a day (UTC) while codes have the normal length.
    pub daily_max: u32,
    /// Wrong checks a day (UTC) once codes are long.
    pub daily_max_long: u32,
}

/// What one application allows to be guessed: its budget, and the codes that it is spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessAllowance {
    /// The budget.
    pub policy: GuessPolicy,
    /// The length of its codes.
    pub normal: CodeLength,
    /// Their length once the budget of normal ones is used up.
    pub long: CodeLength,
}

/// Wrong checks that were counted for one phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GuessTotals {
    /// On short codes within the window, today included.
    pub short_in_window: u32,
    /// On short codes today.
    pub short_today: u32,
    /// On long codes today.
    pub long_today: u32,
}

/// Which budget a wrong check is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessClass {
    /// A code of the normal length.
    Short,
    /// A code of the length that follows when the budget of short ones is used up.
    Long,
}

/// One comparison, as the store has to count it: it must not happen once today's counts have reached the ceilings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The day that is charged.
    pub day: Day,
    /// The budget that is charged.
    pub class: GuessClass,
    /// Whether the code was wrong; only then something is charged.
    pub wrong: bool,
    /// The most wrong checks on short codes that today may hold.
    pub short_ceiling: u32,
    /// The most wrong checks of both classes that today may hold.
    pub ceiling: u32,
}

impl GuessPolicy {
    /// The length of the next code of a phone with these totals.
    #[must_use]
    pub fn code_length(&self, normal: CodeLength, long: CodeLength, totals: GuessTotals) -> CodeLength {
        if totals.short_in_window >= self.short_max { long.max(normal) } else { normal }
    }

    /// When a phone with these totals may be sent a code of this class again; `None` when it may at once.
    #[must_use]
    pub fn blocked_until(&self, class: GuessClass, totals: GuessTotals, now: Timestamp) -> Option<Timestamp> {
        let spent = totals.short_today.saturating_add(totals.long_today) >= self.daily(class);
        spent.then(|| Day::of(now).end())
    }

    /// How a comparison at `now` is to be counted.
    #[must_use]
    pub fn guess(&self, class: GuessClass, totals: GuessTotals, now: Timestamp, wrong: bool) -> Guess {
        let left = self.short_max.saturating_sub(totals.short_in_window);
        Guess {
            day: Day::of(now),
            class,
            wrong,
            short_ceiling: totals.short_today.saturating_add(left),
            ceiling: self.daily(class),
        }
    }

    const fn daily(&self, class: GuessClass) -> u32 {
        match class {
            GuessClass::Short => self.daily_max,
            GuessClass::Long => self.daily_max_long,
        }
    }

    /// The most probable success within a year that this policy allows an attacker on one phone.
    #[must_use]
    pub fn probability(&self, normal: CodeLength, long: CodeLength) -> f64 {
        GuessAllowance::joint_probability(&[GuessAllowance { policy: *self, normal, long }])
    }
}

impl GuessAllowance {
    /// The most probable success within a year that these applications together allow an attacker on one phone. The
    /// ledger is one for all of them: it takes a wrong check of an application while it holds fewer than that one
    /// allows, so that each check is made, at worst, where codes are the shortest among those that still take it.
    #[must_use]
    pub fn joint_probability(allowances: &[Self]) -> f64 {
        let short = allowances.iter().map(|allowed| (allowed.policy.short_max, allowed.normal));
        let long = allowances
            .iter()
            .map(|allowed| (allowed.policy.daily_max_long, allowed.long.max(allowed.normal)));
        worst(short.collect()) + worst(long.collect()) * f64::from(GUESS_WINDOW_DAYS)
    }
}

/// The chance of an attacker who may guess codes of each of these lengths while fewer than so many guesses were made.
fn worst(mut allowed: Vec<(u32, CodeLength)>) -> f64 {
    allowed.sort_unstable_by_key(|(max, _)| *max);
    let mut chance = 0.0;
    let mut made = 0;
    for (place, (max, _)) in allowed.iter().enumerate() {
        let shortest = allowed[place..].iter().map(|(_, length)| *length).min();
        let Some(shortest) = shortest else { break };
        #[expect(clippy::cast_precision_loss, reason = "it is far below 2^52")]
        let codes = shortest.codes() as f64;
        chance += f64::from(max - made) / codes;
        made = *max;
    }
    chance
}

impl GuessClass {
    /// The class of a code of this length, where long codes have `long` digits.
    #[must_use]
    pub fn of(length: CodeLength, long: CodeLength) -> Self {
        if length >= long { Self::Long } else { Self::Short }
    }
}

impl Guess {
    /// Whether today's counts leave room for this comparison.
    #[must_use]
    pub fn fits(&self, short_today: u32, long_today: u32) -> bool {
        let short_fits = match self.class {
            GuessClass::Short => short_today < self.short_ceiling,
            GuessClass::Long => true,
        };
        short_fits && short_today.saturating_add(long_today) < self.ceiling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(normal: u8, long: u8, short_max: u32, daily_max_long: u32) -> GuessAllowance {
        let length = |digits| CodeLength::new(digits).unwrap();
        let policy = GuessPolicy { short_max, daily_max: 10, daily_max_long };
        GuessAllowance { policy, normal: length(normal), long: length(long) }
    }

    #[track_caller]
    fn check(allowances: &[GuessAllowance], expected: f64) {
        let probability = GuessAllowance::joint_probability(allowances);
        assert!((probability / expected - 1.0).abs() < 1e-9, "{probability:e} is not {expected:e}");
    }

    #[test]
    fn equal_applications_share_one_budget() {
        let default = allowance(6, 8, 40, 15);
        let alone = 40e-6 + 15.0 * 366.0 * 1e-8;
        check(&[default], alone);
        check(&[default, default, default], alone);
    }

    #[test]
    fn each_guess_is_made_where_codes_are_the_shortest() {
        // 40 at six digits, then those that only the longer codes still allow; the order does not matter.
        let (shop, bank) = (allowance(6, 8, 40, 15), allowance(8, 10, 140, 20));
        let expected = 40e-6 + 100e-8 + (15e-8 + 5e-10) * 366.0;
        check(&[shop, bank], expected);
        check(&[bank, shop], expected);
        // A larger budget of shorter codes covers the smaller one of longer codes.
        check(&[allowance(6, 8, 40, 15), allowance(8, 8, 5, 15)], 40e-6 + 15.0 * 366.0 * 1e-8);
    }
}
