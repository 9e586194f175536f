//! The native API: start, check, resend, cancel and look at verifications. Translates between HTTP and the use cases;
//! decides nothing.

use domain::code::SubmittedCode;
use domain::id::VerificationId;
use domain::ports::VerificationFilter;
use domain::proof::SignedProof;
use domain::use_cases::{self, Answer, CheckTarget, Failure, Started};
use domain::verification::{Purpose, State};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use crate::auth::Authenticated;
use crate::body::{NoBody, Strict};
use crate::context::Context;
use crate::fields::invalid_field;
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;

mod documented;
mod resources;

pub(crate) use documented::notes;
pub(crate) use resources::{
    CheckCode, CheckPhone, StartVerification, VerificationPage, VerificationResource,
};

/// The operations on verifications.
#[derive(Debug)]
pub(crate) struct VerificationsApi;

/// A code is on its way.
#[derive(ApiResponse)]
pub(crate) enum StartAnswer {
    /// A new verification began, and its code is on its way.
    #[oai(status = 201)]
    Created(Json<VerificationResource>),
    /// The verification that was live for this phone was sent again.
    #[oai(status = 200)]
    Resent(Json<VerificationResource>),
}

problems!(StartProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, PhoneInvalid,
    AppHashUnknown, OriginUnknown, Blocked, DestinationUnsupported, AccountForbidden, ScopeMissing, AlreadyVerified,
    PhoneNotVerified, ResendTooSoon, SendsUsedUp, RateLimited, NewNumbersPaused, GatewayRefused, GatewayUnavailable);
problems!(CheckProblems: Blocked, PhoneNotVerified, BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, CodeMalformed,
    CodeIncorrect, ScopeMissing, VerificationNotFound, VerificationExpired, VerificationCanceled, TooManyChecks,
    PhoneTaken);
problems!(CheckPhoneProblems: Blocked, PhoneNotVerified, BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid,
    PhoneInvalid, CodeMalformed, CodeIncorrect, AccountForbidden, ScopeMissing, VerificationNotFound, TooManyChecks,
    PhoneTaken);
problems!(ResendProblems: Blocked, MediaTypeUnsupported, BodyInvalid, BodyMalformed, BodyTooLarge, RequestTimeout, ScopeMissing, VerificationNotFound, VerificationExpired, VerificationCanceled,
    VerificationApproved, TooManyChecks, ResendTooSoon, SendsUsedUp, RateLimited, NewNumbersPaused, DestinationUnsupported,
    GatewayRefused, GatewayUnavailable);
problems!(CancelProblems: VerificationNotFound, VerificationExpired, VerificationApproved, TooManyChecks);
problems!(GetProblems: VerificationNotFound);
problems!(ListProblems: ParameterInvalid);

#[OpenApi(prefix_path = "/v1/verifications", tag = "ApiTags::Verifications")]
impl VerificationsApi {
    /// Send a code
    ///
    /// Sends a one-time code by SMS. While a verification of the same account, phone and purpose is live, this sends
    /// its code again instead of beginning another.
    #[oai(path = "/", method = "post", operation_id = "startVerification")]
    async fn start(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<StartVerification>,
    ) -> Result<StartAnswer, Refusing<StartProblems>> {
        let request = body.0.parse(&context)?;
        let verifier = context.verifier.clone();
        let starting = async move { use_cases::start(&verifier, &caller.0, request).await };
        let answer = context.to_the_end(starting).await?;
        Ok(match done(answer)? {
            Started::New(verification) => StartAnswer::Created(Json((&verification).into())),
            Started::Resent(verification) => StartAnswer::Resent(Json((&verification).into())),
        })
    }

    /// Check a code
    ///
    /// Approves the verification when the code is right and, for the purpose `contact`, binds the phone to the
    /// account. A right code sent twice is answered twice; a wrong one costs one of `checks_left`.
    #[oai(path = "/:id/checks", method = "post", operation_id = "checkVerification")]
    async fn check(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The verification's id.
        id: Path<IdText<VerificationId>>,
        body: Strict<CheckCode>,
    ) -> Result<Json<VerificationResource>, Refusing<CheckProblems>> {
        let id = id.0.known(Slug::VerificationNotFound)?;
        let code = submitted(&body.0.code)?;
        Ok(Json(checked(&context, caller, CheckTarget::Id(id), code).await?))
    }

    /// Check a code by phone
    ///
    /// Like checking by id, for clients that did not keep the id: it is about the verification that is live for this
    /// phone, account and purpose.
    #[oai(path = "/checks", method = "post", operation_id = "checkPhone")]
    async fn check_phone(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<CheckPhone>,
    ) -> Result<Json<VerificationResource>, Refusing<CheckPhoneProblems>> {
        let (target, code) = body.0.parse(&context)?;
        Ok(Json(checked(&context, caller, target, code).await?))
    }

