//! `account`.

use domain::account::Account;
use domain::id::AccountId;
use domain::ports::Page;
use domain::time::rfc3339;
use domain::use_cases;
use serde_json::{Value, json};

use super::{account_named, application, id, more, username, wired};
use crate::args::AccountCommand;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;

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

fn shown(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "username": account.username.as_str(),
        "phone": account.phone.map(|proved| proved.phone.masked()),
        "phone_verified_at": account.phone.map(|proved| rfc3339(proved.verified_at)),
        "created_at": rfc3339(account.created_at),
    })
}
