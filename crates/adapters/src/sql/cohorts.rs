//! Cohorts of SMS, in any database. Slots are counted from 1970-01-01; a measure goes by its name. They are added with the
//! statistics: see [`super::statistics`].

use std::collections::BTreeMap;

use domain::application::ApplicationId;
use domain::deliverability::{Cohort, CohortLine, CohortMeasure, CohortSums, Slot, Window};
use domain::phone::Operator;
use domain::route::RouteName;
use serde::Serialize;

use super::arguments::Arguments as _;
use super::columns::Cells;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::rows::RowFault;

/// From the slot `$1` on, of the application `$3` or of all; those from `$2` on by themselves.
pub(super) const READ: &str = "
    SELECT application, operator, route, CASE WHEN slot < $2 THEN 0 ELSE 1 END, measure, CAST(sum(amount) AS bigint)
    FROM delivery_cohorts WHERE slot >= $1 AND ($3 IS NULL OR application = $3) GROUP BY 1, 2, 3, 4, 5";

/// An hour has few rows.
pub(super) const SWEEP: &str =
    "DELETE FROM delivery_cohorts WHERE slot < $1 AND slot < (SELECT min(slot) FROM delivery_cohorts) + 12";

/// A row to be added, by the names of the columns.
#[derive(Serialize)]
struct Row<'a> {
    slot: i32,
    application: &'a str,
    operator: &'static str,
    route: &'a str,
    measure: String,
    amount: i64,
}

/// All of a batch as one argument: a list of rows in JSON.
pub(super) fn rows(cohorts: &[CohortLine]) -> Result<String, Failure> {
    let rows: Vec<_> = cohorts.iter().flat_map(rows_of).collect();
    Ok(serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(error.into()))?)
}

fn rows_of(line: &CohortLine) -> impl Iterator<Item = Row<'_>> {
    let key = &line.key;
    line.cohort.present().map(move |(measure, amount)| Row {
        slot: key.slot.number(),
        application: key.application.as_str(),
        operator: key.operator.map_or("", Operator::name),
        route: key.route.as_str(),
        measure: measure.name(),
        amount: i64::try_from(amount).unwrap_or(i64::MAX),
    })
}

pub(super) async fn read<E: Engine>(
    engine: &E,
    application: Option<&ApplicationId>,
    window: Window,
) -> Result<Vec<CohortSums>, Failure> {
    let query = E::query(READ)
        .whole(i64::from(window.since.number()))
        .whole(i64::from(window.recent.number()))
        .text(application.map(ApplicationId::as_str));
    let mut found: BTreeMap<_, (Cohort, Cohort)> = BTreeMap::new();
    for row in &engine.ask(query).await? {
        let text = |column, name| row.text(column)?.ok_or_else(|| Failure::from(RowFault(name)));
        // A newer release may count what this one does not know, and know of more operators.
        let Some(measure) = CohortMeasure::parse(text(4, "measure")?) else { continue };
        let operator = match text(1, "operator")? {
            "" => None,
            name => match Operator::parse(name) {
                Some(known) => Some(known),
                None => continue,
            },
        };
        let application = ApplicationId::parse(text(0, "application")?).ok_or(RowFault("application"))?;
        let route = RouteName::parse(text(2, "route")?).ok_or(RowFault("route"))?;
        let amount = row.whole(5)?.and_then(|amount| u64::try_from(amount).ok()).ok_or(RowFault("amount"))?;
        let (settled, recent) = found.entry((application, operator, route)).or_default();
        let is_recent = row.whole(3)?.ok_or(RowFault("recent"))? == 1;
        (if is_recent { recent } else { settled }).add(measure, amount);
    }
    let sums = |((application, operator, route), (settled, recent))| CohortSums {
        application,
        operator,
        route,
        settled,
        recent,
    };
    Ok(found.into_iter().map(sums).collect())
}

pub(super) async fn sweep<E: Engine>(engine: &E, before: Slot) -> Result<u64, Failure> {
    let old = E::query(SWEEP).whole(i64::from(before.number()));
    Ok(engine.tell(old, Twice::Harmless).await?.changed)
}
