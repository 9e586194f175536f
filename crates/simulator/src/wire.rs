//! The Sparrow routes on the wire: reads a call, has it judged, and carries the answer as the behaviour says.
//! Faults live here and nowhere else.

use std::io;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use poem::http::{Method, StatusCode, header};
use poem::web::{Form, RequestBody};
use poem::{Body, FromRequest, Request, Response, Route};
use serde::Deserialize;

use crate::Simulator;
use crate::behaviour::{Behaviour, DELAY_MAX};
use crate::inbox::ReceivedSms;
use crate::sparrow::{self, Answer, Fields};

/// A body beyond this is answered with 413.
pub(crate) const BODY_MAX: usize = 64 * 1024;

impl Simulator {
    /// `/v2/sms` and `/v2/credit`, each with and without the trailing slash.
    pub fn sparrow_routes(&self) -> Route {
        self.mount_sparrow(Route::new())
    }

    pub(crate) fn mount_sparrow(&self, mut route: Route) -> Route {
        for path in ["/v2/sms", "/v2/sms/"] {
            let simulator = self.clone();
            let send = poem::endpoint::make(move |request| {
                let simulator = simulator.clone();
                async move { simulator.send(request).await }
            });
            route = route.at(path, send);
        }
        for path in ["/v2/credit", "/v2/credit/"] {
            let simulator = self.clone();
            let credit = poem::endpoint::make(move |request| {
                let simulator = simulator.clone();
                async move { simulator.credit(request).await }
            });
            route = route.at(path, credit);
        }
        route
    }

    async fn send(&self, request: Request) -> Response {
        // Not HEAD: asking for the headers of a send must not send.
        if request.method() != Method::GET && request.method() != Method::POST {
            return method_not_allowed("GET, POST");
        }
        let behaviour = {
            let mut state = self.state();
            state.calls += 1;
            state.script.take()
        };
        let Ok(fields) = read_fields(request).await else {
            return Response::builder().status(StatusCode::PAYLOAD_TOO_LARGE).finish();
        };
        let answer = carry(behaviour, Answer::nobody(), || self.accept(fields)).await;
        tracing::debug!(status = answer.status().as_u16(), "a send call was answered");
        answer
    }

    async fn credit(&self, request: Request) -> Response {
        if request.method() != Method::GET {
            return method_not_allowed("GET");
        }
        let behaviour = self.state().script.credit.clone();
        let token = request.params::<Credit>().ok().and_then(|query| query.token);
        let judge = || self.state().account.credit(&self.config, token.as_deref());
        carry(behaviour, Answer::credits(0, 0), judge).await
    }

    /// Judges a send call, takes the credits and puts the SMS in the inbox.
    fn accept(&self, fields: Fields) -> Answer {
        let order = match sparrow::judge(&self.config, fields) {
            Ok(order) => order,
            Err(code) => return Answer::refusal(code),
        };
        let at = now();
        let mut state = self.state();
        match state.account.pay(&order) {
            Ok(answer) => {
                for receiver in order.receivers {
                    state.inbox.push(ReceivedSms {
                        to: format!("+977{receiver}"),
                        from: order.from.clone(),
                        text: order.text.clone(),
                        at: at.clone(),
                    });
                }
                answer
            }
            Err(code) => Answer::refusal(code),
        }
    }
}

pub(crate) fn method_not_allowed(allow: &'static str) -> Response {
    Response::builder().status(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, allow).finish()
}

#[derive(Deserialize)]
struct Credit {
    token: Option<String>,
}

struct BodyTooLarge;

/// The fields from the query (GET), or from a form or JSON body (POST). What cannot be read has no fields.
async fn read_fields(mut request: Request) -> Result<Fields, BodyTooLarge> {
    let body = request.take_body().into_bytes_limit(BODY_MAX).await.map_err(|_| BodyTooLarge)?;
    if request.method() == Method::POST && is_json(&request) {
        return Ok(Fields::from_json(&body));
    }
    let mut body = RequestBody::new(Body::from_bytes(body));
    let form = Form::<Fields>::from_request(&request, &mut body).await;
    Ok(form.map_or_else(|_| Fields::default(), |Form(fields)| fields))
}

