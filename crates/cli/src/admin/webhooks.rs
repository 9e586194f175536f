//! `webhook`.

use std::io::{self, Write as _};

use adapters::system::OsEntropy;
use adapters::webhooks::WebhookSecret;
use domain::event::EventKind;
use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::{Page, WebhookDeliveryFilter};
use domain::time::{Timestamp, rfc3339};
use domain::use_cases::webhooks::{self, Replayed};
use domain::webhook::{Attempt, AttemptOutcome, DeliveryStatus, Webhook, WebhookDelivery, WebhookId};
use serde_json::{Value, json};

use super::{caller, done, id, more, wired};
use crate::args::{DeliveryStatusArg, PageArgs, ReplayArgs, WebhookCommand};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::{self, Output};
use crate::wiring::Wired;

/// The most events of one `replay --failed`.
const REPLAYS_MAX: usize = 10_000;
/// After how many replays the progress is told.
const PROGRESS_EVERY: usize = 100;

pub(crate) async fn webhook(
    config: &Config,
    command: WebhookCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    match command {
        WebhookCommand::List => {
            let found = done(webhooks::list(&wired.verifier, &caller(config))?)?;
            let rows: Vec<_> = found.iter().map(shown).collect();
            output.rows(&["name", "url", "events", "secrets"], &rows, None)
        }
        WebhookCommand::Deliveries { webhook, status, page } => {
            let filter = WebhookDeliveryFilter {
                webhook: webhook.map(|text| name(&text)).transpose()?,
                event: None,
                status: status.map(status_of),
            };
            deliveries(&wired, config, &filter, &page, output).await
        }
        WebhookCommand::Show { delivery } => show(&wired, config, &delivery, output).await,
        WebhookCommand::Replay(arguments) => replay(&wired, config, arguments, output).await,
        WebhookCommand::Test { name: text } => test(&wired, config, &text, output).await,
        WebhookCommand::Secret => webhook_secret(output),
    }
}

/// `webhook secret`: needs no configuration.
pub(crate) fn webhook_secret(output: Output) -> Result<(), CommandError> {
    let secret = WebhookSecret::new(&OsEntropy)
        .map_err(|error| CommandError::system("could not make a secret", error))?;
    let text = secret.reveal();
    if output.json { output::line(&json!({ "secret": *text }).to_string()) } else { output::line(&text) }
}

async fn deliveries(
    wired: &Wired,
    config: &Config,
    filter: &WebhookDeliveryFilter,
    page: &PageArgs,
    output: Output,
) -> Result<(), CommandError> {
    let before = page.before.as_deref().map(|text| id(text, WebhookDeliveryId::parse)).transpose()?;
    let asked = Page { before, limit: page.limit };
    let found = done(webhooks::deliveries(&wired.verifier, &caller(config), filter, asked).await?)?;
    let rows: Vec<_> = found.iter().map(shown_delivery).collect();
    let more = more(&found, page.limit, |delivery| delivery.id.to_string());
    let columns = ["created_at", "webhook", "kind", "status", "attempts", "last", "next_at", "event", "id"];
    output.rows(&columns, &rows, more.as_deref())
}

async fn show(wired: &Wired, config: &Config, text: &str, output: Output) -> Result<(), CommandError> {
    let id = id(text, WebhookDeliveryId::parse)?;
    let found = done(webhooks::delivery(&wired.verifier, &caller(config), id).await?)?;
    let Some((delivery, attempts)) = found else {
        let complaint = "There is no such delivery; see `webhook deliveries`.";
        return Err(CommandError::NotFound(complaint.to_owned()));
    };
    let rows: Vec<_> = attempts.iter().map(shown_attempt).collect();
    if output.json {
        let mut record = shown_delivery(&delivery);
        record["tries"] = rows.into();
        return output.record(&record);
    }
    output.record(&shown_delivery(&delivery))?;
    output.rows(&["at", "outcome", "took_ms"], &rows, None)
}

