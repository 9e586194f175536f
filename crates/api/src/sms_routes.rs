//! The routes of SMS, for those who administer. Translates between HTTP and the use case; decides nothing. (The paths of this API
//! are in `routes`.)

use domain::application::ApplicationId;
use domain::block::Prefix;
use domain::phone::{Country, Operator};
use domain::route::{OnUnknown, Route};
use domain::use_cases::routes;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::problem::{Refusing, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

/// The operation on routes.
#[derive(Debug)]
pub(crate) struct SmsRoutesApi;

problems!(ListRoutesProblems: ScopeMissing);

#[OpenApi(prefix_path = "/v1/admin", tag = "ApiTags::Administration")]
impl SmsRoutesApi {
    /// List routes
    ///
    /// By which gateways the application's SMS go, in the order in which they are tried: an SMS goes by the first that takes
    /// it, and by the next when its gateway certainly has not sent it. Each gateway is tried once at most.
    #[oai(path = "/routes", method = "get", operation_id = "listRoutes")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<RouteList>, Refusing<ListRoutesProblems>> {
        let found = done(Ok(routes::list(&context.verifier, &caller.0)))?;
        Ok(Json(RouteList { items: found.iter().map(Into::into).collect() }))
    }
}

/// A way for SMS.
#[derive(Debug, Object)]
#[oai(rename = "Route", example)]
struct RouteResource {
    /// Its name.
    name: String,
    /// The name of the gateway that it leads to.
    gateway: String,
    /// It takes SMS to phones of these countries (ISO 3166-1); none stands for all.
    countries: Vec<String>,
    /// To phones of these operators; none stands for all.
    operators: Vec<String>,
    /// Of these applications, of which only the caller's own is told; none stands for all.
    applications: Vec<String>,
    /// To phones that begin so; none stands for all.
    prefixes: Vec<String>,
    /// Lower numbers are tried first.
    priority: u16,
    /// Its part among the routes of its priority; one with 0 is tried when these have failed.
    weight: u16,
    /// What is done when nobody knows whether its gateway has sent: `stop` (it counts as sent), or `next` (the same code goes by
    /// the next route too).
    on_unknown: String,
}

impl From<&Route> for RouteResource {
    fn from(route: &Route) -> Self {
        let takes = &route.takes;
        Self {
            name: route.name.to_string(),
            gateway: route.gateway.to_string(),
            countries: takes.countries.iter().map(|country| Country::as_str(country).to_owned()).collect(),
            operators: takes
                .operators
                .iter()
                .copied()
                .map(|operator| Operator::name(operator).to_owned())
                .collect(),
            applications: takes.applications.iter().map(ApplicationId::to_string).collect(),
            prefixes: takes.prefixes.iter().map(Prefix::to_string).collect(),
            priority: route.priority,
            weight: route.weight,
            on_unknown: route.on_unknown.as_str().to_owned(),
        }
    }
}

/// The routes.
#[derive(Debug, Object)]
struct RouteList {
    /// The routes, in the order in which they are tried.
    items: Vec<RouteResource>,
}

/// What the document says of this operation beyond its types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.open(OnUnknown::ALL.map(OnUnknown::as_str), &["Route.on_unknown"]);
}

impl Example for RouteResource {
    fn example() -> Self {
        Self {
            name: "nepal".to_owned(),
            gateway: "sparrow".to_owned(),
            countries: vec!["NP".to_owned()],
            operators: vec!["NTC".to_owned(), "Ncell".to_owned()],
            applications: vec!["shop".to_owned()],
            prefixes: vec!["+977984".to_owned()],
            priority: 1,
            weight: 3,
            on_unknown: "stop".to_owned(),
        }
    }
}
