//! The guard against invalid numbers: how a refused number counts, how sends ask, and how operators look and resume.

use super::{Failure, Stop, Verifier};
use crate::application::{Application, ApplicationId};
use crate::delivery::DeliveryRecord;
use crate::invalid_numbers::{NumberCounts, Pause};
use crate::phone::Phone;
use crate::ports::{Lost, Paused, PortError, SendAnswer};
use crate::refusal::Refusal;
use crate::time::{Timestamp, after, until};

/// How an application stands with invalid numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseStanding {
    /// Whether it sends to no new numbers at the moment.
    pub paused: bool,
    /// Its last pause, on or over.
    pub last: Option<Pause>,
    /// What the verdicts since then come to; nothing while it is paused.
    pub counts: NumberCounts,
}

/// How an application stands with invalid numbers.
///
/// # Errors
/// [`Failure`] when a port fails, or there is no such application.
pub async fn show(verifier: &Verifier, application: &ApplicationId) -> Result<PauseStanding, Failure> {
    let policy = verifier.application(application)?.policy.invalid_numbers;
    let store = &verifier.ports.pauses;
    let verdicts = store.number_verdicts(application, policy.looks_back()).await?;
    let last = store.last_pause(application).await?;
    let now = verifier.now();
    let paused = !policy.is_off() && last.as_ref().is_some_and(|last| last.is_on(now));
    Ok(PauseStanding { paused, last, counts: policy.counts(&verdicts) })
}

/// Ends the pause of an application before its time, and answers it; `None` when none is on. What was refused until now
/// counts no more. It holds here at once, on other replicas within seconds.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn resume(verifier: &Verifier, application: &ApplicationId) -> Result<Option<Pause>, Failure> {
    let resumed = verifier.ports.pauses.resume(application, verifier.now()).await?;
    if resumed.is_some() {
        refresh(verifier).await;
    }
    Ok(resumed)
}

/// Notes what was handed over, and pauses where too many numbers were refused. It costs nothing unless this one was. The
/// answer is on its way whatever comes of it, so a failure is raised as an alarm.
pub(super) async fn note(verifier: &Verifier, application: &Application, attempts: &[DeliveryRecord]) {
    let refused = |attempt: &DeliveryRecord| attempt.report.answer == SendAnswer::ReceiverRefused;
    if !attempts.iter().any(refused) || application.policy.invalid_numbers.is_off() {
        return;
    }
    match pause_if_too_many(verifier, application).await {
        Ok(Some(Paused::Stored)) => refresh(verifier).await,
        // Whoever stored the other has looked again, or does so within seconds.
        Ok(Some(Paused::Outdated) | None) => {}
        Err(error) => verifier.ports.alarms.raise(Lost::InvalidNumbers, &error),
    }
}

async fn pause_if_too_many(
    verifier: &Verifier,
    application: &Application,
) -> Result<Option<Paused>, PortError> {
    let policy = &application.policy.invalid_numbers;
    let verdicts = verifier.ports.pauses.number_verdicts(&application.id, policy.looks_back()).await?;
    let counts = policy.counts(&verdicts);
    let oldest = verdicts.iter().map(|verdict| verdict.at).min();
    let Some((reason, oldest)) = policy.pauses(counts).zip(oldest) else { return Ok(None) };
    let since = verifier.now();
    let pause = Pause {
        application: application.id.clone(),
        reason,
        since,
        until: after(since, policy.pause),
        counts,
    };
    verifier.ports.pauses.pause(&pause, oldest).await.map(Some)
}

/// What is kept is kept, whatever comes of this: what holds the pauses looks again by itself within seconds.
async fn refresh(verifier: &Verifier) {
    if let Err(error) = verifier.ports.blocks.refresh().await {
        verifier.ports.alarms.raise(Lost::BlockRefresh, &error);
    }
}

/// Refuses a send to a number that is not `known` while the application is paused, before anything is counted. Nothing is
/// sent to test numbers, which are let through.
pub(super) fn may_send(
    verifier: &Verifier,
    application: &Application,
    (phone, known): (Phone, bool),
    now: Timestamp,
) -> Result<(), Stop> {
    let exempt = known || application.policy.invalid_numbers.is_off();
    if exempt || application.test_number(phone, now).is_some() {
        return Ok(());
    }
    match verifier.ports.blocks.pause_of(&application.id)? {
        Some(pause) if pause.is_on(now) => {
            Err(Refusal::NewNumbersPaused { retry_after: until(now, pause.until) }.into())
        }
        Some(_) | None => Ok(()),
    }
}
