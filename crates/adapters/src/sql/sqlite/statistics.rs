//! Statistics: how a batch is added.

use domain::time::Day;
use uuid::Uuid;

use super::Database;
use crate::sql::arguments::Arguments as _;
use crate::sql::failure::Failure;
use crate::sql::statistics::begin_batch;

pub(super) const BEGIN_BATCH: &str = begin_batch!();

/// `WHERE true` tells `ON CONFLICT` from the condition of a join.
pub(super) const ADD: &str = "
    INSERT INTO statistics (day, application, operator, purpose, gateway, measure, amount)
    SELECT value ->> 'day', value ->> 'application', value ->> 'operator', value ->> 'purpose', value ->> 'gateway',
        value ->> 'measure', value ->> 'amount'
    FROM json_each($1) WHERE true
    ON CONFLICT (day, application, operator, purpose, gateway, measure)
    DO UPDATE SET amount = amount + excluded.amount";

/// The same of cohorts.
pub(super) const ADD_COHORTS: &str = "
    INSERT INTO delivery_cohorts (slot, application, operator, route, measure, amount)
    SELECT value ->> 'slot', value ->> 'application', value ->> 'operator', value ->> 'route', value ->> 'measure',
        value ->> 'amount'
    FROM json_each($1) WHERE true
    ON CONFLICT (slot, application, operator, route, measure) DO UPDATE SET amount = amount + excluded.amount";

pub(super) async fn add(
    database: &Database,
    writer: Uuid,
    number: u32,
    day: Day,
    [rows, cohorts]: [&str; 2],
) -> Result<(), Failure> {
    let mut turn = database.writer.turn().await?;
    let mut transaction = turn.begin().await?;
    let begin = sqlx::query(BEGIN_BATCH).uuid(writer).whole(i64::from(number)).whole(i64::from(day.number()));
    if begin.execute(&mut *transaction).await?.rows_affected() == 1 {
        sqlx::query(ADD).text(rows).execute(&mut *transaction).await?;
        sqlx::query(ADD_COHORTS).text(cohorts).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    turn.settle();
    Ok(())
}
