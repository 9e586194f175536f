//! What webhooks were not told yet, for metrics: asked every half minute and remembered, so that reading metrics asks the
//! database nothing. Owns the questions; the counting is the store's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use adapters::metrics::{Metrics, Reading, facts};
use domain::application::ApplicationId;
use domain::ports::Backlog;
use domain::time::until;
use domain::use_cases::Verifier;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often it is asked.
const INTERVAL: Duration = Duration::from_secs(30);
/// The most that is counted.
const COUNT_MAX: u32 = 10_000;

/// What the last answers were, of each application that has webhooks; none of those that were not answered.
#[derive(Debug, Default)]
pub(super) struct Backlogs(Mutex<BTreeMap<ApplicationId, Backlog>>);

impl Backlogs {
    /// Watches what will be asked.
    pub(super) fn watched(metrics: &Metrics, verifier: &Arc<Verifier>) -> Arc<Self> {
        let backlogs = Arc::new(Self::default());
        let held = backlogs.clone();
        metrics.watch(facts::WEBHOOK_EVENTS, move || {
            let events = held.held().values().map(|backlog| backlog.events).max();
            events.into_iter().map(|events| Reading::new([], float(events))).collect()
        });
        let held = backlogs.clone();
        metrics.watch(facts::WEBHOOK_DELIVERIES, move || held.each(|backlog| float(backlog.deliveries)));
        let (held, clock) = (backlogs.clone(), verifier.ports.clock.clone());
        metrics.watch(facts::WEBHOOK_DELIVERY_AGE, move || {
            let now = clock.now();
            held.each(|backlog| {
                backlog.oldest_delivery_at.map_or(0.0, |since| until(since, now).as_secs_f64())
            })
        });
        backlogs
    }

    /// Asks again and again, until `stopping` or until nobody holds the answers any more.
    pub(super) async fn keep(backlogs: Weak<Self>, verifier: Arc<Verifier>, stopping: CancellationToken) {
        let webhooks = verifier.applications.webhooks();
        let mut applications: Vec<_> =
            webhooks.map(|webhook| webhook.subscription.application.clone()).collect();
        applications.dedup();
        if applications.is_empty() {
            return;
        }
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = ticks.tick() => {}
            }
            for application in &applications {
                let answer = verifier.ports.vitals.backlog(application, COUNT_MAX).await;
                let Some(backlogs) = backlogs.upgrade() else { return };
                let mut held = backlogs.held();
                match answer {
                    Ok(backlog) => held.insert(application.clone(), backlog),
                    // A database that does not answer is told by `/readyz`, and by what is absent here.
                    Err(_) => held.remove(application),
                };
            }
        }
    }

    fn each(&self, value: impl Fn(&Backlog) -> f64) -> Vec<Reading> {
        let held = self.held();
        held.iter()
            .map(|(application, backlog)| Reading::new([application.as_str()], value(backlog)))
            .collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<ApplicationId, Backlog>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::cast_precision_loss, reason = "no more than 10000 are counted")]
fn float(count: u64) -> f64 {
    count as f64
}
