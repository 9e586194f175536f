//! Resend: the code of a live verification once more.

use super::check::owned;
use super::send::{self, Sending};
use super::start::seed;
use super::{Answer, Failure, Stop, TRIES_MAX, Verifier, answer, today};
use crate::application::Application;
use crate::credential::Caller;
use crate::guess::GuessTotals;
use crate::id::VerificationId;
use crate::ports::{Change, Loaded, Saved};
use crate::refusal::{Refusal, Refused};
use crate::time::{Timestamp, until};
use crate::verification::{Command, Outcome, State, Verification, step};

/// Sends the code of a live verification again.
///
/// # Errors
/// [`Failure`] when a port fails; no SMS was sent then.
pub async fn resend(
    verifier: &Verifier,
    caller: &Caller,
    id: VerificationId,
) -> Result<Answer<Verification>, Failure> {
    answer(resend_or_stop(verifier, caller, id).await)
}

async fn resend_or_stop(
    verifier: &Verifier,
    caller: &Caller,
    id: VerificationId,
) -> Result<Verification, Stop> {
    match caller {
        Caller::User(_) | Caller::Application(_) => {}
        Caller::Admin(_) => return Err(Refusal::ScopeMissing.into()),
    }
    let application = verifier.application(caller.application())?;
    for _ in 0..TRIES_MAX {
        let now = verifier.now();
        let loaded = verifier.ports.verifications.load(id, today(now)).await?;
        let Loaded { verification, guesses } = owned(loaded, caller).ok_or(Refusal::VerificationNotFound)?;
        if let Some(resent) = resend_live(verifier, application, verification, guesses, now).await? {
            return Ok(resent);
        }
    }
    Err(Failure::Contended.into())
}

/// Sends the code of `current` again; `None` when somebody else changed it first. A refusal is about `current`, which
/// is the caller's own.
pub(super) async fn resend_live(
    verifier: &Verifier,
    application: &Application,
    current: Verification,
    guesses: GuessTotals,
    now: Timestamp,
) -> Result<Option<Verification>, Stop> {
    let resent = resend_current(verifier, application, &current, guesses, now).await;
    resent.map_err(|stop| match stop {
        Stop::Refused(Refused { refusal, verification: None }) => refusal.about(current).into(),
        Stop::Refused(_) | Stop::Failed(_) => stop,
    })
}

async fn resend_current(
    verifier: &Verifier,
    application: &Application,
    current: &Verification,
    guesses: GuessTotals,
    now: Timestamp,
) -> Result<Option<Verification>, Stop> {
    let seed = seed(verifier, application, guesses, now)?;
    let pepper_known = verifier.peppers.knows(current.generation.pepper);
    let decided = step(current, Command::Resend { seed, pepper_known }, now);
    refuse_unless_due(decided.outcome, &decided.next, now)?;

    let number = decided.next.delivery.number;
    let receipt = send::take(verifier, application, &current.subject, now).await?;
    let change = Change { next: &decided.next, expected: current.version, guess: None };
    match verifier.ports.verifications.save(&change).await {
        Ok(Saved::Stored) => {}
        Ok(Saved::Conflict | Saved::BudgetSpent) => {
            send::refund(verifier, &receipt).await;
            return Ok(None);
        }
        Err(error) => {
            send::refund(verifier, &receipt).await;
            return Err(error.into());
        }
    }
    let sending = Sending { verification: decided.next, number, receipt };
    Ok(Some(send::deliver(verifier, application, sending).await?))
}

fn refuse_unless_due(outcome: Outcome, verification: &Verification, now: Timestamp) -> Result<(), Refused> {
    let refusal = match outcome {
        Outcome::SendDue => return Ok(()),
        Outcome::TooSoon { resend_at } => Refusal::ResendTooSoon { retry_after: until(now, resend_at) },
        Outcome::SendsUsedUp => {
            Refusal::SendsUsedUp { retry_after: until(now, verification.generation.expires_at) }
        }
        Outcome::Final(state) => over(state, verification, now),
        Outcome::Settled
        | Outcome::DeliveryRecorded
        | Outcome::DeliveryIgnored
        | Outcome::Approved
        | Outcome::ApprovedBefore
        | Outcome::CodeIncorrect
        | Outcome::PhoneTaken
        | Outcome::TooManyChecks
        | Outcome::Canceled => Refusal::VerificationNotFound,
    };
    Err(refusal.about(verification.clone()))
}

/// How a final state reads to somebody who wants more of the verification.
pub(super) fn over(state: State, verification: &Verification, now: Timestamp) -> Refusal {
    match state {
        State::Approved { .. } if now < verification.generation.expires_at => Refusal::VerificationApproved,
        State::Approved { .. } | State::Expired { .. } | State::Pending => Refusal::VerificationExpired,
        State::Canceled { .. } => Refusal::VerificationCanceled,
        State::Locked { .. } => Refusal::TooManyChecks { retry_after: until(now, verification.resend_at) },
    }
}
