//! `delivery` and `gateway`.

use domain::credit::DaysLeft;
use domain::delivery::{Credits, DeliveryRecord, MessageId};
use domain::id::{DeliveryId, VerificationId};
use domain::ports::{DeliveryFilter, Page};
use domain::route::RouteName;
use domain::time::rfc3339;
use domain::use_cases::deliveries::{self, GatewayStatus};
use serde_json::{Value, json};

use super::{caller, done, id, more, wired};
use crate::args::{DeliveryCommand, GatewayCommand};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::{self, Schema};

pub(crate) async fn delivery(
    config: &Config,
    command: DeliveryCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let caller = caller(config);
    let DeliveryCommand::List { verification, page } = command;
    let verification = verification.map(|text| id(&text, VerificationId::parse)).transpose()?;
    let before = page.before.as_deref().map(|text| id(text, DeliveryId::parse)).transpose()?;
    let asked = Page { before, limit: page.limit };
    let found =
        done(deliveries::list(&wired.verifier, &caller, &DeliveryFilter { verification }, asked).await?)?;
    let rows: Vec<_> = found.iter().map(shown).collect();
    let more = more(&found, page.limit, |delivery| delivery.id.to_string());
    let columns = [
        "at",
        "route",
        "gateway",
        "attempt",
        "answer",
        "phone",
        "segments",
        "credits",
        "message_id",
        "took_ms",
        "verification",
    ];
    output.rows(&columns, &rows, more.as_deref())
}

pub(crate) async fn gateway(
    config: &Config,
    command: GatewayCommand,
    output: Output,
) -> Result<(), CommandError> {
    let GatewayCommand::List = command;
    let gateways = wiring::gateways(config)?;
    let wired = wiring::wire(config, Some(gateways), Schema::Require).await?;
    let caller = caller(config);
    let gateways = done(deliveries::gateways(&wired.verifier, &caller).await?)?;
    let rows: Vec<_> = gateways.iter().map(status).collect();
    output.rows(
        &[
            "name",
            "kind",
            "routes",
            "host",
            "sender",
            "credits",
            "credits_days_left",
            "credits_at",
            "answers",
        ],
        &rows,
        None,
    )
}

fn shown(record: &DeliveryRecord) -> Value {
    json!({
        "id": record.id.to_string(),
        "verification": record.verification.to_string(),
        "number": record.number,
        "phone": record.phone.masked(),
        "attempt": record.attempt,
        "route": record.route.as_ref().map(RouteName::as_str),
        "gateway": &*record.gateway,
        "state": record.report.answer.state().as_str(),
        "answer": record.report.answer.as_str(),
        "message_id": record.report.message_id.as_ref().map(MessageId::as_str),
        "credits": record.report.credits.map(Credits::as_f64),
        "segments": record.segments,
        "template": record.template,
        "at": rfc3339(record.at),
        "took_ms": u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn status(gateway: &GatewayStatus) -> Value {
    let answers: serde_json::Map<_, _> =
        gateway.tallies.iter().map(|tally| (tally.answer.as_str().to_owned(), json!(tally.count))).collect();
    json!({
        "name": &*gateway.facts.name,
        "kind": gateway.facts.kind,
        "routes": gateway.routes.iter().map(RouteName::as_str).collect::<Vec<_>>(),
        "host": &*gateway.facts.host,
        "sender": &*gateway.facts.sender,
        "credits": gateway.credit.as_ref().map(|reading| reading.balance.as_f64()),
        "credits_at": gateway.credit.as_ref().map(|reading| rfc3339(reading.at)),
        "credits_low": gateway.credit.as_ref().map(|reading| reading.low),
        "credits_days_left": gateway.days_left.map(DaysLeft::as_f64),
        "answers": answers,
    })
}
