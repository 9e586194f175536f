//! Keys of an application, as those who administer it hand them out.

use domain::credential::{Credential, CredentialKind, Scope};
use domain::id::CredentialId;
use domain::use_cases::credentials;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Field, Strict, Values, optional, optional_number, required};
use crate::context::Context;
use crate::credentials::{Terms, Told, terms};
use crate::docs::Notes;
use crate::fields::invalid_field;
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

/// The operations on keys.
#[derive(Debug)]
pub(crate) struct KeysApi;

/// A key to be issued.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct IssueKey {
    /// What it may do: `verify` starts and checks verifications, `admin` administers.
    pub scope: String,
    /// What you call it, to tell it from others: 1 to 60 characters.
    #[oai(validator(min_length = 1, max_length = 60))]
    pub name: Option<String>,
    /// When it stops to work by itself, in RFC 3339, at most 3650 days from now; never when left out.
    #[oai(validator(max_length = 40))]
    pub expires_at: Option<String>,
    /// The same in days from now; set one of the two.
    #[oai(validator(minimum(value = "1"), maximum(value = "3650")))]
    pub expires_in_days: Option<u32>,
}

impl Example for IssueKey {
    fn example() -> Self {
        Self {
            scope: "verify".to_owned(),
            name: Some("Shop server".to_owned()),
            expires_at: None,
            expires_in_days: Some(365),
        }
    }
}

impl Body for IssueKey {
    const FIELDS: &'static [Field] =
        &[required("scope"), optional("name"), optional("expires_at"), optional_number("expires_in_days")];

    fn build(values: &mut Values) -> Self {
        Self {
            scope: values.required("scope"),
            name: values.optional("name"),
            expires_at: values.optional("expires_at"),
            expires_in_days: values.optional_number("expires_in_days"),
        }
    }
}

/// A key of the application, without its secret.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Key", skip_serializing_if_is_none, example)]
pub(crate) struct KeyResource {
    /// Its id, by which it is revoked.
    pub id: String,
    /// What it may do: `verify` or `admin`.
    pub scope: String,
    /// What you call it.
    pub name: Option<String>,
    /// When it was issued, in RFC 3339.
    pub created_at: String,
    /// When it stops to work by itself; absent when it does not.
    pub expires_at: Option<String>,
    /// When it was revoked; absent while it was not.
    pub revoked_at: Option<String>,
}

impl Example for KeyResource {
    fn example() -> Self {
        Self {
            id: "01a206e6-a5c4-7e0b-8d1f-3c96b7a0e254".to_owned(),
            scope: "verify".to_owned(),
            name: Some("Shop server".to_owned()),
            created_at: "2026-11-23T05:35:08.740Z".to_owned(),
            expires_at: Some("2027-11-23T05:35:08.740Z".to_owned()),
            revoked_at: None,
        }
    }
}

/// A key that was issued.
#[derive(Object)]
#[oai(skip_serializing_if_is_none, example)]
pub(crate) struct IssuedKey {
    /// Its id, by which it is revoked.
    pub id: String,
    /// The key itself, to be sent as `Authorization: Bearer`. Keep it now: it is not shown again.
    pub secret: String,
    /// What it may do: `verify` or `admin`.
    pub scope: String,
    /// What you call it.
    pub name: Option<String>,
    /// When it was issued, in RFC 3339.
    pub created_at: String,
    /// When it stops to work by itself; absent when it does not.
    pub expires_at: Option<String>,
}

impl Example for IssuedKey {
    fn example() -> Self {
        Self {
            id: "01a206e6-a5c4-7e0b-8d1f-3c96b7a0e254".to_owned(),
            secret: format!("svk_{}", "0123456789abcdef".repeat(4)),
            scope: "verify".to_owned(),
            name: Some("Shop server".to_owned()),
            created_at: "2026-11-23T05:35:08.740Z".to_owned(),
            expires_at: Some("2027-11-23T05:35:08.740Z".to_owned()),
        }
    }
}

/// A page of keys.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct KeyPage {
    /// The keys, youngest first, expired and revoked ones included.
    pub items: Vec<KeyResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

