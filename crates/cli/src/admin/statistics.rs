//! `statistics`.

use domain::ports::SendAnswer;
use domain::refusal::Refusal;
use domain::statistic::{Amounts, Measure, StatisticBy, StatisticRow};
use domain::time::Day;
use domain::use_cases::statistics;
use serde_json::{Value, json};

use super::{application, wired};
use crate::args::StatisticsCommand;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;

pub(crate) async fn statistics(
    config: &Config,
    command: &StatisticsCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let StatisticsCommand::Show { days, by, all_applications } = command;
    let by = StatisticBy::from(*by);
    let to = Day::of(wired.verifier.ports.clock.now());
    let from = to.minus(days.saturating_sub(1));
    let own = (!all_applications).then(|| application(config));
    let read = statistics::read(&wired.verifier, own, from, to, by).await?;
    if output.json {
        return output.rows(&[], &read.iter().map(|row| whole(by, row)).collect::<Vec<_>>(), None);
    }
    let mut columns = vec![by.as_str()];
    columns.extend(COLUMNS);
    output.rows(&columns, &read.iter().map(|row| in_short(by, row)).collect::<Vec<_>>(), None)
}

const COLUMNS: [&str; 13] = [
    "starts",
    "approvals",
    "conversion",
    "p50",
    "p90",
    "p99",
    "expired",
    "sends",
    "segments",
    "credits",
    "tests",
    "refusals",
    "answers",
];

/// For people.
fn in_short(by: StatisticBy, row: &StatisticRow) -> Value {
    let amounts = &row.amounts;
    let percent = |thousandths: u64| format!("{}.{} %", thousandths / 10, thousandths % 10);
    let seconds =
        |percent| amounts.time_to_verify(percent).map(|time| format!("{:.1} s", time.as_secs_f64()));
    let list = |counts: &[(&str, u64)]| {
        let each: Vec<_> = counts.iter().map(|(class, count)| format!("{class} {count}")).collect();
        (!each.is_empty()).then(|| each.join("\n"))
    };
    json!({
        by.as_str(): if row.name.is_empty() { "(none)" } else { &row.name },
        "starts": amounts.of(Measure::Starts),
        "approvals": amounts.of(Measure::Approvals),
        "conversion": amounts.conversion_thousandths().map(percent),
        "p50": seconds(50),
        "p90": seconds(90),
        "p99": seconds(99),
        "expired": amounts.of(Measure::Expired),
        "sends": amounts.of(Measure::Sends),
        "segments": amounts.of(Measure::Segments),
        "credits": credits(amounts),
        "tests": amounts.of(Measure::TestStarts),
        "refusals": list(&refusals(amounts)),
        "answers": list(&answers(amounts)),
    })
}

/// For programs.
fn whole(by: StatisticBy, row: &StatisticRow) -> Value {
    let amounts = &row.amounts;
    let millis =
        |percent| amounts.time_to_verify(percent).and_then(|time| u64::try_from(time.as_millis()).ok());
    let object = |counts: Vec<(&'static str, u64)>| {
        Value::Object(counts.into_iter().map(|(class, count)| (class.to_owned(), json!(count))).collect())
    };
    json!({
        by.as_str(): (!row.name.is_empty()).then_some(&row.name),
        "starts": amounts.of(Measure::Starts),
        "approvals": amounts.of(Measure::Approvals),
        "expired": amounts.of(Measure::Expired),
        "canceled": amounts.of(Measure::Canceled),
        "locked": amounts.of(Measure::Locked),
        "conversion_thousandths": amounts.conversion_thousandths(),
        "p50_ms": millis(50),
        "p90_ms": millis(90),
        "p99_ms": millis(99),
        "sends": amounts.of(Measure::Sends),
        "resends": amounts.of(Measure::Resends),
        "segments": amounts.of(Measure::Segments),
        "credits": credits(amounts),
        "wrong_checks": amounts.wrong_checks(),
        "test_starts": amounts.of(Measure::TestStarts),
        "test_approvals": amounts.of(Measure::TestApprovals),
        "refusals": object(refusals(amounts)),
        "answers": object(answers(amounts)),
    })
}

/// As it is written in decimal: a whole number where it is one.
fn credits(amounts: &Amounts) -> Value {
    let thousandths = amounts.of(Measure::CreditThousandths);
    if thousandths.is_multiple_of(1000) {
        return json!(thousandths / 1000);
    }
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.parse::<f64>().map_or(Value::Null, |number| json!(number))
}

fn refusals(amounts: &Amounts) -> Vec<(&'static str, u64)> {
    present(Refusal::CLASSES.map(|class| (class, amounts.of(Measure::Refused(class)))))
}

fn answers(amounts: &Amounts) -> Vec<(&'static str, u64)> {
    present(SendAnswer::ALL.map(|answer| (answer.as_str(), amounts.of(Measure::Answered(answer)))))
}

fn present<const N: usize>(counts: [(&'static str, u64); N]) -> Vec<(&'static str, u64)> {
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}
