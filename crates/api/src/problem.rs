//! Problems: how refusals and failures read over HTTP (RFC 9457). Owns the stable slugs, their statuses and sentences;
//! decides nothing, and never shows what an upstream or a database said.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::time::Duration;

use domain::phone::PhoneFault;
use domain::ports::chain;
use domain::refusal::{Refusal, Refused};
use domain::time::rfc3339;
use domain::use_cases::Failure;
use domain::verification::Verification;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{
    MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};

use crate::docs::Notes;

mod example;
pub(crate) mod pages;
mod slug;

pub(crate) use slug::Slug;

/// A problem: what is answered instead of what was asked for.
#[derive(Clone, Debug)]
pub struct Problem {
    slug: Slug,
    retry_after: Option<u64>,
    document: Box<ProblemDocument>,
}

/// A problem document (RFC 9457), with our extensions.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none, example)]
pub struct ProblemDocument {
    /// The kind of problem: a reference to its page on this service, which says what happened and what to do.
    #[oai(rename = "type")]
    pub kind: String,
    /// What kind of problem it is; the same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time and what to do.
    pub detail: String,
    /// The kind of problem as a slug: the key to branch on. There may be more in time.
    pub code: String,
    /// Why a phone was not accepted, as a slug. There may be more in time.
    pub reason: Option<String>,
    /// What is wrong with which field of the body; the first twenty.
    pub errors: Option<Vec<FieldProblem>>,
    /// When the code dies.
    pub expires_at: Option<String>,
    /// From when on the code may be sent again.
    pub resend_at: Option<String>,
    /// How often it may still be sent.
    pub sends_left: Option<u32>,
    /// How often a code may still be checked.
    pub checks_left: Option<u32>,
}

