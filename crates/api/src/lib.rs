//! The HTTP front end: the native API under `/v1`, the classic API, health, the API document, Swagger UI and the pages
//! of problems.
//!
//! It translates between HTTP and the use cases of the domain. It knows no adapter and holds no rule: what a caller
//! may do, what a code is and when it is refused is decided in the domain.

use std::sync::Arc;

use domain::phone::PhoneParser;
use domain::use_cases::Verifier;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::middleware::CatchPanic;
use poem::{EndpointExt, IntoEndpoint, Route, get};
use tokio_util::task::TaskTracker;

mod accounts;
mod applications;
mod auth;
mod blocks;
mod body;
mod classic;
mod context;
mod credentials;
mod deliverability;
mod deliveries;
mod docs;
mod edge;
mod events;
mod fields;
mod health;
mod idempotency;
mod ids;
pub mod inbox;
mod invalid_numbers;
mod keys;
mod limits;
mod paging;
mod problem;
mod proofs;
mod routes;
mod sms_routes;
mod statistics;
mod tags;
mod traffic;
mod verifications;
mod webhooks;

pub use docs::{DocumentError, NoteError};
pub use edge::{BODY_BYTES_MAX, EdgeSettings};
pub use health::{LoopName, Loops};
pub use traffic::Traffic;

use context::Context;
use idempotency::Idempotent;
use inbox::Demo;
use problem::pages::{ProblemPages, problem_list, problem_page};
use problem::{Problem, Slug};
use routes::RouteTable;

/// What the HTTP front end is made of.
#[derive(Debug, Default)]
pub struct ApiSettings {
    /// How it is bounded.
    pub edge: EdgeSettings,
    /// The demo page and its inbox; only `demo` has one.
    pub demo: Option<Demo>,
    /// Who is told of every answer, if anybody.
    pub traffic: Option<Arc<dyn Traffic>>,
}

/// The HTTP front end, ready to be served.
#[derive(derive_more::Debug)]
pub struct Api {
    /// Every address.
    #[debug(skip)]
    pub endpoint: BoxEndpoint<'static>,
    /// Work that goes on after a caller hung up; wait for it before the process ends.
    pub tasks: TaskTracker,
    /// Is told by what goes on beside serving that it does.
    pub loops: Arc<Loops>,
}

/// Builds the HTTP front end over the use cases.
///
/// # Errors
/// [`DocumentError`] when the API document cannot be made.
pub fn build(
    verifier: Arc<Verifier>,
    phones: PhoneParser,
    settings: ApiSettings,
) -> Result<Api, DocumentError> {
    let tasks = TaskTracker::new();
    let loops = Arc::new(Loops::default());
    let context = Context { verifier, phones, tasks: tasks.clone(), loops: loops.clone() };
    let service = docs::service();
    let document = docs::document(&service)?;
    let operations = RouteTable::of_document(&document);
    let problems = ProblemPages::new(&docs::answered_by(&document));
    let document = docs::WrittenPage::of_document(serde_json::to_string(&document)?);
    let pages_beside = ["/openapi.json", "/docs", "/docs/*", "/problems", "/problems/{slug}"];
    let mut routes =
        pages_beside.into_iter().fold(operations.clone(), |routes, path| routes.with(path, &[Method::GET]));
    let mut pages = Route::new()
        .at("/openapi.json", get(docs::openapi).data(document))
        .at("/problems", get(problem_list).data(problems.clone()))
        .at("/problems/:slug", get(problem_page).data(problems))
        .at("/docs", get(docs::to_swagger))
        .at("/docs/*file", get(docs::swagger).data(docs::Swagger::new()));
    if let Some(demo) = settings.demo {
        (pages, routes) = demo.mount(pages, routes);
    }
    let service = Idempotent::new(service.into_endpoint(), settings.edge).boxed();
    let inner = routes::Split { operations, service, pages }
        .data(context)
        .with(CatchPanic::new().with_handler(|_| Problem::of(Slug::InternalError)));
    let endpoint = edge::Edge::new(inner, routes, settings.edge, settings.traffic).boxed();
    Ok(Api { endpoint, tasks, loops })
}

/// The API document as it is served and committed.
///
/// # Errors
/// [`DocumentError`] when it cannot be made.
pub fn document() -> Result<String, DocumentError> {
    let mut text = serde_json::to_string_pretty(&docs::document(&docs::service())?)?;
    text.push('\n');
    Ok(text)
}
