//! The numbers: tables for people, JSON for programs.

use std::time::Duration;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use crate::production::{Alone, Production};
use crate::stage::{Figures, Stage};

/// Above this share of its thread the load generator may be what is measured.
const LOAD_SHARE_MAX: f64 = 0.8;

/// All that was found.
pub(crate) struct Report {
    pub(crate) connections: usize,
    pub(crate) gateway_latency: Duration,
    pub(crate) accounts: bool,
    pub(crate) cpus: usize,
    pub(crate) syncs_per_second: f64,
    pub(crate) sqlite: Option<Stage>,
    pub(crate) production: Option<Production>,
}

impl Report {
    /// As JSON.
    pub(crate) fn json(&self) -> Value {
        let stage = |stage: &Stage| json!({"start": figures(&stage.starts), "check": figures(&stage.checks)});
        json!({
            "connections": self.connections,
            "gateway_latency_ms": u64::try_from(self.gateway_latency.as_millis()).unwrap_or(u64::MAX),
            "accounts": self.accounts,
            "cpus": self.cpus,
            "syncs_per_second": self.syncs_per_second.round(),
            "sqlite": self.sqlite.as_ref().map(stage),
            "postgres_redis": self.production.as_ref().map(|production| json!({
                "versions": production.versions,
                "start": figures(&production.stage.starts),
                "check": figures(&production.stage.checks),
                "round_trips": production.round_trips.iter().map(|count| json!({
                    "call": count.call, "postgres": count.postgres, "redis": count.redis,
                })).collect::<Vec<_>>(),
                "alone": production.alone.iter().map(|alone| json!({
                    "call": alone.call,
                    "what": alone.what,
                    "clients": alone.clients,
                    "per_second": alone.rate.round(),
                    "latency_ms": alone.latency.as_secs_f64() * 1e3,
                    "cpu_us": alone.cpu.round(),
                    "service_share": production.rate_of(alone) / alone.rate,
                })).collect::<Vec<_>>(),
                "definitions": production.definitions,
                "scripts": production.scripts.iter().map(|script| (script.call.to_owned(), json!(script.text)))
                    .collect::<serde_json::Map<_, _>>(),
            })),
        })
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        let whose = if self.accounts { "an account of its own" } else { "no account" };
        let mut parts = vec![format!(
            "{} connections, the simulator at {} ms of latency, each start with a phone and {whose}; {} CPUs, \
             {:.0} syncs of 8 KiB a second.",
            self.connections,
            self.gateway_latency.as_millis(),
            self.cpus,
            self.syncs_per_second
        )];
        let production = self.production.as_ref();
        let stages =
            [("SQLite", self.sqlite.as_ref()), ("PostgreSQL, Redis", production.map(|found| &found.stage))];
        parts.push(phases(&stages).to_string());
        if let Some(production) = production {
            parts.push(format!("{}.", production.versions.join(", ")));
            let mut table = table(&["round trips of one", "PostgreSQL", "Redis"]);
            for count in &production.round_trips {
                let row =
                    [count.call.to_owned(), format!("{:.2}", count.postgres), format!("{:.2}", count.redis)];
                table.add_row(row);
            }
            parts.push(table.to_string());
            parts.push(production.against_the_servers().to_string());
        }
        parts.extend(self.warnings());
        parts.join("\n\n")
    }

    fn warnings(&self) -> Vec<String> {
        let stages = self.sqlite.iter().chain(self.production.as_ref().map(|found| &found.stage));
        let busy = stages
            .flat_map(|stage| [&stage.starts, &stage.checks])
            .any(|phase| phase.load_share() > LOAD_SHARE_MAX);
        let warning = "The load generator was busy itself: the service may be faster than this says.";
        if busy { vec![warning.to_owned()] } else { Vec::new() }
    }
}

impl Production {
    /// What the service does of this a second.
    fn rate_of(&self, alone: &Alone) -> f64 {
        if alone.call == "check" { self.stage.checks.phase.rate() } else { self.stage.starts.phase.rate() }
    }

    fn against_the_servers(&self) -> Table {
        let mut table = table(&[
            "the same, of one",
            "by",
            "clients",
            "per s",
            "mean ms",
            "CPU us",
            "service per s",
            "of it",
        ]);
        for alone in &self.alone {
            let service = self.rate_of(alone);
            table.add_row([
                alone.call.to_owned(),
                alone.what.clone(),
                alone.clients.to_string(),
                format!("{:.0}", alone.rate),
                format!("{:.1}", alone.latency.as_secs_f64() * 1e3),
                format!("{:.0}", alone.cpu),
                format!("{service:.0}"),
                format!("{:.0} %", service / alone.rate * 100.0),
            ]);
        }
        table
    }
}

fn phases(stages: &[(&str, Option<&Stage>)]) -> Table {
    let mut table = table(&[
        "on",
        "call",
        "calls",
        "per s",
        "median ms",
        "p99 ms",
        "max ms",
        "CPU us per call",
        "peak MiB",
        "load thread",
        "others, CPUs",
    ]);
    for (name, stage) in stages {
        let Some(stage) = stage else { continue };
        for (call, figures) in [("start", &stage.starts), ("check", &stage.checks)] {
            let phase = &figures.phase;
            let millis = |of_thousand| format!("{:.1}", phase.latency(of_thousand).as_secs_f64() * 1e3);
            let cpu = figures.microseconds_per_call().map(|(who, used)| format!("{who} {used:.0}"));
            table.add_row([
                (*name).to_owned(),
                call.to_owned(),
                format!("{:.0}", phase.count()),
                format!("{:.0}", phase.rate()),
                millis(500),
                millis(990),
                millis(1000),
                cpu.collect::<Vec<_>>().join(", "),
                format!("{:.0}", figures.memory),
                format!("{:.0} %", figures.load_share() * 100.0),
                format!("{:.1}", figures.others()),
            ]);
        }
    }
    table
}

fn figures(figures: &Figures) -> Value {
    let phase = &figures.phase;
    let millis = |of_thousand| phase.latency(of_thousand).as_secs_f64() * 1e3;
    let cpu = figures.microseconds_per_call().map(|(who, used)| (who.to_owned(), json!(used.round())));
    json!({
        "calls": phase.count(),
        "per_second": phase.rate(),
        "median_ms": millis(500),
        "p99_ms": millis(990),
        "max_ms": millis(1000),
        "cpu_us": cpu.collect::<serde_json::Map<_, _>>(),
        "peak_mib": figures.memory,
        "load_share": figures.load_share(),
        "other_cpus": figures.others(),
    })
}

/// A table with figures to the right.
fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(columns);
    for (index, column) in table.column_iter_mut().enumerate() {
        if index > 0 && !matches!(columns.get(index), Some(&("by" | "call" | "CPU us per call"))) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
