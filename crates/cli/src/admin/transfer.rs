//! `db export` and `db import`: a database's rows into a file and out of one. Owns where the file is and how it comes to
//! be there whole or not at all; what is in it is the adapters' affair.

mod meter;
mod place;

use std::io::{self, Write as _};
use std::path::Path;

use adapters::phone_vault::PhoneVault;
use adapters::sql::SqlError;
use adapters::sql::transfer::{Import, Moved, Table, TransferError};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufRead, AsyncWrite, BufReader};

use self::meter::Meter;
use self::place::Place;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::{self, Output};
use crate::serve::until_signaled;
use crate::wiring::{Store, WiringError};

/// Stands for standard output and standard input.
const STANDARD: &str = "-";

/// How much of a file is read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// `db export`.
pub(super) async fn export(config: &Config, file: &Path, output: Output) -> Result<(), CommandError> {
    let store = Store::open_current(config).await.map_err(unfit)?;
    let mut meter = Meter::new(output, "exported", None);
    let to_standard_output = file == Path::new(STANDARD);
    let moved = if to_standard_output {
        write(&store, &mut tokio::io::stdout(), &mut meter).await?
    } else {
        // Signals are listened to before there is something to clear away.
        let stopped = until_signaled()?;
        let mut place = Place::take(file)?;
        let moved = tokio::select! {
            moved = write(&store, place.writer(), &mut meter) => moved?,
            () = stopped => return Err(CommandError::system("stopped", "nothing was exported")),
        };
        place.keep().await?;
        moved
    };
    store.close().await;
    // Where standard output is the file, what is told of it goes beside it.
    if to_standard_output { tell_beside(&moved, output) } else { tell(&moved, output) }
}

/// `db import`.
pub(super) async fn import(config: &Config, file: &Path, output: Output) -> Result<(), CommandError> {
    if file == Path::new(STANDARD) {
        let input = BufReader::with_capacity(BUFFER_BYTES, tokio::io::stdin());
        return read(config, input, Meter::new(output, "imported", None), output).await;
    }
    let unreadable = |error| CommandError::system(format!("could not read {}", file.display()), error);
    let opened = tokio::fs::File::open(file).await.map_err(unreadable)?;
    let bytes = opened.metadata().await.map_err(unreadable)?.len();
    let input = BufReader::with_capacity(BUFFER_BYTES, opened);
    read(config, input, Meter::new(output, "imported", Some(bytes)), output).await
}

async fn write(
    store: &Store,
    file: &mut (impl AsyncWrite + Unpin),
    meter: &mut Meter,
) -> Result<Moved, CommandError> {
    let mut progress = |progress| meter.show(progress);
    let moved = match store {
        Store::Sqlite(store) => store.export(file, &mut progress).await,
        Store::Postgres(store) => store.export(file, &mut progress).await,
    };
    meter.end();
    moved.map_err(|error| failed("could not export", error))
}

async fn read(
    config: &Config,
    file: impl AsyncBufRead + Unpin,
    mut meter: Meter,
    output: Output,
) -> Result<(), CommandError> {
    // The file is looked at before the database is: a database that is not there yet is not made for a wrong file, and
    // an empty one does not remember a phone key that is not the one of the rows to come.
    let vault = PhoneVault::new(&config.secrets.phone_key);
    let not_done = |error| failed("could not import; nothing was changed", error);
    let import = Import::open(file, &vault).await.map_err(not_done)?;
    let store = Store::open(config).await.map_err(|error| unfit(error.into()))?;
    store.migrate().await.map_err(|error| unfit(error.into()))?;
    let mut progress = |progress| meter.show(progress);
    let moved = match &store {
        Store::Sqlite(store) => store.import(import, &mut progress).await,
        Store::Postgres(store) => store.import(import, &mut progress).await,
    };
    meter.end();
    store.close().await;
    tell(&moved.map_err(not_done)?, output)
}

/// A transfer that was refused, or failed.
fn failed(what: &str, error: TransferError) -> CommandError {
    if let TransferError::Refused(refusal) = error {
        return CommandError::Refused(refusal.to_string());
    }
    let what = if matches!(error, TransferError::Unknown(_)) { "could not finish" } else { what };
    CommandError::system(what, error)
}

/// A database that is not one for this configuration and this release, or fails.
fn unfit(error: WiringError) -> CommandError {
    match error {
        WiringError::Sql(error @ SqlError::PhoneKey) => CommandError::Refused(format!(
            "{error}; set `secrets.phone_key` to that one, or take another database"
        )),
        WiringError::Sql(error @ (SqlError::Newer { .. } | SqlError::Altered { .. })) => {
            CommandError::Refused(error.to_string())
        }
        error @ (WiringError::Sql(_)
        | WiringError::Clock(_)
        | WiringError::Blocks(_)
        | WiringError::Statistics(_)
        | WiringError::NoGateway(_)
        | WiringError::Gateway(_)
        | WiringError::Route(_)
        | WiringError::Webhooks(_)
        | WiringError::NoCounters
        | WiringError::NoDatabase(_)
        | WiringError::Issuer(_)
        | WiringError::SchemaBehind(_)) => error.into(),
    }
}

fn tell(moved: &Moved, output: Output) -> Result<(), CommandError> {
    if output.json {
        return output::line(&told(moved).to_string());
    }
    let row = |table: Table| json!({ "table": table.as_str(), "rows": moved.rows.of(table) });
    output.rows(&["table", "rows"], &Table::ALL.map(row), None)?;
    output.aside(&format!("{} bytes, SHA-256 {}", moved.bytes, moved.sha256))
}

fn tell_beside(moved: &Moved, output: Output) -> Result<(), CommandError> {
    let text = if output.json {
        told(moved).to_string()
    } else {
        let row = |table: Table| format!("{}: {}\n", table.as_str(), moved.rows.of(table));
        format!("{}{} bytes, SHA-256 {}", Table::ALL.map(row).concat(), moved.bytes, moved.sha256)
    };
    writeln!(io::stderr().lock(), "{text}")
        .map_err(|error| CommandError::system("could not tell the result", error))
}

fn told(moved: &Moved) -> Value {
    let row = |table: Table| (table.as_str().to_owned(), moved.rows.of(table).into());
    let rows: Map<String, Value> = Table::ALL.map(row).into_iter().collect();
    json!({ "rows": rows, "bytes": moved.bytes, "sha256": moved.sha256 })
}
