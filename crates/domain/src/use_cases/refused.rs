//! How the outcomes of a decision read to a caller: one table for all use cases.

use crate::refusal::Refusal;
use crate::time::{Timestamp, until};
use crate::verification::{Outcome, State, Verification};

/// Why this outcome is a refusal; `None` when it is what was asked for. `verification` is as the decision left it.
pub(super) fn refusal(outcome: Outcome, verification: &Verification, now: Timestamp) -> Option<Refusal> {
    match outcome {
        Outcome::Settled
        | Outcome::SendDue
        | Outcome::DeliveryRecorded
        | Outcome::DeliveryIgnored
        | Outcome::Approved
        | Outcome::ApprovedBefore
        | Outcome::Canceled => None,
        Outcome::TooSoon { resend_at } => Some(Refusal::ResendTooSoon { retry_after: until(now, resend_at) }),
        Outcome::SendsUsedUp => {
            // A new one may begin when this one's life and its last wait are over.
            let over_at = verification.generation.expires_at.max(verification.resend_at);
            Some(Refusal::SendsUsedUp { retry_after: until(now, over_at) })
        }
        Outcome::CodeIncorrect => Some(Refusal::CodeIncorrect),
        Outcome::PhoneTaken => Some(Refusal::PhoneTaken),
        Outcome::TooManyChecks => Some(too_many_checks(verification, now)),
        Outcome::Final(state) => Some(over(state, verification, now)),
    }
}

/// How a verification reads whose code cannot be derived, because its pepper is not configured here. Nothing of it is
/// changed: another process may have the pepper, and its life ends by itself.
pub(super) fn underivable(verification: &Verification, now: Timestamp) -> Refusal {
    match verification.state {
        State::Pending | State::Approved { .. } | State::Expired { .. } => Refusal::VerificationExpired,
        State::Canceled { .. } | State::Locked { .. } => over(verification.state, verification, now),
    }
}

/// How a final state reads to somebody who wants more of the verification.
fn over(state: State, verification: &Verification, now: Timestamp) -> Refusal {
    match state {
        State::Approved { .. } if now < verification.generation.expires_at => Refusal::VerificationApproved,
        State::Approved { .. } | State::Expired { .. } | State::Pending => Refusal::VerificationExpired,
        State::Canceled { .. } => Refusal::VerificationCanceled,
        State::Locked { .. } => too_many_checks(verification, now),
    }
}

fn too_many_checks(verification: &Verification, now: Timestamp) -> Refusal {
    Refusal::TooManyChecks { retry_after: until(now, verification.resend_at) }
}
