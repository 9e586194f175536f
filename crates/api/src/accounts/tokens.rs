//! User tokens of an account, as its application hands them out.

use domain::credential::Credential;
use domain::id::{AccountId, CredentialId};
use domain::use_cases::credentials;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};

use crate::auth::Authenticated;
use crate::body::{Body, Field, Strict, Values, optional, optional_number};
use crate::context::Context;
use crate::credentials::{Terms, Told, terms};
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

/// The operations on user tokens.
#[derive(Debug)]
pub(crate) struct TokensApi;

/// A user token to be issued.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct IssueUserToken {
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

impl Example for IssueUserToken {
    fn example() -> Self {
        Self { name: Some("Ram's phone".to_owned()), expires_at: None, expires_in_days: Some(30) }
    }
}

impl Body for IssueUserToken {
    const FIELDS: &'static [Field] =
        &[optional("name"), optional("expires_at"), optional_number("expires_in_days")];

    fn build(values: &mut Values) -> Self {
        Self {
            name: values.optional("name"),
            expires_at: values.optional("expires_at"),
            expires_in_days: values.optional_number("expires_in_days"),
        }
    }
}

/// A user token, without its secret.
#[derive(Clone, Debug, Object)]
#[oai(rename = "UserToken", skip_serializing_if_is_none, example)]
pub(crate) struct UserTokenResource {
    /// Its id, by which it is revoked.
    pub id: String,
    /// What you call it.
    pub name: Option<String>,
    /// When it was issued, in RFC 3339.
    pub created_at: String,
    /// When it stops to work by itself; absent when it does not.
    pub expires_at: Option<String>,
    /// When it was revoked; absent while it was not.
    pub revoked_at: Option<String>,
}

impl Example for UserTokenResource {
    fn example() -> Self {
        Self {
            id: "01a206e6-a5c4-7e0b-8d1f-3c96b7a0e254".to_owned(),
            name: Some("Ram's phone".to_owned()),
            created_at: "2026-11-23T05:35:08.740Z".to_owned(),
            expires_at: Some("2026-12-23T05:35:08.740Z".to_owned()),
            revoked_at: None,
        }
    }
}

/// A user token that was issued.
#[derive(Object)]
#[oai(skip_serializing_if_is_none, example)]
pub(crate) struct IssuedUserToken {
    /// Its id, by which it is revoked.
    pub id: String,
    /// The token itself, to be sent as `Authorization: Bearer`. Keep it now: it is not shown again.
    pub secret: String,
    /// What you call it.
    pub name: Option<String>,
    /// When it was issued, in RFC 3339.
    pub created_at: String,
    /// When it stops to work by itself; absent when it does not.
    pub expires_at: Option<String>,
}

impl Example for IssuedUserToken {
    fn example() -> Self {
        Self {
            id: "01a206e6-a5c4-7e0b-8d1f-3c96b7a0e254".to_owned(),
            secret: format!("svu_{}", "0123456789abcdef".repeat(4)),
            name: Some("Ram's phone".to_owned()),
            created_at: "2026-11-23T05:35:08.740Z".to_owned(),
            expires_at: Some("2026-12-23T05:35:08.740Z".to_owned()),
        }
    }
}

/// A page of user tokens.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct UserTokenPage {
    /// The tokens, youngest first, expired and revoked ones included.
    pub items: Vec<UserTokenResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

impl From<&Credential> for UserTokenResource {
    fn from(token: &Credential) -> Self {
        let Told { id, name, created_at, expires_at, revoked_at } = token.into();
        Self { id, name, created_at, expires_at, revoked_at }
    }
}

/// A user token that was issued.
#[derive(ApiResponse)]
pub(crate) enum IssueAnswer {
    /// The token was issued. Its secret is told here and never again.
    #[oai(status = 201)]
    Issued(Json<IssuedUserToken>),
}

problems!(IssueProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, ScopeMissing,
    AccountNotFound);
problems!(ListProblems: ParameterInvalid, ScopeMissing, AccountNotFound);
problems!(RevokeProblems: ScopeMissing, AccountNotFound, TokenNotFound);

#[OpenApi(prefix_path = "/v1/accounts", tag = "ApiTags::Accounts")]
impl TokensApi {
    /// Issue a user token
    ///
    /// Needs an application key or an admin key. The token acts for this account only; its secret is told once.
    #[oai(path = "/:id/tokens", method = "post", operation_id = "issueUserToken")]
    async fn issue(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
        body: Strict<IssueUserToken>,
    ) -> Result<IssueAnswer, Refusing<IssueProblems>> {
        let account = id.0.known(Slug::AccountNotFound)?;
        let IssueUserToken { name, expires_at, expires_in_days } = body.0;
        let Terms { name, expires_at } =
            terms(&context, name.as_deref(), expires_at.as_deref(), expires_in_days)?;
        let issued = credentials::issue_token(&context.verifier, &caller.0, account, name, expires_at).await;
        let (token, secret) = done(issued)?;
        let UserTokenResource { id, name, created_at, expires_at, revoked_at: _ } = (&token).into();
        let secret = secret.reveal().to_owned();
        Ok(IssueAnswer::Issued(Json(IssuedUserToken { id, secret, name, created_at, expires_at })))
    }

    /// List an account's user tokens
    ///
    /// Needs an application key or an admin key. The youngest first; no secret is told.
    #[oai(path = "/:id/tokens", method = "get", operation_id = "listUserTokens")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<UserTokenPage>, Refusing<ListProblems>> {
        let account = id.0.known(Slug::AccountNotFound)?;
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), CredentialId::parse)?;
        let found = credentials::list_tokens(&context.verifier, &caller.0, account, paging.wanted()).await;
        let mut found = done(found)?;
        let next = paging.cut(&mut found, |last| last.id.to_string());
        Ok(Json(UserTokenPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// Revoke a user token
    ///
    /// Needs an application key or an admin key. It opens nothing any more, on every replica within seconds; revoking
    /// twice is the same as once.
    #[oai(path = "/:id/tokens/:token_id", method = "delete", operation_id = "revokeUserToken")]
    async fn revoke(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
        /// The token's id.
        token_id: Path<IdText<CredentialId>>,
    ) -> Result<Json<UserTokenResource>, Refusing<RevokeProblems>> {
        let account = id.0.known(Slug::AccountNotFound)?;
        let token = token_id.0.known(Slug::TokenNotFound)?;
        let revoked = credentials::revoke_token(&context.verifier, &caller.0, account, token).await;
        Ok(Json((&done(revoked)?).into()))
    }
}
