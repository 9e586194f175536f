//! Fields that bodies of several operations have.

use domain::account::Username;

use crate::problem::{FieldProblem, Problem, Slug};

/// A field whose text means nothing.
pub(crate) fn invalid_field(name: &str, detail: &str) -> Problem {
    let error = FieldProblem { pointer: format!("#/{name}"), detail: detail.to_owned() };
    Problem::of(Slug::BodyInvalid).in_fields(vec![error])
}

/// Reads a username out of the field `name`.
pub(crate) fn username(name: &str, text: &str) -> Result<Username, Problem> {
    Username::parse(text).map_err(|fault| invalid_field(name, &fault.to_string()))
}
