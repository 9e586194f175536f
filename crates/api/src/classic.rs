//! The classic API: the two endpoints of the Django REST tutorial, as a drop-in. A thin translation onto the same use
//! cases; answers are always `{"status": <http status>, "details": ...}`, in the tutorial's words where it has some.

use domain::credential::Caller;
use domain::use_cases::{self, CheckTarget, StartRequest};
use domain::verification::Purpose;
use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Response};
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Field, JsonOrForm, Strict, Values, required};
use crate::context::Context;
use crate::problem::{Problem, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::{done, submitted};

mod documented;

use documented::Classically;
pub(crate) use documented::{example, notes};

/// What the tutorial says it allows.
pub(crate) const ALLOWED: &str = "POST, OPTIONS, HEAD";

/// The two endpoints of the tutorial.
#[derive(Debug)]
pub(crate) struct ClassicApi;

/// A phone to send a code to.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct ValidatePhone {
    /// The phone number.
    #[oai(validator(max_length = 64))]
    phone: String,
}

impl Example for ValidatePhone {
    fn example() -> Self {
        Self { phone: "9841234567".to_owned() }
    }
}

impl Body for ValidatePhone {
    const FIELDS: &'static [Field] = &[required("phone")];

    fn build(values: &mut Values) -> Self {
        Self { phone: values.required("phone") }
    }
}

/// A code to check.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct ValidateOtp {
    /// The phone number.
    #[oai(validator(max_length = 64))]
    phone: String,
    /// The code of the SMS.
    #[oai(validator(max_length = 40))]
    otp: String,
    /// The caller's own username.
    #[oai(validator(max_length = 150))]
    username: String,
}

impl Example for ValidateOtp {
    fn example() -> Self {
        Self { phone: "9841234567".to_owned(), otp: "042137".to_owned(), username: "ram".to_owned() }
    }
}

impl Body for ValidateOtp {
    const FIELDS: &'static [Field] = &[required("phone"), required("otp"), required("username")];

    fn build(values: &mut Values) -> Self {
        Self {
            phone: values.required("phone"),
            otp: values.required("otp"),
            username: values.required("username"),
        }
    }
}

/// The answer of the classic API.
#[derive(Debug, Object)]
#[oai(example)]
pub(crate) struct ClassicAnswer {
    /// The HTTP status.
    status: u16,
    /// What happened.
    details: String,
}

impl ClassicAnswer {
    fn ok(details: &str) -> Self {
        Self { status: StatusCode::OK.as_u16(), details: details.to_owned() }
    }

    fn sent() -> Self {
        Self::ok("OTP sent successfully.")
    }

    fn verified() -> Self {
        Self::ok("OTP matched. Phone number verified.")
    }
}

impl Example for ClassicAnswer {
    fn example() -> Self {
        Self::sent()
    }
}

problems!(PhoneProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, PhoneInvalid,
    DestinationUnsupported, ScopeMissing, AlreadyVerified, ResendTooSoon, SendsUsedUp, RateLimited, NewNumbersPaused, GatewayRefused,
    GatewayUnavailable);
problems!(OtpProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, PhoneInvalid,
    CodeMalformed, CodeIncorrect, AccountForbidden, ScopeMissing, VerificationNotFound, TooManyChecks, PhoneTaken);

#[OpenApi(tag = "ApiTags::Classic")]
impl ClassicApi {
    /// Send a code (classic)
    ///
    /// For the account of the user token. Any failure answers in the same form.
    #[oai(path = "/validate_phone", method = "post", operation_id = "validatePhone")]
    async fn validate_phone(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<ValidatePhone, JsonOrForm>,
    ) -> Result<Json<ClassicAnswer>, Classically<PhoneProblems>> {
        let context = context.clone();
        own_account(&caller.0)?;
        let request = StartRequest {
            phone: context.phone(&body.0.phone)?,
            account: None,
            purpose: Purpose::Contact,
            locale: None,
            app_hash: None,
            origin: None,
        };
        let answer = context
            .clone()
            .to_the_end(async move { use_cases::start(&context.verifier, &caller.0, request).await })
            .await?;
        done(answer)?;
        Ok(Json(ClassicAnswer::sent()))
    }

    /// Check a code (classic)
    ///
    /// The username must be that of the user token. Any failure answers in the same form.
    #[oai(path = "/validate_otp", method = "post", operation_id = "validateOtp")]
    async fn validate_otp(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<ValidateOtp, JsonOrForm>,
    ) -> Result<Json<ClassicAnswer>, Classically<OtpProblems>> {
        let context = context.clone();
        let own = own_account(&caller.0)?;
        if own != body.0.username {
            return Err(Problem::of(Slug::AccountForbidden).into());
        }
        let phone = context.phone(&body.0.phone)?;
        let code = submitted(&body.0.otp)?;
        let target = CheckTarget::Phone { phone, account: None, purpose: Purpose::Contact };
        let answer = context
            .clone()
            .to_the_end(async move { use_cases::check(&context.verifier, &caller.0, &target, &code).await })
            .await?;
        done(answer)?;
        Ok(Json(ClassicAnswer::verified()))
    }
}