async fn replay(
    wired: &Wired,
    config: &Config,
    arguments: ReplayArgs,
    output: Output,
) -> Result<(), CommandError> {
    let webhook = name(&arguments.webhook)?;
    if let Some(text) = arguments.event {
        let made = replay_one(wired, config, id(&text, EventId::parse)?, &webhook).await?;
        return output.record(&shown_delivery(&made));
    }
    let since: Timestamp = arguments.since.unwrap_or_default().parse().map_err(|_| {
        CommandError::Argument("--since takes an instant such as 2026-01-15T08:00:00Z.".to_owned())
    })?;
    known(wired, config, &webhook)?;
    let (verifier, caller) = (&wired.verifier, caller(config));
    let events = done(webhooks::given_up(verifier, &caller, &webhook, since, REPLAYS_MAX).await?)?;
    for (done, event) in events.iter().enumerate() {
        replay_one(wired, config, *event, &webhook).await?;
        if !output.json && (done + 1).is_multiple_of(PROGRESS_EVERY) {
            // Nobody is there to be told when this fails.
            let _ = writeln!(io::stderr().lock(), "{} of {} events", done + 1, events.len());
        }
    }
    let there_may_be_more = events.len() == REPLAYS_MAX;
    let rest =
        if there_may_be_more { " There may be more: run it again once these are delivered." } else { "" };
    let text = format!("{} events are told again.{rest}", events.len());
    output.print(&text, &json!({ "replayed": events.len(), "more": there_may_be_more }))
}

async fn replay_one(
    wired: &Wired,
    config: &Config,
    event: EventId,
    webhook: &WebhookId,
) -> Result<WebhookDelivery, CommandError> {
    match done(webhooks::replay(&wired.verifier, &caller(config), event, webhook).await?)? {
        Replayed::Due(delivery) => Ok(delivery),
        Replayed::EventUnknown => Err(CommandError::NotFound(format!("There is no event {event}."))),
        Replayed::WebhookUnknown => Err(unknown(webhook)),
    }
}

async fn test(wired: &Wired, config: &Config, text: &str, output: Output) -> Result<(), CommandError> {
    let webhook = name(text)?;
    let attempt = done(webhooks::ping(&wired.verifier, &caller(config), &webhook).await?)?;
    let attempt = attempt.ok_or_else(|| unknown(&webhook))?;
    let record = shown_attempt(&attempt);
    match attempt.outcome {
        AttemptOutcome::Taken { .. } => output.record(&record),
        AttemptOutcome::Refused { .. } | AttemptOutcome::Failed(_) => {
            output.record(&record)?;
            Err(CommandError::Refused(format!("The webhook `{webhook}` did not take the message.")))
        }
    }
}

fn name(text: &str) -> Result<WebhookId, CommandError> {
    WebhookId::parse(text).ok_or_else(|| {
        CommandError::Argument(
            "A webhook's name has 1 to 40 lower-case letters, digits and inner dashes.".to_owned(),
        )
    })
}

fn known(wired: &Wired, config: &Config, webhook: &WebhookId) -> Result<(), CommandError> {
    let found = done(webhooks::list(&wired.verifier, &caller(config))?)?;
    let is_there = found.iter().any(|known| known.subscription.webhook == *webhook);
    if is_there { Ok(()) } else { Err(unknown(webhook)) }
}

fn unknown(webhook: &WebhookId) -> CommandError {
    CommandError::NotFound(format!("There is no webhook `{webhook}`; see `webhook list`."))
}

const fn status_of(status: DeliveryStatusArg) -> DeliveryStatus {
    match status {
        DeliveryStatusArg::Pending => DeliveryStatus::Pending,
        DeliveryStatusArg::Delivered => DeliveryStatus::Delivered,
        DeliveryStatusArg::GivenUp => DeliveryStatus::GivenUp,
    }
}

fn shown(webhook: &Webhook) -> Value {
    let kinds: Vec<_> = webhook.subscription.kinds.iter().copied().map(EventKind::as_str).collect();
    json!({
        "name": webhook.subscription.webhook.as_str(),
        "url": webhook.address,
        "events": if kinds.len() == EventKind::ALL.len() { "all".to_owned() } else { kinds.join(", ") },
        "secrets": webhook.secrets,
    })
}

fn shown_delivery(delivery: &WebhookDelivery) -> Value {
    json!({
        "id": delivery.id.to_string(),
        "webhook": delivery.webhook.as_str(),
        "event": delivery.event.to_string(),
        "kind": delivery.kind.as_str(),
        "status": delivery.status.as_str(),
        "attempts": delivery.attempts,
        "last": delivery.last.map(|attempt| outcome(attempt.outcome)),
        "created_at": rfc3339(delivery.created_at),
        "next_at": delivery.next_at.map(rfc3339),
    })
}

fn shown_attempt(attempt: &Attempt) -> Value {
    json!({
        "at": rfc3339(attempt.at),
        "outcome": outcome(attempt.outcome),
        "took_ms": u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn outcome(outcome: AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Taken { status } => format!("taken: {status}"),
        AttemptOutcome::Refused { status } => format!("refused: {status}"),
        AttemptOutcome::Failed(fault) => format!("failed: {}", fault.as_str()),
    }
}
