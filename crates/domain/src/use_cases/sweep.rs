//! Retention: what is old goes.

use super::{Failure, Verifier};
use crate::deliverability::{KEPT_SLOTS, Slot};
use crate::guess::GUESS_WINDOW_DAYS;
use crate::time::{Day, Timestamp};

/// How long things are kept, in days unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Verifications, after they became final. Default 30.
    pub verification_days: u16,
    /// The ledger of wrong checks; never less than the guess budget looks back. Default 400.
    pub ledger_days: u16,
    /// Events, with what came of telling them. Default 365.
    pub event_days: u16,
    /// Statistics. Default 400.
    pub statistic_days: u16,
    /// Answers to calls that have an idempotency key, in hours. Default 24.
    pub idempotency_hours: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            verification_days: 30,
            ledger_days: 400,
            event_days: 365,
            statistic_days: 400,
            idempotency_hours: 24,
        }
    }
}

/// The most rows that one sweep deletes, so that it never holds the store for long.
pub const SWEEP_ROWS_MAX: u32 = 1000;

/// Deletes at most [`SWEEP_ROWS_MAX`] verifications that are past their retention, as many idempotency keys, and as many
/// blocks that have expired; answers how many went of the kind of which most did. Call it again while it answers that many.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn sweep(verifier: &Verifier, retention: Retention) -> Result<u64, Failure> {
    let now = verifier.now();
    let today = Day::of(now);
    let before = begin_of(today.minus(retention.verification_days));
    let ledger_before = today.minus(retention.ledger_days.max(GUESS_WINDOW_DAYS));
    let verifications = verifier.ports.verifications.sweep(before, ledger_before, SWEEP_ROWS_MAX).await?;
    let keys = verifier.ports.idempotency.sweep_keys(now, SWEEP_ROWS_MAX).await?;
    let blocks = verifier.ports.block_store.sweep_blocks(now, SWEEP_ROWS_MAX).await?;
    Ok(verifications.max(keys).max(blocks))
}

/// Deletes at most [`SWEEP_ROWS_MAX`] events that are past their retention, as [`sweep`] does.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn sweep_events(verifier: &Verifier, retention: Retention) -> Result<u64, Failure> {
    let before = begin_of(Day::of(verifier.now()).minus(retention.event_days));
    Ok(verifier.ports.events.sweep_events(before, SWEEP_ROWS_MAX).await?)
}

/// Deletes the oldest day of the statistics if it is past its retention, and the oldest hour of the cohorts of SMS if it is
/// past theirs ([`KEPT_SLOTS`]); answers how many rows went. Call it again until that is none.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn sweep_statistics(verifier: &Verifier, retention: Retention) -> Result<u64, Failure> {
    let now = verifier.now();
    let statistics = &verifier.ports.statistics;
    let cohorts = statistics.sweep_cohorts(Slot::of(now).minus(KEPT_SLOTS)).await?;
    let before = Day::of(now).minus(retention.statistic_days);
    Ok(statistics.sweep_statistics(before).await?.saturating_add(cohorts))
}

fn begin_of(day: Day) -> Timestamp {
    Timestamp::from_second(i64::from(day.number()) * 86_400).unwrap_or(Timestamp::MIN)
}
