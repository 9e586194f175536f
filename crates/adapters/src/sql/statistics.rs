//! Statistics, in any database. Days are counted from 1970-01-01; a measure goes by its name.

use std::collections::BTreeMap;

use domain::application::ApplicationId;
use domain::phone::Operator;
use domain::ports::StatisticBatch;
use domain::statistic::{Amounts, Measure, StatisticBy, StatisticLine, StatisticRow};
use domain::time::Day;
use domain::verification::Purpose;
use serde::Serialize;

use super::arguments::Arguments as _;
use super::cohorts;
use super::columns::Cells;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::rows::RowFault;

/// The writer `$1` begins its batch `$2`, whose youngest row is of the day `$3`; nothing changes when it was begun before.
macro_rules! begin_batch {
    () => {
        "INSERT INTO statistic_writers AS w (id, batch, day) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, day = excluded.day WHERE w.batch < excluded.batch"
    };
}

pub(super) use begin_batch;

/// Name, measure, sum and first day; from the day `$1` to `$2`, of the application `$3` or of all.
macro_rules! read {
    ($name:literal) => {
        concat!(
            "SELECT ",
            $name,
            ", measure, CAST(sum(amount) AS bigint), min(day) FROM statistics
             WHERE day BETWEEN $1 AND $2 AND ($3 IS NULL OR application = $3) GROUP BY ",
            $name,
            ", measure"
        )
    };
}

pub(super) const fn read_statement(by: StatisticBy) -> &'static str {
    match by {
        StatisticBy::Day => read!("day"),
        StatisticBy::Operator => read!("operator"),
        StatisticBy::Purpose => read!("purpose"),
        StatisticBy::Gateway => read!("gateway"),
        StatisticBy::Application => read!("application"),
    }
}

/// A day has few rows.
pub(super) const SWEEP: &str =
    "DELETE FROM statistics WHERE day < $1 AND day = (SELECT min(day) FROM statistics)";

pub(super) const SWEEP_WRITERS: &str = "DELETE FROM statistic_writers WHERE day < $1";

/// A row to be added, by the names of the columns. All of a batch is one argument: a list of rows in JSON.
#[derive(Serialize)]
struct Row<'a> {
    day: i32,
    application: &'a str,
    operator: &'static str,
    purpose: &'static str,
    gateway: &'a str,
    measure: String,
    amount: i64,
}

pub(super) async fn add<E: Engine>(engine: &E, batch: &StatisticBatch) -> Result<(), Failure> {
    let Some(day) = batch.day() else { return Ok(()) };
    let rows: Vec<_> = batch.lines.iter().flat_map(rows).collect();
    let rows = serde_json::to_string(&rows).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let cohorts = cohorts::rows(&batch.cohorts)?;
    engine.add_statistics(batch.writer.uuid(), batch.number, day, [&rows, &cohorts]).await
}

fn rows(line: &StatisticLine) -> impl Iterator<Item = Row<'_>> {
    let key = &line.key;
    line.amounts.present().map(move |(measure, amount)| Row {
        day: key.day.number(),
        application: key.application.as_str(),
        operator: key.operator.map_or("", Operator::name),
        purpose: key.purpose.map_or("", Purpose::as_str),
        gateway: &key.gateway,
        measure: measure.name(),
        amount: i64::try_from(amount).unwrap_or(i64::MAX),
    })
}

pub(super) async fn read<E: Engine>(
    engine: &E,
    application: Option<&ApplicationId>,
    from: Day,
    to: Day,
    by: StatisticBy,
) -> Result<Vec<StatisticRow>, Failure> {
    let query = E::query(read_statement(by))
        .whole(i64::from(from.number()))
        .whole(i64::from(to.number()))
        .text(application.map(ApplicationId::as_str));
    let mut found: BTreeMap<String, StatisticRow> = BTreeMap::new();
    for row in &engine.ask(query).await? {
        // A newer release may count what this one does not know.
        let Some(measure) = Measure::parse(row.text(1)?.ok_or(RowFault("measure"))?) else { continue };
        let amount = row.whole(2)?.and_then(|amount| u64::try_from(amount).ok());
        let (name, since) = (name(row, by)?, day(row, 3)?);
        let of_name = || StatisticRow { name: name.clone(), amounts: Amounts::default(), since };
        let found = found.entry(name.clone()).or_insert_with(of_name);
        found.amounts.add(measure, amount.ok_or(RowFault("amount"))?);
        found.since = found.since.min(since);
    }
    Ok(found.into_values().collect())
}

fn name(row: &impl Cells, by: StatisticBy) -> Result<String, Failure> {
    match by {
        StatisticBy::Day => Ok(day(row, 0)?.to_string()),
        StatisticBy::Operator | StatisticBy::Purpose | StatisticBy::Gateway | StatisticBy::Application => {
            Ok(row.text(0)?.ok_or(RowFault("name"))?.to_owned())
        }
    }
}

fn day(row: &impl Cells, column: usize) -> Result<Day, Failure> {
    let number = row.whole(column)?.and_then(|number| i32::try_from(number).ok());
    Ok(number.map(Day::from_number).ok_or(RowFault("day"))?)
}

pub(super) async fn sweep<E: Engine>(engine: &E, before: Day) -> Result<u64, Failure> {
    let old = |statement| E::query(statement).whole(i64::from(before.number()));
    let swept = engine.tell(old(SWEEP), Twice::Harmless).await?.changed;
    engine.tell(old(SWEEP_WRITERS), Twice::Harmless).await?;
    Ok(swept)
}
