//! Webhooks: telling them of events, and looking at what was told. Owns the order of hand-out, claim, attempt and record;
//! how many are told at once, and when, is for whoever calls these.
//!
//! An event is told at least once. It is handed out in the transaction that marks it, claimed for a while, sent, and
//! recorded; whoever dies in between leaves a claim that runs out, and the delivery comes again.

use std::time::Duration;

use super::applications::administered;
use super::{Answer, Failure, Verifier, answer};
use crate::application::ApplicationId;
use crate::credential::Caller;
use crate::id::{EventId, WebhookDeliveryId};
use crate::ports::{Page, PortError, WebhookDeliveryFilter, WebhookMessage};
use crate::time::{Timestamp, after};
use crate::webhook::{
    Attempt, DeliveryStatus, DueDelivery, Subscription, Webhook, WebhookDelivery, WebhookId, after_attempt,
};

/// The most events that one hand-out takes, so that it never holds the store for long.
const HAND_OUT_MAX: u32 = 200;
/// How much longer than an attempt may take a claim lasts: for the store, and for a process that is held up.
const CLAIM_MARGIN: Duration = Duration::from_secs(30);
/// How many deliveries are looked at in one page when those that were given up are gathered.
const GATHER_PAGE: u16 = 200;

/// What came of a delivery's attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The attempt.
    pub attempt: Attempt,
    /// How the delivery stands now.
    pub status: DeliveryStatus,
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The event is told again.
    Due(WebhookDelivery),
    /// The application has no such event.
    EventUnknown,
    /// The application has no such webhook.
    WebhookUnknown,
}

/// The webhooks of the caller's application.
///
/// # Errors
/// [`Failure`] when the application is not configured.
pub fn list<'a>(verifier: &'a Verifier, caller: &Caller) -> Result<Answer<&'a [Webhook]>, Failure> {
    let listed = || Ok(verifier.application(administered(caller)?)?.webhooks.as_slice());
    answer(listed())
}

/// A page of what the application's webhooks were told and are to be told, youngest first.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn deliveries(
    verifier: &Verifier,
    caller: &Caller,
    filter: &WebhookDeliveryFilter,
    page: Page<WebhookDeliveryId>,
) -> Result<Answer<Vec<WebhookDelivery>>, Failure> {
    let listed = async {
        Ok(verifier.ports.webhooks.list_webhook_deliveries(administered(caller)?, filter, page).await?)
    };
    answer(listed.await)
}

/// One delivery of the application, and its attempts, oldest first; `None` when there is no such one.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn delivery(
    verifier: &Verifier,
    caller: &Caller,
    id: WebhookDeliveryId,
) -> Result<Answer<Option<(WebhookDelivery, Vec<Attempt>)>>, Failure> {
    let found = async { Ok(verifier.ports.webhooks.load_webhook_delivery(administered(caller)?, id).await?) };
    answer(found.await)
}

/// Tells a webhook of an event again, whatever came of it before, and whether or not it wants the kind.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn replay(
    verifier: &Verifier,
    caller: &Caller,
    event: EventId,
    webhook: &WebhookId,
) -> Result<Answer<Replayed>, Failure> {
    let replayed = async {
        let application = administered(caller)?;
        if verifier.application(application)?.webhook(webhook).is_none() {
            return Ok(Replayed::WebhookUnknown);
        }
        let made = verifier.ports.webhooks.replay(application, event, webhook, verifier.now()).await?;
        Ok(made.map_or(Replayed::EventUnknown, Replayed::Due))
    };
    answer(replayed.await)
}

/// The events that a webhook was to be told of since `since` and that were given up, and not delivered by a replay
/// since; oldest first, and at most `max` of them.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn given_up(
    verifier: &Verifier,
    caller: &Caller,
    webhook: &WebhookId,
    since: Timestamp,
    max: usize,
) -> Result<Answer<Vec<EventId>>, Failure> {
    let gathered = async { Ok(gather(verifier, administered(caller)?, webhook, since, max).await?) };
    answer(gathered.await)
}

