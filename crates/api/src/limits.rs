//! Limits: which there are, how full the counters of somebody are, and emptying them.

use domain::application::ApplicationId;
use domain::limit::{Counter, Limit, LimitName, Usage};
use domain::time::rfc3339;
use domain::use_cases::accounts;
use domain::use_cases::limits::{self, GuessUsage, LimitSubject};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Field, Strict, Values, optional};
use crate::context::Context;
use crate::docs::Notes;
use crate::fields::username;
use crate::problem::{FieldProblem, Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;

/// The operations on limits.
#[derive(Debug)]
pub(crate) struct LimitsApi;

/// Whose counters are meant: exactly one of `phone` and `account`.
#[derive(Object)]
#[oai(rename = "LimitSubject", deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct LimitSubjectBody {
    /// A phone, in any usual spelling. Its counters are shared by all applications.
    #[oai(validator(max_length = 64))]
    pub phone: Option<String>,
    /// The username of an account.
    #[oai(validator(max_length = 150))]
    pub account: Option<String>,
}

impl Body for LimitSubjectBody {
    const FIELDS: &'static [Field] = &[optional("phone"), optional("account")];

    fn build(values: &mut Values) -> Self {
        Self { phone: values.optional("phone"), account: values.optional("account") }
    }
}

impl LimitSubjectBody {
    async fn parse(&self, context: &Context, application: &ApplicationId) -> Result<LimitSubject, Problem> {
        match (&self.phone, &self.account) {
            (Some(phone), None) => Ok(LimitSubject::Phone(context.phone(phone)?)),
            (None, Some(name)) => {
                let name = username("account", name)?;
                let found = accounts::find(&context.verifier, application, &name).await?;
                let account = found.ok_or_else(|| Problem::of(Slug::AccountNotFound))?;
                Ok(LimitSubject::Account(account.id))
            }
            (Some(_), Some(_)) | (None, None) => {
                let error = |name: &str| FieldProblem {
                    pointer: format!("#/{name}"),
                    detail: "exactly one of `phone` and `account` must be there".to_owned(),
                };
                Err(Problem::of(Slug::BodyInvalid).in_fields(["phone", "account"].map(error).to_vec()))
            }
        }
    }
}

/// A limit on sends.
#[derive(Object)]
#[oai(rename = "Limit", example)]
pub(crate) struct LimitResource {
    /// Its name: `sends-per-phone`, `sends-per-account` or `phones-per-account`.
    pub name: String,
    /// What it counts.
    pub counts: String,
    /// The most that any window holds.
    pub max: u32,
    /// The length of its sliding window.
    pub window_seconds: u64,
}

impl LimitResource {
    fn of(name: LimitName, limit: Limit) -> Self {
        Self {
            name: name.as_str().to_owned(),
            counts: name.counts().to_owned(),
            max: limit.max,
            window_seconds: limit.window.as_secs(),
        }
    }
}

/// The limits of an application.
#[derive(Object)]
#[oai(example)]
pub(crate) struct LimitList {
    /// The limits on sends, in the order in which they are looked at.
    pub items: Vec<LimitResource>,
}

/// A counter of a limit.
#[derive(Object)]
#[oai(rename = "LimitCounter", skip_serializing_if_is_none, example)]
pub(crate) struct CounterResource {
    /// The limit's name.
    pub name: String,
    /// The most that any window holds.
    pub max: u32,
    /// The length of its sliding window.
    pub window_seconds: u64,
    /// How much it holds, or held before it was emptied.
    pub used: u32,
    /// When there is room again (RFC 3339); absent where there is room now.
    pub room_at: Option<String>,
}

impl CounterResource {
    fn of((counter, usage): &(Counter, Usage)) -> Self {
        Self {
            name: counter.name.as_str().to_owned(),
            max: counter.limit.max,
            window_seconds: counter.limit.window.as_secs(),
            used: usage.used,
            room_at: usage.room_at.map(rfc3339),
        }
    }
}

/// How much of its budget of wrong checks a phone has used up. It is over all applications, and nothing but time gives it
/// back.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct GuessBudget {
    /// Wrong checks today (UTC).
    pub wrong_today: u32,
    /// Wrong checks on codes of the normal length within 366 days, today included.
    pub wrong_in_window: u32,
    /// The digits of its next code.
    pub code_length: u32,
    /// Until when no code is sent to it (RFC 3339), because its day is spent; absent where one would be.
    pub blocked_until: Option<String>,
}