/// A field of the body that is wrong.
#[derive(Clone, Debug, Object)]
#[oai(example)]
pub struct FieldProblem {
    /// Where it is: a JSON pointer such as `#/phone`.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(slug: Slug, detail: impl Into<Cow<'static, str>>) -> Self {
        let document = ProblemDocument {
            kind: slug.page(),
            title: slug.title().to_owned(),
            status: slug.status().as_u16(),
            detail: detail.into().into_owned(),
            code: slug.as_str().to_owned(),
            reason: None,
            errors: None,
            expires_at: None,
            resend_at: None,
            sends_left: None,
            checks_left: None,
        };
        Self { slug, retry_after: None, document: Box::new(document) }
    }

    /// The same, with the sentence that fits most cases of this kind.
    pub fn of(slug: Slug) -> Self {
        Self::new(slug, slug.advice())
    }

    /// The same, saying why.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        self.document.reason = Some(reason.to_owned());
        self
    }

    /// The same, with the fields that are wrong.
    #[must_use]
    pub fn in_fields(mut self, errors: Vec<FieldProblem>) -> Self {
        self.document.errors = Some(errors);
        self
    }

    /// The same, saying when to come back: whole seconds, rounded up, at least one (RFC 9110 10.2.3).
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(whole_seconds(wait));
        self
    }

    /// The same, about this verification of the caller's own.
    #[must_use]
    fn about(mut self, verification: &Verification) -> Self {
        self.document.expires_at = Some(rfc3339(verification.generation.expires_at));
        self.document.resend_at = Some(rfc3339(verification.resend_at));
        self.document.sends_left = Some(verification.sends_left());
        self.document.checks_left = Some(verification.checks_left());
        self
    }

    /// The kind.
    pub const fn slug(&self) -> Slug {
        self.slug
    }

    /// What it says.
    pub const fn document(&self) -> &ProblemDocument {
        &self.document
    }

    /// As an error of the framework, for extractors.
    pub fn into_error(self) -> poem::Error {
        let mut error = poem::Error::from_response(self.clone().into_response());
        // The framework gives the answer the error's data in the place of its own.
        error.set_data(self);
        error
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

/// A wait that tells nothing of when somebody else did something: a minute, five, or whole hours.
fn coarse(wait: Duration) -> Duration {
    let seconds = match whole_seconds(wait) {
        0..=60 => 60,
        61..=300 => 300,
        seconds => seconds.div_ceil(3600).saturating_mul(3600),
    };
    Duration::from_secs(seconds)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = poem::web::Json(self.document.to_json()).into_response();
        response.set_status(self.slug().status());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.slug() == Slug::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The classic API rewrites problems in its own form.
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let (slug, retry_after) = match refused.refusal {
            Refusal::AccountForbidden => (Slug::AccountForbidden, None),
            Refusal::ScopeMissing => (Slug::ScopeMissing, None),
            Refusal::AlreadyVerified => (Slug::AlreadyVerified, None),
            Refusal::PhoneNotVerified => (Slug::PhoneNotVerified, None),
            Refusal::AppHashUnknown => (Slug::AppHashUnknown, None),
            Refusal::OriginUnknown => (Slug::OriginUnknown, None),
            Refusal::ResendTooSoon { retry_after } => (Slug::ResendTooSoon, Some(retry_after)),
            Refusal::SendsUsedUp { retry_after } => (Slug::SendsUsedUp, Some(retry_after)),
            Refusal::RateLimited { retry_after } => (Slug::RateLimited, Some(coarse(retry_after))),
            Refusal::NewNumbersPaused { retry_after } => (Slug::NewNumbersPaused, Some(coarse(retry_after))),
            Refusal::Blocked => (Slug::Blocked, None),
            Refusal::DestinationUnsupported => (Slug::DestinationUnsupported, None),
            Refusal::GatewayRefused => (Slug::GatewayRefused, None),
            Refusal::GatewayUnavailable { retry_after } => (Slug::GatewayUnavailable, Some(retry_after)),
            Refusal::VerificationNotFound => (Slug::VerificationNotFound, None),
            Refusal::CodeIncorrect => (Slug::CodeIncorrect, None),
            Refusal::TooManyChecks { retry_after } => (Slug::TooManyChecks, Some(retry_after)),
            Refusal::VerificationExpired => (Slug::VerificationExpired, None),
            Refusal::VerificationCanceled => (Slug::VerificationCanceled, None),
            Refusal::VerificationApproved => (Slug::VerificationApproved, None),
            Refusal::PhoneTaken => (Slug::PhoneTaken, None),
            Refusal::AccountNotFound => (Slug::AccountNotFound, None),
            Refusal::KeyNotFound => (Slug::KeyNotFound, None),
            Refusal::TokenNotFound => (Slug::TokenNotFound, None),
            Refusal::ApplicationNotFound => (Slug::ApplicationNotFound, None),
        };
        let code_is_good = slug == Slug::ResendTooSoon && refused.verification.is_some();
        let mut problem = if code_is_good {
            Self::new(
                slug,
                "The code that was sent stays good. To send it again, wait until `Retry-After` has passed.",
            )
        } else {
            Self::of(slug)
        };
        problem.retry_after = retry_after.map(whole_seconds);
        match refused.verification {
            Some(verification) => problem.about(&verification),
            None => problem,
        }
    }
}

impl From<Failure> for Problem {
    /// Tells the caller what to do and the operator, once, what happened.
    fn from(failure: Failure) -> Self {
        use domain::ports::PortErrorKind;
        let unavailable = match &failure {
            Failure::Port(error) => error.kind == PortErrorKind::Unavailable,
            Failure::Contended => true,
            Failure::ApplicationUnknown(_) => false,
        };
        let cause = chain(&failure);
        if unavailable {
            tracing::warn!(cause, "a request failed because a dependency did not answer");
            Self::of(Slug::TemporarilyUnavailable).retry_after(Duration::from_secs(1))
        } else {
            tracing::error!(cause, "a request failed");
            Self::of(Slug::InternalError)
        }
    }
}

/// The problems that an operation may answer with.
pub trait Problems: Send + Sync + 'static {
    /// Their kinds, those of authentication and of the body included.
    const SLUGS: &'static [Slug];
}

