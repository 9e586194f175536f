//! The users of an application: who they are, and which phone they hold. Translates between HTTP and the use cases;
//! decides nothing.

use domain::event::EventPlace;
use domain::id::AccountId;
use domain::use_cases::accounts;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use crate::auth::Authenticated;
use crate::body::Strict;
use crate::context::Context;
use crate::events::EventPage;
use crate::fields::username;
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

mod resources;
pub(crate) mod tokens;

use resources::{AccountPage, AccountResource, ChangePhone, CreateAccount};

/// The operations on accounts.
#[derive(Debug)]
pub(crate) struct AccountsApi;

/// The account that has the name.
#[derive(ApiResponse)]
pub(crate) enum CreateAnswer {
    /// The account was made.
    #[oai(status = 201)]
    Created(Json<AccountResource>),
    /// It was there already, and is left as it is.
    #[oai(status = 200)]
    WasThere(Json<AccountResource>),
}

problems!(CreateProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid, ScopeMissing);
problems!(ListProblems: ParameterInvalid, ScopeMissing);
problems!(GetProblems: AccountNotFound);
problems!(HistoryProblems: ParameterInvalid, AccountNotFound);
problems!(OwnProblems: AccountNotFound, ScopeMissing);
problems!(ChangePhoneProblems: BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported, BodyInvalid,
    PhoneInvalid, ScopeMissing, AccountNotFound, PhoneTaken);

#[OpenApi(prefix_path = "/v1", tag = "ApiTags::Accounts")]
impl AccountsApi {
    /// Create an account
    ///
    /// Needs an application key or an admin key. An account of this name that is there already is answered as it is,
    /// with 200. Accounts that an application key names in a start are made by themselves.
    #[oai(path = "/accounts", method = "post", operation_id = "createAccount")]
    async fn create(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<CreateAccount>,
    ) -> Result<CreateAnswer, Refusing<CreateProblems>> {
        let username = username("username", &body.0.username)?;
        let (account, created) = done(accounts::create(&context.verifier, &caller.0, username).await)?;
        let resource = Json((&account).into());
        Ok(if created { CreateAnswer::Created(resource) } else { CreateAnswer::WasThere(resource) })
    }

    /// List accounts
    ///
    /// Needs an application key or an admin key. The youngest first.
    #[oai(path = "/accounts", method = "get", operation_id = "listAccounts")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// Only the account of this name, compared exactly.
        username: Query<Option<String>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<AccountPage>, Refusing<ListProblems>> {
        let username = username.0.as_deref().map(domain::account::Username::parse).transpose();
        let username =
            username.map_err(|fault| Problem::new(Slug::ParameterInvalid, format!("`username` {fault}.")))?;
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), AccountId::parse)?;
        let found = accounts::browse(&context.verifier, &caller.0, username.as_ref(), paging.wanted()).await;
        let mut found = done(found)?;
        let next = paging.cut(&mut found, |last| last.id.to_string());
        Ok(Json(AccountPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// Look at an account
    ///
    /// A user token sees its own account, a key those of its application.
    #[oai(path = "/accounts/:id", method = "get", operation_id = "getAccount")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
    ) -> Result<Json<AccountResource>, Refusing<GetProblems>> {
        let id = id.0.known(Slug::AccountNotFound)?;
        let found = accounts::look_at(&context.verifier, &caller.0, id).await;
        Ok(Json((&done(found)?).into()))
    }

    /// Look at one's own account
    ///
    /// Needs a user token.
    #[oai(path = "/account", method = "get", operation_id = "getOwnAccount")]
    async fn get_own(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<AccountResource>, Refusing<OwnProblems>> {
        let found = accounts::own(&context.verifier, &caller.0).await;
        Ok(Json((&done(found)?).into()))
    }

    /// Look at an account's history
    ///
    /// What happened to the account, the youngest first: how its verifications ended, and how it came to its phone or
    /// lost it. A user token sees its own account's, a key those of its application.
    #[oai(path = "/accounts/:id/history", method = "get", operation_id = "getAccountHistory")]
    async fn history(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<EventPage>, Refusing<HistoryProblems>> {
        let id = id.0.known(Slug::AccountNotFound)?;
        let place = |text: &str| text.parse().ok().map(EventPlace);
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), place)?;
        let mut found = done(accounts::history(&context.verifier, &caller.0, id, paging.wanted()).await)?;
        let next = paging.cut(&mut found, |last| last.place.0.to_string());
        Ok(Json(EventPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// Unlink a phone
    ///
    /// Takes the phone from an account; taking it twice is the same as once. A key does so for each account of its
    /// application, a user token for its own. Another account may verify the phone then. Verifications that are live
    /// go on, but those for `login`, `recovery` and `transaction` are refused from now on.
    #[oai(path = "/accounts/:id/phone", method = "delete", operation_id = "unlinkPhone")]
    async fn unlink(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
    ) -> Result<Json<AccountResource>, Refusing<GetProblems>> {
        let id = id.0.known(Slug::AccountNotFound)?;
        let unlinked = accounts::unlink_phone(&context.verifier, &caller.0, id).await;
        Ok(Json((&done(unlinked)?.account).into()))
    }

    /// Unlink one's own phone
    ///
    /// Needs a user token; it takes the phone from the token's account, as unlinking by id does.
    #[oai(path = "/account/phone", method = "delete", operation_id = "unlinkOwnPhone")]
    async fn unlink_own(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<AccountResource>, Refusing<OwnProblems>> {
        let unlinked = accounts::unlink_own_phone(&context.verifier, &caller.0).await;
        Ok(Json((&done(unlinked)?.account).into()))
    }

    /// Change a phone without a code
    ///
    /// Needs an admin key. Records that the account has proved this phone elsewhere, such as in a system that this one
    /// replaces, in the place of the phone it has. A phone that another account holds stays there: 409.
    #[oai(path = "/accounts/:id/phone", method = "put", operation_id = "changePhone")]
    async fn change_phone(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The account's id.
        id: Path<IdText<AccountId>>,
        body: Strict<ChangePhone>,
    ) -> Result<Json<AccountResource>, Refusing<ChangePhoneProblems>> {
        let id = id.0.known(Slug::AccountNotFound)?;
        let (phone, verified_at) = body.0.parse(&context)?;
        let changed = accounts::change_phone(&context.verifier, &caller.0, id, phone, verified_at).await;
        Ok(Json((&done(changed)?.account).into()))
    }
}
