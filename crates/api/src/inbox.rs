//! The demo: a page on which a person verifies a phone, and the simulated phone's inbox beside it. Only `demo` mounts
//! it; it gives the demo account's token to whoever opens the page.

use std::fmt;
use std::sync::Arc;

use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::web::{Data, Query};
use poem::{EndpointExt, IntoResponse, Response, Route, get, handler};
use serde::{Deserialize, Serialize};

use crate::problem::{Problem, Slug};
use crate::routes::RouteTable;

/// An SMS that the simulated phone received.
#[derive(Clone, Debug, Serialize)]
pub struct InboxMessage {
    /// The phone, in E.164.
    pub to: String,
    /// The sender's identity.
    pub from: String,
    /// The text.
    pub text: String,
    /// When it came, in RFC 3339.
    pub at: String,
}

/// What the simulated phones received.
pub trait Inbox: Send + Sync + fmt::Debug {
    /// The messages to one phone (E.164), or to all, oldest first.
    fn received(&self, to: Option<&str>) -> Vec<InboxMessage>;
}

/// What the demo page needs.
#[derive(Clone)]
pub struct Demo {
    /// The simulated phones.
    pub inbox: Arc<dyn Inbox>,
    /// The demo account.
    pub username: String,
    /// Its user token.
    pub user_token: String,
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo").field("username", &self.username).finish_non_exhaustive()
    }
}

const PAGE: &str = include_str!("inbox/page.html");
const SCRIPT: &str = include_str!("inbox/page.js");
const STYLE: &str = include_str!("inbox/page.css");

impl Demo {
    /// Adds the page, its parts and the inbox.
    pub(crate) fn mount(self, route: Route, routes: RouteTable) -> (Route, RouteTable) {
        let route = route
            .at("/", get(page))
            .at("/demo/page.js", get(script))
            .at("/demo/page.css", get(style))
            .at("/demo/account", get(account).data(self.clone()))
            .at("/inbox", get(inbox).data(self));
        let only_get = &[Method::GET];
        let routes = ["/", "/demo/page.js", "/demo/page.css", "/demo/account", "/inbox"]
            .into_iter()
            .fold(routes, |routes, path| routes.with(path, only_get));
        (route, routes)
    }
}

#[handler]
fn page() -> Response {
    let mut response = Response::builder().content_type("text/html; charset=utf-8").body(PAGE);
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                  base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

#[handler]
fn script() -> Response {
    Response::builder().content_type("text/javascript; charset=utf-8").body(SCRIPT)
}

#[handler]
fn style() -> Response {
    Response::builder().content_type("text/css; charset=utf-8").body(STYLE)
}

#[derive(Serialize)]
struct DemoAccount<'a> {
    username: &'a str,
    user_token: &'a str,
}

/// The page acts for the demo account. Other origins cannot read this: no CORS header allows it.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
fn account(demo: Data<&Demo>) -> Response {
    json(&DemoAccount { username: &demo.username, user_token: &demo.user_token })
}

#[derive(Deserialize)]
struct InboxQuery {
    to: Option<String>,
}

/// Simulated messages only: real phones never go into a URL.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
fn inbox(demo: Data<&Demo>, query: poem::Result<Query<InboxQuery>>) -> Response {
    match query {
        Ok(Query(InboxQuery { to })) => json(&demo.inbox.received(to.as_deref())),
        Err(_) => Problem::of(Slug::ParameterInvalid).into_response(),
    }
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => Response::builder().content_type("application/json").body(text),
        Err(error) => {
            tracing::error!(cause = error.to_string(), "the demo's answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
