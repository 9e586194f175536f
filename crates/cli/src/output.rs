//! What a command prints: tables and sentences for people, JSON for programs. Standard output holds the result and
//! nothing else; everything else goes to standard error.

use std::io::{self, Write as _};

use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use serde_json::Value;

use crate::failure::CommandError;

/// Where a command's result goes, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// Prints text, or the JSON on one line.
    pub(crate) fn print(self, text: &str, json: &Value) -> Result<(), CommandError> {
        if self.json { line(&json.to_string()) } else { line(text) }
    }

    /// Tells people something beside the result.
    pub(crate) fn aside(self, text: &str) -> Result<(), CommandError> {
        if self.json { Ok(()) } else { line(text) }
    }

    /// Prints rows as a table, or as a JSON list; `more` is where the next page begins.
    pub(crate) fn rows(
        self,
        columns: &[&str],
        rows: &[Value],
        more: Option<&str>,
    ) -> Result<(), CommandError> {
        if self.json {
            return line(&serde_json::json!({ "items": rows, "next": more }).to_string());
        }
        if rows.is_empty() {
            return line("None.");
        }
        line(&table(columns, rows))?;
        more.map_or(Ok(()), |more| line(&format!("There are more: --before {more}")))
    }

    /// Prints one thing as a table of its fields, or as a JSON object.
    pub(crate) fn record(self, record: &Value) -> Result<(), CommandError> {
        if self.json {
            return line(&record.to_string());
        }
        let mut table = plain_table();
        for (name, value) in record.as_object().into_iter().flatten() {
            table.add_row([name.as_str(), &cell(value)]);
        }
        line(&table.to_string())
    }
}

fn table(columns: &[&str], rows: &[Value]) -> String {
    let mut table = plain_table();
    table.set_header(columns.iter().copied());
    for row in rows {
        table.add_row(columns.iter().map(|column| cell(&row[*column])));
    }
    table.to_string()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        Value::Object(members) => {
            let each = members.iter().map(|(name, value)| format!("{name} {}", cell(value)));
            each.collect::<Vec<_>>().join(", ")
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Writes a line to standard output at once: whoever reads it may be waiting for it.
pub(crate) fn line(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| CommandError::system("could not write the result", error)),
    }
}

/// Tells on standard error how it ended: people in words, programs in a line of JSON. Nothing is left to tell anybody
/// when even this fails.
pub(crate) fn complain(error: &CommandError, json: bool) {
    let message = domain::ports::chain(error);
    let text = if json {
        let faults = match error {
            CommandError::Config(faults) => faults.iter().map(ToString::to_string).collect(),
            CommandError::Incomplete(fault) => vec![fault.to_string()],
            CommandError::Argument(_)
            | CommandError::NotFound(_)
            | CommandError::Refused(_)
            | CommandError::Wiring(_)
            | CommandError::UseCase(_)
            | CommandError::System { .. } => Vec::new(),
        };
        serde_json::json!({ "error": message, "faults": faults }).to_string()
    } else {
        format!("error: {message}")
    };
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints JSON for people to read.
pub(crate) fn pretty(value: &Value) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::system("could not write the result", error))?;
    line(&text)
}
