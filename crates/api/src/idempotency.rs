//! `Idempotency-Key`: a call that was made before under the same key is answered as it was, and not made again. Owns
//! which answers are kept and how a kept one is told; what is kept, for whom and how long is the domain's.
//!
//! A layer around the operations. A call without the header goes through untouched. The caller is asked for first, so
//! that nobody finds out about another's keys. The call is made in a task of its own: a caller who hangs up finds the
//! answer when it comes back.

use std::sync::Arc;
use std::time::Duration;

use domain::credential::Caller;
use domain::idempotency::{ANSWER_BYTES_MAX, Begun, IdempotencyKey, StoredAnswer};
use domain::ports::chain;
use domain::use_cases::idempotency::{KeyTerms, KeyedCall, Ticket, begin, end};
use poem::endpoint::BoxEndpoint;
use poem::http::header::{self, HeaderName};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use poem::{Body, Endpoint, IntoResponse, Request, Response};
use poem_openapi::auth::{Bearer, BearerAuthorization as _};

use crate::auth::caller_of;
use crate::body::canonical;
use crate::classic;
use crate::context::Context;
use crate::edge::{EdgeSettings, is_classic};
use crate::problem::{Problem, Slug};

mod document;

pub(crate) use document::describe;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The headers that belong to an answer; the edge sets the others anew.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::RETRY_AFTER, header::LOCATION];
/// What a call may take beyond the time that its caller is made to wait.
const LEASE_BEYOND: Duration = Duration::from_secs(5);

/// The operations, behind the look at the key.
pub(crate) struct Idempotent {
    operations: Arc<BoxEndpoint<'static>>,
    terms: KeyTerms,
}

impl Idempotent {
    pub(crate) fn new(operations: BoxEndpoint<'static>, settings: EdgeSettings) -> Self {
        let lease = settings.answer_timeout + settings.body_timeout + LEASE_BEYOND;
        let terms = KeyTerms { lease, kept: settings.idempotency_kept };
        Self { operations: Arc::new(operations), terms }
    }

    async fn keyed(&self, mut request: Request) -> Result<Response, Problem> {
        let Some(context) = request.data::<Context>().cloned() else {
            return Err(Problem::of(Slug::InternalError));
        };
        let Ok(bearer) = Bearer::from_request(&request) else {
            // Who does not say who calls has no keys; the operation says so.
            return Ok(self.operations.get_response(request).await);
        };
        let caller = caller_of(&context, &bearer.token).await?;
        let key = key_of(request.headers())?;
        request.extensions_mut().insert(caller.clone());
        let call = Call { operations: Arc::clone(&self.operations), terms: self.terms, caller, key };
        // From here on to the end: a call that has begun and is not made would count as running.
        context.clone().to_the_end(async move { call.make(&context, request).await }).await?
    }
}

impl Endpoint for Idempotent {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if !request.headers().contains_key(KEY) || request.method() != Method::POST {
            return self.operations.call(request).await;
        }
        Ok(self.keyed(request).await.unwrap_or_else(IntoResponse::into_response))
    }
}

/// The one key of the call.
fn key_of(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Problem::of(Slug::IdempotencyKeyInvalid));
    };
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok());
    key.ok_or_else(|| Problem::of(Slug::IdempotencyKeyInvalid))
}

/// A call with a key.
struct Call {
    operations: Arc<BoxEndpoint<'static>>,
    terms: KeyTerms,
    caller: Caller,
    key: IdempotencyKey,
}

impl Call {
    async fn make(self, context: &Context, mut request: Request) -> Result<Response, Problem> {
        // The edge has read and bounded it before.
        let body = request.take_body().into_bytes().await;
        let body = body.map_err(|_| Problem::of(Slug::BodyMalformed))?;
        let call = KeyedCall {
            caller: &self.caller,
            method: request.method().as_str(),
            path: request.uri().path(),
            key: &self.key,
            canonical_body: &canonical(&body),
        };
        let (ticket, begun) = begin(&context.verifier, &call, self.terms).await?;
        match begun {
            Begun::New => {}
            Begun::Running => {
                return Err(Problem::of(Slug::IdempotencyKeyInUse).retry_after(Duration::from_secs(1)));
            }
            Begun::OtherPayload => return Err(Problem::of(Slug::IdempotencyKeyReused)),
            Begun::Done(answer) => return replayed(answer),
        }
        request.set_body(Body::from_bytes(body));
        let classic = is_classic(request.uri().path());
        let operations = self.operations;
        // In a task of its own, so that a panic ends neither the key nor this.
        let made = context.to_the_end(async move { operations.get_response(request).await }).await;
        let response = made.unwrap_or_else(IntoResponse::into_response);
        Ok(kept(context, ticket, response, classic).await)
    }
}

/// Keeps the answer if it is one to keep, and frees the key otherwise.
async fn kept(context: &Context, ticket: Ticket, response: Response, classic: bool) -> Response {
    let keep = is_kept(&response);
    let response = if classic { classic::in_classic_form(response) } else { response };
    let (response, answer) = if keep { read(response).await } else { (response, None) };
    if let Err(failure) = end(&context.verifier, ticket, answer.as_ref()).await {
        let cause = chain(&failure);
        tracing::warn!(
            cause,
            "the end of a call with an idempotency key could not be stored; its key stays in use"
        );
    }
    response
}

/// Whether the same call made again is to be answered alike. What never reached the rules is not kept, and neither is
/// what trying again may change.
fn is_kept(response: &Response) -> bool {
    match response.extensions().get::<Problem>() {
        Some(problem) => problem.slug().is_kept_under_a_key(),
        None => response.status().is_success(),
    }
}

/// The answer as it is kept, when it is not too large for that.
async fn read(mut response: Response) -> (Response, Option<StoredAnswer>) {
    let body = match response.take_body().into_vec().await {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(cause = chain(&error), "an answer broke off before it was told");
            return (Problem::of(Slug::InternalError).into_response(), None);
        }
    };
    response.set_body(body.clone());
    if body.len() > ANSWER_BYTES_MAX {
        tracing::warn!(bytes = body.len(), "an answer is too large to be kept under its idempotency key");
        return (response, None);
    }
    let header = |name: &HeaderName| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let headers = KEPT_HEADERS.iter().filter_map(header).collect();
    let answer = StoredAnswer { status: response.status().as_u16(), headers, body };
    (response, Some(answer))
}

/// A kept answer, told again.
fn replayed(answer: StoredAnswer) -> Result<Response, Problem> {
    // What is sealed comes from here; nothing of it is of another form.
    let broken = || Problem::of(Slug::InternalError);
    let mut response = Response::builder().body(answer.body);
    response.set_status(StatusCode::from_u16(answer.status).map_err(|_| broken())?);
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(|_| broken())?;
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|_| broken())?);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
