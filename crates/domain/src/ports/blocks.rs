//! What keeps blocks and allow-lists, and what holds them where they are asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Page, PortError};
use crate::account::Username;
use crate::application::ApplicationId;
use crate::block::{Block, BlockList};
use crate::id::BlockId;
use crate::invalid_numbers::Pause;
use crate::time::Timestamp;

/// Whose entries are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockScope<'a> {
    /// Those of one application.
    Of(&'a ApplicationId),
    /// Those that hold for all applications.
    OfAll,
}

/// How an addition went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockAdded {
    /// It is stored.
    Stored,
    /// There are as many as there may be; nothing was stored.
    Full,
}

/// Keeps blocks and allow-lists.
#[async_trait]
pub trait BlockStore: Send + Sync + fmt::Debug {
    /// Stores an entry unless there are `max` already, whosesoever. Additions that race may exceed it by as many as
    /// race. An entry of one application is told as a decision, in the same transaction.
    async fn add_block(&self, block: &Block, max: u32) -> Result<BlockAdded, PortError>;

    /// Removes an entry at `now`; answers it, or `None` when there is no such one. That of one application is told as a
    /// decision, in the same transaction.
    async fn remove_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
        now: Timestamp,
    ) -> Result<Option<Block>, PortError>;

    /// One entry, expired or not, with the name of its account.
    async fn load_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
    ) -> Result<Option<(Block, Option<Username>)>, PortError>;

    /// A page of entries, youngest first, expired ones too, with the names of their accounts.
    async fn list_blocks(
        &self,
        scope: BlockScope<'_>,
        page: Page<BlockId>,
    ) -> Result<Vec<(Block, Option<Username>)>, PortError>;

    /// Every entry of every application that is in force at `now`.
    async fn all_blocks(&self, now: Timestamp) -> Result<Vec<Block>, PortError>;

    /// Deletes up to `max` entries that expired before `before`; answers how many.
    async fn sweep_blocks(&self, before: Timestamp, max: u32) -> Result<u64, PortError>;
}

/// Holds what blocks and pauses there are, so that asking costs nothing. What was changed elsewhere it knows within seconds.
#[async_trait]
pub trait Blocks: Send + Sync + fmt::Debug {
    /// What there is. An error when it is too old to be believed: nothing may be sent then.
    fn list(&self) -> Result<Arc<BlockList>, PortError>;

    /// The pause of an application, if there is one; it may be over. An error as of [`Blocks::list`].
    fn pause_of(&self, application: &ApplicationId) -> Result<Option<Pause>, PortError>;

    /// How old that is.
    fn age(&self) -> Duration;

    /// Looks at once what there is now: after a change.
    async fn refresh(&self) -> Result<(), PortError>;
}
