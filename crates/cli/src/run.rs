//! From arguments to an exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, Command, ConfigCommand, ProofKeyCommand, WebhookCommand};
use crate::config::{self, Config, LogFormat, OpenConfig, Sources};
use crate::failure::{CommandError, ExitCode};
use crate::output::{self, Output};
use crate::{admin, demo, serve};

/// Runs a command. What it fails with is told on standard error.
pub async fn run(
    arguments: Arguments,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let json = arguments.json;
    match dispatch(arguments, environment).await {
        Ok(()) => ExitCode::Done,
        Err(error) => {
            output::complain(&error, json);
            error.exit_code()
        }
    }
}

async fn dispatch(
    arguments: Arguments,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), CommandError> {
    let Arguments { config, application, json, command } = arguments;
    let output = Output { json };
    let environment = texts(environment)?;
    let sources = Sources { files: config, environment };
    match command {
        Command::Demo(arguments) => demo::demo(arguments, sources, output).await,
        Command::Simulator(arguments) => demo::simulator(arguments, output).await,
        Command::Openapi => admin::openapi(),
        Command::ProofKey(ProofKeyCommand::New) => admin::new_proof_key(output),
        Command::Serve(arguments) => {
            let config = with_log(&sources, &application)?;
            serve::serve(&config, arguments.no_migrate, output).await
        }
        Command::Config(ConfigCommand::Check) => admin::check_config(&sources, output),
        Command::Config(ConfigCommand::Show) => output::pretty(config::load(&sources)?.shown()),
        Command::Application(command) => {
            admin::applications(&with_log(&sources, &application)?, command, output)
        }
        Command::Db(command) => admin::db(&with_log(&sources, &application)?, command, output).await,
        Command::Account(command) => {
            admin::account(&with_log(&sources, &application)?, command, output).await
        }
        Command::Token(command) => admin::token(&with_log(&sources, &application)?, command, output).await,
        Command::Key(command) => admin::key(&with_log(&sources, &application)?, command, output).await,
        Command::Delivery(command) => {
            admin::delivery(&with_log(&sources, &application)?, command, output).await
        }
        Command::Gateway(command) => {
            admin::gateway(&with_log(&sources, &application)?, command, output).await
        }
        Command::Route(command) => admin::route(&open(&sources, &application)?, command, output),
        Command::Event(command) => admin::event(&with_log(&sources, &application)?, command, output).await,
        Command::Verification(command) => {
            admin::verification(&with_log(&sources, &application)?, command, output).await
        }
        Command::Webhook(WebhookCommand::Secret) => admin::webhook_secret(output),
        Command::Webhook(command) => {
            admin::webhook(&with_log(&sources, &application)?, command, output).await
        }
        Command::Block(command) => admin::block(&with_log(&sources, &application)?, command, output).await,
        Command::Statistics(command) => {
            admin::statistics(&with_log(&sources, &application)?, &command, output).await
        }
        Command::Message(command) => admin::message(&open(&sources, &application)?, &command, output),
        Command::AppHash(arguments) => admin::app_hashes(&arguments, output),
        Command::Deliverability(command) => {
            admin::deliverability(&with_log(&sources, &application)?, &command, output).await
        }
        Command::Limit(command) => admin::limit(&with_log(&sources, &application)?, command, output).await,
        Command::InvalidNumbers(command) => {
            admin::invalid_numbers(&with_log(&sources, &application)?, command, output).await
        }
    }
}

/// The variables that are text. Those of others may be anything; one of ours must not be dropped without a word.
fn texts(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, CommandError> {
    let mut texts = BTreeMap::new();
    for (name, value) in environment {
        let Ok(name) = name.into_string() else { continue };
        if let Ok(value) = value.into_string() {
            texts.insert(name, value);
        } else if name.starts_with("SPARROW_VERIFY__") {
            return Err(CommandError::Argument(format!("The variable {name} is not text in UTF-8.")));
        }
    }
    Ok(texts)
}

fn with_log(sources: &Sources, application: &str) -> Result<Config, CommandError> {
    let mut config = config::load(sources)?;
    config.administer(application).map_err(|unknown| CommandError::Argument(unknown.to_string()))?;
    start_log(&config.server.log_level, config.server.log_format)?;
    Ok(config)
}

/// What needs no secret, for commands that call nobody and so have nothing to log.
fn open(sources: &Sources, application: &str) -> Result<OpenConfig, CommandError> {
    let mut config = config::load_open(sources)?;
    config.administer(application).map_err(|unknown| CommandError::Argument(unknown.to_string()))?;
    Ok(config)
}

/// Sends log lines to standard error.
pub(crate) fn start_log(level: &str, format: LogFormat) -> Result<(), CommandError> {
    let filter =
        EnvFilter::try_new(level).map_err(|error| CommandError::system("could not start the log", error))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CommandError::system("could not start the log", error))
}
