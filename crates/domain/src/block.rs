//! Blocks and allow-lists: whom no SMS is sent to, and who is let through in spite of it. Owns what an entry is about
//! and which of several wins; never keeps them.

mod list;

use std::fmt;

use crate::application::ApplicationId;
use crate::id::{AccountId, BlockId};
use crate::phone::Phone;
use crate::time::Timestamp;

pub use self::list::BlockList;

/// The most entries of one installation: all of them are held in memory by every replica.
pub const BLOCKS_MAX: u32 = 10_000;
/// The most of them while one is added for a single application: the rest is for those that hold for all.
pub const BLOCKS_OF_APPLICATIONS_MAX: u32 = 9_000;

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockAction {
    /// Nothing is sent.
    Deny,
    /// It is sent in spite of a deny that is as narrow or wider. Lifts no limit and no guess budget.
    Allow,
}

impl BlockAction {
    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }

    /// The action of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Deny, Self::Allow].into_iter().find(|action| action.as_str() == text)
    }
}

/// What was decided about somebody: what a [`crate::event::EventKind::FraudDecided`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// An entry that denies was added.
    Denied,
    /// An entry that allows was added.
    Allowed,
    /// An entry was removed before its end.
    Removed,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 3] = [Self::Denied, Self::Allowed, Self::Removed];

    /// The name in storage, HTTP and webhooks.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Allowed => "allowed",
            Self::Removed => "removed",
        }
    }

    /// What it means that an entry was added.
    #[must_use]
    pub const fn of(action: BlockAction) -> Self {
        match action {
            BlockAction::Deny => Self::Denied,
            BlockAction::Allow => Self::Allowed,
        }
    }
}

/// The first digits of E.164 numbers, country code first: 4 to 10 of them, which leaves out at least three of the thirteen
/// of a Nepali number, so that there a prefix names no person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(u64);

/// How many digits a [`Prefix`] has.
const PREFIX_DIGITS: std::ops::RangeInclusive<u32> = 4..=10;

impl Prefix {
    /// Reads a prefix in the international form: `+977984`. Without the plus it could be meant without the country code,
    /// and be about another country then.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let plain = digits.len() <= 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
        // A leading zero shows as a digit too few.
        let number = plain.then(|| digits.parse().ok()).flatten()?;
        Self::from_digits(number).filter(|_| !digits.starts_with('0'))
    }

    /// The prefix with these digits.
    #[must_use]
    pub fn from_digits(digits: u64) -> Option<Self> {
        PREFIX_DIGITS.contains(&count(digits)).then_some(Self(digits))
    }

    /// Its digits as a number.
    #[must_use]
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// How many digits it has: the more, the narrower.
    #[must_use]
    pub fn length(self) -> u32 {
        count(self.0)
    }

    /// The prefixes of a phone, the narrowest first; the phone itself is none.
    pub fn all_of(phone: Phone) -> impl Iterator<Item = Self> {
        let digits = phone.digits();
        (1..count(digits)).filter_map(move |left_out| Self::from_digits(digits / 10_u64.pow(left_out)))
    }
}

/// How many decimal digits a number has.
fn count(number: u64) -> u32 {
    number.checked_ilog10().map_or(0, |last| last + 1)
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix({self})")
    }
}

/// Whom an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockSubject {
    /// One phone.
    Phone(Phone),
    /// Every phone that begins so.
    Prefix(Prefix),
    /// One account.
    Account(AccountId),
}

impl BlockSubject {
    /// The phone, where it is one.
    #[must_use]
    pub const fn phone(self) -> Option<Phone> {
        match self {
            Self::Phone(phone) => Some(phone),
            Self::Prefix(_) | Self::Account(_) => None,
        }
    }

    /// The prefix, where it is one.
    #[must_use]
    pub const fn prefix(self) -> Option<Prefix> {
        match self {
            Self::Prefix(prefix) => Some(prefix),
            Self::Phone(_) | Self::Account(_) => None,
        }
    }

    /// The account, where it is one.
    #[must_use]
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::Phone(_) | Self::Prefix(_) => None,
        }
    }
}

