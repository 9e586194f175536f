//! The port of blocks over any SQL database.

use async_trait::async_trait;
use domain::account::Username;
use domain::block::Block;
use domain::id::BlockId;
use domain::ports::{BlockAdded, BlockScope, BlockStore, Page, PortError};
use domain::time::Timestamp;

use super::Store;
use crate::sql::blocks::{self, BlockEngine};

#[async_trait]
impl<Database: BlockEngine> BlockStore for Store<Database> {
    async fn add_block(&self, block: &Block, max: u32) -> Result<BlockAdded, PortError> {
        self.0.add_block(block, max).await.map_err(Database::failed)
    }

    async fn remove_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
        now: Timestamp,
    ) -> Result<Option<Block>, PortError> {
        self.0.remove_block(scope, id, now).await.map_err(Database::failed)
    }

    async fn load_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
    ) -> Result<Option<(Block, Option<Username>)>, PortError> {
        blocks::load(&*self.0, scope, id).await.map_err(Database::failed)
    }

    async fn list_blocks(
        &self,
        scope: BlockScope<'_>,
        page: Page<BlockId>,
    ) -> Result<Vec<(Block, Option<Username>)>, PortError> {
        blocks::list(&*self.0, scope, page).await.map_err(Database::failed)
    }

    async fn all_blocks(&self, now: Timestamp) -> Result<Vec<Block>, PortError> {
        blocks::all(&*self.0, now).await.map_err(Database::failed)
    }

    async fn sweep_blocks(&self, before: Timestamp, max: u32) -> Result<u64, PortError> {
        blocks::sweep(&*self.0, before, max).await.map_err(Database::failed)
    }
}