impl From<&Credential> for KeyResource {
    fn from(key: &Credential) -> Self {
        let scope = match key.kind {
            CredentialKind::Key(scope) => scope.as_str(),
            // The use cases of keys answer keys.
            CredentialKind::UserToken(_) => "",
        };
        let Told { id, name, created_at, expires_at, revoked_at } = key.into();
        Self { id, scope: scope.to_owned(), name, created_at, expires_at, revoked_at }
    }
}

/// A key that was issued.
#[derive(ApiResponse)]
pub(crate) enum IssueAnswer {
    /// The key was issued. Its secret is told here and never again.
    #[oai(status = 201)]
    Issued(Json<IssuedKey>),
}

problems!(IssueProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, ScopeMissing);
problems!(ListProblems: ParameterInvalid, ScopeMissing);
problems!(OneProblems: ScopeMissing, KeyNotFound);

#[OpenApi(prefix_path = "/v1/admin/keys", tag = "ApiTags::Administration")]
impl KeysApi {
    /// Issue a key
    ///
    /// Needs an admin key; the new key is for the same application. Its secret is told once.
    #[oai(path = "/", method = "post", operation_id = "issueKey")]
    async fn issue(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<IssueKey>,
    ) -> Result<IssueAnswer, Refusing<IssueProblems>> {
        let IssueKey { scope, name, expires_at, expires_in_days } = body.0;
        let scope =
            Scope::parse(&scope).ok_or_else(|| invalid_field("scope", "must be `verify` or `admin`"))?;
        let Terms { name, expires_at } =
            terms(&context, name.as_deref(), expires_at.as_deref(), expires_in_days)?;
        let issued = credentials::issue_key(&context.verifier, &caller.0, scope, name, expires_at).await;
        let (key, secret) = done(issued)?;
        let KeyResource { id, scope, name, created_at, expires_at, revoked_at: _ } = (&key).into();
        let secret = secret.reveal().to_owned();
        Ok(IssueAnswer::Issued(Json(IssuedKey { id, secret, scope, name, created_at, expires_at })))
    }

    /// List keys
    ///
    /// Needs an admin key. The keys of its application, the youngest first; no secret is told.
    #[oai(path = "/", method = "get", operation_id = "listKeys")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<KeyPage>, Refusing<ListProblems>> {
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), CredentialId::parse)?;
        let mut found = done(credentials::list_keys(&context.verifier, &caller.0, paging.wanted()).await)?;
        let next = paging.cut(&mut found, |last| last.id.to_string());
        Ok(Json(KeyPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// Look at a key
    ///
    /// Needs an admin key. Its secret is not told.
    #[oai(path = "/:id", method = "get", operation_id = "getKey")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The key's id.
        id: Path<IdText<CredentialId>>,
    ) -> Result<Json<KeyResource>, Refusing<OneProblems>> {
        let id = id.0.known(Slug::KeyNotFound)?;
        Ok(Json((&done(credentials::find_key(&context.verifier, &caller.0, id).await)?).into()))
    }

    /// Revoke a key
    ///
    /// Needs an admin key. It opens nothing any more, on every replica within seconds; revoking twice is the same as once.
    /// A key may revoke itself, which is the last step of a rotation; `key issue` of the command line makes a new one
    /// when none is left.
    #[oai(path = "/:id", method = "delete", operation_id = "revokeKey")]
    async fn revoke(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The key's id.
        id: Path<IdText<CredentialId>>,
    ) -> Result<Json<KeyResource>, Refusing<OneProblems>> {
        let id = id.0.known(Slug::KeyNotFound)?;
        Ok(Json((&done(credentials::revoke_key(&context.verifier, &caller.0, id).await)?).into()))
    }
}

/// What the document says of these operations beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    let scopes = [Scope::Verify, Scope::Admin].map(Scope::as_str);
    notes.closed("KeyScope", scopes, &["IssueKey.scope"]);
    notes.open(scopes, &["Key.scope", "IssuedKey.scope"]);
}
