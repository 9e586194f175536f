//! What webhooks look like in JSON.

use domain::event::EventKind;
use domain::time::rfc3339;
use domain::webhook::{Attempt, AttemptOutcome, Webhook, WebhookDelivery};
use poem_openapi::Object;

use crate::body::{Body, Field, Values, required};

/// Which webhook is to be told again.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub(crate) struct ReplayEvent {
    /// The name of the webhook.
    #[oai(validator(max_length = 40))]
    pub webhook: String,
}

impl Body for ReplayEvent {
    const FIELDS: &'static [Field] = &[required("webhook")];

    fn build(values: &mut Values) -> Self {
        Self { webhook: values.required("webhook") }
    }
}

/// Who is told of events.
#[derive(Debug, Object)]
#[oai(rename = "Webhook")]
pub(crate) struct WebhookResource {
    /// Its name.
    name: String,
    /// Where it is: the URL without its query.
    url: String,
    /// The kinds of events that it wants.
    events: Vec<String>,
    /// How many secrets sign each message; more than one while they rotate.
    secrets: u32,
}

impl From<&Webhook> for WebhookResource {
    fn from(webhook: &Webhook) -> Self {
        let kinds = &webhook.subscription.kinds;
        Self {
            name: webhook.subscription.webhook.to_string(),
            url: webhook.address.to_string(),
            events: kinds.iter().copied().map(EventKind::as_str).map(str::to_owned).collect(),
            secrets: u32::try_from(webhook.secrets).unwrap_or(u32::MAX),
        }
    }
}

/// The webhooks of an application.
#[derive(Debug, Object)]
pub(crate) struct WebhookList {
    /// The webhooks, by their names.
    pub items: Vec<WebhookResource>,
}

/// The delivery of one event to one webhook.
#[derive(Debug, Object)]
#[oai(rename = "WebhookDelivery", skip_serializing_if_is_none)]
pub(crate) struct WebhookDeliveryResource {
    /// Its id.
    id: String,
    /// The name of the webhook.
    webhook: String,
    /// The id of the event, which its receiver sees as `webhook-id`.
    event: String,
    /// What kind of event it is.
    kind: String,
    /// `pending` (it is tried, now or later), `delivered`, or `given-up` (a replay begins anew).
    status: String,
    /// How often it was tried.
    attempts: u32,
    /// When it was made, in RFC 3339.
    created_at: String,
    /// When it is tried next; only while it is pending.
    next_at: Option<String>,
    /// The last attempt.
    last_attempt: Option<WebhookAttempt>,
}

impl From<&WebhookDelivery> for WebhookDeliveryResource {
    fn from(delivery: &WebhookDelivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            webhook: delivery.webhook.to_string(),
            event: delivery.event.to_string(),
            kind: delivery.kind.as_str().to_owned(),
            status: delivery.status.as_str().to_owned(),
            attempts: delivery.attempts,
            created_at: rfc3339(delivery.created_at),
            next_at: delivery.next_at.map(rfc3339),
            last_attempt: delivery.last.as_ref().map(Into::into),
        }
    }
}

/// One attempt of a delivery.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct WebhookAttempt {
    /// When it ended, in RFC 3339.
    at: String,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// `taken` (an answer 2xx), `refused` (another answer) or `failed` (none).
    outcome: String,
    /// The HTTP status of the answer.
    status: Option<u16>,
    /// Why there was no answer: `dns`, `address-forbidden`, `connect`, `timed-out` or `broken`.
    fault: Option<String>,
}

impl From<&Attempt> for WebhookAttempt {
    fn from(attempt: &Attempt) -> Self {
        let (outcome, status, fault) = match attempt.outcome {
            AttemptOutcome::Taken { status } => ("taken", Some(status), None),
            AttemptOutcome::Refused { status } => ("refused", Some(status), None),
            AttemptOutcome::Failed(fault) => ("failed", None, Some(fault.as_str().to_owned())),
        };
        Self {
            at: rfc3339(attempt.at),
            took_ms: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            outcome: outcome.to_owned(),
            status,
            fault,
        }
    }
}

/// A delivery with its attempts.
#[derive(Debug, Object)]
pub(crate) struct WebhookDeliveryDetails {
    /// The delivery.
    delivery: WebhookDeliveryResource,
    /// Every attempt, oldest first.
    attempts: Vec<WebhookAttempt>,
}

impl WebhookDeliveryDetails {
    pub(crate) fn new(delivery: &WebhookDelivery, attempts: &[Attempt]) -> Self {
        Self { delivery: delivery.into(), attempts: attempts.iter().map(Into::into).collect() }
    }
}

/// A page of webhook deliveries.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct WebhookDeliveryPage {
    /// The deliveries, youngest first.
    pub items: Vec<WebhookDeliveryResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}
