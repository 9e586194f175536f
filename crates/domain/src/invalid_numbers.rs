//! Numbers that gateways refuse: when there are so many that new ones have to wait. Owns what counts, when it is too much
//! and which numbers are new; never keeps anything.
//!
//! Sparrow's terms: for continuous hits on invalid numbers the server's address may be blocked, and the account fined with
//! Rs 50,000. So an application that runs into them stops asking about numbers of which nothing is known.

use std::time::Duration;

use crate::account::VerifiedPhone;
use crate::application::ApplicationId;
use crate::policy::PolicyFault;
use crate::ports::SendAnswer;
use crate::time::Timestamp;
use crate::verification::{DeliveryState, State, Subject, Verification};

/// The most verdicts that are looked at.
pub const VERDICTS_MAX: u16 = 500;

/// How many invalid numbers of an application are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNumberPolicy {
    /// So many refused numbers in a row pause. Zero: a row never does. Default 5.
    pub in_a_row: u32,
    /// So many of a hundred refused numbers pause, once there are [`of_last`](Self::of_last) verdicts. Zero: a share never
    /// does. Default 2.
    pub share_percent: u32,
    /// Of how many of the last verdicts the share is. Default 500.
    pub of_last: u32,
    /// How long a pause is. Default an hour.
    pub pause: Duration,
}

impl Default for InvalidNumberPolicy {
    fn default() -> Self {
        Self { in_a_row: 5, share_percent: 2, of_last: 500, pause: Duration::from_hours(1) }
    }
}

impl InvalidNumberPolicy {
    /// Whether nothing ever pauses.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.in_a_row == 0 && self.share_percent == 0
    }

    /// How many verdicts it needs to know, at most.
    #[must_use]
    pub fn looks_back(&self) -> u16 {
        let of_share = if self.share_percent == 0 { 0 } else { self.of_last };
        u16::try_from(self.in_a_row.max(of_share)).unwrap_or(VERDICTS_MAX).min(VERDICTS_MAX)
    }

    /// What the verdicts, youngest first, come to. The share is that of the last [`of_last`](Self::of_last).
    #[must_use]
    pub fn counts(&self, verdicts: &[NumberVerdict]) -> NumberCounts {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let of_last = usize::try_from(self.of_last).unwrap_or(usize::MAX);
        let last = verdicts.get(..of_last).unwrap_or(verdicts);
        NumberCounts {
            in_a_row: number(verdicts.iter().take_while(|verdict| verdict.refused).count()),
            refused: number(last.iter().filter(|verdict| verdict.refused).count()),
            of: number(last.len()),
        }
    }

    /// Whether that is too much, and why. With fewer verdicts than [`of_last`](Self::of_last) the share says nothing.
    #[must_use]
    pub fn pauses(&self, counts: NumberCounts) -> Option<PauseReason> {
        let NumberCounts { in_a_row, refused, of } = counts;
        let is_high = u64::from(refused) * 100 >= u64::from(self.share_percent) * u64::from(self.of_last);
        if self.in_a_row > 0 && in_a_row >= self.in_a_row {
            Some(PauseReason::InARow)
        } else if self.share_percent > 0 && of >= self.of_last && is_high {
            Some(PauseReason::Share)
        } else {
            None
        }
    }

    /// Everything that is out of bounds, all of it at once.
    #[must_use]
    pub fn faults(&self) -> Vec<PolicyFault> {
        let fault = |setting, allowed: &str| PolicyFault { setting, allowed: allowed.to_owned() };
        let bounds = [
            (
                self.in_a_row == 0 || (2..=100).contains(&self.in_a_row),
                fault("invalid_numbers.in_a_row", "must be 0 (off) or from 2 to 100"),
            ),
            (
                self.share_percent <= 100,
                fault("invalid_numbers.share_percent", "must be 0 (off) or from 1 to 100"),
            ),
            (
                (50..=u32::from(VERDICTS_MAX)).contains(&self.of_last),
                fault("invalid_numbers.of_last", "must be from 50 to 500"),
            ),
            (
                (Duration::from_mins(1)..=Duration::from_hours(24)).contains(&self.pause),
                fault("invalid_numbers.pause", "must be from 1 minute to 24 hours"),
            ),
        ];
        bounds.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault).collect()
    }
}

/// What a gateway has said of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberVerdict {
    /// Whether it was refused: a hit on an invalid number.
    pub refused: bool,
    /// When.
    pub at: Timestamp,
}

impl NumberVerdict {
    /// What an answer says of the number; nothing where it says something of the gateway.
    #[must_use]
    pub const fn of(answer: SendAnswer, at: Timestamp) -> Option<Self> {
        match answer {
            SendAnswer::Accepted => Some(Self { refused: false, at }),
            SendAnswer::ReceiverRefused => Some(Self { refused: true, at }),
            SendAnswer::Refused | SendAnswer::NotSent | SendAnswer::Unknown => None,
        }
    }
}

/// What the last verdicts of an application come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberCounts {
    /// Refused numbers since the last that was taken.
    pub in_a_row: u32,
    /// Refused numbers of the last [`of`](Self::of).
    pub refused: u32,
    /// The verdicts that were counted, taken and refused.
    pub of: u32,
}

/// Why an application sends to no new numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseReason {
    /// Too many were refused in a row.
    InARow,
    /// Too great a share of them was refused.
    Share,
}

