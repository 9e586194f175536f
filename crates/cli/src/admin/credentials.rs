//! `key` and `token`.

use std::time::Duration;

use domain::account::Username;
use domain::credential::{Caller, Credential, CredentialKind, CredentialName, Scope};
use domain::id::CredentialId;
use domain::ports::{CredentialFilter, Page};
use domain::time::{after, rfc3339};
use domain::use_cases::credentials::NewCredential;
use domain::use_cases::{self, Answer};
use serde_json::{Value, json};

use super::{account_named, application, id, more, wired};
use crate::args::{KeyCommand, PageArgs, ScopeArg, TermsArgs, TokenCommand};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::Wired;

pub(crate) async fn key(config: &Config, command: KeyCommand, output: Output) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    match command {
        KeyCommand::Issue { scope, terms } => {
            let scope = match scope {
                ScopeArg::Verify => Scope::Verify,
                ScopeArg::Admin => Scope::Admin,
            };
            issue(&wired, config, CredentialKind::Key(scope), terms, output).await
        }
        KeyCommand::List(page) => list(&wired, config, CredentialFilter::Keys, &page, output).await,
        KeyCommand::Show { id: text } => {
            let caller = Caller::Admin(application(config).clone());
            let id = id(&text, CredentialId::parse)?;
            match use_cases::credentials::find_key(&wired.verifier, &caller, id).await? {
                Answer::Done(key) => output.record(&shown(&key, None)),
                Answer::Refused(_) => Err(nothing_with(id)),
            }
        }
        KeyCommand::Revoke { id } => revoke(&wired, config, CredentialFilter::Keys, &id, output).await,
    }
}

pub(crate) async fn token(
    config: &Config,
    command: TokenCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    match command {
        TokenCommand::Issue { username, terms } => {
            let account = account_named(&wired, config, &username).await?;
            issue(&wired, config, CredentialKind::UserToken(account.id), terms, output).await
        }
        TokenCommand::List { account, page } => {
            let account = match account {
                Some(name) => Some(account_named(&wired, config, &name).await?.id),
                None => None,
            };
            list(&wired, config, CredentialFilter::UserTokens(account), &page, output).await
        }
        TokenCommand::Revoke { id } => {
            revoke(&wired, config, CredentialFilter::UserTokens(None), &id, output).await
        }
    }
}

async fn issue(
    wired: &Wired,
    config: &Config,
    kind: CredentialKind,
    terms: TermsArgs,
    output: Output,
) -> Result<(), CommandError> {
    let TermsArgs { name, days } = terms;
    let name = name.map(|text| {
        CredentialName::parse(&text).ok_or_else(|| {
            let allowed = "A name has 1 to 60 characters, and no white space at its start or end.";
            CommandError::Argument(allowed.to_owned())
        })
    });
    let life = days.map(|days| Duration::from_hours(24 * u64::from(days)));
    let expires_at = life.map(|life| after(wired.verifier.ports.clock.now(), life));
    let new = NewCredential { kind, name: name.transpose()?, expires_at };
    let (credential, secret) =
        use_cases::credentials::issue_new(&wired.verifier, application(config), new).await?;
    let mut shown = shown(&credential, None);
    shown["secret"] = json!(secret.reveal());
    output.record(&shown)?;
    output.aside("Keep the secret now: it is not shown again.")
}

async fn list(
    wired: &Wired,
    config: &Config,
    which: CredentialFilter,
    page: &PageArgs,
    output: Output,
) -> Result<(), CommandError> {
    let before = page.before.as_deref().map(|text| id(text, CredentialId::parse)).transpose()?;
    let asked = Page { before, limit: page.limit };
    let found = use_cases::credentials::list(&wired.verifier, application(config), which, asked).await?;
    let rows: Vec<_> =
        found.iter().map(|(credential, username)| shown(credential, username.as_ref())).collect();
    let more = more(&found, page.limit, |(credential, _)| credential.id.to_string());
    let about = match which {
        CredentialFilter::Keys => "scope",
        CredentialFilter::UserTokens(_) => "account",
    };
    output.rows(&["id", about, "name", "created_at", "expires_at", "revoked_at"], &rows, more.as_deref())
}

async fn revoke(
    wired: &Wired,
    config: &Config,
    which: CredentialFilter,
    text: &str,
    output: Output,
) -> Result<(), CommandError> {
    let credential = id(text, CredentialId::parse)?;
    let revoked =
        use_cases::credentials::revoke(&wired.verifier, application(config), which, credential).await?;
    let revoked = revoked.ok_or_else(|| nothing_with(credential))?;
    output.record(&shown(&revoked, None))
}

fn nothing_with(id: CredentialId) -> CommandError {
    CommandError::NotFound(format!("There is nothing with the id {id}."))
}

fn shown(credential: &Credential, username: Option<&Username>) -> Value {
    let mut shown = json!({
        "id": credential.id.to_string(),
        "name": credential.name.as_ref().map(CredentialName::as_str),
        "created_at": rfc3339(credential.created_at),
        "expires_at": credential.expires_at.map(rfc3339),
        "revoked_at": credential.revoked_at.map(rfc3339),
    });
    match credential.kind {
        CredentialKind::Key(scope) => shown["scope"] = json!(scope.as_str()),
        CredentialKind::UserToken(_) => {
            if let Some(username) = username {
                shown["account"] = json!(username.as_str());
            }
        }
    }
    shown
}
