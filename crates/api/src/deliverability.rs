//! Deliverability: what part of the SMS came back as right codes, by operator and route. Translates between HTTP and the
//! use case; decides nothing.

use std::time::Duration;

use domain::deliverability::{Estimates, RouteEstimate, Share};
use domain::phone::Operator;
use domain::time::rfc3339;
use domain::use_cases::deliverability;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::problem::{Problem, Refusing, problems};
use crate::tags::ApiTags;

/// The operation on deliverability.
#[derive(Debug)]
pub(crate) struct DeliverabilityApi;

/// A share with its interval of 95 percent (Wilson), each from 0 to 1.
#[derive(Object)]
pub(crate) struct VerifiedShare {
    /// The share.
    value: f64,
    /// The lower end of the interval.
    low: f64,
    /// The upper end of the interval.
    high: f64,
}

impl From<Share> for VerifiedShare {
    fn from(share: Share) -> Self {
        let short = |part: f64| (part * 10_000.0).round() / 10_000.0;
        Self { value: short(share.value), low: short(share.low), high: short(share.high) }
    }
}

/// How long people waited, from the beginning of their verification to the right code, each with an error of at most 5
/// percent.
#[derive(Object)]
pub(crate) struct VerifiedWithin {
    /// Half of those who verified had by then, in milliseconds.
    p50_ms: u64,
    /// Nine in ten of them had, in milliseconds.
    p90_ms: u64,
}

/// What became of the SMS that went by a route to the phones of an operator.
#[derive(Object)]
#[oai(rename = "Deliverability", skip_serializing_if_is_none, example)]
pub(crate) struct DeliverabilityResource {
    /// The operator of the phones; absent for other countries than Nepal.
    operator: Option<String>,
    /// The route.
    route: String,
    /// SMS that were sent in the hour that is looked at, or may have been. Their codes have all died.
    sends: u64,
    /// Those of them that were verified: the last one of a verification whose code came back.
    verified: u64,
    /// The share of these; absent with fewer than 20 sends, which are too few to tell.
    share: Option<VerifiedShare>,
    /// Whether the share is measurably low: the upper end of its interval is below 0.35, or below 0.8 of the lower end of
    /// that of all the others; absent with too few sends.
    lossy: Option<bool>,
    /// How long those who verified waited; absent with too few sends, and where nobody did.
    time_to_verify: Option<VerifiedWithin>,
    /// SMS that were sent since that hour, the last 10 to 15 minutes: their codes may still come back.
    recent_sends: u64,
    /// Those of them that were verified so far.
    recent_verified: u64,
}

impl From<&RouteEstimate> for DeliverabilityResource {
    fn from(row: &RouteEstimate) -> Self {
        let known = &row.estimate;
        let millis = |time: Option<Duration>| u64::try_from(time?.as_millis()).ok();
        let within = || Some(VerifiedWithin { p50_ms: millis(known.p50)?, p90_ms: millis(known.p90)? });
        Self {
            operator: row.operator.map(|operator| operator.name().to_owned()),
            route: row.route.to_string(),
            sends: known.sends,
            verified: known.verified,
            share: known.share.map(Into::into),
            lossy: known.share.map(|_| row.lossy),
            time_to_verify: within(),
            recent_sends: known.recent_sends,
            recent_verified: known.recent_verified,
        }
    }
}

/// What became of the SMS of the caller's application.
#[derive(Object)]
#[oai(example)]
pub(crate) struct DeliverabilityList {
    /// When the first SMS was sent that is looked at.
    from: String,
    /// Before when the last one was whose code has died: the hour that tells the shares ends there.
    to: String,
    /// One for each operator and route by which an SMS went, in their order.
    items: Vec<DeliverabilityResource>,
}

impl From<&Estimates> for DeliverabilityList {
    fn from(estimates: &Estimates) -> Self {
        let window = estimates.window();
        let (from, to) = (rfc3339(window.since.begin()), rfc3339(window.recent.begin()));
        Self { from, to, items: estimates.rows().iter().map(Into::into).collect() }
    }
}

problems!(DeliverabilityProblems: ScopeMissing);

#[OpenApi(prefix_path = "/v1/admin/deliverability", tag = "ApiTags::Administration")]
impl DeliverabilityApi {
    /// See what becomes of the SMS
    ///
    /// By operator and route, of the caller's application: the share of the SMS that were verified, with its interval, and how
    /// long that took. No gateway tells whether an SMS arrived; whoever types its code does. The share is therefore below that
    /// of the SMS that arrived: people give up, and ask again for what was only late. Compare routes with each other, and a
    /// route with itself. What happened within the last seconds may be missing.
    #[oai(path = "/", method = "get", operation_id = "listDeliverability")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<DeliverabilityList>, Refusing<DeliverabilityProblems>> {
        let application = caller.administers()?;
        let read = deliverability::read(&context.verifier, Some(application)).await;
        Ok(Json((&read.map_err(Problem::from)?).into()))
    }
}

/// What the API document says beyond the types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.open(Operator::ALL.map(Operator::name), &["Deliverability.operator"]);
    notes.format("date-time", &["DeliverabilityList.from", "DeliverabilityList.to"]);
}

impl Example for DeliverabilityResource {
    fn example() -> Self {
        Self {
            operator: Some("NTC".to_owned()),
            route: "nepal".to_owned(),
            sends: 412,
            verified: 351,
            share: Some(VerifiedShare { value: 0.8519, low: 0.8143, high: 0.883 }),
            lossy: Some(false),
            time_to_verify: Some(VerifiedWithin { p50_ms: 14_321, p90_ms: 41_186 }),
            recent_sends: 87,
            recent_verified: 66,
        }
    }
}

impl Example for DeliverabilityList {
    fn example() -> Self {
        Self {
            from: "2026-11-23T08:45:00.000Z".to_owned(),
            to: "2026-11-23T09:45:00.000Z".to_owned(),
            items: vec![DeliverabilityResource::example()],
        }
    }
}
