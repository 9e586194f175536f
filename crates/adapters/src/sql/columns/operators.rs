//! Reads what operators see and decide: blocks, pauses, and what is left at gateways.

use domain::block::{Block, BlockAction, BlockReason, BlockSubject, Prefix};
use domain::credit::{CreditBalance, CreditReading};
use domain::id::{AccountId, BlockId};
use domain::invalid_numbers::{NumberCounts, NumberVerdict, Pause, PauseReason};
use domain::ports::SendAnswer;

use super::{Cells, Columns};
use crate::sql::failure::Failure;
use crate::sql::rows::{self, RowFault};

impl<Row: Cells> Columns<'_, Row> {
    pub(in crate::sql) fn block(&mut self) -> Result<Block, Failure> {
        Ok(Block {
            id: BlockId::from_uuid(self.uuid("id")?),
            application: rows::block_application(self.text("application")?)?,
            action: BlockAction::parse(self.text("action")?).ok_or(RowFault("action"))?,
            subject: self.block_subject()?,
            // Nothing is decided by it: one that this release would not take makes no entry unreadable.
            reason: self.optional_text()?.and_then(|text| BlockReason::parse(text).ok()),
            created_at: self.instant("created_at")?,
            expires_at: self.optional_instant()?,
        })
    }

    fn block_subject(&mut self) -> Result<BlockSubject, Failure> {
        let phone = self.optional_phone()?;
        let prefix = self.optional_prefix()?;
        let account = self.optional_uuid()?.map(AccountId::from_uuid);
        if let Some(phone) = phone {
            return Ok(BlockSubject::Phone(phone));
        }
        if let Some(account) = account {
            return Ok(BlockSubject::Account(account));
        }
        Ok(prefix.map(BlockSubject::Prefix).ok_or(RowFault("prefix"))?)
    }

    pub(in crate::sql) fn credit_reading(&mut self) -> Result<CreditReading, Failure> {
        // The fields are read in the order in which they are written here.
        Ok(CreditReading {
            gateway: self.text("gateway")?.into(),
            balance: self.optional_balance()?.ok_or(RowFault("thousandths"))?,
            at: self.instant("at")?,
            low: self.optional_instant()?.is_some(),
        })
    }

    pub(in crate::sql) fn number_verdict(&mut self) -> Result<NumberVerdict, Failure> {
        let answer = SendAnswer::parse(self.text("answer")?).ok_or(RowFault("answer"))?;
        Ok(NumberVerdict::of(answer, self.instant("answered_at")?).ok_or(RowFault("answer"))?)
    }

    pub(in crate::sql) fn pause(&mut self) -> Result<Pause, Failure> {
        Ok(Pause {
            application: rows::application(self.text("application")?)?,
            // One for a reason that only a newer release knows holds all the same.
            reason: PauseReason::parse(self.text("reason")?).unwrap_or(PauseReason::InARow),
            since: self.instant("since")?,
            until: self.instant("ends_at")?,
            counts: NumberCounts {
                in_a_row: self.whole("in_a_row")?,
                refused: self.whole("refused")?,
                of: self.whole("counted")?,
            },
        })
    }

    pub(in crate::sql) fn optional_balance(&mut self) -> Result<Option<CreditBalance>, Failure> {
        let thousandths = self.next(Row::whole)?;
        let read = |number: i64| u64::try_from(number).map_err(|_| RowFault("thousandths"));
        Ok(thousandths.map(read).transpose()?.map(CreditBalance::from_thousandths))
    }

    pub(in crate::sql) fn optional_prefix(&mut self) -> Result<Option<Prefix>, Failure> {
        let digits = self.next(Row::whole)?;
        let read =
            |digits: i64| digits.try_into().ok().and_then(Prefix::from_digits).ok_or(RowFault("prefix"));
        Ok(digits.map(read).transpose()?)
    }
}
