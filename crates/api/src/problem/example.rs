//! Problems as they typically come, for the document and the pages: made as those that are answered, of what the
//! examples of a verification say.

use domain::phone::PhoneFault;
use poem_openapi::types::{Example, ToJSON};
use serde_json::Value;

use super::{FieldProblem, Problem, ProblemDocument, Slug};
use crate::verifications::VerificationResource;

impl Problem {
    /// A problem of this kind as it typically comes.
    pub(crate) fn example(slug: Slug) -> Self {
        let mut problem = if slug == Slug::PhoneInvalid {
            let detail = "The phone number has too few or too many digits; a Nepali mobile number has 10, or 13 with \
                          the country code 977.";
            Self::new(slug, detail).because(PhoneFault::WrongLength.reason())
        } else {
            Self::of(slug)
        };
        if slug == Slug::BodyInvalid {
            problem = problem.in_fields(vec![FieldProblem::example()]);
        }
        if tells_the_budget(slug) {
            let verification = VerificationResource::example();
            let document = &mut problem.document;
            document.expires_at = Some(verification.expires_at);
            document.resend_at = Some(verification.resend_at);
            document.sends_left = Some(verification.sends_left);
            document.checks_left = Some(verification.checks_left);
            if slug == Slug::SendsUsedUp {
                document.sends_left = Some(0);
            }
            if slug == Slug::TooManyChecks {
                document.checks_left = Some(0);
            }
            if slug == Slug::CodeIncorrect {
                document.checks_left = Some(verification.checks_left.saturating_sub(1));
            }
        }
        problem
    }

    /// What it says, as JSON.
    pub(crate) fn to_value(&self) -> Value {
        self.document.to_json().unwrap_or_default()
    }
}

/// Whether problems of this kind are about a live verification of the caller's own.
fn tells_the_budget(slug: Slug) -> bool {
    matches!(slug, Slug::CodeIncorrect | Slug::ResendTooSoon | Slug::SendsUsedUp | Slug::TooManyChecks)
}

impl Example for ProblemDocument {
    fn example() -> Self {
        *Problem::example(Slug::CodeIncorrect).document
    }
}

impl Example for FieldProblem {
    fn example() -> Self {
        Self { pointer: "#/phone".to_owned(), detail: "is missing".to_owned() }
    }
}
