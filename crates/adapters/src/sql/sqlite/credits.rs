//! What is left at gateways: how it is kept, and told.

use domain::application::ApplicationId;
use domain::credit::CreditReading;
use domain::event::EventKind;
use domain::ports::CreditKept;
use sqlx::Row as _;

use super::Database;
use super::events::{self, NewEvent};
use crate::sql::arguments::Arguments as _;
use crate::sql::credits::{CreditEngine, keep_credit};
use crate::sql::failure::Failure;

pub(super) const KEEP: &str = keep_credit!();

impl CreditEngine for Database {
    async fn keep_credit(
        &self,
        reading: &CreditReading,
        tell: &[ApplicationId],
    ) -> Result<CreditKept, Failure> {
        let thousandths = i64::try_from(reading.balance.thousandths()).unwrap_or(i64::MAX);
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let query = sqlx::query(KEEP)
            .text(&*reading.gateway)
            .whole(thousandths)
            .instant(reading.at)
            .instant(reading.low.then_some(reading.at));
        let Some(row) = query.fetch_optional(&mut *transaction).await? else { return Ok(CreditKept::Older) };
        let became_low = row.try_get::<i64, _>(0)? == 1;
        if became_low {
            for application in tell {
                let event = NewEvent {
                    application,
                    kind: EventKind::CreditLow,
                    at: reading.at,
                    verification: None,
                    purpose: None,
                    account: None,
                    phone: None,
                    reason: None,
                    block: None,
                    prefix: None,
                    credit: Some((&reading.gateway, thousandths)),
                };
                events::add(&event, &mut transaction).await?;
            }
        }
        transaction.commit().await?;
        turn.settle();
        Ok(if became_low { CreditKept::BecameLow } else { CreditKept::Kept })
    }
}
