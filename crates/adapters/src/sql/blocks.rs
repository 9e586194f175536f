//! Blocks and allow-lists, in any database.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use domain::account::Username;
use domain::block::Block;
use domain::id::BlockId;
use domain::ports::{BlockAdded, BlockScope, Page};
use domain::time::Timestamp;
use uuid::Uuid;

use super::arguments::Arguments as _;
use super::columns::Columns;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::rows::FOR_ALL;
use super::statements::{ALL_BLOCKS, LIST_BLOCKS, LOAD_BLOCK, SWEEP_BLOCKS};

pub(super) fn scope_name(scope: BlockScope<'_>) -> &str {
    match scope {
        BlockScope::Of(application) => application.as_str(),
        BlockScope::OfAll => FOR_ALL,
    }
}

/// A database that keeps blocks; see the port for what the methods mean. A change is told in its transaction, which
/// databases do each in its own way.
pub(super) trait BlockEngine: Engine {
    /// What [`all`] could not read when it was last asked.
    fn unread_blocks(&self) -> &UnreadBlocks;

    /// [`domain::ports::BlockStore::add_block`].
    fn add_block(&self, block: &Block, max: u32) -> impl Future<Output = Result<BlockAdded, Failure>> + Send;

    /// [`domain::ports::BlockStore::remove_block`].
    fn remove_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Block>, Failure>> + Send;
}

/// Looks how many there are: no more than there may be (`$10`).
macro_rules! add_block {
    () => {
        "INSERT INTO blocks (id, application, action, phone, prefix, account_id, reason, created_at, expires_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT count(*) FROM blocks) < $10"
    };
}

/// Removes `$1` of the application `$2`.
macro_rules! remove_block {
    () => {
        concat!(
            "DELETE FROM blocks WHERE id = $1 AND application = $2 AND ",
            crate::sql::columns::known_block!("blocks"),
            " RETURNING ",
            crate::sql::columns::block_columns!("blocks")
        )
    };
}

pub(super) use {add_block, remove_block};

pub(super) async fn load<E: Engine>(
    engine: &E,
    scope: BlockScope<'_>,
    id: BlockId,
) -> Result<Option<(Block, Option<Username>)>, Failure> {
    let rows = engine.ask(E::query(LOAD_BLOCK).uuid(id.uuid()).text(scope_name(scope))).await?;
    rows.first().map(|row| named(engine, row)).transpose()
}

pub(super) async fn list<E: Engine>(
    engine: &E,
    scope: BlockScope<'_>,
    page: Page<BlockId>,
) -> Result<Vec<(Block, Option<Username>)>, Failure> {
    let query = E::query(LIST_BLOCKS)
        .text(scope_name(scope))
        // No id is as great: an open page begins at the end.
        .uuid(page.before.map_or(Uuid::max(), BlockId::uuid))
        .whole(i64::from(page.limit));
    engine.ask(query).await?.iter().map(|row| named(engine, row)).collect()
}

/// An entry that cannot be read holds nobody up: without the others nothing could be sent at all.
pub(super) async fn all<E: BlockEngine>(engine: &E, now: Timestamp) -> Result<Vec<Block>, Failure> {
    let rows = engine.ask(E::query(ALL_BLOCKS).instant(now)).await?;
    let mut blocks = Vec::with_capacity(rows.len());
    let mut unread = BTreeSet::new();
    for row in &rows {
        match Columns::of(row, engine.vault()).block() {
            Ok(block) => blocks.push(block),
            Err(Failure::Row(_)) => {
                unread.insert(Columns::of(row, engine.vault()).uuid("id")?);
            }
            Err(failure @ (Failure::Database(_) | Failure::Unreachable(_) | Failure::Shared(_))) => {
                return Err(failure);
            }
        }
    }
    engine.unread_blocks().note(unread);
    Ok(blocks)
}

pub(super) async fn sweep<E: Engine>(engine: &E, before: Timestamp, max: u32) -> Result<u64, Failure> {
    let query = E::query(SWEEP_BLOCKS).instant(before).whole(i64::from(max));
    Ok(engine.tell(query, Twice::Harmless).await?.changed)
}

fn named<E: Engine>(engine: &E, row: &E::Row) -> Result<(Block, Option<Username>), Failure> {
    let mut columns = Columns::of(row, engine.vault());
    Ok((columns.block()?, columns.username()?))
}

/// The entries that could not be read when all were last looked at, so that it is said once, and not with every look.
#[derive(Debug, Default)]
pub(super) struct UnreadBlocks(Mutex<BTreeSet<Uuid>>);

impl UnreadBlocks {
    fn note(&self, unread: BTreeSet<Uuid>) {
        let (entries, first) = (unread.len(), unread.first().copied());
        if !self.are_others(unread) {
            return;
        }
        if let Some(first) = first {
            tracing::error!(
                entries,
                %first,
                "there are blocks that cannot be read, and they do not hold here: a newer release may have made them"
            );
        } else {
            tracing::info!("all blocks can be read again");
        }
    }

    /// Keeps them; answers whether they are others than before.
    fn are_others(&self, unread: BTreeSet<Uuid>) -> bool {
        // No code that can panic runs under it.
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = *before != unread;
        *before = unread;
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_once() {
        let unread = UnreadBlocks::default();
        let of = |ids: &[u128]| ids.iter().copied().map(Uuid::from_u128).collect();
        let looks =
            [(&[][..], false), (&[7], true), (&[7], false), (&[7, 8], true), (&[8], true), (&[], true)];
        for (ids, told) in looks {
            assert_eq!(unread.are_others(of(ids)), told, "{ids:?}");
        }
    }
}
