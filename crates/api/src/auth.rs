//! Who calls: from the `Authorization` header to a caller. Owns no rule; what a caller may do is decided in the domain.

use domain::application::ApplicationId;
use domain::credential::Caller;
use domain::refusal::Refused;
use domain::use_cases::{applications, authenticate};
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use crate::context::Context;
use crate::problem::{Problem, Slug};

/// A user token, or a token (JWT) of the application's own sign-in, acts for its account; an application key for any
/// account of its application, or for none; an admin key looks on and administers.
#[derive(Debug, SecurityScheme)]
#[oai(ty = "bearer", rename = "bearerAuth", bearer_format = "opaque, or JWT", checker = "caller")]
pub(crate) struct Authenticated(pub(crate) Caller);

impl Authenticated {
    /// The application that the caller administers.
    pub(crate) fn administers(&self) -> Result<&ApplicationId, Problem> {
        applications::administered(&self.0).map_err(|refusal| Problem::from(Refused::from(refusal)))
    }
}

/// Reads the credential, unless a layer before the operation has done so: it leaves the caller in the extensions.
async fn caller(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    if let Some(caller) = request.extensions().get::<Caller>() {
        return Ok(caller.clone());
    }
    let Some(context) = request.data::<Context>() else {
        return Err(Problem::of(Slug::InternalError).into_error());
    };
    caller_of(context, &bearer.token).await.map_err(Problem::into_error)
}

/// Who presents this token, or the problem that it is.
pub(crate) async fn caller_of(context: &Context, token: &str) -> Result<Caller, Problem> {
    match authenticate(&context.verifier, token).await {
        Ok(Some(caller)) => Ok(caller),
        Ok(None) => Err(Problem::of(Slug::Unauthenticated)),
        Err(failure) => Err(failure.into()),
    }
}
