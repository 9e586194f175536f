//! Blocks: how they come and go, and are told.

use domain::block::{Block, Decision};
use domain::id::BlockId;
use domain::ports::{BlockAdded, BlockScope};
use domain::time::Timestamp;

use super::Database;
use crate::sql::arguments::{self, Arguments as _};
use crate::sql::blocks::{BlockEngine, UnreadBlocks, add_block, remove_block, scope_name};
use crate::sql::columns::Columns;
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;

/// What comes or goes (`changed`) is told at an instant and in a word, unless it is for all applications.
macro_rules! told {
    ($change:expr, $word:literal, $at:literal) => {
        concat!(
            "WITH changed AS (",
            $change,
            "), told AS (
                INSERT INTO events
                    (id, application, kind, at, account_id, phone, reason, block_id, prefix)
                SELECT uuid_at(",
            $at,
            "), application, 'fraud.decided', ",
            $at,
            ", account_id, phone, ",
            $word,
            ", id, prefix FROM changed WHERE application <> '*' RETURNING id
             ), waiting AS (
                INSERT INTO event_outbox (event_id) SELECT id FROM told
             )
             SELECT * FROM changed"
        )
    };
}

const ADD: &str = told!(
    concat!(add_block!(), " RETURNING id, application, phone, prefix, account_id, created_at"),
    "$11",
    "created_at"
);
const REMOVE: &str = told!(remove_block!(), "$3", "$4::timestamptz");

impl BlockEngine for Database {
    fn unread_blocks(&self) -> &UnreadBlocks {
        &self.unread_blocks
    }

    async fn add_block(&self, block: &Block, max: u32) -> Result<BlockAdded, Failure> {
        let query = arguments::block(sqlx::query(ADD), &self.vault, block)
            .whole(i64::from(max))
            .text(Decision::of(block.action).as_str());
        // A second time its own id is in the way.
        let told = self.run(query, Twice::Different).await?;
        Ok(if told.rows.is_empty() { BlockAdded::Full } else { BlockAdded::Stored })
    }

    async fn remove_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
        now: Timestamp,
    ) -> Result<Option<Block>, Failure> {
        let query = sqlx::query(REMOVE)
            .uuid(id.uuid())
            .text(scope_name(scope))
            .text(Decision::Removed.as_str())
            .instant(now);
        let removed = self.run(query, Twice::Different).await?.rows;
        removed.first().map(|row| Columns::of(row, &self.vault).block()).transpose()
    }
}
