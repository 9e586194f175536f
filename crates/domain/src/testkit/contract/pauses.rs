//! The contract of the store of pauses.

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::{kept, present};
use super::ground::Ground;
use super::race::race;
use crate::application::ApplicationId;
use crate::delivery::DeliveryRecord;
use crate::event::EventKind;
use crate::id::DeliveryId;
use crate::invalid_numbers::{NumberCounts, NumberVerdict, Pause, PauseReason};
use crate::ports::{
    Change, DeliveryStore, EventFilter, EventStore, Inserted, Page, PauseStore, Paused, Saved, SendAnswer,
    VerificationStore,
};
use crate::time::{Timestamp, after};
use crate::verification::{Subject, Verification};

/// What keeps pauses, and what stands beside them in the same store.
#[derive(Debug)]
pub struct PauseStores {
    /// The pauses.
    pub pauses: Arc<dyn PauseStore>,
    /// The deliveries that lead to them.
    pub deliveries: Arc<dyn DeliveryStore>,
    /// Their verifications.
    pub verifications: Arc<dyn VerificationStore>,
    /// The events that tell of them.
    pub events: Arc<dyn EventStore>,
}

impl PauseStores {
    /// Those of one store that is all of them.
    #[must_use]
    pub fn of<Store>(store: &Arc<Store>) -> Self
    where
        Store: PauseStore + DeliveryStore + VerificationStore + EventStore + 'static,
    {
        Self {
            pauses: store.clone(),
            deliveries: store.clone(),
            verifications: store.clone(),
            events: store.clone(),
        }
    }
}

/// The contract of [`PauseStore`].
///
/// # Panics
/// When a promise is not kept.
pub async fn pause_store(stores: PauseStores, ground: &Ground) {
    let bench = Bench { stores, ground };
    verdicts_are_what_gateways_said_of_numbers(&bench).await;
    a_pause_is_found_as_it_was_stored_and_told_once(&bench).await;
    a_pause_that_was_resumed_is_over_and_told(&bench).await;
    what_led_to_a_pause_leads_to_no_other(&bench).await;
    of_racing_pauses_one_is_stored_and_told(&bench).await;
    of_racing_resumes_one_is_answered_and_told(&bench).await;
}

struct Bench<'a> {
    stores: PauseStores,
    ground: &'a Ground,
}

const HOUR: Duration = Duration::from_hours(1);

impl Bench<'_> {
    async fn begun(&self, application: &ApplicationId) -> Verification {
        let subject = Subject { application: application.clone(), ..self.ground.subject() };
        let begun = self.ground.verification(&subject);
        assert_eq!(kept(self.stores.verifications.insert(&begun).await), Inserted::Stored);
        begun
    }

    /// Keeps an answer to a send of the verification; when it came.
    async fn answered(&self, of: &Verification, answer: SendAnswer) -> Timestamp {
        let at = self.ground.now();
        let record = DeliveryRecord {
            id: kept(DeliveryId::new(at, self.ground.entropy())),
            application: of.subject.application.clone(),
            verification: of.id,
            number: of.delivery.number,
            attempt: 1,
            phone: of.subject.phone,
            route: None,
            gateway: "sparrow".into(),
            report: answer.into(),
            at,
            took: Duration::from_millis(37),
            segments: 1,
            template: None,
        };
        let change = Change { next: of, expected: of.version, guess: None };
        let saved = self.stores.deliveries.record_delivery(&change, &[record]).await;
        assert_eq!(kept(saved), Saved::Stored);
        at
    }

    fn pause(&self, application: &ApplicationId) -> Pause {
        let since = self.ground.now();
        Pause {
            application: application.clone(),
            reason: PauseReason::InARow,
            since,
            until: after(since, HOUR),
            counts: NumberCounts { in_a_row: 5, refused: 9, of: 77 },
        }
    }

    async fn store(&self, pause: &Pause, counted_since: Timestamp) -> Paused {
        kept(self.stores.pauses.pause(pause, counted_since).await)
    }

    async fn resume(&self, application: &ApplicationId, now: Timestamp) -> Option<Pause> {
        kept(self.stores.pauses.resume(application, now).await)
    }

    async fn last(&self, application: &ApplicationId) -> Option<Pause> {
        kept(self.stores.pauses.last_pause(application).await)
    }

    async fn is_among_all(&self, pause: &Pause, now: Timestamp) -> bool {
        kept(self.stores.pauses.all_pauses(now).await).contains(pause)
    }

    async fn verdicts(&self, application: &ApplicationId, at_most: u16) -> Vec<NumberVerdict> {
        kept(self.stores.pauses.number_verdicts(application, at_most).await)
    }

    /// What was told of the application, oldest first.
    async fn told(&self, application: &ApplicationId) -> Vec<(EventKind, Timestamp, Option<Box<str>>)> {
        let page = Page { before: None, limit: 100 };
        let mut told = kept(self.stores.events.list_events(application, &EventFilter::default(), page).await);
        told.reverse();
        told.into_iter().map(|event| (event.kind, event.at, event.reason)).collect()
    }
}

