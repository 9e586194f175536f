//! Events: what happened that an application or an operator wants to hear of. Owns their kinds and what each says;
//! never who hears of them.

use std::sync::Arc;

use crate::account::Username;
use crate::application::ApplicationId;
use crate::block::Prefix;
use crate::credit::CreditBalance;
use crate::id::{AccountId, BlockId, EventId, VerificationId};
use crate::phone::Phone;
use crate::time::Timestamp;
use crate::verification::{Purpose, State};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The right code came back.
    VerificationApproved,
    /// The life of a verification ended without it.
    VerificationExpired,
    /// A verification had its last wrong check.
    VerificationLocked,
    /// The caller ended a verification.
    VerificationCanceled,
    /// An account lost its phone to another that has proved it later.
    PhoneTransferred,
    /// An operator took the phone from an account.
    PhoneUnlinked,
    /// An operator gave an account a phone that was proved elsewhere.
    PhoneChanged,
    /// Somebody was blocked, let through in spite of a block, or no longer is: an entry of the application came or was
    /// removed. That one expires by itself is not told, nor is an entry for all applications.
    FraudDecided,
    /// Fewer credits are left at a gateway than the operator wants to have there. Each application is told.
    CreditLow,
    /// Too many numbers of the application were invalid: it sends to no new ones for a while.
    NumbersPaused,
    /// An operator has ended such a pause before its time. That one ends by itself is not told.
    NumbersResumed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::VerificationApproved,
        Self::VerificationExpired,
        Self::VerificationLocked,
        Self::VerificationCanceled,
        Self::PhoneTransferred,
        Self::PhoneUnlinked,
        Self::PhoneChanged,
        Self::FraudDecided,
        Self::CreditLow,
        Self::NumbersPaused,
        Self::NumbersResumed,
    ];

    /// The name in storage, CLI, HTTP and webhooks.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerificationApproved => "verification.approved",
            Self::VerificationExpired => "verification.expired",
            Self::VerificationLocked => "verification.locked",
            Self::VerificationCanceled => "verification.canceled",
            Self::PhoneTransferred => "phone.transferred",
            Self::PhoneUnlinked => "phone.unlinked",
            Self::PhoneChanged => "phone.changed",
            Self::FraudDecided => "fraud.decided",
            Self::CreditLow => "credit.low",
            Self::NumbersPaused => "numbers.paused",
            Self::NumbersResumed => "numbers.resumed",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// What it means that a verification has come into this state; nothing while it is pending.
    #[must_use]
    pub const fn of(state: State) -> Option<Self> {
        match state {
            State::Pending => None,
            State::Approved { .. } => Some(Self::VerificationApproved),
            State::Expired { .. } => Some(Self::VerificationExpired),
            State::Locked { .. } => Some(Self::VerificationLocked),
            State::Canceled { .. } => Some(Self::VerificationCanceled),
        }
    }
}

/// The place of an event among all of its store: later ones have greater places. The cursor of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPlace(pub u64);

/// Something that happened. It is stored in the same transaction as what it tells of, and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its place in the order of events.
    pub place: EventPlace,
    /// The application that it belongs to.
    pub application: ApplicationId,
    /// What kind it is.
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// The verification that it is about.
    pub verification: Option<VerificationId>,
    /// What the proof was for.
    pub purpose: Option<Purpose>,
    /// The account that it is about: of a transfer, the one that lost the phone.
    pub account: Option<EventAccount>,
    /// The phone that it is about.
    pub phone: Option<Phone>,
    /// What was decided, as a slug: of a decision about fraud ([`crate::block::Decision::as_str`]), and of a pause and its
    /// end why it began ([`crate::invalid_numbers::PauseReason::as_str`]).
    pub reason: Option<Box<str>>,
    /// The block that it is about.
    pub block: Option<BlockId>,
    /// The first digits of the phones that it is about.
    pub prefix: Option<Prefix>,
    /// The gateway that it is about, and what was left there.
    pub credit: Option<EventCredit>,
}

/// What was left at a gateway that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCredit {
    /// The gateway, by its name.
    pub gateway: Arc<str>,
    /// What was left.
    pub balance: CreditBalance,
}

/// An account that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub username: Username,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::parse("verification.started"), None);
    }
}