/// The problems of an operation that asks who calls, by their kinds.
macro_rules! problems {
    ($name:ident: $($slug:ident),* $(,)?) => {
        pub(crate) struct $name;

        impl $crate::problem::Problems for $name {
            const SLUGS: &'static [$crate::problem::Slug] = &[
                $crate::problem::Slug::Unauthenticated,
                $crate::problem::Slug::TemporarilyUnavailable,
                $crate::problem::Slug::InternalError,
                $($crate::problem::Slug::$slug),*
            ];
        }
    };
}

pub(crate) use problems;

/// A problem as the answer of an operation; the document lists exactly the kinds of `P`.
#[derive(Debug)]
pub struct Refusing<P>(pub Problem, PhantomData<fn() -> P>);

impl<P, T: Into<Problem>> From<T> for Refusing<P> {
    fn from(problem: T) -> Self {
        Self(problem.into(), PhantomData)
    }
}

impl<P: Problems> From<Refusing<P>> for poem::Error {
    fn from(refusing: Refusing<P>) -> Self {
        debug_assert!(P::SLUGS.contains(&refusing.0.slug()), "{:?} is not documented", refusing.0.slug());
        refusing.0.into_error()
    }
}

impl<P: Problems> ApiResponse for Refusing<P> {
    fn meta() -> MetaResponses {
        let mut statuses: Vec<StatusCode> = P::SLUGS.iter().map(|slug| slug.status()).collect();
        statuses.sort_unstable();
        statuses.dedup();
        let responses = statuses.into_iter().map(|status| answer_meta(status, P::SLUGS)).collect();
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        ProblemDocument::register(registry);
    }
}

/// How one status of an operation reads in the document. The kinds are handed over as an `enum` beside the schema, which
/// `crate::docs` makes codes, examples and headers of.
fn answer_meta(status: StatusCode, slugs: &[Slug]) -> MetaResponse {
    let of_status = slugs.iter().filter(|slug| slug.status() == status);
    let lines: Vec<_> =
        of_status.clone().map(|slug| format!("`{}`: {}.", slug.as_str(), slug.title())).collect();
    MetaResponse {
        // The framework wants it for ever; it is made once for each operation, when the document is.
        description: String::leak(lines.join("\n\n")),
        status: Some(status.as_u16()),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: "application/problem+json",
            schema: with_kinds(ProblemDocument::schema_ref(), of_status),
        }],
        headers: Vec::new(),
    }
}

/// A schema, and beside it the kinds that it stands for.
pub(crate) fn with_kinds<'a>(schema: MetaSchemaRef, slugs: impl Iterator<Item = &'a Slug>) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        all_of: vec![schema],
        enum_items: slugs.map(|slug| slug.as_str().into()).collect(),
        ..MetaSchema::ANY
    }))
}

/// What the document says of problems beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.open(Slug::ALL.iter().map(|slug| slug.as_str()), &["Problem.code"]);
    let reasons = PhoneFault::ALL.map(PhoneFault::reason);
    notes.open(reasons, &["Problem.reason"]);
    notes.format("uri-reference", &["Problem.type"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_whole_seconds_rounded_up() {
        for (millis, seconds) in [(0, 1), (100, 1), (1000, 1), (59_200, 60), (60_000, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis} ms");
        }
    }

    #[test]
    fn coarse_waits_hide_when_others_acted() {
        for (seconds, told) in [(1, 60), (60, 60), (61, 300), (301, 3600), (3601, 7200), (86_400, 86_400)] {
            assert_eq!(coarse(Duration::from_secs(seconds)).as_secs(), told, "{seconds} s");
        }
    }

    #[test]
    fn a_failure_shows_nothing_of_its_cause() {
        let error =
            domain::ports::PortError::unavailable(domain::ports::Dependency::Store, "disk 7 is on fire");
        let problem = Problem::from(Failure::from(error));
        assert_eq!(problem.document().status, 503);
        assert!(!problem.document().to_json_string().contains("fire"));
    }
}