    /// Send the code again
    ///
    /// The same code goes out again; with less than three minutes of life left, a new one with its full life.
    #[oai(path = "/:id/resends", method = "post", operation_id = "resendVerification")]
    async fn resend(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The verification's id.
        id: Path<IdText<VerificationId>>,
        _nothing: NoBody,
    ) -> Result<Json<VerificationResource>, Refusing<ResendProblems>> {
        let id = id.0.known(Slug::VerificationNotFound)?;
        let verifier = context.verifier.clone();
        let resending = async move { use_cases::resend(&verifier, &caller.0, id).await };
        let answer = context.to_the_end(resending).await?;
        Ok(Json((&done(answer)?).into()))
    }

    /// Cancel a verification
    ///
    /// Its code is dead from now on. Canceling twice is the same as once.
    #[oai(path = "/:id", method = "delete", operation_id = "cancelVerification")]
    async fn cancel(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The verification's id.
        id: Path<IdText<VerificationId>>,
    ) -> Result<Json<VerificationResource>, Refusing<CancelProblems>> {
        let id = id.0.known(Slug::VerificationNotFound)?;
        let answer = use_cases::cancel(&context.verifier, &caller.0, id).await;
        Ok(Json((&done(answer)?).into()))
    }

    /// Look at a verification
    ///
    /// Where it stands, and what is left of its budget. Looking changes nothing: what has ended reads as `expired`.
    #[oai(path = "/:id", method = "get", operation_id = "getVerification")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The verification's id.
        id: Path<IdText<VerificationId>>,
    ) -> Result<Json<VerificationResource>, Refusing<GetProblems>> {
        let id = id.0.known(Slug::VerificationNotFound)?;
        let answer = use_cases::find(&context.verifier, &caller.0, id).await;
        Ok(Json((&done(answer)?).into()))
    }

    /// List verifications
    ///
    /// The youngest first. A user token sees those of its account, a key those of its application.
    #[oai(path = "/", method = "get", operation_id = "listVerifications")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// Only those with this status. One whose life has ended is found under `expired` within a second.
        status: Query<Option<String>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<VerificationPage>, Refusing<ListProblems>> {
        let filter = VerificationFilter {
            state: status.0.map(|name| state(&name)).transpose()?,
            ..Default::default()
        };
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), VerificationId::parse)?;
        let found = use_cases::list(&context.verifier, &caller.0, filter, paging.wanted()).await;
        let mut found = found.map_err(Problem::from)?;
        let next = paging.cut(&mut found, |last| last.id.to_string());
        Ok(Json(VerificationPage { items: found.iter().map(Into::into).collect(), next }))
    }
}

async fn checked(
    context: &Context,
    caller: Authenticated,
    target: CheckTarget,
    code: SubmittedCode,
) -> Result<VerificationResource, Problem> {
    let verifier = context.verifier.clone();
    let checking = async move { use_cases::check(&verifier, &caller.0, &target, &code).await };
    let answer = context.to_the_end(checking).await?;
    let proved = done(answer)?;
    if let Some(loser) = proved.transferred_from {
        let verification = &proved.verification;
        tracing::info!(verification = %verification.id, from = %loser, "a phone went over to another account");
    }
    let proof = use_cases::proofs::prove(&context.verifier, &proved.verification);
    Ok(VerificationResource { proof: proof.map(SignedProof::into_text), ..(&proved.verification).into() })
}

/// What a use case answered, or the problem that it is.
pub(crate) fn done<T>(answer: Result<Answer<T>, Failure>) -> Result<T, Problem> {
    match answer {
        Ok(Answer::Done(done)) => Ok(done),
        Ok(Answer::Refused(refused)) => Err(refused.into()),
        Err(failure) => Err(failure.into()),
    }
}

/// Reads what was typed as the code.
pub(crate) fn submitted(text: &str) -> Result<SubmittedCode, Problem> {
    SubmittedCode::parse(text)
        .map_err(|fault| Problem::new(Slug::CodeMalformed, format!("The code {fault}.")))
}

/// Reads the field `purpose`.
fn purpose(text: Option<&str>) -> Result<Purpose, Problem> {
    let Some(text) = text else { return Ok(Purpose::Contact) };
    Purpose::parse(text).ok_or_else(|| {
        invalid_field("purpose", "must be one of `contact`, `login`, `recovery`, `transaction`")
    })
}

fn state(name: &str) -> Result<&'static str, Problem> {
    State::NAMES.into_iter().find(|known| *known == name).ok_or_else(|| {
        Problem::new(
            Slug::ParameterInvalid,
            format!("`status` must be one of {}.", State::NAMES.map(|name| format!("`{name}`")).join(", ")),
        )
    })
}
