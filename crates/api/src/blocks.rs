//! Blocks and allow-lists.

use domain::account::Username;
use domain::application::ApplicationId;
use domain::block::{Block, BlockAction, BlockReason, BlockSubject, Prefix};
use domain::id::BlockId;
use domain::phone::Phone;
use domain::ports::BlockScope;
use domain::time::rfc3339;
use domain::use_cases::accounts;
use domain::use_cases::blocks::{self, BlockMade, NewBlock};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde_json::json;

use crate::auth::Authenticated;
use crate::body::{Body, Field, Strict, Values, optional, required};
use crate::context::Context;
use crate::docs::Notes;
use crate::fields::{instant, invalid_field, username};
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{FieldProblem, Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;

/// The operations on blocks.
#[derive(Debug)]
pub(crate) struct BlocksApi;

/// Whom to block, or to let through: exactly one of `phone`, `prefix` and `account`.
#[derive(Object)]
#[oai(deny_unknown_fields, skip_serializing_if_is_none, example)]
pub(crate) struct CreateBlock {
    /// `deny` blocks; `allow` lets through in spite of a deny that is as narrow or wider (a phone is narrower than a
    /// prefix, a long prefix narrower than a short one), but lifts no limit.
    pub action: String,
    /// One phone, in any usual spelling.
    #[oai(validator(max_length = 64))]
    pub phone: Option<String>,
    /// Every phone that begins with these 4 to 10 digits: a plus and the country code first.
    #[oai(validator(pattern = "^\\+[1-9][0-9]{3,9}$"))]
    pub prefix: Option<String>,
    /// The username of an account.
    #[oai(validator(max_length = 150))]
    pub account: Option<String>,
    /// Why, in at most 100 characters; no phone.
    #[oai(validator(max_length = 100))]
    pub reason: Option<String>,
    /// Until when (RFC 3339); for good when left out.
    #[oai(validator(max_length = 40))]
    pub expires_at: Option<String>,
}

impl Body for CreateBlock {
    const FIELDS: &'static [Field] = &[
        required("action"),
        optional("phone"),
        optional("prefix"),
        optional("account"),
        optional("reason"),
        optional("expires_at"),
    ];

    fn build(values: &mut Values) -> Self {
        Self {
            action: values.required("action"),
            phone: values.optional("phone"),
            prefix: values.optional("prefix"),
            account: values.optional("account"),
            reason: values.optional("reason"),
            expires_at: values.optional("expires_at"),
        }
    }
}

impl CreateBlock {
    /// What is asked for, and the name of the account that it is about.
    async fn parse(
        &self,
        context: &Context,
        application: ApplicationId,
    ) -> Result<(NewBlock, Option<Username>), Problem> {
        let action = BlockAction::parse(&self.action)
            .ok_or_else(|| invalid_field("action", "must be `deny` or `allow`"))?;
        let reason = self.reason.as_deref().map(|text| {
            BlockReason::parse(text).map_err(|fault| invalid_field("reason", &fault.to_string()))
        });
        let expires_at = self.expires_at.as_deref().map(|text| instant("expires_at", text));
        let (reason, expires_at) = (reason.transpose()?, expires_at.transpose()?);
        let (subject, name) = match (&self.phone, &self.prefix, &self.account) {
            (Some(phone), None, None) => (BlockSubject::Phone(context.phone(phone)?), None),
            (None, Some(prefix), None) => {
                let prefix = Prefix::parse(prefix);
                let wrong = || {
                    invalid_field(
                        "prefix",
                        "must be a plus and 4 to 10 digits, country code first, such as +977984",
                    )
                };
                (BlockSubject::Prefix(prefix.ok_or_else(wrong)?), None)
            }
            (None, None, Some(name)) => {
                let name = username("account", name)?;
                let found = accounts::find(&context.verifier, &application, &name).await?;
                let account = found.ok_or_else(|| Problem::of(Slug::AccountNotFound))?;
                (BlockSubject::Account(account.id), Some(name))
            }
            _ => return Err(not_one_subject()),
        };
        Ok((NewBlock { application: Some(application), action, subject, reason, expires_at }, name))
    }
}

fn not_one_subject() -> Problem {
    let error = |name: &str| FieldProblem {
        pointer: format!("#/{name}"),
        detail: "exactly one of `phone`, `prefix` and `account` must be there".to_owned(),
    };
    Problem::of(Slug::BodyInvalid).in_fields(["phone", "prefix", "account"].map(error).to_vec())
}

/// Somebody who is blocked, or let through in spite of a block.
#[derive(Object)]
#[oai(rename = "Block", skip_serializing_if_is_none, example)]
pub(crate) struct BlockResource {
    /// Its id.
    pub id: String,
    /// `deny` or `allow`.
    pub action: String,
    /// The phone it is about, masked.
    pub phone: Option<String>,
    /// The first digits of the phones that it is about.
    pub prefix: Option<String>,
    /// The username of the account that it is about.
    pub account: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Since when (RFC 3339).
    pub created_at: String,
    /// Until when (RFC 3339); for good when absent.
    pub expires_at: Option<String>,
}

impl BlockResource {
    fn of(block: &Block, account: Option<&Username>) -> Self {
        Self {
            id: block.id.to_string(),
            action: block.action.as_str().to_owned(),
            phone: block.subject.phone().map(Phone::masked),
            prefix: block.subject.prefix().map(|prefix| prefix.to_string()),
            account: account.map(|name| name.as_str().to_owned()),
            reason: block.reason.as_ref().map(|reason| reason.as_str().to_owned()),
            created_at: rfc3339(block.created_at),
            expires_at: block.expires_at.map(rfc3339),
        }
    }
}

