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
    // Programs have each of the details by its name.
    let row = |event| if output.json { shown(event) } else { with_details(event) };
    let rows: Vec<_> = found.iter().map(row).collect();
    let more = more(&found, page.limit, |event| event.place.0.to_string());
    let columns = ["at", "type", "account", "phone", "purpose", "details", "verification", "id"];
    output.rows(&columns, &rows, more.as_deref())
}

fn parse_kind(text: &str) -> Result<EventKind, CommandError> {
    EventKind::parse(text).ok_or_else(|| {
        let all = EventKind::ALL.map(EventKind::as_str).join(", ");
        CommandError::Argument(format!("A type of events is one of {all}."))
    })
}

/// The same with what is particular to its kind in few words.
fn with_details(event: &Event) -> Value {
    let credit = event.credit.as_ref();
    let details = [
        event.reason.as_deref().map(str::to_owned),
        event.prefix.map(|prefix| prefix.to_string()),
        credit.map(|credit| format!("{} credits left at {}", credit.balance.as_f64(), credit.gateway)),
    ];
    let mut row = shown(event);
    row["details"] = details.into_iter().flatten().collect();
    row
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

#[cfg(test)]
mod tests {
    use domain::application::ApplicationId;
    use domain::block::Prefix;
    use domain::credit::CreditBalance;
    use domain::event::EventCredit;
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn the_table_tells_what_is_particular_to_an_event() {
        let plain = Event {
            id: EventId::parse("01a206e7-2c1d-7841-bf40-53a200be10d7").unwrap(),
            place: EventPlace(1),
            application: ApplicationId::default_application(),
            kind: EventKind::VerificationApproved,
            at: Timestamp::UNIX_EPOCH,
            verification: None,
            purpose: None,
            account: None,
            phone: None,
            reason: None,
            block: None,
            prefix: None,
            credit: None,
        };
        let paused = Event { reason: Some("in-a-row".into()), ..plain.clone() };
        let denied =
            Event { reason: Some("denied".into()), prefix: Prefix::parse("+977984"), ..plain.clone() };
        let balance = CreditBalance::from_thousandths(4500);
        let low = Event { credit: Some(EventCredit { gateway: "sparrow".into(), balance }), ..plain.clone() };
        for (event, details) in [
            (plain, json!([])),
            (paused, json!(["in-a-row"])),
            (denied, json!(["denied", "+977984"])),
            (low, json!(["4.5 credits left at sparrow"])),
        ] {
            assert_eq!(with_details(&event)["details"], details);
            assert_eq!(shown(&event).get("details"), None, "programs have them by their names");
        }
    }
}
