//! Blocks and allow-lists: how operators handle them, and how the other use cases ask.

use super::{Failure, Stop, Verifier};
use crate::account::Username;
use crate::application::ApplicationId;
use crate::block::{
    BLOCKS_MAX, BLOCKS_OF_APPLICATIONS_MAX, Block, BlockAction, BlockQuestion, BlockReason, BlockSubject,
    Verdict,
};
use crate::id::BlockId;
use crate::ports::{BlockAdded, BlockScope, Lost, Page};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::verification::Subject;

/// An entry to be made.
#[derive(Clone, Debug)]
pub struct NewBlock {
    /// Whose it is; none for all applications. That of an account is always its application's.
    pub application: Option<ApplicationId>,
    /// What it does.
    pub action: BlockAction,
    /// Whom it is about.
    pub subject: BlockSubject,
    /// Why.
    pub reason: Option<BlockReason>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// How a wish for an entry was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockMade {
    /// It holds: here at once, on other replicas within seconds.
    Made(Block),
    /// There are as many entries as there may be ([`BLOCKS_MAX`],
    /// [`BLOCKS_OF_APPLICATIONS_MAX`]); remove some.
    Full,
    /// It would be over before it began.
    Over,
}

/// Makes an entry.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn add(verifier: &Verifier, new: NewBlock) -> Result<BlockMade, Failure> {
    let now = verifier.now();
    let NewBlock { application, action, subject, reason, expires_at } = new;
    if expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Ok(BlockMade::Over);
    }
    let id = BlockId::new(now, verifier.ports.entropy.as_ref())?;
    let block = Block { id, application, action, subject, reason, created_at: now, expires_at };
    let max = if block.application.is_some() { BLOCKS_OF_APPLICATIONS_MAX } else { BLOCKS_MAX };
    match verifier.ports.block_store.add_block(&block, max).await? {
        BlockAdded::Stored => {}
        BlockAdded::Full => return Ok(BlockMade::Full),
    }
    refresh(verifier).await;
    Ok(BlockMade::Made(block))
}

/// Removes an entry, and answers it with the name of its account; `None` when there is no such one.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn remove(
    verifier: &Verifier,
    scope: BlockScope<'_>,
    id: BlockId,
) -> Result<Option<(Block, Option<Username>)>, Failure> {
    let store = &verifier.ports.block_store;
    // The name is read first: once the entry is gone, nothing may fail.
    let Some((_, name)) = store.load_block(scope, id).await? else { return Ok(None) };
    let Some(block) = store.remove_block(scope, id, verifier.now()).await? else { return Ok(None) };
    refresh(verifier).await;
    Ok(Some((block, name)))
}

/// One entry, with the name of its account.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn find(
    verifier: &Verifier,
    scope: BlockScope<'_>,
    id: BlockId,
) -> Result<Option<(Block, Option<Username>)>, Failure> {
    Ok(verifier.ports.block_store.load_block(scope, id).await?)
}

/// A page of entries, youngest first, with the names of their accounts.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list(
    verifier: &Verifier,
    scope: BlockScope<'_>,
    page: Page<BlockId>,
) -> Result<Vec<(Block, Option<Username>)>, Failure> {
    Ok(verifier.ports.block_store.list_blocks(scope, page).await?)
}

/// What is kept is kept, whatever comes of this: what holds the entries looks again by itself within seconds.
async fn refresh(verifier: &Verifier) {
    if let Err(error) = verifier.ports.blocks.refresh().await {
        verifier.ports.alarms.raise(Lost::BlockRefresh, &error);
    }
}

/// Refuses a send that is blocked, before anything is counted.
pub(super) fn may_send(verifier: &Verifier, subject: &Subject, now: Timestamp) -> Result<(), Stop> {
    match verifier.ports.blocks.list()?.verdict_on_send(&question(subject), now) {
        Verdict::Open => Ok(()),
        Verdict::Denied => Err(Refusal::Blocked.into()),
    }
}

/// Refuses a check whose phone or account is blocked, before anything is compared.
pub(super) fn may_check(verifier: &Verifier, subject: &Subject, now: Timestamp) -> Result<(), Stop> {
    match verifier.ports.blocks.list()?.verdict_on_check(&question(subject), now) {
        Verdict::Open => Ok(()),
        Verdict::Denied => Err(Refusal::Blocked.into()),
    }
}

const fn question(subject: &Subject) -> BlockQuestion<'_> {
    BlockQuestion { application: &subject.application, account: subject.account, phone: subject.phone }
}
