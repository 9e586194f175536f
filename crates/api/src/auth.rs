//! Who calls: from the `Authorization` header to a caller. Owns no rule; what a caller may do is decided in the domain.

use domain::credential::Caller;
use domain::use_cases::authenticate;
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;

use crate::context::Context;
use crate::problem::{Problem, Slug};

/// A user token acts for its account; an application key for any account of its application, or for none; an admin
/// key looks on and administers.
#[derive(Debug, SecurityScheme)]
#[oai(ty = "bearer", rename = "bearerAuth", bearer_format = "opaque", checker = "caller")]
pub(crate) struct Authenticated(pub(crate) Caller);

async fn caller(request: &Request, bearer: Bearer) -> poem::Result<Caller> {
    let Some(context) = request.data::<Context>() else {
        return Err(Problem::of(Slug::InternalError).into_error());
    };
    match authenticate(&context.verifier, &bearer.token).await {
        Ok(Some(caller)) => Ok(caller),
        Ok(None) => Err(Problem::of(Slug::Unauthenticated).into_error()),
        Err(failure) => Err(Problem::from(failure).into_error()),
    }
}
