//! What goes on beside serving: verifications whose life is over end, and what is past its retention is deleted. Each
//! is a bounded number of rows at a time, and any number of replicas may do it at once.

use std::sync::Arc;
use std::time::Duration;

use api::{LoopName, Loops};
use domain::use_cases::{self, Retention, Verifier};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::credits::{DaysKnown, look_at_credits_regularly};
use crate::config::Config;

/// How often ended lives are looked for.
const EXPIRE_INTERVAL: Duration = Duration::from_secs(1);
/// How often old rows are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_hours(1);

/// What goes on.
pub(super) struct Chores(JoinSet<()>);

/// Begins all of them; they go on until `stopping`.
pub(super) fn begin(
    verifier: &Arc<Verifier>,
    config: &Config,
    loops: &Arc<Loops>,
    days: &Arc<DaysKnown>,
    stopping: &CancellationToken,
) -> Chores {
    let mut chores = JoinSet::new();
    chores.spawn(expire_regularly(verifier.clone(), loops.clone(), stopping.clone()));
    chores.spawn(sweep_regularly(verifier.clone(), config.retention, loops.clone(), stopping.clone()));
    // One that takes its time keeps no other waiting.
    for gateway in verifier.ports.gateways.all() {
        let Some(interval) = config.credit_interval(&gateway.facts().name) else { continue };
        chores.spawn(look_at_credits_regularly(
            verifier.clone(),
            gateway.clone(),
            interval,
            days.clone(),
            stopping.clone(),
        ));
    }
    Chores(chores)
}

impl Chores {
    /// Waits for what is under way.
    pub(super) async fn end(mut self) {
        while let Some(ended) = self.0.join_next().await {
            if let Err(error) = ended {
                tracing::error!(cause = domain::ports::chain(&error), "what goes on beside serving panicked");
            }
        }
    }
}

/// Ends the verifications whose life is over. An outage is told when it begins and when it is over.
async fn expire_regularly(verifier: Arc<Verifier>, loops: Arc<Loops>, stopping: CancellationToken) {
    let mut fails = false;
    while !stopping.is_cancelled() {
        loops.beat(LoopName::Expire);
        let expired = use_cases::expire(&verifier).await;
        match (&expired, fails) {
            (Err(failure), false) => {
                let cause = domain::ports::chain(failure);
                tracing::warn!(cause, "could not end the verifications whose life is over");
            }
            (Ok(_), true) => tracing::info!("verifications whose life is over are ended again"),
            (Err(_), true) | (Ok(_), false) => {}
        }
        fails = expired.is_err();
        if matches!(expired, Ok(expired) if expired == u64::from(use_cases::events::EXPIRE_ROWS_MAX)) {
            continue;
        }
        pause(EXPIRE_INTERVAL, &stopping).await;
    }
}

/// Deletes what is past its retention.
async fn sweep_regularly(
    verifier: Arc<Verifier>,
    retention: Retention,
    loops: Arc<Loops>,
    stopping: CancellationToken,
) {
    while !stopping.is_cancelled() {
        loops.beat(LoopName::Sweep);
        for what in [Old::Verifications, Old::Events, Old::Statistics] {
            sweep_all(what, &verifier, retention, &stopping).await;
        }
        pause(SWEEP_INTERVAL, &stopping).await;
    }
}

/// What is past its retention.
#[derive(Clone, Copy)]
enum Old {
    Verifications,
    Events,
    Statistics,
}

impl Old {
    /// Whether there may be more behind a sweep that deleted so many rows.
    const fn may_be_more(self, swept: u64) -> bool {
        match self {
            Self::Verifications | Self::Events => swept == use_cases::sweep::SWEEP_ROWS_MAX as u64,
            // A day at a time.
            Self::Statistics => swept > 0,
        }
    }
}

/// Sweeps while there may be more.
async fn sweep_all(what: Old, verifier: &Verifier, retention: Retention, stopping: &CancellationToken) {
    while !stopping.is_cancelled() {
        let swept = match what {
            Old::Verifications => use_cases::sweep(verifier, retention).await,
            Old::Events => use_cases::sweep_events(verifier, retention).await,
            Old::Statistics => use_cases::sweep_statistics(verifier, retention).await,
        };
        match swept {
            Ok(swept) if what.may_be_more(swept) => {}
            Ok(_) => return,
            Err(failure) => {
                tracing::warn!(cause = domain::ports::chain(&failure), "could not delete old rows");
                return;
            }
        }
    }
}

pub(super) async fn pause(length: Duration, stopping: &CancellationToken) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = tokio::time::sleep(length) => {}
    }
}
