//! Statistics: what happened, added up by day. Translates between HTTP and the use case; decides nothing.

use domain::ports::SendAnswer;
use domain::refusal::Refusal;
use domain::statistic::{Amounts, Measure, StatisticBy, StatisticRow};
use domain::time::Day;
use domain::use_cases::statistics::{self, STATISTICS_DAYS_MAX};
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::problem::{Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;

/// The operation on statistics.
#[derive(Debug)]
pub(crate) struct StatisticsApi;

/// How often something of a class happened.
#[derive(Object)]
pub(crate) struct ClassCount {
    /// The class: the code of a problem, or what a gateway said.
    class: String,
    /// How often.
    count: u64,
}

/// How long it took from the beginning of a verification to its approval, each with an error of at most 5 percent.
#[derive(Object)]
#[expect(clippy::struct_field_names, reason = "the names over the wire say the unit")]
pub(crate) struct TimeToVerify {
    /// Half of the approvals had come by then, in milliseconds.
    p50_ms: u64,
    /// Nine in ten had, in milliseconds.
    p90_ms: u64,
    /// Ninety-nine in a hundred had, in milliseconds.
    p99_ms: u64,
}

impl TimeToVerify {
    /// `None` where there was no approval.
    fn of(amounts: &Amounts) -> Option<Self> {
        let millis = |percent| u64::try_from(amounts.time_to_verify(percent)?.as_millis()).ok();
        Some(Self { p50_ms: millis(50)?, p90_ms: millis(90)?, p99_ms: millis(99)? })
    }
}

/// What happened, put together.
#[derive(Object)]
#[oai(rename = "Statistic", skip_serializing_if_is_none, example)]
pub(crate) struct StatisticResource {
    /// The day, operator, purpose, gateway or application; absent where it was not known.
    name: Option<String>,
    /// Verifications that began.
    starts: u64,
    /// Verifications that were approved.
    approvals: u64,
    /// Verifications whose life ended.
    expired: u64,
    /// Verifications that were called off.
    canceled: u64,
    /// Verifications that were locked, because they or their phone had no checks left.
    locked: u64,
    /// Approvals per start; absent where none began. Of a single day it may be more than 1: the approval may come on the
    /// day after the start.
    conversion: Option<f64>,
    /// How long approvals took; absent where there were none.
    time_to_verify: Option<TimeToVerify>,
    /// SMS that the gateway took, or may have.
    sends: u64,
    /// Those of them that were not the first of their verification.
    resends: u64,
    /// The segments of those SMS.
    segments: u64,
    /// What the gateway said that those SMS cost, in its credits.
    credits: f64,
    /// Wrong codes.
    wrong_checks: u64,
    /// Verifications of test numbers that began. They count nowhere else.
    test_starts: u64,
    /// Verifications of test numbers that were approved.
    test_approvals: u64,
    /// What starts, resends, checks and cancels were refused with; what did not happen is left out.
    refusals: Vec<ClassCount>,
    /// What the gateway said of SMS; what did not happen is left out.
    answers: Vec<ClassCount>,
}

impl From<&StatisticRow> for StatisticResource {
    fn from(row: &StatisticRow) -> Self {
        let amounts = &row.amounts;
        let of = |measure| amounts.of(measure);
        Self {
            name: Some(row.name.clone()).filter(|name| !name.is_empty()),
            starts: of(Measure::Starts),
            approvals: of(Measure::Approvals),
            expired: of(Measure::Expired),
            canceled: of(Measure::Canceled),
            locked: of(Measure::Locked),
            conversion: amounts.conversion_thousandths().map(thousandths),
            time_to_verify: TimeToVerify::of(amounts),
            sends: of(Measure::Sends),
            resends: of(Measure::Resends),
            segments: of(Measure::Segments),
            credits: thousandths(of(Measure::CreditThousandths)),
            wrong_checks: amounts.wrong_checks(),
            test_starts: of(Measure::TestStarts),
            test_approvals: of(Measure::TestApprovals),
            refusals: counts(Refusal::CLASSES.map(|class| (class, of(Measure::Refused(class))))),
            answers: counts(SendAnswer::ALL.map(|answer| (answer.as_str(), of(Measure::Answered(answer))))),
        }
    }
}

/// A number of thousandths as it is written in JSON, where there are no others.
#[expect(clippy::cast_precision_loss, reason = "JSON has no other numbers, and 2^53 is far away")]
fn thousandths(number: u64) -> f64 {
    number as f64 / 1000.0
}

fn counts<const N: usize>(all: [(&'static str, u64); N]) -> Vec<ClassCount> {
    let present = all.into_iter().filter(|(_, count)| *count > 0);
    present.map(|(class, count)| ClassCount { class: class.to_owned(), count }).collect()
}

/// Statistics of the caller's application.
#[derive(Object)]
#[oai(example)]
pub(crate) struct StatisticList {
    /// The first day (UTC).
    from: String,
    /// The last day (UTC).
    to: String,
    /// What the rows are put together by.
    by: String,
    /// The rows, in the order of their names. There is none for what did not happen.
    items: Vec<StatisticResource>,
}

problems!(StatisticsProblems: ParameterInvalid, ScopeMissing);

/// How many days are told when nobody says.
const DEFAULT_DAYS: u16 = 30;

#[OpenApi(prefix_path = "/v1/admin/statistics", tag = "ApiTags::Administration")]
impl StatisticsApi {
    /// See what happened
    ///
    /// Conversion, times, refusals and costs of the caller's application, added up by day (UTC). What happened within the
    /// last seconds may be missing.
    #[oai(path = "/", method = "get", operation_id = "getStatistics")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The first day, such as `2026-01-15`; 29 days before `to` if not given. At most 92 days are told at once.
        from: Query<Option<String>>,
        /// The last day; today (UTC) if not given.
        to: Query<Option<String>>,
        /// What is put together: `day` (if not given), `operator`, `purpose`, `gateway` or `application`.
        by: Query<Option<String>>,
    ) -> Result<Json<StatisticList>, Refusing<StatisticsProblems>> {
        let application = caller.administers()?;
        let today = Day::of(context.verifier.ports.clock.now());
        let to = to.0.as_deref().map_or(Ok(today), |text| day("to", text))?;
        let from = from.0.as_deref().map_or(Ok(to.minus(DEFAULT_DAYS - 1)), |text| day("from", text))?;
        if from > to || from < to.minus(STATISTICS_DAYS_MAX - 1) {
            return Err(invalid("`from` must be neither after `to` nor more than 91 days before it.").into());
        }
        let by = by.0.as_deref().map_or(Some(StatisticBy::Day), StatisticBy::parse);
        let by = by.ok_or_else(|| {
            invalid("`by` must be `day`, `operator`, `purpose`, `gateway` or `application`.")
        })?;
        let read = statistics::read(&context.verifier, Some(application), from, to, by).await;
        let items = read.map_err(Problem::from)?.iter().map(Into::into).collect();
        let (from, to) = (from.to_string(), to.to_string());
        Ok(Json(StatisticList { from, to, by: by.as_str().to_owned(), items }))
    }
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(Slug::ParameterInvalid, detail)
}

fn day(name: &str, text: &str) -> Result<Day, Problem> {
    Day::parse(text).ok_or_else(|| {
        Problem::new(
            Slug::ParameterInvalid,
            format!("`{name}` must be a day such as 2026-01-15, from 1970 on."),
        )
    })
}

/// What the API document says beyond the types.
pub(crate) fn notes(notes: &mut Notes) {
    let ways = StatisticBy::ALL.map(StatisticBy::as_str);
    notes.open(ways, &["StatisticList.by", "getStatistics?by"]);
    notes.format(
        "date",
        &["StatisticList.from", "StatisticList.to", "getStatistics?from", "getStatistics?to"],
    );
}

impl Example for StatisticResource {
    fn example() -> Self {
        let count = |class: &str, count| ClassCount { class: class.to_owned(), count };
        Self {
            name: Some("2026-11-23".to_owned()),
            starts: 1840,
            approvals: 1656,
            expired: 171,
            canceled: 9,
            locked: 4,
            conversion: Some(0.9),
            time_to_verify: Some(TimeToVerify { p50_ms: 14_321, p90_ms: 41_186, p99_ms: 172_540 }),
            sends: 2013,
            resends: 173,
            segments: 2013,
            credits: 2012.0,
            wrong_checks: 95,
            test_starts: 0,
            test_approvals: 0,
            refusals: vec![
                count("resend-too-soon", 61),
                count("rate-limited", 12),
                count("code-incorrect", 95),
            ],
            answers: vec![count("accepted", 2012), count("not-sent", 3), count("unknown", 1)],
        }
    }
}

impl Example for StatisticList {
    fn example() -> Self {
        Self {
            from: "2026-11-23".to_owned(),
            to: "2026-11-23".to_owned(),
            by: "day".to_owned(),
            items: vec![StatisticResource::example()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_a_refusal_is_the_code_of_a_problem() {
        for class in Refusal::CLASSES {
            assert!(Slug::ALL.iter().any(|slug| slug.as_str() == class), "{class}");
        }
    }
}
