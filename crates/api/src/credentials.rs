//! What keys and user tokens have in common: the fields that say how one is called and how long it lives.

use std::time::Duration;

use domain::credential::{CREDENTIAL_NAME_LENGTH_MAX, CredentialName};
use domain::time::{Timestamp, after};

use crate::context::Context;
use crate::fields::{instant, invalid_field};
use crate::problem::Problem;

/// The longest life of a credential that has an end.
const DAYS_MAX: u32 = 3650;

/// How a new credential is called, and when it ends.
pub(crate) struct Terms {
    pub(crate) name: Option<CredentialName>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Reads the fields `name`, `expires_at` and `expires_in_days`.
pub(crate) fn terms(
    context: &Context,
    name: Option<&str>,
    expires_at: Option<&str>,
    expires_in_days: Option<u32>,
) -> Result<Terms, Problem> {
    let name = name.map(|text| {
        CredentialName::parse(text).ok_or_else(|| {
            let allowed = format!(
                "must have 1 to {CREDENTIAL_NAME_LENGTH_MAX} characters, no control characters, and no white space \
                 at its start or end"
            );
            invalid_field("name", &allowed)
        })
    });
    Ok(Terms { name: name.transpose()?, expires_at: end(context, expires_at, expires_in_days)? })
}

fn end(context: &Context, at: Option<&str>, in_days: Option<u32>) -> Result<Option<Timestamp>, Problem> {
    let now = context.now();
    let days = |days: u32| after(now, Duration::from_hours(24 * u64::from(days)));
    match (at, in_days) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(invalid_field("expires_in_days", "is set together with `expires_at`; keep one of them"))
        }
        (None, Some(number)) if (1..=DAYS_MAX).contains(&number) => Ok(Some(days(number))),
        (None, Some(_)) => {
            Err(invalid_field("expires_in_days", &format!("must be a whole number from 1 to {DAYS_MAX}")))
        }
        (Some(text), None) => {
            let at = instant("expires_at", text)?;
            if now < at && at <= days(DAYS_MAX) {
                return Ok(Some(at));
            }
            Err(invalid_field("expires_at", &format!("must be in the future, {DAYS_MAX} days at most")))
        }
    }
}