impl PauseReason {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::InARow, Self::Share];

    /// The name in storage, CLI, HTTP and webhooks.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InARow => "in-a-row",
            Self::Share => "share",
        }
    }

    /// The reason of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A time in which an application sends to no new numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Whose.
    pub application: ApplicationId,
    /// Why.
    pub reason: PauseReason,
    /// Since when.
    pub since: Timestamp,
    /// Until when: at this instant it is over, by itself or because an operator ended it.
    pub until: Timestamp,
    /// What led there.
    pub counts: NumberCounts,
}

impl Pause {
    /// Whether it is not over yet.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Whether something is known of the subject's phone: its account has proved it, or a gateway has taken an SMS to it, or may
/// have, in the subject's latest verification. Only the others are new, and may be invalid. Purposes that do not bind begin
/// with a phone that the account has proved.
#[must_use]
pub fn is_known(subject: &Subject, latest: Option<&Verification>, proved: Option<VerifiedPhone>) -> bool {
    let bound = subject.account.is_some() && !subject.purpose.binds();
    bound || proved.is_some_and(|proved| proved.phone == subject.phone) || latest.is_some_and(was_taken)
}

fn was_taken(verification: &Verification) -> bool {
    let last = match verification.delivery.state {
        DeliveryState::Sent | DeliveryState::Unknown => true,
        DeliveryState::Sending | DeliveryState::Failed => false,
    };
    last || verification.sent_by.is_some() || matches!(verification.state, State::Approved { .. })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdicts(refused: impl IntoIterator<Item = bool>) -> Vec<NumberVerdict> {
        refused.into_iter().map(|refused| NumberVerdict { refused, at: Timestamp::UNIX_EPOCH }).collect()
    }

    fn reason(policy: &InvalidNumberPolicy, refused: &[bool]) -> Option<PauseReason> {
        policy.pauses(policy.counts(&verdicts(refused.iter().copied())))
    }

    #[test]
    fn the_defaults_keep_their_own_bounds() {
        assert_eq!(InvalidNumberPolicy::default().faults(), []);
        assert_eq!(InvalidNumberPolicy::default().looks_back(), 500);
    }

    #[test]
    fn every_bound_is_told_at_once() {
        let policy = InvalidNumberPolicy {
            in_a_row: 1,
            share_percent: 101,
            of_last: 49,
            pause: Duration::from_secs(59),
        };
        let settings: Vec<_> = policy.faults().iter().map(|fault| fault.setting).collect();
        let names = ["in_a_row", "share_percent", "of_last", "pause"];
        assert_eq!(settings, names.map(|name| format!("invalid_numbers.{name}")));
    }

    #[test]
    fn five_in_a_row_pause_and_one_that_is_taken_begins_anew() {
        let policy = InvalidNumberPolicy::default();
        assert_eq!(reason(&policy, &[true; 4]), None);
        assert_eq!(reason(&policy, &[true; 5]), Some(PauseReason::InARow));
        assert_eq!(reason(&policy, &[true, true, true, true, false, true]), None);
        assert_eq!(reason(&policy, &[false, true, true, true, true, true]), None);
    }

    #[test]
    fn ten_of_five_hundred_pause_and_of_four_hundred_and_ninety_nine_none_does() {
        let policy = InvalidNumberPolicy::default();
        let spread = |refused: usize, of: usize| -> Vec<_> {
            (0..of).map(|place| place % 50 == 7 && place / 50 < refused).collect()
        };
        assert_eq!(reason(&policy, &spread(10, 500)), Some(PauseReason::Share));
        assert_eq!(reason(&policy, &spread(9, 500)), None);
        assert_eq!(reason(&policy, &spread(10, 499)), None);
    }

    proptest! {
        #[test]
        fn what_pauses_pauses_with_one_more_refusal_too(
            in_a_row in prop_oneof![Just(0_u32), 2..=100_u32],
            share_percent in 0..=100_u32,
            of_last in 50..=500_u32,
            refused in prop::collection::vec(prop::bool::weighted(0.3), 0..600),
        ) {
            let policy = InvalidNumberPolicy { in_a_row, share_percent, of_last, pause: Duration::from_hours(1) };
            prop_assert_eq!(policy.faults(), []);
            let mut more = vec![true];
            more.extend(&refused);
            if reason(&policy, &refused).is_some() {
                prop_assert!(reason(&policy, &more).is_some());
            }
        }

        #[test]
        fn no_more_than_it_looks_back_decides(
            in_a_row in prop_oneof![Just(0_u32), 2..=100_u32],
            share_percent in 0..=100_u32,
            of_last in 50..=500_u32,
            refused in prop::collection::vec(prop::bool::weighted(0.9), 0..600),
        ) {
            let policy = InvalidNumberPolicy { in_a_row, share_percent, of_last, pause: Duration::from_hours(1) };
            let looked_at = usize::from(policy.looks_back()).min(refused.len());
            prop_assert_eq!(reason(&policy, &refused), reason(&policy, &refused[..looked_at]));
        }

        #[test]
        fn nothing_pauses_without_a_refusal_or_where_it_is_off(taken in 0..600_usize, refused in 0..600_usize) {
            prop_assert_eq!(reason(&InvalidNumberPolicy::default(), &vec![false; taken]), None);
            let off = InvalidNumberPolicy { in_a_row: 0, share_percent: 0, ..InvalidNumberPolicy::default() };
            prop_assert!(off.is_off());
            prop_assert_eq!(reason(&off, &vec![true; refused]), None);
        }
    }
}
