//! What accounts look like in JSON.

use domain::account::Account;
use domain::phone::Phone;
use domain::time::{Timestamp, rfc3339};
use poem_openapi::Object;
use poem_openapi::types::Example;

use crate::body::{Body, Field, Values, optional, required};
use crate::context::Context;
use crate::fields::{instant, invalid_field};
use crate::problem::Problem;

/// An account to be made.
#[derive(Object)]
#[oai(deny_unknown_fields, example)]
pub(crate) struct CreateAccount {
    /// Its name in the application: 1 to 150 characters. Upper and lower case differ.
    #[oai(validator(min_length = 1, max_length = 150))]
    pub username: String,
}

impl Example for CreateAccount {
    fn example() -> Self {
        Self { username: "ram".to_owned() }
    }
}

impl Body for CreateAccount {
    const FIELDS: &'static [Field] = &[required("username")];

    fn build(values: &mut Values) -> Self {
        Self { username: values.required("username") }
    }
}

/// A phone that an account has proved elsewhere.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct ChangePhone {
    /// The phone, in any usual spelling.
    #[oai(validator(max_length = 64))]
    pub phone: String,
    /// When it was proved, in RFC 3339; now when left out.
    #[oai(validator(max_length = 40))]
    pub verified_at: Option<String>,
}

impl Example for ChangePhone {
    fn example() -> Self {
        Self { phone: "9841234567".to_owned(), verified_at: Some("2026-01-15T08:00:00Z".to_owned()) }
    }
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
#[oai(rename = "Account", skip_serializing_if_is_none, example)]
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

impl Example for AccountResource {
    fn example() -> Self {
        Self {
            id: "01a206e6-90b8-7c52-9a3e-71d0c5b2f418".to_owned(),
            username: "ram".to_owned(),
            phone: Some("+97798•••••67".to_owned()),
            phone_verified_at: Some("2026-11-23T05:36:12.480Z".to_owned()),
            created_at: "2026-11-23T05:35:03.352Z".to_owned(),
        }
    }
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
