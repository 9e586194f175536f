//! What is left at gateways: how it is kept, and told.

use domain::application::ApplicationId;
use domain::credit::CreditReading;
use domain::ports::CreditKept;
use sqlx::Row as _;

use super::Database;
use crate::sql::arguments::Arguments as _;
use crate::sql::credits::{CreditEngine, keep_credit};
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;

/// `$5` are those who are told.
const KEEP: &str = concat!(
    "WITH kept AS (",
    keep_credit!(),
    "), told AS (
        INSERT INTO events (id, application, kind, at, gateway, thousandths)
        SELECT uuid_at($3), application, 'credit.low', $3, $1, $2
        FROM kept CROSS JOIN unnest($5::text[]) AS application WHERE became_low = 1 RETURNING id
     ), waiting AS (
        INSERT INTO event_outbox (event_id) SELECT id FROM told
     )
     SELECT became_low FROM kept"
);

impl CreditEngine for Database {
    async fn keep_credit(
        &self,
        reading: &CreditReading,
        tell: &[ApplicationId],
    ) -> Result<CreditKept, Failure> {
        let tell: Vec<_> = tell.iter().map(ApplicationId::as_str).collect();
        let query = sqlx::query(KEEP)
            .text(&*reading.gateway)
            .whole(i64::try_from(reading.balance.thousandths()).unwrap_or(i64::MAX))
            .instant(reading.at)
            .instant(reading.low.then_some(reading.at))
            .bind(tell);
        // A second time its own instant is in the way.
        let told = self.run(query, Twice::Different).await?;
        let Some(row) = told.rows.first() else { return Ok(CreditKept::Older) };
        let became_low: i32 = row.try_get(0)?;
        Ok(if became_low == 1 { CreditKept::BecameLow } else { CreditKept::Kept })
    }
}
