//! What webhooks look like in JSON.

use domain::event::EventKind;
use domain::time::rfc3339;
use domain::webhook::{Attempt, AttemptFault, AttemptOutcome, DeliveryStatus, Webhook, WebhookDelivery};
use poem_openapi::Object;
use poem_openapi::types::Example;

use crate::body::{Body, Field, Values, required};
use crate::docs::Notes;

/// Which webhook is to be told again.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
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
#[oai(rename = "Webhook", example)]
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
#[oai(rename = "WebhookDelivery", skip_serializing_if_is_none, example)]
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
    /// When it was made.
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
#[oai(skip_serializing_if_is_none, example)]
pub(crate) struct WebhookAttempt {
    /// When it ended.
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
#[oai(example)]
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

impl Example for ReplayEvent {
    fn example() -> Self {
        Self { webhook: "orders".to_owned() }
    }
}

impl Example for WebhookResource {
    fn example() -> Self {
        Self {
            name: "orders".to_owned(),
            url: "https://shop.example/webhooks".to_owned(),
            events: vec![EventKind::VerificationApproved.as_str().to_owned()],
            secrets: 1,
        }
    }
}

impl Example for WebhookAttempt {
    fn example() -> Self {
        Self {
            at: "2026-11-23T05:35:44.020Z".to_owned(),
            took_ms: 84,
            outcome: "taken".to_owned(),
            status: Some(204),
            fault: None,
        }
    }
}

impl Example for WebhookDeliveryResource {
    fn example() -> Self {
        Self {
            id: "01a206e7-2fa8-7b33-9d5c-7a8b9c0d1e2f".to_owned(),
            webhook: "orders".to_owned(),
            event: "01a206e7-2c54-7c19-8a4e-6f0b1d2c3e4f".to_owned(),
            kind: EventKind::VerificationApproved.as_str().to_owned(),
            status: "delivered".to_owned(),
            attempts: 1,
            created_at: "2026-11-23T05:35:43.901Z".to_owned(),
            next_at: None,
            last_attempt: Some(WebhookAttempt::example()),
        }
    }
}

impl Example for WebhookDeliveryDetails {
    fn example() -> Self {
        Self { delivery: WebhookDeliveryResource::example(), attempts: vec![WebhookAttempt::example()] }
    }
}

/// What the document says of these operations beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.format("uuid", &["WebhookDelivery.event", "listWebhookDeliveries?event"]);
    notes.open(EventKind::ALL.map(EventKind::as_str), &["WebhookDelivery.kind"]);
    let statuses = DeliveryStatus::ALL.map(DeliveryStatus::as_str);
    notes.closed(
        "WebhookDeliveryStatus",
        statuses,
        &["WebhookDelivery.status", "listWebhookDeliveries?status"],
    );
    notes.open(["taken", "refused", "failed"], &["WebhookAttempt.outcome"]);
    notes.open(AttemptFault::ALL.map(AttemptFault::as_str), &["WebhookAttempt.fault"]);
}
