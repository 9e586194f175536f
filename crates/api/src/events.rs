//! Events, for those who administer. Translates between HTTP and the use cases; decides nothing.

use domain::block::Decision;
use domain::event::{Event, EventKind, EventPlace};
use domain::id::{EventId, VerificationId};
use domain::invalid_numbers::PauseReason;
use domain::time::rfc3339;
use domain::use_cases::events::{self, EventsAsked};
use domain::verification::Purpose;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

/// The operations on events.
#[derive(Debug)]
pub(crate) struct EventsApi;

problems!(ListEventsProblems: ParameterInvalid, ScopeMissing);
problems!(GetEventProblems: ScopeMissing, EventNotFound);

#[OpenApi(prefix_path = "/v1/admin/events", tag = "ApiTags::Administration")]
impl EventsApi {
    /// List events
    ///
    /// What happened in the application, the youngest first: what became of verifications, and which accounts lost a
    /// phone to another. Webhooks are told the same. The events about an account are its history.
    #[oai(path = "/", method = "get", operation_id = "listEvents")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the address")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// Only those of this type, such as `verification.approved`.
        kind: Query<Option<String>>,
        /// Only those about this verification.
        verification: Query<Option<String>>,
        /// Only those about this account, by its username or its id.
        account: Query<Option<String>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<EventPage>, Refusing<ListEventsProblems>> {
        let kind = kind.0.map(|text| EventKind::parse(&text).ok_or_else(kind_unknown)).transpose()?;
        let verification = verification.0.map(|text| {
            let detail = "`verification` must be the id of a verification.";
            VerificationId::parse(&text).ok_or_else(|| Problem::new(Slug::ParameterInvalid, detail))
        });
        let asked = EventsAsked {
            verification: verification.transpose()?,
            account: account.0.map(String::into_boxed_str),
            kind,
        };
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), place)?;
        let mut found = done(events::list(&context.verifier, &caller.0, asked, paging.wanted()).await)?;
        let next = paging.cut(&mut found, |last| last.place.0.to_string());
        Ok(Json(EventPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// Look at an event
    ///
    /// One event, by the id that webhooks are told as well.
    #[oai(path = "/:id", method = "get", operation_id = "getEvent")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The event's id.
        id: Path<IdText<EventId>>,
    ) -> Result<Json<EventResource>, Refusing<GetEventProblems>> {
        let id = id.0.known(Slug::EventNotFound)?;
        let found = done(events::find(&context.verifier, &caller.0, id).await)?;
        Ok(Json((&found.ok_or_else(|| Problem::of(Slug::EventNotFound))?).into()))
    }
}

fn place(text: &str) -> Option<EventPlace> {
    text.parse().ok().map(EventPlace)
}

fn kind_unknown() -> Problem {
    let all = EventKind::ALL.map(|kind| format!("`{}`", kind.as_str())).join(", ");
    Problem::new(Slug::ParameterInvalid, format!("`kind` must be one of {all}."))
}

/// Something that happened.
#[derive(Debug, Object)]
#[oai(rename = "Event", skip_serializing_if_is_none, example)]
pub(crate) struct EventResource {
    /// Its id. An event that is told again has the same.
    id: String,
    /// What happened. Of the phone: `phone.transferred` when it went over to an account that has proved it later,
    /// `phone.unlinked` when it was taken away, `phone.changed` when it was given without a code.
    #[oai(rename = "type")]
    kind: String,
    /// When it happened.
    at: String,
    /// The id of the verification that it is about.
    verification: Option<String>,
    /// What the proof was for.
    purpose: Option<String>,
    /// The username of the account that it is about: of `phone.transferred`, the one that lost the phone.
    account: Option<String>,
    /// The phone that it is about, masked.
    phone: Option<String>,
    /// What was decided, of `fraud.decided`: a block or an allowance came (`denied`, `allowed`), or was `removed` before
    /// its end. Of `numbers.paused` and `numbers.resumed`, why the pause began: too many numbers were refused `in-a-row`, or
    /// too great a `share` of them was.
    reason: Option<String>,
    /// The id of the block that it is about.
    block: Option<String>,
    /// The first digits of the phones that it is about.
    prefix: Option<String>,
    /// The gateway that it is about: of `credit.low`.
    gateway: Option<String>,
    /// How many credits were left at the gateway.
    credits: Option<f64>,
}

impl From<&Event> for EventResource {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind.as_str().to_owned(),
            at: rfc3339(event.at),
            verification: event.verification.map(|id| id.to_string()),
            purpose: event.purpose.map(Purpose::as_str).map(str::to_owned),
            account: event.account.as_ref().map(|account| account.username.to_string()),
            phone: event.phone.map(domain::phone::Phone::masked),
            reason: event.reason.as_deref().map(str::to_owned),
            block: event.block.map(|id| id.to_string()),
            prefix: event.prefix.map(|digits| digits.to_string()),
            gateway: event.credit.as_ref().map(|credit| credit.gateway.to_string()),
            credits: event.credit.as_ref().map(|credit| credit.balance.as_f64()),
        }
    }
}

/// A page of events.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct EventPage {
    /// The events, youngest first.
    pub items: Vec<EventResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

impl Example for EventResource {
    fn example() -> Self {
        Self {
            id: "01a206e7-2c54-7c19-8a4e-6f0b1d2c3e4f".to_owned(),
            kind: EventKind::VerificationApproved.as_str().to_owned(),
            at: "2026-11-23T05:35:43.188Z".to_owned(),
            verification: Some("01a206e7-2c1d-7841-bf40-53a200be10d7".to_owned()),
            purpose: Some("contact".to_owned()),
            account: Some("ram".to_owned()),
            phone: Some("+97798•••••67".to_owned()),
            reason: None,
            block: None,
            prefix: None,
            gateway: None,
            credits: None,
        }
    }
}

/// What the document says of these operations beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.format("uuid", &["Event.verification", "Event.block", "listEvents?verification"]);
    notes.open(EventKind::ALL.map(EventKind::as_str), &["Event.type", "listEvents?kind"]);
    let decisions = Decision::ALL.map(Decision::as_str).into_iter();
    notes.open(decisions.chain(PauseReason::ALL.map(PauseReason::as_str)), &["Event.reason"]);
    notes.open(Purpose::ALL.map(Purpose::as_str), &["Event.purpose"]);
}
