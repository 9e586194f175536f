//! `account`.

use domain::account::Account;
use domain::id::AccountId;
use domain::ports::{Page, PhoneMoved};
use domain::refusal::{Refusal, Refused};
use domain::time::{Timestamp, rfc3339};
use domain::use_cases::{self, Answer};
use serde_json::{Value, json};

use super::{account_named, application, caller, id, more, username, wired};
use crate::args::AccountCommand;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::Wired;

pub(crate) async fn account(
    config: &Config,
    command: AccountCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    match command {
        AccountCommand::Add { username: name } => {
            let name = username(&name)?;
            let (account, added) =
                use_cases::accounts::add(&wired.verifier, application(config), name).await?;
            let mut shown = shown(&account);
            shown["added"] = json!(added);
            output.record(&shown)
        }
        AccountCommand::Show { username: name } => {
            output.record(&shown(&account_named(&wired, config, &name).await?))
        }
        AccountCommand::Unlink { username: name } => {
            let account = account_named(&wired, config, &name).await?;
            let moved =
                use_cases::accounts::unlink_phone(&wired.verifier, &caller(config), account.id).await?;
            output.record(&shown(&done(moved)?))
        }
        AccountCommand::SetPhone { username: name, phone, verified_at } => {
            let phone =
                wired.phones.parse(&phone).map_err(|fault| CommandError::Argument(format!("{fault}.")))?;
            let verified_at = verified_at.map(|text| instant(&wired, &text)).transpose()?;
            let account = account_named(&wired, config, &name).await?;
            let (verifier, caller) = (&wired.verifier, caller(config));
            let moved =
                use_cases::accounts::change_phone(verifier, &caller, account.id, phone, verified_at).await?;
            output.record(&shown(&done(moved)?))
        }
        AccountCommand::List(page) => {
            let before = page.before.as_deref().map(|text| id(text, AccountId::parse)).transpose()?;
            let asked = Page { before, limit: page.limit };
            let accounts = use_cases::accounts::list(&wired.verifier, application(config), asked).await?;
            let rows: Vec<_> = accounts.iter().map(shown).collect();
            let more = more(&accounts, page.limit, |account| account.id.to_string());
            output.rows(
                &["username", "phone", "phone_verified_at", "created_at", "id"],
                &rows,
                more.as_deref(),
            )
        }
    }
}

/// Reads an instant of the past, or complains.
fn instant(wired: &Wired, text: &str) -> Result<Timestamp, CommandError> {
    let read = text.parse::<Timestamp>().ok();
    let whole = read.and_then(|instant| Timestamp::from_millisecond(instant.as_millisecond()).ok());
    let past = Timestamp::UNIX_EPOCH..=wired.verifier.ports.clock.now();
    whole.filter(|instant| past.contains(instant)).ok_or_else(|| {
        CommandError::Argument(
            "An instant looks like 2026-01-15T08:00:00Z, is not before 1970 and not in the future."
                .to_owned(),
        )
    })
}

fn done(moved: Answer<PhoneMoved>) -> Result<Account, CommandError> {
    match moved {
        Answer::Done(moved) => Ok(moved.account),
        Answer::Refused(Refused { refusal: Refusal::PhoneTaken, .. }) => Err(CommandError::Refused(
            "Another account holds this phone; take it from there first with `account unlink`.".to_owned(),
        )),
        Answer::Refused(Refused { refusal, .. }) => {
            Err(CommandError::Refused(format!("It was refused: {refusal:?}.")))
        }
    }
}

fn shown(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "username": account.username.as_str(),
        "phone": account.phone.map(|proved| proved.phone.masked()),
        "phone_verified_at": account.phone.map(|proved| rfc3339(proved.verified_at)),
        "created_at": rfc3339(account.created_at),
    })
}
