//! What verifications look like in JSON.

use domain::message::{AppHash, Locale, Origin};
use domain::time::rfc3339;
use domain::use_cases::{CheckTarget, StartRequest};
use domain::verification::{State, Verification};
use poem_openapi::Object;
use poem_openapi::types::Example;

use super::{purpose, submitted};
use crate::body::{Body, Field, Values, optional, required};
use crate::context::Context;
use crate::fields::{invalid_field, username};
use crate::problem::Problem;

/// Enough for what RFC 5646 (4.4.1) asks of whoever bounds tags.
const LOCALE_BYTES_MAX: usize = 35;

/// What to verify.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct StartVerification {
    /// The phone to send the code to, in any usual spelling.
    #[oai(validator(max_length = 64))]
    pub phone: String,
    /// The username of the account. A user token's own when left out; with an application key, none is meant then.
    /// An application's account is made on first use.
    #[oai(validator(min_length = 1, max_length = 150))]
    pub account: Option<String>,
    /// The language of the SMS, such as `en` or `ne-NP`; the application's when left out or not supported.
    #[oai(validator(max_length = 35))]
    pub locale: Option<String>,
    /// The hash of the Android app that may read the SMS (SMS Retriever): one of the application's.
    #[oai(validator(pattern = "^[A-Za-z0-9+/]{11}$"))]
    pub app_hash: Option<String>,
    /// The web origin that may read the code (`WebOTP`), such as `https://example.com`: one of the application's.
    #[oai(validator(max_length = 100))]
    pub origin: Option<String>,
    /// What the proof is for: `contact` (the default) binds the phone to the account; `login`, `recovery` and
    /// `transaction` prove that the account's verified phone is at hand.
    pub purpose: Option<String>,
}

impl Example for StartVerification {
    fn example() -> Self {
        Self {
            phone: "9841234567".to_owned(),
            account: None,
            locale: None,
            app_hash: None,
            origin: None,
            purpose: None,
        }
    }
}

impl Body for StartVerification {
    const FIELDS: &'static [Field] = &[
        required("phone"),
        optional("account"),
        optional("locale"),
        optional("app_hash"),
        optional("origin"),
        optional("purpose"),
    ];

    fn build(values: &mut Values) -> Self {
        Self {
            phone: values.required("phone"),
            account: values.optional("account"),
            locale: values.optional("locale"),
            app_hash: values.optional("app_hash"),
            origin: values.optional("origin"),
            purpose: values.optional("purpose"),
        }
    }
}

impl StartVerification {
    /// What is asked for, in the words of the domain.
    pub(crate) fn parse(&self, context: &Context) -> Result<StartRequest, Problem> {
        let app_hash = self
            .app_hash
            .as_deref()
            .map(|text| AppHash::parse(text).map_err(|fault| invalid_field("app_hash", &fault.to_string())));
        let origin = self
            .origin
            .as_deref()
            .map(|text| Origin::parse(text).map_err(|fault| invalid_field("origin", &fault.to_string())));
        if self.locale.as_ref().is_some_and(|tag| tag.len() > LOCALE_BYTES_MAX) {
            return Err(invalid_field("locale", "must have at most 35 characters"));
        }
        Ok(StartRequest {
            phone: context.phone(&self.phone)?,
            account: self.account.as_deref().map(|text| username("account", text)).transpose()?,
            purpose: purpose(self.purpose.as_deref())?,
            locale: self.locale.as_deref().and_then(Locale::from_tag),
            app_hash: app_hash.transpose()?,
            origin: origin.transpose()?,
        })
    }
}

/// A code to check.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct CheckCode {
    /// The digits of the SMS; spaces or dashes between them do no harm.
    #[oai(validator(max_length = 40))]
    pub code: String,
}

impl Example for CheckCode {
    fn example() -> Self {
        Self { code: "042137".to_owned() }
    }
}

impl Body for CheckCode {
    const FIELDS: &'static [Field] = &[required("code")];

    fn build(values: &mut Values) -> Self {
        Self { code: values.required("code") }
    }
}

/// A code to check, and the phone it was sent to.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct CheckPhone {
    /// The phone, in any usual spelling.
    #[oai(validator(max_length = 64))]
    pub phone: String,
    /// The digits of the SMS.
    #[oai(validator(max_length = 40))]
    pub code: String,
    /// The username of the account, as in the start.
    #[oai(validator(min_length = 1, max_length = 150))]
    pub account: Option<String>,
    /// What the proof is for, as in the start.
    pub purpose: Option<String>,
}

