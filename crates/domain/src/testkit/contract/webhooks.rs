//! The contract of the store of what is told to webhooks.

mod claiming;
mod handing_out;
mod listing;
mod ordering;
mod recording;
mod replaying;

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::{kept, present};
use super::events::Stage;
use super::ground::Ground;
use super::verifications::{Attempt as Proof, Bench, finished};
use crate::application::ApplicationId;
use crate::event::{Event, EventKind};
use crate::ports::{
    AccountStore, Backlog, EventStore, Page, VerificationStore, VitalStore, WebhookDeliveryFilter,
    WebhookStore,
};
use crate::time::{Timestamp, after};
use crate::verification::{Purpose, State, Subject, Verification};
use crate::webhook::{
    Attempt, AttemptFault, AttemptOutcome, DeliveryStatus, DueDelivery, Subscription, WebhookDelivery,
    WebhookId,
};

/// The contract of [`WebhookStore`]. It hands out whatever was not handed out yet: nobody else may do that, or let
/// anything happen, at the same time.
///
/// # Panics
/// When a promise is not kept.
pub async fn webhook_store(
    webhooks: Arc<dyn WebhookStore>,
    events: Arc<dyn EventStore>,
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let stage = Stage { bench: Bench { verifications, accounts, ground }, events };
    let post = Post { stage, webhooks };
    post.hand_out_all(&[]).await;
    handing_out::all(&post).await;
    claiming::all(&post).await;
    recording::all(&post).await;
    ordering::all(&post).await;
    replaying::all(&post).await;
    listing::all(&post).await;
}

/// The contract of [`VitalStore`], about what webhooks were not told yet; as [`webhook_store`], nobody else may let
/// anything happen at the same time.
///
/// # Panics
/// When a promise is not kept.
pub async fn vital_store(
    vitals: Arc<dyn VitalStore>,
    webhooks: Arc<dyn WebhookStore>,
    events: Arc<dyn EventStore>,
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let stage = Stage { bench: Bench { verifications, accounts, ground }, events };
    let post = Post { stage, webhooks };
    post.hand_out_all(&[]).await;
    assert!(kept(vitals.schema_version().await) >= 1, "a store that works has a schema");
    let (target, other) = (post.target(), post.target());
    let look = |max| vitals.backlog(&target.application, max);
    assert_eq!(kept(look(10).await), Backlog::default(), "nothing that waits must be told as nothing");
    let event = post.event(&target.application).await;
    post.event(&other.application).await;
    let waiting = Backlog { events: 2, oldest_event_at: Some(event.at), ..Backlog::default() };
    assert_eq!(kept(look(10).await), waiting, "what waits must be told with the oldest");
    assert_eq!(
        kept(look(1).await),
        Backlog { events: 1, ..waiting },
        "no more must be counted than is asked for"
    );
    let now = post.now();
    let subscriptions = [target.subscription(), other.subscription()];
    assert_eq!(kept(post.webhooks.hand_out(&subscriptions, now, 10).await), 2);
    let pending = Backlog { deliveries: 1, oldest_delivery_at: Some(now), ..Backlog::default() };
    assert_eq!(kept(look(10).await), pending, "what is pending must be told to whom it concerns");
}

/// What the parts of the suite stand on.
struct Post<'a> {
    stage: Stage<'a>,
    webhooks: Arc<dyn WebhookStore>,
}

/// A webhook of an application of its own, that wants everything.
struct Target {
    application: ApplicationId,
    webhook: WebhookId,
}

impl Target {
    fn subscription(&self) -> Subscription {
        Subscription {
            webhook: self.webhook.clone(),
            application: self.application.clone(),
            kinds: EventKind::ALL.to_vec(),
        }
    }
}

/// As long as a claim lasts here.
const CLAIM: Duration = Duration::from_secs(30);

