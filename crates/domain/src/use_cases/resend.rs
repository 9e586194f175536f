//! Resend: the code of a live verification once more.

use super::check::owned;
use super::refused::refusal;
use super::send::{self, Sending};
use super::start::seed;
use super::statistics::{self, About};
use super::{Answer, Failure, Stop, TRIES_MAX, Verifier, answer, today};
use crate::application::Application;
use crate::credential::Caller;
use crate::guess::GuessTotals;
use crate::id::VerificationId;
use crate::invalid_numbers::is_known;
use crate::ports::{Change, Loaded, Saved};
use crate::refusal::{Refusal, Refused};
use crate::time::Timestamp;
use crate::verification::{Command, Verification, step};

/// Sends the code of a live verification again.
///
/// # Errors
/// [`Failure`] when a port fails; no SMS was sent then.
pub async fn resend(
    verifier: &Verifier,
    caller: &Caller,
    id: VerificationId,
) -> Result<Answer<Verification>, Failure> {
    let answered = answer(resend_or_stop(verifier, caller, id).await);
    statistics::tell_refusal(verifier, About::new(caller.application(), None, None), &answered);
    answered
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
        super::blocks::may_send(verifier, &verification.subject, now)?;
        let known = is_known(&verification.subject, Some(&verification), None);
        super::invalid_numbers::may_send(verifier, application, (verification.subject.phone, known), now)?;
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
    let seed = seed(verifier, application, current.subject.phone, guesses, now)?;
    let pepper_known = verifier.peppers.knows(current.generation.pepper);
    let decided = step(current, Command::Resend { seed, pepper_known }, now);
    if let Some(refusal) = refusal(decided.outcome, &decided.next, now) {
        return Err(refusal.about(decided.next).into());
    }

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
    let replaced = (decided.next.generation != current.generation).then_some(current.generation);
    let sent_before = Some(current.sent_at);
    let sending = Sending { verification: decided.next, number, replaced, sent_before, receipt };
    Ok(Some(send::deliver(verifier, application, sending).await?))
}