/// The classic API is for the people themselves: the account is the user token's.
fn own_account(caller: &Caller) -> Result<String, Problem> {
    match caller {
        Caller::User(account) => Ok(account.username.to_string()),
        Caller::Application(_) | Caller::Admin(_) => Err(Problem::of(Slug::ScopeMissing)),
    }
}

/// The same answer in the classic form.
pub(crate) fn in_classic_form(response: Response) -> Response {
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    let (status, details) = told(problem);
    let mut classic =
        poem::web::Json(ClassicAnswer { status: status.as_u16(), details }.to_json()).into_response();
    classic.set_status(status);
    for name in [header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ALLOW] {
        if let Some(value) = response.headers().get(&name) {
            classic.headers_mut().insert(name, value.clone());
        }
    }
    classic
}

/// What `OPTIONS` and `HEAD` answer.
pub(crate) fn described() -> Response {
    let details = "POST as application/json or application/x-www-form-urlencoded.".to_owned();
    let mut response = poem::web::Json(ClassicAnswer { status: 200, details }.to_json()).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOWED));
    response
}

/// The status and the sentence of a problem in the classic form.
fn told(problem: &Problem) -> (StatusCode, String) {
    let bad = StatusCode::BAD_REQUEST;
    let (status, details) = match problem.slug() {
        Slug::AlreadyVerified => (StatusCode::FORBIDDEN, "Phone number already verified."),
        Slug::PhoneTaken => (StatusCode::FORBIDDEN, "Phone number already verified by another user."),
        Slug::Blocked => (StatusCode::FORBIDDEN, "This phone number cannot be verified here."),
        Slug::AccountForbidden => (StatusCode::FORBIDDEN, "The username is not yours."),
        Slug::ScopeMissing => (StatusCode::FORBIDDEN, "Use the token of a user; a key does not serve here."),
        Slug::CodeIncorrect | Slug::CodeMalformed => (bad, "Incorrect OTP."),
        Slug::VerificationNotFound | Slug::VerificationExpired | Slug::VerificationCanceled => {
            (bad, "No OTP is waiting for this phone number. Request a new one.")
        }
        Slug::RateLimited | Slug::SendsUsedUp => (
            StatusCode::TOO_MANY_REQUESTS,
            "Maximum number of OTPs sent. Try again later, or contact support.",
        ),
        Slug::NewNumbersPaused => {
            (StatusCode::TOO_MANY_REQUESTS, "New phone numbers cannot be verified just now. Try again later.")
        }
        Slug::ResendTooSoon => {
            (StatusCode::TOO_MANY_REQUESTS, "An OTP was sent a moment ago. Wait before you request another.")
        }
        Slug::TooManyChecks => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many incorrect OTPs. Request a new one later.")
        }
        Slug::BodyInvalid => return (bad, field_faults(problem)),
        Slug::PhoneInvalid | Slug::BodyMalformed | Slug::DestinationUnsupported => {
            return (bad, problem.document().detail.clone());
        }
        Slug::ParameterInvalid
        | Slug::IdempotencyKeyInvalid
        | Slug::IdempotencyKeyInUse
        | Slug::IdempotencyKeyReused
        | Slug::Unauthenticated
        | Slug::PhoneNotVerified
        | Slug::EventNotFound
        | Slug::RouteNotFound
        | Slug::AccountNotFound
        | Slug::KeyNotFound
        | Slug::TokenNotFound
        | Slug::ApplicationNotFound
        | Slug::BlockNotFound
        | Slug::TooManyBlocks
        | Slug::MethodNotAllowed
        | Slug::RequestTimeout
        | Slug::VerificationApproved
        | Slug::WebhookNotFound
        | Slug::WebhookDeliveryNotFound
        | Slug::BodyTooLarge
        | Slug::MediaTypeUnsupported
        | Slug::AppHashUnknown
        | Slug::OriginUnknown
        | Slug::InternalError
        | Slug::GatewayRefused
        | Slug::GatewayUnavailable
        | Slug::TemporarilyUnavailable => {
            return (problem.slug().status(), problem.document().detail.clone());
        }
    };
    (status, details.to_owned())
}

fn field_faults(problem: &Problem) -> String {
    let faults = problem.document().errors.iter().flatten();
    let lines: Vec<_> =
        faults.map(|fault| format!("{} {}.", fault.pointer.trim_start_matches("#/"), fault.detail)).collect();
    lines.join(" ")
}
