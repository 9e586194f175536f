//! Blocks: how they come and go, and are told.

use domain::block::{Block, Decision};
use domain::event::EventKind;
use domain::id::BlockId;
use domain::ports::{BlockAdded, BlockScope};
use domain::time::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::Database;
use super::events::{self, NewEvent};
use crate::phone_vault::PhoneVault;
use crate::sql::arguments::{self, Arguments as _};
use crate::sql::blocks::{BlockEngine, UnreadBlocks, add_block, remove_block, scope_name};
use crate::sql::columns::Columns;
use crate::sql::failure::Failure;

const ADD: &str = add_block!();
pub(super) const REMOVE: &str = remove_block!();

impl BlockEngine for Database {
    fn unread_blocks(&self) -> &UnreadBlocks {
        &self.unread_blocks
    }

    async fn add_block(&self, block: &Block, max: u32) -> Result<BlockAdded, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let query = arguments::block(sqlx::query(ADD), &self.vault, block).whole(i64::from(max));
        if query.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(BlockAdded::Full);
        }
        let decision = Decision::of(block.action);
        tell(block, decision, block.created_at, &self.vault, &mut transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(BlockAdded::Stored)
    }

    async fn remove_block(
        &self,
        scope: BlockScope<'_>,
        id: BlockId,
        now: Timestamp,
    ) -> Result<Option<Block>, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let query = sqlx::query(REMOVE).uuid(id.uuid()).text(scope_name(scope));
        let Some(row) = query.fetch_optional(&mut *transaction).await? else { return Ok(None) };
        let removed = Columns::of(&row, &self.vault).block()?;
        tell(&removed, Decision::Removed, now, &self.vault, &mut transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(Some(removed))
    }
}

/// What is for all applications is told to none.
async fn tell(
    block: &Block,
    decision: Decision,
    at: Timestamp,
    vault: &PhoneVault,
    transaction: &mut SqliteConnection,
) -> Result<(), Failure> {
    let Some(application) = &block.application else { return Ok(()) };
    let phone = block.subject.phone().map(|phone| vault.seal(phone));
    let event = NewEvent {
        application,
        kind: EventKind::FraudDecided,
        at,
        verification: None,
        purpose: None,
        account: block.subject.account(),
        phone: phone.as_ref().map(<[u8; _]>::as_slice),
        reason: Some(decision.as_str()),
        block: Some(block.id),
        prefix: arguments::prefix_digits(block.subject),
        credit: None,
    };
    events::add(&event, transaction).await
}
