//! What accounts look like in JSON.

use domain::account::Account;
use domain::event::Event;
use domain::phone::Phone;
use domain::time::{Timestamp, rfc3339};
use poem_openapi::Object;

use crate::body::{Body, Field, Values, optional, required};
use crate::context::Context;
use crate::fields::{instant, invalid_field};
use crate::problem::Problem;

/// An account to be made.
#[derive(Object)]
#[oai(deny_unknown_fields)]
pub(crate) struct CreateAccount {
    /// Its name in the application: 1 to 150 characters. Upper and lower case differ.
    #[oai(validator(min_length = 1, max_length = 150))]
    pub username: String,
}

impl Body for CreateAccount {
    const FIELDS: &'static [Field] = &[required("username")];

    fn build(values: &mut Values) -> Self {
        Self { username: values.required("username") }
    }
}

/// A phone that an account has proved elsewhere.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none)]
pub(crate) struct ChangePhone {
    /// The phone, in any usual spelling.
    #[oai(validator(max_length = 64))]
    pub phone: String,
    /// When it was proved, in RFC 3339; now when left out.
    #[oai(validator(max_length = 40))]
    pub verified_at: Option<String>,
}

impl Body for ChangePhone {
    const FIELDS: &'static [Field] = &[required("phone"), optional("verified_at")];

    fn build(values: &mut Values) -> Self {
        Self { phone: values.required("phone"), verified_at: values.optional("verified_at") }
    }
}

impl ChangePhone {
    /// What is asked for, in the words of the domain.
    pub(super) fn parse(&self, context: &Context) -> Result<(Phone, Option<Timestamp>), Problem> {
        let phone = context.phone(&self.phone)?;
        let verified_at = self.verified_at.as_deref().map(|text| instant("verified_at", text)).transpose()?;
        if verified_at.is_some_and(|verified_at| verified_at > context.now()) {
            return Err(invalid_field("verified_at", "must not be in the future"));
        }
        Ok((phone, verified_at))
    }
}

/// A user of an application.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Account", skip_serializing_if_is_none)]
pub(crate) struct AccountResource {
    /// Its id.
    pub id: String,
    /// Its name in the application.
    pub username: String,
    /// The phone that it has verified, masked; absent while it has none.
    pub phone: Option<String>,
    /// When the phone was last verified, in RFC 3339.
    pub phone_verified_at: Option<String>,
    /// When it was made.
    pub created_at: String,
}

impl From<&Account> for AccountResource {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            username: account.username.to_string(),
            phone: account.phone.map(|held| held.phone.masked()),
            phone_verified_at: account.phone.map(|held| rfc3339(held.verified_at)),
            created_at: rfc3339(account.created_at),
        }
    }
}

/// A page of accounts.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct AccountPage {
    /// The accounts, youngest first.
    pub items: Vec<AccountResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

/// Something that happened to an account.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct AccountEvent {
    /// Its id.
    pub id: String,
    /// What happened: `verification.approved`, `verification.expired`, `verification.locked` or `verification.canceled`;
    /// `phone.transferred` when the phone went over to an account that has proved it later, `phone.unlinked` when it was
    /// taken away, `phone.changed` when it was given without a code.
    pub kind: String,
    /// When, in RFC 3339.
    pub at: String,
    /// The id of the verification that it is about.
    pub verification: Option<String>,
    /// What the proof was for.
    pub purpose: Option<String>,
    /// The phone that it is about, masked.
    pub phone: Option<String>,
}

impl From<&Event> for AccountEvent {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind.as_str().to_owned(),
            at: rfc3339(event.at),
            verification: event.verification.map(|id| id.to_string()),
            purpose: event.purpose.map(|purpose| purpose.as_str().to_owned()),
            phone: event.phone.map(Phone::masked),
        }
    }
}

/// A page of what happened to an account.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct AccountEventPage {
    /// What happened, youngest first.
    pub items: Vec<AccountEvent>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}
