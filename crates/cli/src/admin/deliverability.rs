//! `deliverability`.

use std::time::Duration;

use domain::deliverability::{Estimates, RouteEstimate, SENDS_MIN, Share};
use domain::phone::Operator;
use domain::time::rfc3339;
use domain::use_cases::deliverability;
use serde_json::{Value, json};

use super::{application, wired};
use crate::args::DeliverabilityCommand;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;

pub(crate) async fn deliverability(
    config: &Config,
    command: &DeliverabilityCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let DeliverabilityCommand::Show { all_applications } = command;
    let own = (!all_applications).then(|| application(config));
    let read = deliverability::read(&wired.verifier, own).await?;
    if output.json {
        return output.record(&whole(&read));
    }
    let window = read.window();
    let (from, to) = (rfc3339(window.since.begin()), rfc3339(window.recent.begin()));
    output.aside(&format!(
        "SMS sent from {from} to {to}, and since (recent). With fewer than {SENDS_MIN} sends it is too few to tell."
    ))?;
    output.rows(&COLUMNS, &read.rows().iter().map(in_short).collect::<Vec<_>>(), None)
}

const COLUMNS: [&str; 9] =
    ["operator", "route", "sends", "verified", "share", "p50", "p90", "recent", "remark"];

/// For people.
fn in_short(row: &RouteEstimate) -> Value {
    let known = &row.estimate;
    let percent = |part: f64| format!("{:.1}", part * 100.0);
    let share = |share: Share| {
        format!("{} % ({} to {} %)", percent(share.value), percent(share.low), percent(share.high))
    };
    let seconds = |time: Option<Duration>| time.map(|time| format!("{:.1} s", time.as_secs_f64()));
    let remark = match known.share {
        None => Some("too few to tell"),
        Some(_) if row.lossy => Some("lossy"),
        Some(_) => None,
    };
    json!({
        "operator": row.operator.map(Operator::name),
        "route": row.route.as_str(),
        "sends": known.sends,
        "verified": known.verified,
        "share": known.share.map(share),
        "p50": seconds(known.p50),
        "p90": seconds(known.p90),
        "recent": format!("{} of {}", known.recent_verified, known.recent_sends),
        "remark": remark,
    })
}

/// For programs.
fn whole(estimates: &Estimates) -> Value {
    let window = estimates.window();
    let share = |share: Share| json!({ "value": share.value, "low": share.low, "high": share.high });
    let millis = |time: Option<Duration>| time.and_then(|time| u64::try_from(time.as_millis()).ok());
    let row = |row: &RouteEstimate| {
        let known = &row.estimate;
        json!({
            "operator": row.operator.map(Operator::name),
            "route": row.route.as_str(),
            "sends": known.sends,
            "verified": known.verified,
            "share": known.share.map(share),
            "lossy": known.share.map(|_| row.lossy),
            "p50_ms": millis(known.p50),
            "p90_ms": millis(known.p90),
            "recent_sends": known.recent_sends,
            "recent_verified": known.recent_verified,
        })
    };
    json!({
        "from": rfc3339(window.since.begin()),
        "to": rfc3339(window.recent.begin()),
        "items": estimates.rows().iter().map(row).collect::<Vec<_>>(),
    })
}
