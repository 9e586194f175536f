//! Deliveries and gateways, for those who administer. Translates between HTTP and the use cases; decides nothing.

use domain::delivery::DeliveryRecord;
use domain::id::{DeliveryId, VerificationId};
use domain::ports::{DeliveryFilter, GatewayCondition, SendAnswer};
use domain::time::rfc3339;
use domain::use_cases::deliveries::{self, GatewayStatus};
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::paging::Paging;
use crate::problem::{Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

/// The operations on deliveries and gateways.
#[derive(Debug)]
pub(crate) struct DeliveriesApi;

problems!(ListDeliveriesProblems: ParameterInvalid, ScopeMissing);
problems!(ListGatewaysProblems: ScopeMissing);

#[OpenApi(prefix_path = "/v1/admin", tag = "ApiTags::Administration")]
impl DeliveriesApi {
    /// List deliveries
    ///
    /// Every attempt to hand an SMS to a gateway, the youngest first: what the gateway said, how long that took, and
    /// what it cost. They are kept as long as their verifications.
    #[oai(path = "/deliveries", method = "get", operation_id = "listDeliveries")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// Only those of this verification.
        verification: Query<Option<String>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<DeliveryPage>, Refusing<ListDeliveriesProblems>> {
        let verification = verification.0.map(|text| {
            let detail = "`verification` must be the id of a verification.";
            VerificationId::parse(&text).ok_or_else(|| Problem::new(Slug::ParameterInvalid, detail))
        });
        let filter = DeliveryFilter { verification: verification.transpose()? };
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), DeliveryId::parse)?;
        let found = deliveries::list(&context.verifier, &caller.0, &filter, paging.wanted()).await;
        let mut found = done(found)?;
        let next = paging.cut(&mut found, |last| last.id.to_string());
        Ok(Json(DeliveryPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// List gateways
    ///
    /// What carries the SMS, and what it said of late: of at most the 1000 youngest deliveries within a day.
    #[oai(path = "/gateways", method = "get", operation_id = "listGateways")]
    async fn gateways(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<GatewayList>, Refusing<ListGatewaysProblems>> {
        let gateways = done(deliveries::gateways(&context.verifier, &caller.0).await)?;
        Ok(Json(GatewayList { items: gateways.iter().map(Into::into).collect() }))
    }
}

/// An attempt to hand an SMS to a gateway.
#[derive(Debug, Object)]
#[oai(rename = "Delivery", skip_serializing_if_is_none, example)]
struct DeliveryResource {
    /// Its id.
    id: String,
    /// The id of the verification whose code it carried.
    verification: String,
    /// Which send of the verification it was: 1 is the first.
    number: u32,
    /// The phone, masked.
    phone: String,
    /// Which attempt of that send it was, beginning with 1: where a gateway certainly has not sent, the next route is tried.
    attempt: u16,
    /// The name of the route; absent where the attempt is older than routes.
    route: Option<String>,
    /// The name of the gateway.
    gateway: String,
    /// What is known of the SMS: `sent`, `unknown` (it may have been), `failed` (it certainly was not).
    state: String,
    /// What the gateway said: `accepted`; `receiver-refused` (because of the phone); `refused` (for the operator to
    /// mend); `not-sent` (not reached); `unknown` (it may have been sent).
    answer: String,
    /// The gateway's own number of the SMS.
    message_id: Option<String>,
    /// What the SMS cost, in the gateway's credits, where it tells.
    credits: Option<f64>,
    /// How many segments the SMS had, each of which is paid.
    segments: u16,
    /// The version of the text's template; absent where it is not known.
    template: Option<u16>,
    /// When the gateway had answered, or was no longer waited for.
    at: String,
    /// How long that took, in milliseconds.
    took_ms: u64,
}

impl From<&DeliveryRecord> for DeliveryResource {
    fn from(record: &DeliveryRecord) -> Self {
        Self {
            id: record.id.to_string(),
            verification: record.verification.to_string(),
            number: record.number,
            phone: record.phone.masked(),
            attempt: record.attempt,
            route: record.route.as_ref().map(ToString::to_string),
            gateway: record.gateway.to_string(),
            state: record.report.answer.state().as_str().to_owned(),
            answer: record.report.answer.as_str().to_owned(),
            message_id: record.report.message_id.as_ref().map(|id| id.as_str().to_owned()),
            credits: record.report.credits.map(domain::delivery::Credits::as_f64),
            segments: record.segments,
            template: record.template,
            at: rfc3339(record.at),
            took_ms: u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
struct DeliveryPage {
    /// The deliveries, youngest first.
    items: Vec<DeliveryResource>,
    /// The cursor of the next page; absent on the last.
    next: Option<String>,
}

/// Something that carries SMS.
#[derive(Debug, Object)]
#[oai(rename = "Gateway", skip_serializing_if_is_none, example)]
struct GatewayResource {
    /// Its name.
    name: String,
    /// What kind it is: `sparrow`, `http`, `console`, `simulator` (the last two send nothing).
    kind: String,
    /// The routes that lead to it, in the order in which they are tried.
    routes: Vec<String>,
    /// Its circuit breaker, in the replica that answers: `closed`, `open` (it is not called) or `half-open` (one call at a
    /// time is tried).
    breaker: String,
    /// Whole seconds until an open breaker lets a call through, rounded up.
    breaker_retry_after_seconds: Option<u64>,
    /// The calls to it that are under way in the replica that answers.
    calls: u32,
    /// The sends that wait for one of these to end.
    waiting: u32,
    /// The host that it is called at.
    host: String,
    /// The sender that receivers see.
    sender: String,
    /// How many credits were left there when it was last asked; absent where it has not told.
    credits: Option<f64>,
    /// When that was.
    credits_at: Option<String>,
    /// Whether that is less than the operator wants to have there.
    credits_low: Option<bool>,
    /// For how many days that lasts, if the SMS of all applications use as much a day as in the last seven; absent where that
    /// cannot be told.
    credits_days_left: Option<f64>,
    /// What it said of late.
    answers: Vec<GatewayAnswers>,
}

/// How often a gateway has said something.
#[derive(Debug, Object)]
#[oai(example)]
struct GatewayAnswers {
    /// What it said, as in a delivery.
    answer: String,
    /// How often.
    count: u64,
    /// When last.
    last_at: String,
}

impl From<&GatewayStatus> for GatewayResource {
    fn from(status: &GatewayStatus) -> Self {
        let GatewayCondition { breaker, calls, waiting } = status.condition;
        Self {
            name: status.facts.name.to_string(),
            kind: status.facts.kind.to_owned(),
            routes: status.routes.iter().map(ToString::to_string).collect(),
            breaker: breaker.as_str().to_owned(),
            breaker_retry_after_seconds: breaker
                .retry_after()
                .map(|wait| wait.as_millis().div_ceil(1000))
                .and_then(|seconds| u64::try_from(seconds).ok()),
            calls,
            waiting,
            host: status.facts.host.to_string(),
            sender: status.facts.sender.to_string(),
            credits: status.credit.as_ref().map(|reading| reading.balance.as_f64()),
            credits_at: status.credit.as_ref().map(|reading| rfc3339(reading.at)),
            credits_low: status.credit.as_ref().map(|reading| reading.low),
            credits_days_left: status.days_left.map(domain::credit::DaysLeft::as_f64),
            answers: status
                .tallies
                .iter()
                .map(|tally| GatewayAnswers {
                    answer: tally.answer.as_str().to_owned(),
                    count: tally.count,
                    last_at: rfc3339(tally.last_at),
                })
                .collect(),
        }
    }
}

/// The gateways.
#[derive(Debug, Object)]
struct GatewayList {
    /// The gateways, as they are configured.
    items: Vec<GatewayResource>,
}

/// What the document says of these operations beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.format("uuid", &["Delivery.verification", "listDeliveries?verification"]);
    let answers = SendAnswer::ALL.map(SendAnswer::as_str);
    notes.open(answers, &["Delivery.answer", "GatewayAnswers.answer"]);
    notes.open(["sent", "unknown", "failed"], &["Delivery.state"]);
    notes.open(["sparrow", "http", "console", "simulator"], &["Gateway.kind"]);
    notes.open(["closed", "open", "half-open"], &["Gateway.breaker"]);
}

impl Example for DeliveryResource {
    fn example() -> Self {
        Self {
            id: "01a206e7-2c28-7d03-9c7e-5b1f20c4a9e6".to_owned(),
            verification: "01a206e7-2c1d-7841-bf40-53a200be10d7".to_owned(),
            number: 1,
            phone: "+97798•••••67".to_owned(),
            attempt: 1,
            route: Some("nepal".to_owned()),
            gateway: "sparrow".to_owned(),
            state: "sent".to_owned(),
            answer: "accepted".to_owned(),
            message_id: Some("201107".to_owned()),
            credits: Some(1.0),
            segments: 1,
            template: Some(2),
            at: "2026-11-23T05:35:43.144Z".to_owned(),
            took_ms: 11,
        }
    }
}

impl Example for GatewayAnswers {
    fn example() -> Self {
        Self { answer: "accepted".to_owned(), count: 128, last_at: "2026-11-23T05:35:43.144Z".to_owned() }
    }
}

impl Example for GatewayResource {
    fn example() -> Self {
        Self {
            name: "sparrow".to_owned(),
            kind: "sparrow".to_owned(),
            routes: vec!["nepal".to_owned()],
            breaker: "closed".to_owned(),
            breaker_retry_after_seconds: None,
            calls: 3,
            waiting: 0,
            host: "api.sparrowsms.com".to_owned(),
            sender: "Demo".to_owned(),
            credits: Some(7340.0),
            credits_at: Some("2026-11-23T05:33:12.508Z".to_owned()),
            credits_low: Some(false),
            credits_days_left: Some(18.3),
            answers: vec![GatewayAnswers::example()],
        }
    }
}