/// Why somebody was blocked or let through, in an operator's words: 1 to 100 characters, no control characters, and
/// nothing that looks like a phone, because reasons are shown and told to webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlockReason(Box<str>);

/// The most characters of a [`BlockReason`].
pub const REASON_LENGTH_MAX: usize = 100;
/// So many digits, with nothing but blanks and punctuation between, look like a phone.
const PHONE_DIGITS: usize = 7;

/// Why a text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonFault {
    /// It is empty, or has more than [`REASON_LENGTH_MAX`] characters.
    #[error("must have 1 to {REASON_LENGTH_MAX} characters")]
    Length,
    /// It has a control character.
    #[error("has a control character")]
    Control,
    /// It seems to hold a phone.
    #[error("must not hold a phone number")]
    Phone,
}

impl BlockReason {
    /// Reads a reason.
    ///
    /// # Errors
    /// [`ReasonFault`] when it is none.
    pub fn parse(text: &str) -> Result<Self, ReasonFault> {
        let text = text.trim();
        if text.is_empty() || text.len() > REASON_LENGTH_MAX * 4 || text.chars().count() > REASON_LENGTH_MAX {
            return Err(ReasonFault::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(ReasonFault::Control);
        }
        let mut run = 0;
        for character in text.chars() {
            // Digits of any script.
            if character.is_numeric() {
                run += 1;
            } else if character.is_alphabetic() {
                run = 0;
            }
            if run >= PHONE_DIGITS {
                return Err(ReasonFault::Phone);
            }
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An entry: somebody who is blocked, or let through in spite of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its id, by which it is listed and removed.
    pub id: BlockId,
    /// Whose entry it is; none for one that holds for all applications.
    pub application: Option<ApplicationId>,
    /// What it does.
    pub action: BlockAction,
    /// Whom it is about.
    pub subject: BlockSubject,
    /// Why.
    pub reason: Option<BlockReason>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when; for good when absent.
    pub expires_at: Option<Timestamp>,
}

/// Whom something is about that may be blocked.
#[derive(Clone, Copy, Debug)]
pub struct BlockQuestion<'a> {
    /// The application that asks.
    pub application: &'a ApplicationId,
    /// The account it is for, if any.
    pub account: Option<AccountId>,
    /// The phone.
    pub phone: Phone,
}

/// What the entries say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Open,
    /// It is denied. Which entry does, nobody is told.
    Denied,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_a_plus_and_four_to_ten_digits() {
        for text in ["+9779", "+977984", "+9779841234"] {
            assert_eq!(Prefix::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "+",
            "9841",
            "977984",
            "+977",
            "+0977",
            "+00977984",
            "+97798412345",
            "+97798x",
            "++9779",
            "+९७७९",
            "+977 9",
        ] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_has_every_prefix_that_is_shorter() {
        let phone = Phone::from_digits(9_779_841_234_567).unwrap();
        let prefixes: Vec<_> = Prefix::all_of(phone).map(Prefix::digits).collect();
        assert_eq!(prefixes, [9_779_841_234, 977_984_123, 97_798_412, 9_779_841, 977_984, 97_798, 9_779]);
        assert_eq!(Prefix::all_of(Phone::from_digits(999_999_999_999_999).unwrap()).count(), 7);
        assert_eq!(Prefix::all_of(Phone::from_digits(29_012_345).unwrap()).count(), 4);
    }

    #[test]
    fn a_reason_holds_no_phone() {
        for text in ["pumping", "reported by support, ticket 123456", "गाली गर्ने", &"x".repeat(100)]
        {
            assert_eq!(BlockReason::parse(text).unwrap().as_str(), text);
        }
        for text in ["9841234567", "of +977 984-123 4567", "९८४१२३४५६७ was it", "98.41.23.45"]
        {
            assert_eq!(BlockReason::parse(text), Err(ReasonFault::Phone), "{text}");
        }
        for text in ["", "  ", &"x".repeat(101)] {
            assert_eq!(BlockReason::parse(text), Err(ReasonFault::Length), "{text}");
        }
        assert_eq!(BlockReason::parse("a\nb"), Err(ReasonFault::Control));
    }
}
