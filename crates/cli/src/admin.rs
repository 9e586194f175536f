//! Administration: the same use cases as the HTTP front end's, and the database's schema. Nothing here sends.

use adapters::system::OsEntropy;
use domain::account::{Account, Username};
use domain::application::ApplicationId;
use domain::credential::Caller;
use domain::use_cases::{self, Answer};
use serde_json::json;

use crate::args::DbCommand;
use crate::config::{self, Config, GatewayConfig, Sources};
use crate::failure::CommandError;
use crate::output::{self, Output};
use crate::wiring::{self, Schema, Store, Wired};

mod accounts;
mod app_hash;
mod applications;
mod blocks;
mod credentials;
mod deliverability;
mod deliveries;
mod events;
mod invalid_numbers;
mod limits;
mod messages;
mod routes;
mod statistics;
mod transfer;
mod verifications;
mod webhooks;

pub(crate) use accounts::account;
pub(crate) use app_hash::app_hashes;
pub(crate) use applications::applications;
pub(crate) use blocks::block;
pub(crate) use credentials::{key, token};
pub(crate) use deliverability::deliverability;
pub(crate) use deliveries::{delivery, gateway};
pub(crate) use events::event;
pub(crate) use invalid_numbers::invalid_numbers;
pub(crate) use limits::limit;
pub(crate) use messages::message;
pub(crate) use routes::route;
pub(crate) use statistics::statistics;
pub(crate) use verifications::verification;
pub(crate) use webhooks::{webhook, webhook_secret};

/// `config check`.
pub(crate) fn check_config(sources: &Sources, output: Output) -> Result<(), CommandError> {
    let config = config::load(sources)?;
    let gateways = config.require_gateways();
    let signs = config.secrets.proof_keys.is_some();
    let mut text = match &gateways {
        Ok(gateways) => format!("The configuration is valid.{}", paths(&config, gateways)),
        Err(missing) => {
            format!("The configuration is valid for admin commands, but `serve` needs more:\n{missing}")
        }
    };
    if !signs {
        text.push_str("\nApprovals come without proofs: `secrets.proof_key_file` is not set.");
    }
    let names: Vec<_> = config.gateways.iter().map(|gateway| &*gateway.name).collect();
    let routes: Vec<_> = config.routes.iter().map(|route| route.name.as_str()).collect();
    output.print(
        &text,
        &json!({
            "valid": true,
            "can_serve": gateways.is_ok(),
            "signs_proofs": signs,
            "gateways": names,
            "routes": routes,
            "sends_nothing": sends_nothing(&config.gateways),
        }),
    )
}

/// By what SMS go, where there is more to say than that it is Sparrow; and loudly what sends nothing.
fn paths(config: &Config, gateways: &[GatewayConfig]) -> String {
    let (gateway_count, route_count) = (gateways.len(), config.routes.len());
    let several = (gateway_count > 1 || route_count > 1).then(|| {
        format!("\nSMS go by {route_count} route(s) to {gateway_count} gateway(s); see `route list`.")
    });
    let warning = |name| format!("\nBEWARE: the gateway `{name}` sends no SMS.");
    several.into_iter().chain(sends_nothing(gateways).into_iter().map(warning)).collect()
}

/// The gateways that only seem to send.
fn sends_nothing(gateways: &[GatewayConfig]) -> Vec<&str> {
    let seems = |gateway: &&GatewayConfig| !gateway.kind.sends();
    gateways.iter().filter(seems).map(|gateway| &*gateway.name).collect()
}

/// `proof-key new`.
pub(crate) fn new_proof_key(output: Output) -> Result<(), CommandError> {
    let key = adapters::proofs::generate(&OsEntropy)
        .map_err(|error| CommandError::system("could not make a key", error))?;
    output.print(key.trim_end(), &json!({ "proof_key": key.as_str() }))
}

/// `openapi`.
pub(crate) fn openapi() -> Result<(), CommandError> {
    let document =
        api::document().map_err(|error| CommandError::system("could not make the API document", error))?;
    output::line(document.trim_end())
}

/// `db`.
pub(crate) async fn db(config: &Config, command: DbCommand, output: Output) -> Result<(), CommandError> {
    match command {
        DbCommand::Migrate => schema(config, true, output).await,
        DbCommand::Status => schema(config, false, output).await,
        DbCommand::Export { file } => transfer::export(config, &file, output).await,
        DbCommand::Import { file } => transfer::import(config, &file, output).await,
    }
}

/// The schema's history, which is brought to its end where that is asked for.
async fn schema(config: &Config, migrate: bool, output: Output) -> Result<(), CommandError> {
    let store = Store::open(config).await.map_err(wiring::WiringError::from)?;
    if migrate {
        store.migrate().await.map_err(wiring::WiringError::from)?;
    }
    let status = store.migration_status().await.map_err(wiring::WiringError::from)?;
    store.close().await;
    let rows: Vec<_> = status
        .iter()
        .map(|migration| {
            json!({ "version": migration.version, "description": migration.description, "applied": migration.applied })
        })
        .collect();
    output.rows(&["version", "description", "applied"], &rows, None)
}

/// The use cases, for a command that never sends.
async fn wired(config: &Config) -> Result<Wired, CommandError> {
    Ok(wiring::wire(config, None, Schema::Require).await?)
}

/// The application that the command is about.
fn application(config: &Config) -> &ApplicationId {
    &config.administered
}

fn username(text: &str) -> Result<Username, CommandError> {
    Username::parse(text).map_err(|fault| CommandError::Argument(format!("The username {fault}.")))
}

/// The account of this name, or the complaint that there is none.
async fn account_named(wired: &Wired, config: &Config, name: &str) -> Result<Account, CommandError> {
    let username = username(name)?;
    let found = use_cases::accounts::find(&wired.verifier, application(config), &username).await?;
    found.ok_or_else(|| {
        CommandError::NotFound(format!(
            "There is no account `{name}`. Add it with `account add`, or see `account list`."
        ))
    })
}

/// Reads a phone, or complains.
fn parse_phone(wired: &Wired, text: &str) -> Result<domain::phone::Phone, CommandError> {
    wired.phones.parse(text).map_err(|fault| CommandError::Argument(format!("{fault}.")))
}

/// Reads an id, or complains.
fn id<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, CommandError> {
    parse(text).ok_or_else(|| {
        CommandError::Argument(
            "An id looks like 0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b; take it from a list.".to_owned(),
        )
    })
}

/// Whom the use cases see in the command line: who administers the application.
fn caller(config: &Config) -> Caller {
    Caller::Admin(application(config).clone())
}

/// The command line administers, so nothing is refused.
fn done<T>(answer: Answer<T>) -> Result<T, CommandError> {
    match answer {
        Answer::Done(done) => Ok(done),
        Answer::Refused(refused) => {
            Err(CommandError::Refused(format!("It was refused: {:?}.", refused.refusal)))
        }
    }
}

/// Where the next page begins, when this one is full.
fn more<T>(page: &[T], limit: u16, id: impl Fn(&T) -> String) -> Option<String> {
    (page.len() == usize::from(limit)).then(|| page.last().map(id)).flatten()
}
