//! Tells webhooks while the service runs. Owns how many are told at once, and what the log says of it; never what is told.
//!
//! Every second it hands out new events, and claims as many deliveries as there is room for: a claim that waited in a
//! queue here would run out there. When a delivery ends, its room is filled again at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use api::{LoopName, Loops};
use domain::id::EventId;
use domain::ports::chain;
use domain::use_cases::webhooks::{Told, claim, hand_out, tell};
use domain::use_cases::{Failure, Verifier};
use domain::webhook::{AttemptOutcome, DeliveryStatus, DueDelivery, Webhook, WebhookId};
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// How often new events are looked for.
const INTERVAL: Duration = Duration::from_secs(1);
/// The same while nobody is to be told: events are marked all the same, so that a webhook which is added later does not
/// hear of a year.
const INTERVAL_ALONE: Duration = Duration::from_mins(1);
/// The most deliveries under way at once.
const AT_ONCE_MAX: usize = 16;
/// The most of them to one webhook, so that a slow receiver starves nobody.
const AT_ONCE_EACH: usize = 4;
/// The same to a webhook whose last attempt failed: it is probably slow as well.
const AT_ONCE_FAILING: usize = 1;
/// What a delivery that is under way is about.
#[derive(Clone)]
struct Subject {
    webhook: WebhookId,
    event: EventId,
}

/// Tells webhooks until it is dropped or, when `stopping` is canceled, until everything under way has ended.
pub(super) async fn tell_webhooks(verifier: Arc<Verifier>, loops: Arc<Loops>, stopping: CancellationToken) {
    let alone = verifier.applications.webhooks().next().is_none();
    let interval = if alone { INTERVAL_ALONE } else { INTERVAL };
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut telling = Telling::new(verifier);
    loop {
        tokio::select! {
            () = stopping.cancelled() => break,
            Some(ended) = telling.under_way.join_next_with_id() => {
                telling.ended(ended);
                if telling.more {
                    telling.fill().await;
                }
            }
            _ = ticks.tick() => {
                loops.beat(LoopName::Webhooks);
                telling.hand_out(Instant::now() + interval, &stopping).await;
                telling.fill().await;
            }
        }
    }
    while let Some(ended) = telling.under_way.join_next_with_id().await {
        telling.ended(ended);
    }
}

/// Waits for the deliveries under way, until the end of the grace; what is cut off then is told again when its claim has
/// run out.
pub(super) async fn finish(mut telling: JoinHandle<()>, grace_ends: Instant) {
    match tokio::time::timeout_at(grace_ends, &mut telling).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(cause = chain(&error), "telling webhooks ended in a panic"),
        Err(_) => {
            tracing::warn!("some webhooks had not answered by the end of the grace; they are told again");
            telling.abort();
        }
    }
}

type Ended = Result<(Id, Result<Option<Told>, Failure>), JoinError>;

struct Telling {
    verifier: Arc<Verifier>,
    under_way: JoinSet<Result<Option<Told>, Failure>>,
    subjects: HashMap<Id, Subject>,
    /// Those whose last attempt failed.
    failing: BTreeSet<WebhookId>,
    /// Whether there may be more to claim as soon as there is room.
    more: bool,
    store_fails: bool,
}

impl Telling {
    fn new(verifier: Arc<Verifier>) -> Self {
        Self {
            verifier,
            under_way: JoinSet::new(),
            subjects: HashMap::new(),
            failing: BTreeSet::new(),
            more: false,
            store_fails: false,
        }
    }

    /// Hands out what is new, until nothing is left or it is time for what else there is to do.
    async fn hand_out(&mut self, until: Instant, stopping: &CancellationToken) {
        loop {
            let handed_out = hand_out(&self.verifier).await;
            let is_more = self.heard(handed_out) == Some(true);
            if !is_more || stopping.is_cancelled() || Instant::now() >= until {
                return;
            }
        }
    }

    /// Claims as much as there is room for, and begins to tell it.
    async fn fill(&mut self) {
        let verifier = self.verifier.clone();
        loop {
            let room = self.room(&verifier);
            self.more = true;
            // No more than any of them has room for: whose deliveries come is not known before.
            let Some(max) = room.iter().map(|(_, room)| *room).min() else { return };
            let max = max.min(AT_ONCE_MAX.saturating_sub(self.under_way.len()));
            if max == 0 {
                return;
            }
            let webhooks: Vec<&Webhook> = room.into_iter().map(|(webhook, _)| webhook).collect();
            let claimed = claim(&verifier, &webhooks, u32::try_from(max).unwrap_or(u32::MAX)).await;
            let Some(claimed) = self.heard(claimed) else { return };
            let full = claimed.len() >= max;
            for due in claimed {
                self.begin(due);
            }
            if !full {
                // Whoever had no room may have more.
                self.more = webhooks.len() < verifier.applications.webhooks().count();
                return;
            }
        }
    }

