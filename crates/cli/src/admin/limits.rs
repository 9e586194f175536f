//! `limit`.

use domain::limit::{Counter, Usage};
use domain::time::rfc3339;
use domain::use_cases::limits::{self, LimitSubject};
use serde_json::{Value, json};

use super::{account_named, application, parse_phone, wired};
use crate::args::{LimitCommand, LimitSubjectArgs};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::Wired;

pub(crate) async fn limit(
    config: &Config,
    command: LimitCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let own = application(config);
    match command {
        LimitCommand::List => {
            let limits = limits::list(&wired.verifier, own)?;
            let rows: Vec<_> = limits
                .into_iter()
                .map(|(name, limit)| {
                    json!({
                        "name": name.as_str(),
                        "counts": name.counts(),
                        "max": limit.max,
                        "window_seconds": limit.window.as_secs(),
                    })
                })
                .collect();
            output.rows(&["name", "counts", "max", "window_seconds"], &rows, None)
        }
        LimitCommand::Show(whose) => {
            let subject = subject(&wired, config, &whose).await?;
            let usage = limits::usage(&wired.verifier, own, subject).await?;
            let rows: Vec<_> = usage.counters.iter().map(shown).collect();
            let guesses = usage.guesses.map(|guesses| {
                json!({
                    "wrong_today": guesses.totals.short_today + guesses.totals.long_today,
                    "wrong_in_window": guesses.totals.short_in_window,
                    "code_length": guesses.code_length.digits(),
                    "blocked_until": guesses.blocked_until.map(rfc3339),
                })
            });
            if output.json {
                return output.record(&json!({ "items": rows, "guesses": guesses }));
            }
            output.rows(&COLUMNS, &rows, None)?;
            guesses.map_or(Ok(()), |guesses| output.record(&guesses))
        }
        LimitCommand::Reset(whose) => {
            let subject = subject(&wired, config, &whose).await?;
            let before = limits::reset(&wired.verifier, own, subject).await?;
            let rows: Vec<_> = before.iter().map(shown).collect();
            output.rows(&COLUMNS, &rows, None)?;
            output.aside("These counters are empty now. The budget of wrong checks is as it was.")
        }
    }
}

const COLUMNS: [&str; 5] = ["name", "used", "max", "window_seconds", "room_at"];

async fn subject(
    wired: &Wired,
    config: &Config,
    whose: &LimitSubjectArgs,
) -> Result<LimitSubject, CommandError> {
    if let Some(name) = &whose.account {
        return Ok(LimitSubject::Account(account_named(wired, config, name).await?.id));
    }
    let phone = whose.phone.as_deref().unwrap_or_default();
    Ok(LimitSubject::Phone(parse_phone(wired, phone)?))
}

fn shown((counter, usage): &(Counter, Usage)) -> Value {
    json!({
        "name": counter.name.as_str(),
        "used": usage.used,
        "max": counter.limit.max,
        "window_seconds": counter.limit.window.as_secs(),
        "room_at": usage.room_at.map(rfc3339),
    })
}