impl Post<'_> {
    fn now(&self) -> Timestamp {
        self.stage.bench.ground.now()
    }

    fn webhook(&self) -> WebhookId {
        let slug = format!("hook-{:016x}", self.stage.bench.ground.word());
        present(WebhookId::parse(&slug), "the slug of a ground is one")
    }

    fn target(&self) -> Target {
        Target { application: self.stage.bench.ground.application(), webhook: self.webhook() }
    }

    /// An event of the application that is not handed out yet.
    async fn event(&self, application: &ApplicationId) -> Event {
        let bench = &self.stage.bench;
        let subject = Subject { application: application.clone(), ..bench.ground.subject() };
        let over = finished(&bench.begun(&subject).await, State::Canceled { at: self.now() });
        bench.must_save(&over, None).await;
        self.stage.only(&over).await
    }

    /// Two events of one verification that are not handed out yet: a transfer and its approval.
    async fn two_events(&self, application: &ApplicationId) -> (Event, Event) {
        let bench = &self.stage.bench;
        let phone = bench.ground.phone();
        let mut last: Option<Verification> = None;
        for name in ["ram", "sita"] {
            let account = bench.account(application, &format!("{name}-{}", bench.ground.word())).await;
            let subject = Subject {
                application: application.clone(),
                account: Some(account.id),
                phone,
                purpose: Purpose::Contact,
            };
            if last.is_some() {
                self.hand_out_all(&[]).await;
            }
            let proof = Proof::of(&bench.begun(&subject).await, &account, self.now());
            bench.approve(&proof, true).await;
            last = Some(proof.approved);
        }
        let last = present(last, "two have proved the phone");
        let mut events = self.stage.about(&last).await.into_iter();
        let pair = events.next().zip(events.next());
        present(pair, "a transfer must be told beside the approval")
    }

    /// Hands out everything that is there; answers how many events that were.
    async fn hand_out_all(&self, to: &[&Target]) -> u64 {
        let subscriptions: Vec<_> = to.iter().map(|target| target.subscription()).collect();
        let (now, mut all) = (self.now(), 0);
        loop {
            let handed_out = kept(self.webhooks.hand_out(&subscriptions, now, 100).await);
            all += handed_out;
            if handed_out == 0 {
                return all;
            }
        }
    }

    /// A delivery of a new event, handed out.
    async fn delivery(&self, to: &Target) -> (Event, WebhookDelivery) {
        let event = self.event(&to.application).await;
        self.hand_out_all(&[to]).await;
        let mut found = self.list(&to.application, &of_event(&event)).await;
        let delivery = present(found.pop(), "an event that is wanted must be delivered");
        (event, delivery)
    }

    async fn claim(&self, from: &Target, now: Timestamp) -> Vec<DueDelivery> {
        let webhooks = std::slice::from_ref(&from.webhook);
        kept(self.webhooks.claim(webhooks, now, after(now, CLAIM), 100).await)
    }

    /// The one delivery that is due.
    async fn claim_one(&self, from: &Target, now: Timestamp) -> DueDelivery {
        let due = self.claim(from, now).await;
        assert_eq!(due.len(), 1, "one delivery must be due");
        present(due.into_iter().next(), "one delivery must be due")
    }

    async fn record(
        &self,
        due: &DueDelivery,
        attempt: &Attempt,
        status: DeliveryStatus,
        next_at: Option<Timestamp>,
    ) {
        kept(self.webhooks.record(due.id, attempt, status, next_at).await);
    }

    async fn list(
        &self,
        application: &ApplicationId,
        filter: &WebhookDeliveryFilter,
    ) -> Vec<WebhookDelivery> {
        let page = Page { before: None, limit: 100 };
        kept(self.webhooks.list_webhook_deliveries(application, filter, page).await)
    }

    async fn load(&self, of: &Target, delivery: &WebhookDelivery) -> (WebhookDelivery, Vec<Attempt>) {
        let loaded = kept(self.webhooks.load_webhook_delivery(&of.application, delivery.id).await);
        present(loaded, "a delivery must be found by its id")
    }
}

fn of_event(event: &Event) -> WebhookDeliveryFilter {
    WebhookDeliveryFilter { event: Some(event.id), ..WebhookDeliveryFilter::default() }
}

const fn taken(at: Timestamp) -> Attempt {
    Attempt { at, took: Duration::from_millis(120), outcome: AttemptOutcome::Taken { status: 204 } }
}

const fn failed(at: Timestamp) -> Attempt {
    let outcome = AttemptOutcome::Failed(AttemptFault::TimedOut);
    Attempt { at, took: Duration::from_secs(15), outcome }
}
