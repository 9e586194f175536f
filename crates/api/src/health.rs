//! Is it running, and can it work?

use domain::ports::PortError;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON};
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::context::Context;
use crate::docs::Notes;
use crate::tags::ApiTags;
use domain::ports::chain;

mod details;
mod loops;

pub(crate) use details::HealthDetailsApi;
pub use loops::{LoopName, Loops};

/// Health.
#[derive(Debug)]
pub(crate) struct HealthApi;

/// How it is.
#[derive(Debug, Object)]
#[oai(example)]
pub(crate) struct Health {
    /// How it is.
    status: String,
}

impl Health {
    fn of(status: &str) -> Self {
        Self { status: status.to_owned() }
    }
}

impl Example for Health {
    fn example() -> Self {
        Self::of("ok")
    }
}

/// What the document says of these operations.
pub(crate) fn notes(notes: &mut Notes) {
    notes.closed("HealthStatus", ["ok", "unavailable"], &["Health.status"]);
    details::notes(notes);
    let unavailable = Health::of("unavailable").to_json().unwrap_or_default();
    notes.answer("readyz", "503", "unavailable", "Something it needs does not answer", unavailable);
}

/// Whether it can work.
#[derive(ApiResponse)]
enum Readiness {
    /// It can.
    #[oai(status = 200)]
    Ready(Json<Health>),
    /// Something it needs does not answer; the log says what.
    #[oai(status = 503)]
    Unavailable(Json<Health>, #[oai(header = "Retry-After")] u32),
}

#[OpenApi(tag = "ApiTags::Health")]
impl HealthApi {
    /// Is it running?
    ///
    /// Answers as long as the process does, and asks nothing of what is behind it: for supervisors that restart what hangs.
    #[oai(path = "/livez", method = "get", operation_id = "livez")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn livez(&self) -> Json<Health> {
        Json(Health::of("ok"))
    }

    /// Can it work?
    ///
    /// Asks the database and the counters for a sign of life: for load balancers that send calls elsewhere.
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self, context: Data<&Context>) -> Readiness {
        let ports = &context.verifier.ports;
        let pings: [Result<(), PortError>; 3] = [
            ports.verifications.ping().await,
            ports.counters.ping().await,
            // Without them nothing is sent or checked.
            ports.blocks.list().map(drop),
        ];
        let mut ready = true;
        for failed in pings.into_iter().filter_map(Result::err) {
            tracing::warn!(cause = chain(&failed), "not ready");
            ready = false;
        }
        if ready {
            return Readiness::Ready(Json(Health::of("ok")));
        }
        Readiness::Unavailable(Json(Health::of("unavailable")), 1)
    }
}
