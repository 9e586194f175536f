//! Phones: one number, parsed once at the door to its E.164 form and compared, stored and sent in no other.
//!
//! Owns what a phone is, which spellings of it are read, and which Nepali prefixes belong to a mobile operator. It
//! never guesses: letters, extensions and lists are refused, because a number that is mended may be somebody else's.
//! It never shows a whole number: `Debug` prints the masked form and there is no `Display`.
//!
//! ```
//! use domain::phone::PhoneParser;
//!
//! let phone = PhoneParser::nepal().parse("०९८४-१२३ ४५६७")?;
//! assert_eq!(phone.masked(), "+97798•••••67");
//! assert_eq!(phone.nepal_subscriber().as_deref(), Some("9841234567"));
//! # Ok::<(), domain::phone::PhoneFault>(())
//! ```

mod country;
mod fault;
mod lexer;
pub mod nepal;
mod parser;

use std::fmt;

pub use self::country::Country;
pub use self::fault::PhoneFault;
pub use self::nepal::Operator;
pub use self::parser::{INPUT_BYTES_MAX, NumberingPlan, PhoneParser};

/// How many digits a number in E.164 form has here. ITU-T E.164 sets the upper bound; the lower one is ours: shorter
/// numbers are those of a few islands, and a short code must never pass for a phone.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A phone: a number in E.164 form, country code first.
///
/// Only a [`PhoneParser`] makes one of what a person typed. `Debug` prints [`Phone::masked`]; there is no `Display`,
/// so that no log line holds a whole number by accident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(u64);

impl Phone {
    /// The phone with these E.164 digits, for adapters that load what was stored. Only the shape is looked at:
    /// 8 to 15 digits, the first not zero. What was accepted once stays a phone after its prefix was taken away.
    #[must_use]
    pub fn from_digits(digits: u64) -> Option<Self> {
        // A first digit of zero cannot be written in an integer; it shows as a digit too few.
        let length = digits.checked_ilog10()? as usize + 1;
        DIGITS.contains(&length).then_some(Self(digits))
    }

    /// The E.164 digits, country code first, without the plus. For sealing in storage and for fingerprints.
    #[must_use]
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// `+9779841234567`. For the SMS request and for lookups only; logs get [`Phone::masked`].
    #[must_use]
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// `+97798•••••67`: the first five digits, five bullets whatever is hidden, and the last two.
    ///
    /// A number of fewer than eleven digits shows fewer of its first ones, so that four always stay hidden.
    #[must_use]
    pub fn masked(self) -> String {
        let digits = self.0.to_string();
        let shown_first = digits.len().saturating_sub(6).min(5);
        let shown_last = digits.len().saturating_sub(2);
        format!("+{}•••••{}", &digits[..shown_first], &digits[shown_last..])
    }

    /// The number without its last four digits: the block of ten thousand neighbours that SMS pumping walks through,
    /// and that is limited as one.
    #[must_use]
    pub const fn prefix(self) -> u64 {
        self.0 / 10_000
    }

    /// The ten digits that Sparrow SMS takes as `to`, which match `^9[0-9]{9}$`; `None` for a phone of another country
    /// and for a Nepali number that is not a mobile one.
    #[must_use]
    pub fn nepal_subscriber(self) -> Option<String> {
        nepal::subscriber(self.0).map(|subscriber| subscriber.to_string())
    }

    /// The operator that the [Nepali table](nepal::MOBILE_PREFIXES) names for the prefix. `None` for other countries.
    ///
    /// Nepal has no number portability, so that the prefix tells the operator.
    #[must_use]
    pub fn operator(self) -> Option<Operator> {
        nepal::subscriber(self.0).and_then(nepal::mobile_prefix).map(|allocated| allocated.operator)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests;
