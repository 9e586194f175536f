//! Cancel: a live verification is called off. Canceling twice is the same as once.

use super::check::owned;
use super::refused::refusal;
use super::statistics::{self, About};
use super::{Answer, Failure, Stop, TRIES_MAX, Verifier, answer, today};
use crate::credential::Caller;
use crate::id::VerificationId;
use crate::ports::{Change, Saved};
use crate::refusal::Refusal;
use crate::verification::{Command, Verification, step};

/// Calls a verification off.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn cancel(
    verifier: &Verifier,
    caller: &Caller,
    id: VerificationId,
) -> Result<Answer<Verification>, Failure> {
    let answered = answer(cancel_or_stop(verifier, caller, id).await);
    statistics::tell_refusal(verifier, About::new(caller.application(), None, None), &answered);
    answered
}

async fn cancel_or_stop(
    verifier: &Verifier,
    caller: &Caller,
    id: VerificationId,
) -> Result<Verification, Stop> {
    for _ in 0..TRIES_MAX {
        let now = verifier.now();
        let loaded = verifier.ports.verifications.load(id, today(now)).await?;
        let current = owned(loaded, caller).ok_or(Refusal::VerificationNotFound)?.verification;
        let decided = step(&current, Command::Cancel, now);
        if decided.next.version != current.version {
            let change = Change { next: &decided.next, expected: current.version, guess: None };
            match verifier.ports.verifications.save(&change).await? {
                Saved::Stored => statistics::tell_end(verifier, &current, &decided.next),
                Saved::Conflict | Saved::BudgetSpent => continue,
            }
        }
        return match refusal(decided.outcome, &decided.next, now) {
            None => Ok(decided.next),
            Some(refusal) => Err(refusal.about(decided.next).into()),
        };
    }
    Err(Failure::Contended.into())
}
