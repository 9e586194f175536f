//! `block`.

use std::time::Duration;

use domain::account::Username;
use domain::application::ApplicationId;
use domain::block::{
    BLOCKS_MAX, BLOCKS_OF_APPLICATIONS_MAX, Block, BlockAction, BlockReason, BlockSubject, Prefix,
};
use domain::id::BlockId;
use domain::phone::Phone;
use domain::ports::{BlockScope, Page};
use domain::time::{after, rfc3339};
use domain::use_cases::blocks::{self, BlockMade, NewBlock};
use serde_json::{Value, json};

use super::{account_named, application, id, more, parse_phone, wired};
use crate::args::{BlockCommand, BlockSubjectArgs};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::Wired;

pub(crate) async fn block(
    config: &Config,
    command: BlockCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let own = application(config);
    match command {
        BlockCommand::Add { subject, allow, reason, hours, all_applications } => {
            let expires_at = hours
                .map(|hours| after(wired.verifier.ports.clock.now(), Duration::from_hours(u64::from(hours))));
            let new = NewBlock {
                application: (!all_applications).then(|| own.clone()),
                action: if allow { BlockAction::Allow } else { BlockAction::Deny },
                subject: parse_subject(&wired, config, &subject).await?,
                reason: reason.as_deref().map(parse_reason).transpose()?,
                expires_at,
            };
            let made = made(blocks::add(&wired.verifier, new).await?)?;
            output.record(&shown(&made, subject.account.as_deref()))
        }
        BlockCommand::List { all_applications, page } => {
            let before = page.before.as_deref().map(|text| id(text, BlockId::parse)).transpose()?;
            let asked = Page { before, limit: page.limit };
            let found = blocks::list(&wired.verifier, scope(own, all_applications), asked).await?;
            let named =
                |(block, name): &(Block, Option<Username>)| shown(block, name.as_ref().map(Username::as_str));
            let rows: Vec<_> = found.iter().map(named).collect();
            let more = more(&found, page.limit, |(block, _)| block.id.to_string());
            let columns =
                ["action", "phone", "prefix", "account", "reason", "created_at", "expires_at", "id"];
            output.rows(&columns, &rows, more.as_deref())
        }
        BlockCommand::Remove { id: text, all_applications } => {
            let named = id(&text, BlockId::parse)?;
            let removed = blocks::remove(&wired.verifier, scope(own, all_applications), named).await?;
            let (removed, name) = removed.ok_or_else(|| {
                CommandError::NotFound("There is no such block; see `block list`.".to_owned())
            })?;
            output.record(&shown(&removed, name.as_ref().map(Username::as_str)))
        }
    }
}

const fn scope(own: &ApplicationId, all_applications: bool) -> BlockScope<'_> {
    if all_applications { BlockScope::OfAll } else { BlockScope::Of(own) }
}

async fn parse_subject(
    wired: &Wired,
    config: &Config,
    named: &BlockSubjectArgs,
) -> Result<BlockSubject, CommandError> {
    if let Some(text) = &named.phone {
        return Ok(BlockSubject::Phone(parse_phone(wired, text)?));
    }
    if let Some(name) = &named.account {
        return Ok(BlockSubject::Account(account_named(wired, config, name).await?.id));
    }
    let prefix = named.prefix.as_deref().and_then(Prefix::parse);
    prefix.map(BlockSubject::Prefix).ok_or_else(|| {
        CommandError::Argument(
            "A prefix is a plus and 4 to 10 digits, country code first, such as +977984.".to_owned(),
        )
    })
}

fn parse_reason(text: &str) -> Result<BlockReason, CommandError> {
    BlockReason::parse(text).map_err(|fault| CommandError::Argument(format!("The reason {fault}.")))
}

fn made(made: BlockMade) -> Result<Block, CommandError> {
    match made {
        BlockMade::Made(block) => Ok(block),
        BlockMade::Full => Err(CommandError::Refused(format!(
            "There are {BLOCKS_OF_APPLICATIONS_MAX} blocks already ({BLOCKS_MAX} with those for all applications). Remove some, or \
             block prefixes in place of phones."
        ))),
        BlockMade::Over => Err(CommandError::Argument("The block would be over already.".to_owned())),
    }
}

fn shown(block: &Block, account: Option<&str>) -> Value {
    json!({
        "id": block.id.to_string(),
        "application": block.application.as_ref().map(ApplicationId::as_str),
        "action": block.action.as_str(),
        "phone": block.subject.phone().map(Phone::masked),
        "prefix": block.subject.prefix().map(|prefix| prefix.to_string()),
        "account": account,
        "reason": block.reason.as_ref().map(BlockReason::as_str),
        "created_at": rfc3339(block.created_at),
        "expires_at": block.expires_at.map(rfc3339),
    })
}