async fn verdicts_are_what_gateways_said_of_numbers(bench: &Bench<'_>) {
    let application = bench.ground.application();
    assert_eq!(bench.verdicts(&application, 10).await, []);
    let begun = bench.begun(&application).await;
    let foreign = bench.begun(&bench.ground.application()).await;
    let mut expected = Vec::new();
    for answer in [SendAnswer::Accepted, SendAnswer::ReceiverRefused, SendAnswer::ReceiverRefused]
        .into_iter()
        .chain(SendAnswer::ALL)
    {
        let at = bench.answered(&begun, answer).await;
        expected.extend(NumberVerdict::of(answer, at));
        bench.answered(&foreign, SendAnswer::ReceiverRefused).await;
    }
    expected.reverse();
    assert_eq!(expected.len(), 5);
    let found = bench.verdicts(&application, 10).await;
    assert_eq!(found, expected, "what was said of numbers must be found, the youngest first, and no more");
    assert_eq!(bench.verdicts(&application, 2).await, expected[..2], "no more than was asked for");

    let pause = bench.pause(&application);
    assert_eq!(bench.store(&pause, expected[4].at).await, Paused::Stored);
    assert_eq!(bench.verdicts(&application, 10).await, [], "what was before a pause must not count");
    bench.answered(&begun, SendAnswer::ReceiverRefused).await;
    assert_eq!(bench.verdicts(&application, 10).await, [], "what is said while it is on must not count");
    let resumed = bench.ground.now();
    present(bench.resume(&application, resumed).await, "the pause was on");
    let at = bench.answered(&begun, SendAnswer::Accepted).await;
    let after_it = [NumberVerdict { refused: false, at }];
    assert_eq!(bench.verdicts(&application, 10).await, after_it, "what is said after its end must count");
}

async fn a_pause_is_found_as_it_was_stored_and_told_once(bench: &Bench<'_>) {
    let application = bench.ground.application();
    assert_eq!(bench.last(&application).await, None);
    let counted_since = bench.ground.now();
    let pause = Pause { reason: PauseReason::Share, ..bench.pause(&application) };
    assert_eq!(bench.store(&pause, counted_since).await, Paused::Stored);
    assert_eq!(bench.last(&application).await.as_ref(), Some(&pause), "it must be found as it was stored");
    assert!(bench.is_among_all(&pause, pause.since).await, "it must be among those that are on");
    assert!(!bench.is_among_all(&pause, pause.until).await, "it must end by itself");
    assert_eq!(bench.last(&application).await.as_ref(), Some(&pause), "it is the last, on or over");
    let expected = [(EventKind::NumbersPaused, pause.since, Some("share".into()))];
    assert_eq!(bench.told(&application).await, expected, "it must be told once");
    assert_eq!(bench.last(&bench.ground.application()).await, None, "others must not be paused");
}

async fn a_pause_that_was_resumed_is_over_and_told(bench: &Bench<'_>) {
    let application = bench.ground.application();
    assert_eq!(bench.resume(&application, bench.ground.now()).await, None, "there is none to end");
    let pause = bench.pause(&application);
    assert_eq!(bench.store(&pause, pause.since).await, Paused::Stored);
    let now = bench.ground.now();
    let ended = Pause { until: now, ..pause.clone() };
    assert_eq!(bench.resume(&application, now).await.as_ref(), Some(&ended));
    assert_eq!(bench.last(&application).await.as_ref(), Some(&ended));
    assert!(!bench.is_among_all(&ended, now).await, "it must be over at once");
    let late = after(pause.until, HOUR);
    for now in [bench.ground.now(), late] {
        assert_eq!(bench.resume(&application, now).await, None, "what is over cannot be ended");
    }
    let reason = Some(Box::from("in-a-row"));
    let expected =
        [(EventKind::NumbersPaused, pause.since, reason.clone()), (EventKind::NumbersResumed, now, reason)];
    assert_eq!(bench.told(&application).await, expected, "its end must be told once");
}

async fn what_led_to_a_pause_leads_to_no_other(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let counted_since = bench.ground.now();
    let first = bench.pause(&application);
    assert_eq!(bench.store(&first, counted_since).await, Paused::Stored);
    let ended_at = bench.ground.now();
    let ended = present(bench.resume(&application, ended_at).await, "the pause was on");
    for outdated in [counted_since, ended_at] {
        let again = bench.pause(&application);
        assert_eq!(bench.store(&again, outdated).await, Paused::Outdated, "it was counted before the end");
    }
    assert_eq!(bench.last(&application).await, Some(ended), "what is outdated must change nothing");
    let fresh = bench.ground.now();
    let second = bench.pause(&application);
    assert_eq!(bench.store(&second, fresh).await, Paused::Stored, "what came later must pause again");
    assert_eq!(bench.last(&application).await, Some(second));
    let kinds: Vec<_> = bench.told(&application).await.into_iter().map(|(kind, ..)| kind).collect();
    let (paused, resumed) = (EventKind::NumbersPaused, EventKind::NumbersResumed);
    assert_eq!(kinds, [paused, resumed, paused], "what is outdated must not be told");
}

async fn of_racing_pauses_one_is_stored_and_told(bench: &Bench<'_>) {
    let application = bench.ground.application();
    // One over, too: it makes no difference to who comes first.
    for round in 0..2 {
        let counted_since = bench.ground.now();
        let came = race(|_| {
            let (pauses, pause) = (Arc::clone(&bench.stores.pauses), bench.pause(&application));
            async move { kept(pauses.pause(&pause, counted_since).await) }
        })
        .await;
        let stored = came.iter().filter(|paused| **paused == Paused::Stored).count();
        assert_eq!(stored, 1, "of pauses that race one must be stored");
        assert_eq!(bench.told(&application).await.len(), 2 * round + 1, "and told once");
        present(bench.resume(&application, bench.ground.now()).await, "the pause was on");
    }
}

async fn of_racing_resumes_one_is_answered_and_told(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let pause = bench.pause(&application);
    assert_eq!(bench.store(&pause, pause.since).await, Paused::Stored);
    let now = bench.ground.now();
    let came = race(|_| {
        let (pauses, application) = (Arc::clone(&bench.stores.pauses), application.clone());
        async move { kept(pauses.resume(&application, now).await) }
    })
    .await;
    assert_eq!(came.iter().flatten().count(), 1, "of resumes that race one must end the pause");
    assert_eq!(bench.told(&application).await.len(), 2, "and its end must be told once");
}