async fn gather(
    verifier: &Verifier,
    application: &ApplicationId,
    webhook: &WebhookId,
    since: Timestamp,
    max: usize,
) -> Result<Vec<EventId>, PortError> {
    let store = &verifier.ports.webhooks;
    let filter = |event, status| WebhookDeliveryFilter { webhook: Some(webhook.clone()), event, status };
    let of_status = filter(None, Some(DeliveryStatus::GivenUp));
    let (mut events, mut before) = (Vec::new(), None);
    loop {
        let page = Page { before, limit: GATHER_PAGE };
        let found = store.list_webhook_deliveries(application, &of_status, page).await?;
        let full = found.len() == usize::from(GATHER_PAGE);
        for delivery in found {
            if delivery.created_at < since || events.len() == max {
                events.reverse();
                return Ok(events);
            }
            before = Some(delivery.id);
            // The youngest of an event's deliveries says how it stands.
            let (of_event, first) = (filter(Some(delivery.event), None), Page { before: None, limit: 1 });
            let youngest = store.list_webhook_deliveries(application, &of_event, first).await?;
            if youngest.first().is_some_and(|youngest| youngest.id == delivery.id) {
                events.push(delivery.event);
            }
        }
        if !full {
            events.reverse();
            return Ok(events);
        }
    }
}

/// Sends a webhook a message that means nothing, at once and once; nothing is recorded. `None` when the application has
/// no such webhook.
///
/// # Errors
/// [`Failure`] when there is no randomness for its id.
pub async fn ping(
    verifier: &Verifier,
    caller: &Caller,
    webhook: &WebhookId,
) -> Result<Answer<Option<Attempt>>, Failure> {
    let sent = async {
        let application = administered(caller)?;
        let at = verifier.now();
        let message = WebhookMessage::Ping { id: EventId::new(at, verifier.ports.entropy.as_ref())?, at };
        Ok(verifier.ports.webhook_sender.send(application, webhook, message).await)
    };
    answer(sent.await)
}

/// Hands out events that were not yet, to the webhooks of all applications; answers whether there may be more.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn hand_out(verifier: &Verifier) -> Result<bool, Failure> {
    let subscriptions: Vec<Subscription> =
        verifier.applications.webhooks().map(|webhook| webhook.subscription.clone()).collect();
    let handed_out = verifier.ports.webhooks.hand_out(&subscriptions, verifier.now(), HAND_OUT_MAX).await?;
    Ok(handed_out == u64::from(HAND_OUT_MAX))
}

/// Claims up to `max` deliveries to these webhooks that are due, for as long as telling one may take.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn claim(
    verifier: &Verifier,
    webhooks: &[&Webhook],
    max: u32,
) -> Result<Vec<DueDelivery>, Failure> {
    let ids: Vec<WebhookId> = webhooks.iter().map(|webhook| webhook.subscription.webhook.clone()).collect();
    let longest = webhooks.iter().map(|webhook| webhook.timeout).max().unwrap_or_default();
    let now = verifier.now();
    let until = after(now, longest + CLAIM_MARGIN);
    Ok(verifier.ports.webhooks.claim(&ids, now, until, max).await?)
}

/// Makes one attempt of a delivery that was claimed, and records it. `None` when its webhook is no more; the claim runs
/// out then.
///
/// # Errors
/// [`Failure`] when it could not be recorded: the event may have been told, and is told again when the claim has run
/// out.
pub async fn tell(verifier: &Verifier, due: &DueDelivery) -> Result<Option<Told>, Failure> {
    let message = WebhookMessage::Event(&due.event);
    let sender = &verifier.ports.webhook_sender;
    let Some(attempt) = sender.send(&due.event.application, &due.webhook, message).await else {
        return Ok(None);
    };
    let mut jitter = [0];
    // An attempt that was made is recorded, with jitter or without.
    let _ = verifier.ports.entropy.fill(&mut jitter);
    let (status, next_at) = after_attempt(&attempt, due.attempts.saturating_add(1), jitter[0]);
    verifier.ports.webhooks.record(due.id, &attempt, status, next_at).await?;
    Ok(Some(Told { attempt, status }))
}
