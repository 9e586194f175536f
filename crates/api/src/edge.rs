//! The edge: what holds for every answer, whatever is behind it. Bounds bodies and their time, answers methods and
//! addresses that do not exist, gives errors of the framework our form, sets the headers every answer has, and tells of it
//! who wants to know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use poem::error::ReadBodyError;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Body, Endpoint, IntoResponse, Request, Response};

use crate::classic;
use crate::problem::{Problem, Slug};
use crate::routes::{Route, RouteTable};
use crate::traffic::{Told, Traffic};

/// The most bytes of a body.
pub const BODY_BYTES_MAX: usize = 4096;

/// How the edge is bounded.
#[derive(Clone, Copy, Debug)]
pub struct EdgeSettings {
    /// The longest that a body may take to arrive.
    pub body_timeout: Duration,
    /// The longest that an answer may take.
    pub answer_timeout: Duration,
    /// How long the answers to calls that have an idempotency key are kept.
    pub idempotency_kept: Duration,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            body_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            idempotency_kept: Duration::from_hours(24),
        }
    }
}

/// How long an answer may be kept by who got it. What says nothing is not to be kept at all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    /// For ever, if it is asked each time whether it has changed: the answer has an `ETag`.
    IfUnchanged,
    /// An hour: the same for everybody, and only a new version changes it.
    AnHour,
}

impl Kept {
    /// The response, so marked.
    pub(crate) fn put_on(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }

    /// The value of `Cache-Control`.
    fn of(response: &Response) -> &'static str {
        match response.extensions().get::<Self>() {
            None => "no-store",
            Some(Self::IfUnchanged) => "no-cache",
            Some(Self::AnHour) => "public, max-age=3600",
        }
    }
}

/// The outermost endpoint.
pub(crate) struct Edge<E> {
    inner: E,
    routes: RouteTable,
    settings: EdgeSettings,
    told: Option<Told>,
}

impl<E: Endpoint> Edge<E> {
    pub(crate) fn new(
        inner: E,
        routes: RouteTable,
        settings: EdgeSettings,
        traffic: Option<Arc<dyn Traffic>>,
    ) -> Self {
        Self { inner, routes, settings, told: traffic.map(Told::new) }
    }

    async fn answer(&self, route: Option<&Route>, mut request: Request) -> Response {
        let Some(route) = route else {
            return Problem::of(Slug::RouteNotFound).into_response();
        };
        let method = request.method().clone();
        if !route.serves(&method) {
            return not_served(&method, &route.methods().allow(), is_classic(request.uri().path()));
        }
        if let Err(problem) = self.read_body(&mut request).await {
            return problem.into_response();
        }
        let answer = tokio::time::timeout(self.settings.answer_timeout, self.inner.get_response(request));
        match answer.await {
            Ok(response) => in_problem_form(response),
            Err(_) => {
                Problem::of(Slug::TemporarilyUnavailable).retry_after(Duration::from_secs(1)).into_response()
            }
        }
    }

    /// Reads the whole body within its bounds, so that whatever is behind has it at hand.
    async fn read_body(&self, request: &mut Request) -> Result<(), Problem> {
        let body = request.take_body();
        if body.is_empty() || !may_have_body(request.method()) {
            return Ok(());
        }
        if announced_length(request.headers()).is_some_and(|length| length > BODY_BYTES_MAX) {
            return Err(Problem::of(Slug::BodyTooLarge));
        }
        let read = tokio::time::timeout(self.settings.body_timeout, body.into_bytes_limit(BODY_BYTES_MAX));
        match read.await {
            Ok(Ok(bytes)) => {
                request.set_body(Body::from_bytes(bytes));
                Ok(())
            }
            Ok(Err(ReadBodyError::PayloadTooLarge)) => Err(Problem::of(Slug::BodyTooLarge)),
            Ok(Err(_)) => Err(Problem::of(Slug::BodyMalformed)),
            Err(_) => Err(Problem::of(Slug::RequestTimeout)),
        }
    }
}

impl<E: Endpoint> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let begin = Instant::now();
        let classic = is_classic(request.uri().path());
        let only_head = request.method() == Method::HEAD;
        if classic {
            without_trailing_slash(&mut request);
            with_bearer_scheme(request.headers_mut());
        }
        let (route, method) = (self.routes.route(request.uri().path()), request.method().clone());
        let mut response = self.answer(route, request).await;
        if classic {
            response = classic::in_classic_form(response);
        }
        let kept = Kept::of(&response);
        set_headers(response.headers_mut(), kept);
        if only_head {
            response.set_body(());
        }
        if let Some(told) = &self.told {
            told.tell(route, &method, response.status().as_u16(), begin.elapsed());
        }
        Ok(response)
    }
}

/// Nothing here reads what else comes with a body, so that nobody waits for it either.
fn may_have_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT)
}

/// The length that the caller announces; one that cannot be read is a large one.
fn announced_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    Some(length.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX))
}

fn set_headers(headers: &mut HeaderMap, kept: &'static str) {
    // The keys of proofs say themselves how long they may be kept.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(kept));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
}

/// Whether the address is one of the tutorial's, with or without the slash at its end.
pub(crate) fn is_classic(path: &str) -> bool {
    matches!(path.strip_suffix('/').unwrap_or(path), "/validate_phone" | "/validate_otp")
}

/// The tutorial's addresses end in a slash, which people leave out; here they are one with those that do not.
fn without_trailing_slash(request: &mut Request) {
    let path = request.uri().path();
    if !path.ends_with('/') {
        return;
    }
    let path = path.trim_end_matches('/');
    let without_slash = match request.uri().query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    if let Ok(uri) = without_slash.parse() {
        *request.uri_mut() = uri;
    }
}

/// Django REST framework's own clients write `Token` where others write `Bearer`.
fn with_bearer_scheme(headers: &mut HeaderMap) {
    let token =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Token "));
    if let Some(Ok(mut bearer)) = token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))) {
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
}

/// A known address, but not this method.
fn not_served(method: &Method, allow: &str, classic: bool) -> Response {
    if classic && (method == Method::OPTIONS || method == Method::HEAD) {
        return classic::described();
    }
    let mut response = if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Problem::of(Slug::MethodNotAllowed).into_response()
    };
    let allow = if classic { classic::ALLOWED } else { allow };
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Errors that the framework words itself get our form; whatever has it already stays.
fn in_problem_form(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let is_json = response.content_type().is_some_and(|content_type| {
        content_type.starts_with("application/problem+json") || content_type.starts_with("application/json")
    });
    if !is_error || is_json {
        return response;
    }
    let slug = match status {
        StatusCode::UNAUTHORIZED => Slug::Unauthenticated,
        StatusCode::NOT_FOUND => Slug::RouteNotFound,
        StatusCode::METHOD_NOT_ALLOWED => Slug::MethodNotAllowed,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Slug::MediaTypeUnsupported,
        StatusCode::PAYLOAD_TOO_LARGE => Slug::BodyTooLarge,
        status if status.is_client_error() => Slug::ParameterInvalid,
        status => {
            tracing::error!(status = status.as_u16(), "an answer had no form");
            Slug::InternalError
        }
    };
    Problem::of(slug).into_response()
}
