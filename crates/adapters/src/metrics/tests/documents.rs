//! What is written about metrics is so: the table of the documentation, the example of alert rules, the dashboard.

use std::collections::BTreeSet;

use domain::breaker::BreakerState;
use domain::ports::SendAnswer;
use domain::refusal::Refusal;
use serde_json::Value;

use crate::metrics::facts::{self, MetricFacts, MetricKind, PREFIX};

const OPERATING: &str = include_str!("../../../../../docs/operating.md");
const ALERTS: &str = include_str!("../../../../../docs/alerts.example.yml");
const DASHBOARD: &str = include_str!("../../../../../docs/dashboard.json");

fn row(facts: &MetricFacts) -> String {
    let labels: Vec<_> = facts.labels.iter().map(|label| format!("`{label}`")).collect();
    format!("| `{}` | {} | {} | {} |", facts.full_name(), facts.kind.as_str(), labels.join(", "), facts.help)
}

#[test]
fn the_documentation_has_every_metric_as_it_is() {
    let (_, section) = OPERATING.split_once("\n## Metrics\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let told: Vec<_> = section.lines().filter(|line| line.starts_with(&format!("| `{PREFIX}_"))).collect();
    let there: Vec<_> = facts::ALL.iter().map(row).collect();
    assert_eq!(told, there, "\n{}\n", there.join("\n"));
}

/// Every word of a text that is a name of ours.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    words.filter(|word| word.starts_with(PREFIX)).collect()
}

/// Every name that can be asked for.
fn asked_for() -> BTreeSet<String> {
    let series = |facts: &MetricFacts| match facts.kind {
        MetricKind::Histogram => {
            ["_bucket", "_sum", "_count"].map(|end| format!("{}{end}", facts.full_name())).to_vec()
        }
        MetricKind::Counter | MetricKind::Gauge | MetricKind::Info => vec![facts.full_name()],
    };
    facts::ALL.iter().flat_map(series).collect()
}

/// The values that a label is compared with, in queries such as `{class=~"blocked|rate-limited"}`.
fn values<'a>(text: &'a str, label: &str) -> BTreeSet<&'a str> {
    let opening =
        [format!("{label}=\""), format!("{label}=~\""), format!("{label}!=\""), format!("{label}!~\"")];
    let behind = opening.iter().flat_map(|opening| text.split(opening.as_str()).skip(1));
    behind.filter_map(|rest| rest.split('"').next()).flat_map(|values| values.split('|')).collect()
}

fn asks_for_what_there_is(text: &str) {
    let (there, asked) = (asked_for(), names(text));
    assert!(!asked.is_empty());
    let unknown: Vec<_> = asked.into_iter().filter(|name| !there.contains(*name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let answers = SendAnswer::ALL.map(SendAnswer::as_str);
    for (label, known) in [
        ("class", &Refusal::CLASSES[..]),
        ("answer", &answers[..]),
        (
            "outcome",
            &["approved", "expired", "canceled", "locked", "started", "taken", "refused", "failed"][..],
        ),
        ("loop", &["expire", "sweep", "webhooks"][..]),
        ("status", &["2xx", "3xx", "4xx", "5xx"][..]),
    ] {
        let unknown: Vec<_> =
            values(text, label).into_iter().filter(|value| !known.contains(value)).collect();
        assert!(unknown.is_empty(), "{label}: {unknown:?}");
    }
    let states: Vec<_> = BreakerState::NAMES.into_iter().chain(["used", "idle"]).collect();
    assert!(values(text, "state").iter().all(|state| states.contains(state)));
}

#[test]
fn the_example_of_alert_rules_asks_for_metrics_that_there_are() {
    asks_for_what_there_is(ALERTS);
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut queries = String::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        for target in targets {
            queries.push_str(target["expr"].as_str().unwrap());
            queries.push('\n');
        }
    }
    asks_for_what_there_is(&queries);
    assert_eq!(names(&queries), names(DASHBOARD));
}