/// A page of blocks, the youngest first.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct BlockPage {
    /// The blocks.
    pub items: Vec<BlockResource>,
    /// The `cursor` of the next page; absent on the last.
    pub next: Option<String>,
}

/// It holds.
#[derive(ApiResponse)]
enum CreateBlockAnswer {
    /// It holds: on this replica at once, on others within seconds.
    #[oai(status = 201)]
    Created(Json<BlockResource>),
}

problems!(CreateBlockProblems: ScopeMissing, BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported,
    BodyInvalid, PhoneInvalid, AccountNotFound, TooManyBlocks);
problems!(ListBlocksProblems: ScopeMissing, ParameterInvalid);
problems!(BlockProblems: ScopeMissing, BlockNotFound);

#[OpenApi(prefix_path = "/v1/admin/blocks", tag = "ApiTags::Administration")]
impl BlocksApi {
    /// Block somebody, or let somebody through
    ///
    /// No SMS is sent to a phone, to phones with a prefix, or for an account that is denied; starting and sending again
    /// answer 403 `blocked`, whichever it is. A phone or an account that is denied cannot check codes either. An
    /// `allow` lets through what a deny as narrow or wider would refuse, but lifts no limit and no budget of wrong
    /// checks. It holds here at once, and on other replicas within three seconds.
    #[oai(path = "/", method = "post", operation_id = "createBlock")]
    async fn create(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        body: Strict<CreateBlock>,
    ) -> Result<CreateBlockAnswer, Refusing<CreateBlockProblems>> {
        let (new, account) = body.0.parse(&context, caller.administers()?.clone()).await?;
        match blocks::add(&context.verifier, new).await.map_err(Problem::from)? {
            BlockMade::Made(block) => {
                Ok(CreateBlockAnswer::Created(Json(BlockResource::of(&block, account.as_ref()))))
            }
            BlockMade::Full => Err(Problem::of(Slug::TooManyBlocks).into()),
            BlockMade::Over => Err(invalid_field("expires_at", "must be in the future").into()),
        }
    }

    /// List blocks
    ///
    /// The youngest first; of the caller's application only. Those that have expired stay in the list until they are
    /// swept away, and do nothing.
    #[oai(path = "/", method = "get", operation_id = "listBlocks")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<BlockPage>, Refusing<ListBlocksProblems>> {
        let application = caller.administers()?;
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), BlockId::parse)?;
        let found = blocks::list(&context.verifier, BlockScope::Of(application), paging.wanted()).await;
        let mut found = found.map_err(Problem::from)?;
        let next = paging.cut(&mut found, |(last, _)| last.id.to_string());
        let items = found.iter().map(|(block, name)| BlockResource::of(block, name.as_ref())).collect();
        Ok(Json(BlockPage { items, next }))
    }

    /// Look at a block
    ///
    /// One of the caller's application.
    #[oai(path = "/:id", method = "get", operation_id = "getBlock")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The block's id.
        id: Path<IdText<BlockId>>,
    ) -> Result<Json<BlockResource>, Refusing<BlockProblems>> {
        let application = caller.administers()?;
        let id = id.0.known(Slug::BlockNotFound)?;
        let found = blocks::find(&context.verifier, BlockScope::Of(application), id).await;
        let (block, name) = found.map_err(Problem::from)?.ok_or_else(not_found)?;
        Ok(Json(BlockResource::of(&block, name.as_ref())))
    }

    /// Remove a block
    ///
    /// It holds no more: here at once, on other replicas within three seconds. A second time there is none any more.
    #[oai(path = "/:id", method = "delete", operation_id = "deleteBlock")]
    async fn delete(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The block's id.
        id: Path<IdText<BlockId>>,
    ) -> Result<Json<BlockResource>, Refusing<BlockProblems>> {
        let application = caller.administers()?;
        let id = id.0.known(Slug::BlockNotFound)?;
        let removed = blocks::remove(&context.verifier, BlockScope::Of(application), id).await;
        let (block, name) = removed.map_err(Problem::from)?.ok_or_else(not_found)?;
        Ok(Json(BlockResource::of(&block, name.as_ref())))
    }
}

fn not_found() -> Problem {
    Problem::of(Slug::BlockNotFound)
}

/// What the API document says beyond the types.
pub(crate) fn notes(notes: &mut Notes) {
    let actions = [BlockAction::Deny, BlockAction::Allow].map(BlockAction::as_str);
    notes.closed("BlockAction", actions, &["CreateBlock.action", "Block.action"]);
    notes.request(
        "createBlock",
        "phone",
        "Let one phone through a wider block",
        json!({ "action": "allow", "phone": "9841234567" }),
    );
    notes.request(
        "createBlock",
        "prefix",
        "Block all phones of a prefix for a while",
        json!({ "action": "deny", "prefix": "+977984", "reason": "SMS pumping", "expires_at": "2026-12-01T00:00:00Z" }),
    );
}

impl Example for CreateBlock {
    fn example() -> Self {
        Self {
            action: "deny".to_owned(),
            phone: None,
            prefix: Some("+977984".to_owned()),
            account: None,
            reason: Some("SMS pumping".to_owned()),
            expires_at: None,
        }
    }
}

impl Example for BlockResource {
    fn example() -> Self {
        Self {
            id: "01a206e9-5b0e-7c44-9d27-61f3ab08c5d2".to_owned(),
            action: "deny".to_owned(),
            phone: None,
            prefix: Some("+977984".to_owned()),
            account: None,
            reason: Some("SMS pumping".to_owned()),
            created_at: "2026-11-23T05:38:06.286Z".to_owned(),
            expires_at: None,
        }
    }
}
