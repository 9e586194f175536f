//! Is it running, and can it work?

use domain::ports::PortError;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::context::Context;
use crate::tags::ApiTags;
use domain::ports::chain;

/// Health.
#[derive(Debug)]
pub(crate) struct HealthApi;

/// How it is.
#[derive(Debug, Object)]
pub(crate) struct Health {
    /// `ok` or `unavailable`.
    status: String,
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
    #[oai(path = "/livez", method = "get", operation_id = "livez")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn livez(&self) -> Json<Health> {
        Json(Health { status: "ok".to_owned() })
    }

    /// Can it work?
    #[oai(path = "/readyz", method = "get", operation_id = "readyz")]
    async fn readyz(&self, context: Data<&Context>) -> Readiness {
        let ports = &context.verifier.ports;
        let pings: [Result<(), PortError>; 2] =
            [ports.verifications.ping().await, ports.counters.ping().await];
        let mut ready = true;
        for failed in pings.into_iter().filter_map(Result::err) {
            tracing::warn!(cause = chain(&failed), "not ready");
            ready = false;
        }
        if ready {
            return Readiness::Ready(Json(Health { status: "ok".to_owned() }));
        }
        Readiness::Unavailable(Json(Health { status: "unavailable".to_owned() }), 1)
    }
}