    /// The webhooks that have room for more, and for how many.
    fn room<'a>(&self, verifier: &'a Verifier) -> Vec<(&'a Webhook, usize)> {
        let mut busy: BTreeMap<&WebhookId, usize> = BTreeMap::new();
        for subject in self.subjects.values() {
            *busy.entry(&subject.webhook).or_default() += 1;
        }
        let room = |webhook: &'a Webhook| {
            let id = &webhook.subscription.webhook;
            let most = if self.failing.contains(id) { AT_ONCE_FAILING } else { AT_ONCE_EACH };
            let left = most.saturating_sub(busy.get(id).copied().unwrap_or_default());
            (left > 0).then_some((webhook, left))
        };
        verifier.applications.webhooks().filter_map(room).collect()
    }

    fn begin(&mut self, due: DueDelivery) {
        let subject = Subject { webhook: due.webhook.clone(), event: due.event.id };
        let verifier = self.verifier.clone();
        let task = self.under_way.spawn(async move { tell(&verifier, &due).await });
        self.subjects.insert(task.id(), subject);
    }

    fn ended(&mut self, ended: Ended) {
        let (id, told) = match ended {
            Ok((id, told)) => (id, told),
            Err(error) => {
                self.subjects.remove(&error.id());
                tracing::error!(cause = chain(&error), "telling a webhook ended in a panic");
                return;
            }
        };
        let Some(subject) = self.subjects.remove(&id) else { return };
        if let Some(Some(told)) = self.heard(told) {
            self.told(&subject, &told);
        }
    }

    /// Tells the operator when a webhook begins to fail, when it works again, and of each delivery that is given up.
    fn told(&mut self, subject: &Subject, told: &Told) {
        let Subject { webhook, event } = subject;
        let (status, fault) = match told.attempt.outcome {
            AttemptOutcome::Taken { .. } => {
                if self.failing.remove(webhook) {
                    tracing::info!(%webhook, "a webhook works again");
                }
                return;
            }
            AttemptOutcome::Refused { status } => (Some(status), None),
            AttemptOutcome::Failed(fault) => (None, Some(fault.as_str())),
        };
        if self.failing.insert(webhook.clone()) {
            tracing::warn!(%webhook, %event, status, fault, "a webhook does not take events; they are tried again");
        }
        if told.status == DeliveryStatus::GivenUp {
            tracing::error!(
                %webhook,
                %event,
                status,
                fault,
                "an event is given up; once the receiver works, tell it with `sparrow-verify webhook replay`"
            );
        }
    }

    /// What a use case answered; of an outage the operator hears once.
    fn heard<T>(&mut self, answer: Result<T, Failure>) -> Option<T> {
        match answer {
            Ok(answer) => {
                if std::mem::take(&mut self.store_fails) {
                    tracing::info!("webhooks are told again");
                }
                Some(answer)
            }
            Err(failure) => {
                if !std::mem::replace(&mut self.store_fails, true) {
                    tracing::warn!(cause = chain(&failure), "webhooks cannot be told; it is tried again");
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::account::VerifiedPhone;
    use domain::credential::Caller;
    use domain::ports::Clock as _;
    use domain::testkit::{World, phone};
    use domain::time::after;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_nobody_is_told_of_never_piles_up() {
        let world = World::new();
        let Caller::User(ram) = world.user("ram").await else { panic!("a user was asked for") };
        let ports = &world.verifier.ports;
        let now = world.clock.now();
        for millis in 0..5_000 {
            let verified_at = after(now, Duration::from_millis(millis));
            let phone = VerifiedPhone { phone: phone("9841234567"), verified_at };
            ports.accounts.set_phone(&ram.application, ram.id, phone, now).await.unwrap();
        }
        let telling =
            tell_webhooks(Arc::new(world.verifier.clone()), Arc::default(), CancellationToken::new());
        let _goes_on = tokio::time::timeout(INTERVAL_ALONE / 2, telling).await.unwrap_err();
        assert_eq!(ports.webhooks.hand_out(&[], now, 5_000).await.unwrap(), 0, "all were handed out at once");
    }
}