impl From<GuessUsage> for GuessBudget {
    fn from(usage: GuessUsage) -> Self {
        Self {
            wrong_today: usage.totals.short_today.saturating_add(usage.totals.long_today),
            wrong_in_window: usage.totals.short_in_window,
            code_length: usage.code_length.digits().into(),
            blocked_until: usage.blocked_until.map(rfc3339),
        }
    }
}

/// How full the counters of a phone or an account are.
#[derive(Object)]
#[oai(rename = "LimitUsage", skip_serializing_if_is_none, example)]
pub(crate) struct UsageResource {
    /// The counters.
    pub items: Vec<CounterResource>,
    /// The budget of wrong checks of a phone; absent for an account.
    pub guesses: Option<GuessBudget>,
}

/// What was emptied.
#[derive(Object)]
#[oai(example)]
pub(crate) struct LimitReset {
    /// The counters, as they were before.
    pub cleared: Vec<CounterResource>,
}

problems!(ListLimitsProblems: ScopeMissing);
problems!(LimitSubjectProblems: ScopeMissing, BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported,
    BodyInvalid, PhoneInvalid, AccountNotFound);

#[OpenApi(prefix_path = "/v1/admin/limits", tag = "ApiTags::Administration")]
impl LimitsApi {
    /// List the limits
    ///
    /// Those that are configured for the caller's application.
    #[oai(path = "/", method = "get", operation_id = "listLimits")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<LimitList>, Refusing<ListLimitsProblems>> {
        let limits = limits::list(&context.verifier, caller.administers()?).map_err(Problem::from)?;
        let items = limits.into_iter().map(|(name, limit)| LimitResource::of(name, limit)).collect();
        Ok(Json(LimitList { items }))
    }

    /// Look how full the limits of somebody are
    ///
    /// Of a phone also how many wrong checks it has cost. A POST, so that no phone is in an address; it changes nothing.
    #[oai(path = "/usage", method = "post", operation_id = "getLimitUsage")]
    async fn usage(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<LimitSubjectBody>,
    ) -> Result<Json<UsageResource>, Refusing<LimitSubjectProblems>> {
        let application = caller.administers()?;
        let subject = body.0.parse(&context, application).await?;
        let usage = limits::usage(&context.verifier, application, subject).await.map_err(Problem::from)?;
        let items = usage.counters.iter().map(CounterResource::of).collect();
        Ok(Json(UsageResource { items, guesses: usage.guesses.map(Into::into) }))
    }

    /// Empty the limits of somebody
    ///
    /// For support: the counters of sends of the phone or the account begin anew. Waits between sends and the budget of
    /// wrong checks stay as they are.
    #[oai(path = "/resets", method = "post", operation_id = "resetLimits")]
    async fn reset(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<LimitSubjectBody>,
    ) -> Result<Json<LimitReset>, Refusing<LimitSubjectProblems>> {
        let application = caller.administers()?;
        let subject = body.0.parse(&context, application).await?;
        let before = limits::reset(&context.verifier, application, subject).await.map_err(Problem::from)?;
        Ok(Json(LimitReset { cleared: before.iter().map(CounterResource::of).collect() }))
    }
}

/// What the API document says beyond the types.
pub(crate) fn notes(notes: &mut Notes) {
    let names = [LimitName::SendsPerPhone, LimitName::SendsPerAccount, LimitName::PhonesPerAccount];
    notes.open(names.map(LimitName::as_str), &["Limit.name", "LimitCounter.name"]);
}

impl Example for LimitSubjectBody {
    fn example() -> Self {
        Self { phone: Some("9841234567".to_owned()), account: None }
    }
}

impl Example for LimitResource {
    fn example() -> Self {
        Self {
            name: "sends-per-phone".to_owned(),
            counts: LimitName::SendsPerPhone.counts().to_owned(),
            max: 5,
            window_seconds: 3600,
        }
    }
}

impl Example for LimitList {
    fn example() -> Self {
        Self { items: vec![LimitResource::example()] }
    }
}

impl Example for CounterResource {
    fn example() -> Self {
        Self {
            name: "sends-per-phone".to_owned(),
            max: 5,
            window_seconds: 3600,
            used: 5,
            room_at: Some("2026-11-23T06:35:43.144Z".to_owned()),
        }
    }
}

impl Example for UsageResource {
    fn example() -> Self {
        let guesses = GuessBudget { wrong_today: 2, wrong_in_window: 7, code_length: 6, blocked_until: None };
        Self { items: vec![CounterResource::example()], guesses: Some(guesses) }
    }
}

impl Example for LimitReset {
    fn example() -> Self {
        Self { cleared: vec![CounterResource::example()] }
    }
}
