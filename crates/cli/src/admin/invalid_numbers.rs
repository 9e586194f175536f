//! `invalid-numbers`.

use domain::invalid_numbers::NumberCounts;
use domain::time::rfc3339;
use domain::use_cases::invalid_numbers;
use serde_json::{Value, json};

use super::{application, wired};
use crate::args::InvalidNumbersCommand;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;

pub(crate) async fn invalid_numbers(
    config: &Config,
    command: InvalidNumbersCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let own = application(config);
    let aside = match command {
        InvalidNumbersCommand::Show => None,
        InvalidNumbersCommand::Resume => Some(match invalid_numbers::resume(&wired.verifier, own).await? {
            Some(_) => "New numbers are sent to again: on every replica within seconds.",
            None => "It was not paused; nothing has changed.",
        }),
    };
    let standing = invalid_numbers::show(&wired.verifier, own).await?;
    let last = standing.last.as_ref().map(|pause| {
        json!({
            "reason": pause.reason.as_str(),
            "since": rfc3339(pause.since),
            "until": rfc3339(pause.until),
            "counts": counts(pause.counts),
        })
    });
    output.record(
        &json!({ "paused": standing.paused, "counts": counts(standing.counts), "last_pause": last }),
    )?;
    aside.map_or(Ok(()), |text| output.aside(text))
}

fn counts(NumberCounts { in_a_row, refused, of }: NumberCounts) -> Value {
    json!({ "in_a_row": in_a_row, "refused": refused, "counted": of })
}