fn is_json(request: &Request) -> bool {
    let media_type = request.content_type().and_then(|value| value.split(';').next());
    media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

/// Answers a call as `behaviour` says. `accept` has the call judged and carried out; it runs only where the
/// behaviour delivers. `nobody` is the answer of a call that worked and reached nobody.
async fn carry(behaviour: Behaviour, nobody: Answer, accept: impl FnOnce() -> Answer) -> Response {
    match behaviour {
        Behaviour::Normal => whole(&accept()),
        Behaviour::Latency { millis } => {
            wait(millis).await;
            whole(&accept())
        }
        Behaviour::SlowHeaders { millis } => {
            let answer = accept();
            wait(millis).await;
            whole(&answer)
        }
        Behaviour::SlowBody { millis } => late_body(&accept(), millis),
        Behaviour::TruncatedJson => {
            let answer = accept();
            head(&answer).body(first_half(&answer))
        }
        Behaviour::ResetMidway => broken_body(&accept()),
        Behaviour::Hang => {
            accept();
            tokio::time::sleep(DELAY_MAX).await;
            Response::builder().status(StatusCode::GATEWAY_TIMEOUT).finish()
        }
        Behaviour::AcceptThenFail => {
            accept();
            html(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Behaviour::Refuse { code } => whole(&Answer::refusal(code)),
        Behaviour::CountZero => whole(&nobody),
        Behaviour::HtmlWith200 => html(StatusCode::OK),
        Behaviour::ServerError { status } => html(status_within(500, status)),
        Behaviour::Redirect { location } => {
            Response::builder().status(StatusCode::FOUND).header(header::LOCATION, location).finish()
        }
        Behaviour::Status { status, body, content_type } => {
            Response::builder().status(status_within(200, status)).content_type(content_type).body(body)
        }
    }
}

fn whole(answer: &Answer) -> Response {
    head(answer).body(answer.body.to_string())
}

fn head(answer: &Answer) -> poem::ResponseBuilder {
    Response::builder().status(answer.status).content_type("application/json")
}

/// Half of the JSON: never valid, since an object is not closed.
fn first_half(answer: &Answer) -> Vec<u8> {
    let mut body = answer.body.to_string().into_bytes();
    body.truncate(body.len() / 2);
    body
}

fn late_body(answer: &Answer, millis: u64) -> Response {
    let body = answer.body.to_string();
    let late = stream::once(async move {
        wait(millis).await;
        Ok::<_, io::Error>(body)
    });
    head(answer).body(Body::from_bytes_stream(late))
}

/// Half of the body, and then an error, on which the server drops the connection. The full length is declared: a
/// chunked body would be ended properly even so, and the caller would see a short answer instead of a broken one.
fn broken_body(answer: &Answer) -> Response {
    let length = answer.body.to_string().len();
    let half = stream::iter([Ok(first_half(answer))]);
    let reset = stream::once(async {
        // The half is flushed while the rest is pending; without this the connection would end before any byte.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    head(answer).header(header::CONTENT_LENGTH, length).body(Body::from_bytes_stream(half.chain(reset)))
}

fn html(status: StatusCode) -> Response {
    let body = format!("<!doctype html><title>{status}</title><h1>{status}</h1>\n");
    Response::builder().status(status).content_type("text/html; charset=utf-8").body(body)
}

fn status_within(least: u16, status: u16) -> StatusCode {
    let status = if (least..=599).contains(&status) { status } else { 500 };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn wait(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis).min(DELAY_MAX)).await;
}

/// The time as RFC 3339, UTC, milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator stands for the outside world, which has its own clock"
)]
fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}
