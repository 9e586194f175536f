//! Blocks and allow-lists, in any database.

use domain::account::Username;
use domain::block::Block;
use domain::id::BlockId;
use domain::ports::{BlockAdded, BlockScope, Page};
use domain::time::Timestamp;
use uuid::Uuid;

use super::arguments::{self, Arguments as _};
use super::columns::Columns;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::rows::FOR_ALL;
use super::statements::{ADD_BLOCK, ALL_BLOCKS, LIST_BLOCKS, LOAD_BLOCK, REMOVE_BLOCK, SWEEP_BLOCKS};

fn scope_name(scope: BlockScope<'_>) -> &str {
    match scope {
        BlockScope::Of(application) => application.as_str(),
        BlockScope::OfAll => FOR_ALL,
    }
}

pub(super) async fn add<E: Engine>(engine: &E, block: &Block, max: u32) -> Result<BlockAdded, Failure> {
    let query = arguments::block(E::query(ADD_BLOCK), engine.vault(), block).whole(i64::from(max));
    // A second time its own id is in the way.
    let told = engine.tell(query, Twice::Different).await?;
    Ok(if told.changed == 1 { BlockAdded::Stored } else { BlockAdded::Full })
}

pub(super) async fn remove<E: Engine>(
    engine: &E,
    scope: BlockScope<'_>,
    id: BlockId,
) -> Result<Option<Block>, Failure> {
    let query = E::query(REMOVE_BLOCK).uuid(id.uuid()).text(scope_name(scope));
    let removed = engine.tell(query, Twice::Different).await?.rows;
    removed.first().map(|row| Columns::of(row, engine.vault()).block()).transpose()
}

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

pub(super) async fn all<E: Engine>(engine: &E, now: Timestamp) -> Result<Vec<Block>, Failure> {
    let rows = engine.ask(E::query(ALL_BLOCKS).instant(now)).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).block()).collect()
}

pub(super) async fn sweep<E: Engine>(engine: &E, before: Timestamp, max: u32) -> Result<u64, Failure> {
    let query = E::query(SWEEP_BLOCKS).instant(before).whole(i64::from(max));
    Ok(engine.tell(query, Twice::Harmless).await?.changed)
}

fn named<E: Engine>(engine: &E, row: &E::Row) -> Result<(Block, Option<Username>), Failure> {
    let mut columns = Columns::of(row, engine.vault());
    Ok((columns.block()?, columns.username()?))
}
