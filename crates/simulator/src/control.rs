//! The control API: the inbox for programs and for people, and the fault script. It has no access control and holds
//! nothing that needs any: the SMS in it reach nobody.

use poem::http::{Method, StatusCode, header};
use poem::{Request, Response, Route};
use serde::{Deserialize, Serialize};

use crate::behaviour::Script;
use crate::wire::{BODY_MAX, method_not_allowed};
use crate::{Simulator, inbox};

/// The page loads its script from its own route and nothing from elsewhere.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self'";

impl Simulator {
    /// `/inbox`, `/inbox/page` (and `/`, which leads there) and `/behaviour`. Links are relative, so the routes
    /// work under any prefix.
    pub fn control_routes(&self) -> Route {
        self.mount_control(Route::new())
    }

    pub(crate) fn mount_control(&self, route: Route) -> Route {
        let (for_inbox, for_behaviour) = (self.clone(), self.clone());
        route
            .at(
                "/inbox",
                poem::endpoint::make(move |request| {
                    let simulator = for_inbox.clone();
                    async move { simulator.serve_inbox(&request) }
                }),
            )
            .at(
                "/behaviour",
                poem::endpoint::make(move |request| {
                    let simulator = for_behaviour.clone();
                    async move { simulator.serve_behaviour(request).await }
                }),
            )
            .at("/", fixed(|request| found(request.original_uri().path())))
            .at("/inbox/page", fixed(|_| file("text/html; charset=utf-8", include_str!("inbox.html"))))
            .at("/inbox/page.js", fixed(|_| file("text/javascript; charset=utf-8", include_str!("inbox.js"))))
            .at("/inbox/icon.svg", fixed(|_| file("image/svg+xml", include_str!("inbox.svg"))))
    }

    fn serve_inbox(&self, request: &Request) -> Response {
        if request.method() == Method::DELETE {
            self.clear_inbox();
            return Response::builder().status(StatusCode::NO_CONTENT).finish();
        }
        if !is_read(request) {
            return method_not_allowed("GET, HEAD, DELETE");
        }
        let Ok(Filter { to }) = request.params::<Filter>() else {
            return unusable("the query cannot be read");
        };
        if to.as_deref().is_some_and(|to| inbox::ten_digits(to).is_none()) {
            return unusable("to must be a mobile number: +97798…, 97798… or 98…");
        }
        json(StatusCode::OK, &self.inbox(to.as_deref()))
    }

    async fn serve_behaviour(&self, mut request: Request) -> Response {
        if request.method() == Method::DELETE {
            self.reset_behaviour();
            return Response::builder().status(StatusCode::NO_CONTENT).finish();
        }
        if request.method() == Method::PUT {
            let Ok(body) = request.take_body().into_bytes_limit(BODY_MAX).await else {
                return Response::builder().status(StatusCode::PAYLOAD_TOO_LARGE).finish();
            };
            match Script::parse(&body) {
                Ok(script) => self.state().script = script,
                Err(flaw) => return unusable(&flaw),
            }
        } else if !is_read(&request) {
            return method_not_allowed("GET, HEAD, PUT, DELETE");
        }
        let script = self.state().script.clone();
        json(StatusCode::OK, &script)
    }
}

#[derive(Deserialize)]
struct Filter {
    to: Option<String>,
}

/// An answer that depends on nothing but the address.
fn fixed(answer: impl Fn(&Request) -> Response + Send + Sync) -> impl poem::Endpoint<Output = Response> {
    poem::endpoint::make_sync(move |request: Request| {
        if is_read(&request) { answer(&request) } else { method_not_allowed("GET, HEAD") }
    })
}

/// HEAD is answered like GET; the server leaves the body out.
fn is_read(request: &Request) -> bool {
    request.method() == Method::GET || request.method() == Method::HEAD
}

fn found(prefix: &str) -> Response {
    let location = format!("{}/inbox/page", prefix.trim_end_matches('/'));
    Response::builder().status(StatusCode::FOUND).header(header::LOCATION, location).finish()
}

fn file(content_type: &str, body: &'static str) -> Response {
    Response::builder()
        .content_type(content_type)
        .header(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "no-store")
        .body(body)
}

fn unusable(why: &str) -> Response {
    json(StatusCode::UNPROCESSABLE_ENTITY, &serde_json::json!({"error": why}))
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => Response::builder()
            .status(status)
            .content_type("application/json")
            .header(header::CACHE_CONTROL, "no-store")
            .body(body),
        // Strings and numbers always serialise; were that to change, a 500 is the honest answer.
        Err(_) => Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).finish(),
    }
}
