//! The guard against invalid numbers: how an application stands with it, and how an operator ends a pause.

use domain::invalid_numbers::{NumberCounts, Pause, PauseReason};
use domain::time::rfc3339;
use domain::use_cases::invalid_numbers::{self, PauseStanding};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::problem::{Problem, Refusing, problems};
use crate::tags::ApiTags;

/// The operations on the guard against invalid numbers.
#[derive(Debug)]
pub(crate) struct InvalidNumbersApi;

/// How an application stands with invalid numbers.
#[derive(Object)]
#[oai(rename = "InvalidNumbers", skip_serializing_if_is_none, example)]
pub(crate) struct InvalidNumbersResource {
    /// Whether it sends to no new numbers at the moment.
    pub paused: bool,
    /// What gateways have said of its numbers since its last pause ended; nothing counts while it is paused.
    pub counts: NumberCountsResource,
    /// Its last pause, on or over; absent when it never had one.
    pub last_pause: Option<PauseResource>,
}

/// A time in which an application sends to no new numbers.
#[derive(Object)]
#[oai(rename = "Pause")]
pub(crate) struct PauseResource {
    /// Why: too many numbers were refused `in-a-row`, or too great a `share` of them was.
    pub reason: String,
    /// Since when (RFC 3339).
    pub since: String,
    /// Until when (RFC 3339): by itself, or because an operator ended it.
    pub until: String,
    /// What led there.
    pub counts: NumberCountsResource,
}

/// What gateways have said of the numbers of an application.
#[derive(Object)]
#[oai(rename = "NumberCounts")]
pub(crate) struct NumberCountsResource {
    /// Refused numbers since the last that was taken.
    pub in_a_row: u32,
    /// Refused numbers of those that were counted.
    pub refused: u32,
    /// How many were counted, refused and taken.
    pub counted: u32,
}

impl From<NumberCounts> for NumberCountsResource {
    fn from(NumberCounts { in_a_row, refused, of }: NumberCounts) -> Self {
        Self { in_a_row, refused, counted: of }
    }
}

impl From<&Pause> for PauseResource {
    fn from(pause: &Pause) -> Self {
        Self {
            reason: pause.reason.as_str().to_owned(),
            since: rfc3339(pause.since),
            until: rfc3339(pause.until),
            counts: pause.counts.into(),
        }
    }
}

impl From<PauseStanding> for InvalidNumbersResource {
    fn from(standing: PauseStanding) -> Self {
        Self {
            paused: standing.paused,
            counts: standing.counts.into(),
            last_pause: standing.last.as_ref().map(Into::into),
        }
    }
}

problems!(InvalidNumbersProblems: ScopeMissing);

#[OpenApi(prefix_path = "/v1/admin/invalid-numbers", tag = "ApiTags::Administration")]
impl InvalidNumbersApi {
    /// Look how many numbers were invalid
    ///
    /// Of the caller's application. After too many that gateways refuse, in a row or of the last ones, it sends to no new
    /// numbers for a while: starts answer 429 `new-numbers-paused`. Phones that were sent to before go on.
    #[oai(path = "/", method = "get", operation_id = "getInvalidNumbers")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<InvalidNumbersResource>, Refusing<InvalidNumbersProblems>> {
        let standing = invalid_numbers::show(&context.verifier, caller.administers()?).await;
        Ok(Json(standing.map_err(Problem::from)?.into()))
    }

    /// Send to new numbers again
    ///
    /// Ends the pause of the caller's application before its time: here at once, on other replicas within three seconds.
    /// What was refused until now counts no more. Where it is not paused, nothing changes.
    #[oai(path = "/pause", method = "delete", operation_id = "resumeNewNumbers")]
    async fn resume(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<InvalidNumbersResource>, Refusing<InvalidNumbersProblems>> {
        let application = caller.administers()?;
        invalid_numbers::resume(&context.verifier, application).await.map_err(Problem::from)?;
        let standing = invalid_numbers::show(&context.verifier, application).await;
        Ok(Json(standing.map_err(Problem::from)?.into()))
    }
}

/// What the API document says beyond the types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.open(PauseReason::ALL.map(PauseReason::as_str), &["Pause.reason"]);
    notes.format("date-time", &["Pause.since", "Pause.until"]);
}

impl Example for InvalidNumbersResource {
    fn example() -> Self {
        let counts = NumberCounts { in_a_row: 5, refused: 7, of: 412 };
        Self {
            paused: true,
            counts: NumberCounts::default().into(),
            last_pause: Some(PauseResource {
                reason: PauseReason::InARow.as_str().to_owned(),
                since: "2026-11-23T05:38:06.286Z".to_owned(),
                until: "2026-11-23T06:38:06.286Z".to_owned(),
                counts: counts.into(),
            }),
        }
    }
}
