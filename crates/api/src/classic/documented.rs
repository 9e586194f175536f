//! What the API document says of the classic API: its refusals are problems too, in the tutorial's form and with its
//! statuses.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, Registry};
use poem_openapi::types::{Example, ToJSON, Type};
use serde_json::Value;

use super::{ClassicAnswer, told};
use crate::docs::Notes;
use crate::problem::{Problem, Problems, Slug, with_kinds};

/// A problem as the answer of an operation of the classic API; the edge writes it in the classic form.
#[derive(Debug)]
pub(super) struct Classically<P>(Problem, PhantomData<fn() -> P>);

impl<P, T: Into<Problem>> From<T> for Classically<P> {
    fn from(problem: T) -> Self {
        Self(problem.into(), PhantomData)
    }
}

impl<P: Problems> From<Classically<P>> for poem::Error {
    fn from(refusing: Classically<P>) -> Self {
        debug_assert!(P::SLUGS.contains(&refusing.0.slug()), "{:?} is not documented", refusing.0.slug());
        refusing.0.into_error()
    }
}

impl<P: Problems> ApiResponse for Classically<P> {
    fn meta() -> MetaResponses {
        let mut answers: BTreeMap<u16, Vec<Slug>> = BTreeMap::new();
        for slug in P::SLUGS {
            let (status, _) = told(&Problem::example(*slug));
            answers.entry(status.as_u16()).or_default().push(*slug);
        }
        let responses = answers.into_iter().map(|(status, slugs)| answer_meta(status, &slugs)).collect();
        MetaResponses { responses }
    }

    fn register(registry: &mut Registry) {
        ClassicAnswer::register(registry);
    }
}

fn answer_meta(status: u16, slugs: &[Slug]) -> MetaResponse {
    let mut lines: Vec<_> = slugs.iter().map(|slug| format!("{}.", slug.title())).collect();
    lines.dedup();
    MetaResponse {
        // The framework wants it for ever; it is made once for each operation, when the document is.
        description: String::leak(lines.join("\n\n")),
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: "application/json",
            schema: with_kinds(ClassicAnswer::schema_ref(), slugs.iter()),
        }],
        headers: Vec::new(),
    }
}

/// A problem of this kind as it typically comes.
pub(crate) fn example(slug: Slug) -> Value {
    let (status, details) = told(&Problem::example(slug));
    ClassicAnswer { status: status.as_u16(), details }.to_json().unwrap_or_default()
}

/// What the document says of these operations.
pub(crate) fn notes(notes: &mut Notes) {
    let sent = ClassicAnswer::example().to_json().unwrap_or_default();
    notes.answer("validatePhone", "200", "sent", "The code is on its way", sent);
    let verified = ClassicAnswer::verified().to_json().unwrap_or_default();
    notes.answer("validateOtp", "200", "verified", "The code was right", verified);
}
