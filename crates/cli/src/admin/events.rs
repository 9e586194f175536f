//! `event`.

use domain::credential::Caller;
use domain::event::{Event, EventKind, EventPlace};
use domain::id::{EventId, VerificationId};
use domain::ports::Page;
use domain::time::rfc3339;
use domain::use_cases::events::{self, EventsAsked};
use domain::verification::Purpose;
use serde_json::{Value, json};

use super::{caller, done, id, more, wired};
use crate::args::{EventCommand, PageArgs};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::Wired;

pub(crate) async fn event(
    config: &Config,
    command: EventCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let caller = caller(config);
    match command {
        EventCommand::List { kind, verification, account, page } => {
            let asked = EventsAsked {
                kind: kind.as_deref().map(parse_kind).transpose()?,
                verification: verification.map(|text| id(&text, VerificationId::parse)).transpose()?,
                account: account.map(String::into_boxed_str),
            };
            list(&wired, &caller, asked, &page, output).await
        }
        EventCommand::Show { id: text } => {
            let found = done(events::find(&wired.verifier, &caller, id(&text, EventId::parse)?).await?)?;
            let missing = || CommandError::NotFound("There is no such event; see `event list`.".to_owned());
            output.record(&shown(&found.ok_or_else(missing)?))
        }
    }
}

async fn list(
    wired: &Wired,
    caller: &Caller,
    asked: EventsAsked,
    page: &PageArgs,
    output: Output,
) -> Result<(), CommandError> {
    let before = page.before.as_deref().map(|text| text.parse().map(EventPlace)).transpose();
    let before = before.map_err(|_| {
        CommandError::Argument("Events go on with the number that the page before ended with.".to_owned())
    })?;
    let found =
        done(events::list(&wired.verifier, caller, asked, Page { before, limit: page.limit }).await?)?;
    let rows: Vec<_> = found.iter().map(shown).collect();
    let more = more(&found, page.limit, |event| event.place.0.to_string());
    let columns = ["at", "type", "account", "phone", "purpose", "verification", "id"];
    output.rows(&columns, &rows, more.as_deref())
}

fn parse_kind(text: &str) -> Result<EventKind, CommandError> {
    EventKind::parse(text).ok_or_else(|| {
        let all = EventKind::ALL.map(EventKind::as_str).join(", ");
        CommandError::Argument(format!("A type of events is one of {all}."))
    })
}

fn shown(event: &Event) -> Value {
    json!({
        "id": event.id.to_string(),
        "type": event.kind.as_str(),
        "at": rfc3339(event.at),
        "verification": event.verification.map(|id| id.to_string()),
        "purpose": event.purpose.map(Purpose::as_str),
        "account": event.account.as_ref().map(|account| account.username.as_str()),
        "phone": event.phone.map(domain::phone::Phone::masked),
        "reason": event.reason.as_deref(),
        "block": event.block.map(|id| id.to_string()),
        "prefix": event.prefix.map(|prefix| prefix.to_string()),
        "gateway": event.credit.as_ref().map(|credit| &*credit.gateway),
        "credits": event.credit.as_ref().map(|credit| credit.balance.as_f64()),
    })
}
