//! Two binaries against each other: by turns, on the same servers, each time on an empty database. CPU per call is compared
//! and not the rate, which is the machine's of that moment; of several rounds the median counts.

use std::path::Path;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use crate::production::Servers;
use crate::stage::{Figures, Setting, Stage};
use crate::{Fallible, On, progress, sqlite};

/// What was found.
pub(crate) struct Versus {
    rows: Vec<Row>,
}

/// CPU microseconds per call that somebody used, round by round.
struct Row {
    on: &'static str,
    call: &'static str,
    who: &'static str,
    before: Vec<f64>,
    now: Vec<f64>,
}

/// Compares `before` with the binary of the setting.
pub(crate) async fn measure(
    setting: &Setting,
    before: &Path,
    rounds: u16,
    only: Option<On>,
) -> Fallible<Versus> {
    let before = before.canonicalize().map_err(|error| format!("{}: {error}", before.display()))?;
    let mut found = Versus { rows: Vec::new() };
    let servers = if only == Some(On::Sqlite) { None } else { Some(Servers::start().await?) };
    for round in 1..=rounds {
        progress(&format!("Round {round} of {rounds} ..."))?;
        // Who comes first is not the same each time.
        for turn in [round % 2, (round + 1) % 2] {
            let is_before = turn == 1;
            let binary = if is_before { &before } else { &setting.binary };
            if only != Some(On::Postgres) {
                let directory = tempfile::tempdir()?;
                let storage = sqlite(directory.path());
                let stage = setting.measure_binary(binary, directory.path(), &storage, &[]).await?;
                found.note("SQLite", is_before, &stage);
            }
            if let Some(servers) = &servers {
                let directory = tempfile::tempdir()?;
                let storage = servers.emptied(&format!("round_{round}_{turn}")).await?;
                let processes = servers.processes();
                let stage = setting.measure_binary(binary, directory.path(), &storage, &processes).await?;
                found.note("PostgreSQL, Redis", is_before, &stage);
            }
        }
    }
    Ok(found)
}

impl Versus {
    fn note(&mut self, on: &'static str, is_before: bool, stage: &Stage) {
        for (call, figures) in [("start", &stage.starts), ("check", &stage.checks)] {
            for (who, used) in of_interest(figures) {
                let place = self.rows.iter().position(|row| (row.on, row.call, row.who) == (on, call, who));
                let place = place.unwrap_or_else(|| {
                    self.rows.push(Row { on, call, who, before: Vec::new(), now: Vec::new() });
                    self.rows.len() - 1
                });
                let Some(row) = self.rows.get_mut(place) else { continue };
                if is_before { row.before.push(used) } else { row.now.push(used) }
            }
        }
    }

    /// As JSON, with every round.
    pub(crate) fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "on": row.on, "call": row.call, "who": row.who, "before_us": row.before, "now_us": row.now,
                "before_median_us": median(&row.before), "now_median_us": median(&row.now),
            })
        };
        json!({ "cpu": self.rows.iter().map(row).collect::<Vec<_>>() })
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY);
        table.set_header([
            "on",
            "call",
            "CPU of",
            "before, us",
            "now, us",
            "change",
            "rounds: before",
            "now",
        ]);
        for row in &self.rows {
            let (before, now) = (median(&row.before), median(&row.now));
            let all =
                |rounds: &[f64]| rounds.iter().map(|used| format!("{used:.0}")).collect::<Vec<_>>().join(" ");
            table.add_row([
                row.on.to_owned(),
                row.call.to_owned(),
                row.who.to_owned(),
                format!("{before:.0}"),
                format!("{now:.0}"),
                // What uses less than a tick of the clock reads as nothing.
                if before > 0.0 { format!("{:+.1} %", (now / before - 1.0) * 100.0) } else { String::new() },
                all(&row.before),
                all(&row.now),
            ]);
        }
        for column in table.column_iter_mut().skip(3).take(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("CPU microseconds per call, medians of all rounds.\n\n{table}")
    }
}

/// Not what makes the load.
fn of_interest(figures: &Figures) -> impl Iterator<Item = (&'static str, f64)> {
    figures.microseconds_per_call().filter(|(who, _)| !matches!(*who, "load" | "simulator"))
}

fn median(rounds: &[f64]) -> f64 {
    let mut rounds = rounds.to_vec();
    rounds.sort_unstable_by(f64::total_cmp);
    let upper = rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN);
    if rounds.len() % 2 == 1 {
        return upper;
    }
    let lower = (rounds.len() / 2).checked_sub(1).and_then(|place| rounds.get(place).copied());
    lower.map_or(upper, |lower| f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        let told =
            [&[3.0][..], &[1.0, 9.0, 2.0], &[4.0, 1.0, 2.0, 9.0]].map(|rounds| median(rounds).to_string());
        assert_eq!(told, ["3", "2", "3"]);
    }
}
