//! Blocks and allow-lists: kept, and asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::{MemoryStore, Tables, page_of};
use crate::account::Username;
use crate::application::ApplicationId;
use crate::block::{Block, BlockList, Decision};
use crate::event::{Event, EventAccount, EventKind, EventPlace};
use crate::id::{BlockId, EventId};
use crate::invalid_numbers::Pause;
use crate::ports::{BlockAdded, BlockScope, BlockStore, Blocks, Dependency, Page, PortError};
use crate::testkit::demand::locked;
use crate::time::Timestamp;

fn is_of(block: &Block, scope: BlockScope<'_>) -> bool {
    match scope {
        BlockScope::Of(application) => block.application.as_ref() == Some(application),
        BlockScope::OfAll => block.application.is_none(),
    }
}

impl Tables {
    fn named(&self, block: &Block) -> (Block, Option<Username>) {
        (block.clone(), self.username(block.subject.account()))
    }

    /// Somebody was blocked, let through, or no longer is.
    fn decided(&mut self, block: &Block, decision: Decision, at: Timestamp) {
        let Some(application) = block.application.clone() else { return };
        let account = block.subject.account();
        let username = self.username(account);
        self.happened(Event {
            application,
            kind: EventKind::FraudDecided,
            at,
            account: account.zip(username).map(|(id, username)| EventAccount { id, username }),
            phone: block.subject.phone(),
            reason: Some(decision.as_str().into()),
            block: Some(block.id),
            prefix: block.subject.prefix(),
            credit: None,
            id: EventId::from_uuid(Uuid::nil()),
            place: EventPlace(0),
            verification: None,
            purpose: None,
        });
    }
}

#[async_trait]
impl BlockStore for MemoryStore {
    async fn add_block(&self, block: &Block, max: u32) -> Result<BlockAdded, PortError> {
        self.call("add_block", |tables| {
            if tables.blocks.len() >= usize::try_from(max).unwrap_or(usize::MAX) {
                return Ok(BlockAdded::Full);
            }
            tables.blocks.insert(block.id, block.clone());
            tables.decided(block, Decision::of(block.action), block.created_at);
            Ok(BlockAdded::Stored)
        })
        .await
    }

    async fn remove_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
        now: Timestamp,
    ) -> Result<Option<Block>, PortError> {
        self.call("remove_block", |tables| {
            let mine = tables.blocks.get(&id).is_some_and(|block| is_of(block, scope));
            let removed = if mine { tables.blocks.remove(&id) } else { None };
            if let Some(block) = &removed {
                tables.decided(block, Decision::Removed, now);
            }
            Ok(removed)
        })
        .await
    }

    async fn load_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
    ) -> Result<Option<(Block, Option<Username>)>, PortError> {
        self.call("load_block", |tables| {
            let found = tables.blocks.get(&id).filter(|block| is_of(block, scope));
            Ok(found.map(|block| tables.named(block)))
        })
        .await
    }

    async fn list_blocks(
        &self,
        scope: BlockScope<'_>,
        page: Page<BlockId>,
    ) -> Result<Vec<(Block, Option<Username>)>, PortError> {
        self.call("list_blocks", |tables| {
            let rows = page_of(tables.blocks.iter(), page, |block: &&Block| is_of(block, scope));
            Ok(rows.map(|block| tables.named(block)).collect())
        })
        .await
    }

    async fn all_blocks(&self, now: Timestamp) -> Result<Vec<Block>, PortError> {
        self.call("all_blocks", |tables| {
            let in_force = |block: &&Block| block.expires_at.is_none_or(|expires_at| now < expires_at);
            Ok(tables.blocks.values().filter(in_force).cloned().collect())
        })
        .await
    }

    async fn sweep_blocks(&self, before: Timestamp, max: u32) -> Result<u64, PortError> {
        self.call("sweep_blocks", |tables| {
            let over = |block: &&Block| block.expires_at.is_some_and(|expires_at| expires_at < before);
            let max = usize::try_from(max).unwrap_or(usize::MAX);
            let old: Vec<_> = tables.blocks.values().filter(over).take(max).map(|block| block.id).collect();
            for id in &old {
                tables.blocks.remove(id);
            }
            Ok(old.len() as u64)
        })
        .await
    }
}

/// What is asked is what is kept: nothing has to be looked at again.
#[async_trait]
impl Blocks for MemoryStore {
    fn list(&self) -> Result<Arc<BlockList>, PortError> {
        let inner = locked(&self.0);
        if inner.tables.blocks_are_stale {
            return Err(PortError::unavailable(Dependency::Store, "the blocks were told to be too old"));
        }
        Ok(Arc::new(BlockList::new(inner.tables.blocks.values().cloned())))
    }

    fn pause_of(&self, application: &ApplicationId) -> Result<Option<Pause>, PortError> {
        self.list()?;
        Ok(locked(&self.0).tables.pauses.get(application).cloned())
    }

    fn age(&self) -> Duration {
        if locked(&self.0).tables.blocks_are_stale { Duration::from_mins(1) } else { Duration::ZERO }
    }

    async fn refresh(&self) -> Result<(), PortError> {
        self.call("refresh", |_| Ok(())).await
    }
}
