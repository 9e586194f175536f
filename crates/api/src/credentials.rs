//! What keys and user tokens have in common: how one is called and how long it lives, as it is asked for and as it is
//! told.

use std::time::Duration;

use domain::credential::{CREDENTIAL_NAME_LENGTH_MAX, Credential, CredentialName};
use domain::time::{Timestamp, after, rfc3339};

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

/// What is told of a credential, of whichever kind.
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) created_at: String,
    pub(crate) expires_at: Option<String>,
    pub(crate) revoked_at: Option<String>,
}

impl From<&Credential> for Told {
    fn from(credential: &Credential) -> Self {
        Self {
            id: credential.id.to_string(),
            name: credential.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at: rfc3339(credential.created_at),
            expires_at: credential.expires_at.map(rfc3339),
            revoked_at: credential.revoked_at.map(rfc3339),
        }
    }
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