impl Example for CheckPhone {
    fn example() -> Self {
        Self { phone: "9841234567".to_owned(), code: "042137".to_owned(), account: None, purpose: None }
    }
}

impl Body for CheckPhone {
    const FIELDS: &'static [Field] =
        &[required("phone"), required("code"), optional("account"), optional("purpose")];

    fn build(values: &mut Values) -> Self {
        Self {
            phone: values.required("phone"),
            code: values.required("code"),
            account: values.optional("account"),
            purpose: values.optional("purpose"),
        }
    }
}

impl CheckPhone {
    /// What is asked for, in the words of the domain.
    pub(crate) fn parse(
        &self,
        context: &Context,
    ) -> Result<(CheckTarget, domain::code::SubmittedCode), Problem> {
        let target = CheckTarget::Phone {
            phone: context.phone(&self.phone)?,
            account: self.account.as_deref().map(|text| username("account", text)).transpose()?,
            purpose: purpose(self.purpose.as_deref())?,
        };
        Ok((target, submitted(&self.code)?))
    }
}

/// A verification as its caller sees it.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Verification", skip_serializing_if_is_none, example)]
pub(crate) struct VerificationResource {
    /// Its id.
    pub id: String,
    /// Where it stands; all but `pending` are final.
    pub status: String,
    /// The phone, masked.
    pub phone: String,
    /// The username of the account; absent when the verification is for none.
    pub account: Option<String>,
    /// What the proof is for.
    pub purpose: String,
    /// The last SMS: `sending`, `sent`, `unknown` (it may have been sent) or `failed`. There may be more in time.
    pub delivery: String,
    /// How many digits the code has.
    pub code_length: u32,
    /// When it began.
    pub created_at: String,
    /// When the code dies.
    pub expires_at: String,
    /// From when on the code may be sent again.
    pub resend_at: String,
    /// How often it may still be sent.
    pub sends_left: u32,
    /// How often a code may still be checked.
    pub checks_left: u32,
    /// When the right code came back.
    pub approved_at: Option<String>,
    /// The signed proof of the approval (a compact JWS), which other services check by `/.well-known/jwks.json`. In the
    /// answer to a right code only, for ten minutes from the approval on, where this service signs proofs.
    pub proof: Option<String>,
}

impl Example for VerificationResource {
    fn example() -> Self {
        Self {
            id: "01a206e7-2c1d-7841-bf40-53a200be10d7".to_owned(),
            status: "pending".to_owned(),
            phone: "+97798•••••67".to_owned(),
            account: Some("ram".to_owned()),
            purpose: "contact".to_owned(),
            delivery: "sent".to_owned(),
            code_length: 6,
            created_at: "2026-11-23T05:35:43.133Z".to_owned(),
            expires_at: "2026-11-23T05:45:43.133Z".to_owned(),
            resend_at: "2026-11-23T05:36:43.133Z".to_owned(),
            sends_left: 3,
            checks_left: 5,
            approved_at: None,
            proof: None,
        }
    }
}

impl From<&Verification> for VerificationResource {
    fn from(verification: &Verification) -> Self {
        let approved_at = match verification.state {
            State::Approved { at } => Some(rfc3339(at)),
            State::Pending | State::Expired { .. } | State::Canceled { .. } | State::Locked { .. } => None,
        };
        Self {
            id: verification.id.to_string(),
            status: verification.state.as_str().to_owned(),
            phone: verification.subject.phone.masked(),
            account: verification.username.as_ref().map(ToString::to_string),
            purpose: verification.subject.purpose.as_str().to_owned(),
            delivery: verification.delivery.state.as_str().to_owned(),
            code_length: verification.generation.length.digits().into(),
            created_at: rfc3339(verification.created_at),
            expires_at: rfc3339(verification.generation.expires_at),
            resend_at: rfc3339(verification.resend_at),
            sends_left: verification.sends_left(),
            checks_left: verification.checks_left(),
            approved_at,
            proof: None,
        }
    }
}

/// A page of verifications.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct VerificationPage {
    /// The verifications, youngest first.
    pub items: Vec<VerificationResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}
