//! Statistics: how a batch is added.

use domain::time::Day;
use uuid::Uuid;

use super::Database;
use crate::sql::arguments::Arguments as _;
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;
use crate::sql::statistics::begin_batch;

/// In one order, so that of two replicas that add at once neither waits for somebody who waits for it.
const ADD: &str = concat!(
    "WITH begun AS (",
    begin_batch!(),
    " RETURNING id),
     cohorts AS (INSERT INTO delivery_cohorts AS c (slot, application, operator, route, measure, amount)
     SELECT r.slot, r.application, r.operator, r.route, r.measure, r.amount
     FROM begun, jsonb_to_recordset($5::jsonb) AS r (slot integer, application text, operator text, route text,
                                                     measure text, amount bigint)
     ORDER BY r.slot, r.application COLLATE \"C\", r.operator COLLATE \"C\", r.route COLLATE \"C\",
              r.measure COLLATE \"C\"
     ON CONFLICT (slot, application, operator, route, measure) DO UPDATE SET amount = c.amount + excluded.amount)
     INSERT INTO statistics AS s (day, application, operator, purpose, gateway, measure, amount)
     SELECT r.day, r.application, r.operator, r.purpose, r.gateway, r.measure, r.amount
     FROM begun, jsonb_to_recordset($4::jsonb) AS r (day integer, application text, operator text, purpose text,
                                                     gateway text, measure text, amount bigint)
     ORDER BY r.day, r.application COLLATE \"C\", r.operator COLLATE \"C\", r.purpose COLLATE \"C\",
              r.gateway COLLATE \"C\", r.measure COLLATE \"C\"
     ON CONFLICT (day, application, operator, purpose, gateway, measure)
     DO UPDATE SET amount = s.amount + excluded.amount"
);

pub(super) async fn add(
    database: &Database,
    writer: Uuid,
    number: u32,
    day: Day,
    [rows, cohorts]: [&str; 2],
) -> Result<(), Failure> {
    let query = sqlx::query(ADD)
        .uuid(writer)
        .whole(i64::from(number))
        .whole(i64::from(day.number()))
        .text(rows)
        .text(cohorts);
    database.run(query, Twice::Harmless).await.map(drop)
}
