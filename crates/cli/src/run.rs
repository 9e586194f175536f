//! From arguments to an exit code.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;

use tracing_subscriber::EnvFilter;

use crate::args::{Arguments, Command, ConfigCommand};
use crate::config::{self, Config, LogFormat, Sources};
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
    let Arguments { config, json, command } = arguments;
    let output = Output { json };
    // A variable that is not UTF-8 is none of ours: all of ours are text.
    let environment: BTreeMap<String, String> = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let sources = Sources { files: config, environment };
    match command {
        Command::Demo(arguments) => demo::demo(arguments, sources, output).await,
        Command::Simulator(arguments) => demo::simulator(arguments, output).await,
        Command::Openapi => admin::openapi(),
        Command::Serve(arguments) => {
            let config = with_log(&sources)?;
            serve::serve(&config, arguments.no_migrate, output).await
        }
        Command::Config(ConfigCommand::Check) => admin::check_config(&sources, output),
        Command::Config(ConfigCommand::Show) => output::pretty(config::load(&sources)?.shown()),
        Command::Db(command) => admin::db(&with_log(&sources)?, command, output).await,
        Command::Account(command) => admin::account(&with_log(&sources)?, command, output).await,
        Command::Token(command) => admin::token(&with_log(&sources)?, command, output).await,
        Command::Key(command) => admin::key(&with_log(&sources)?, command, output).await,
        Command::Verification(command) => admin::verification(&with_log(&sources)?, command, output).await,
    }
}

fn with_log(sources: &Sources) -> Result<Config, CommandError> {
    let config = config::load(sources)?;
    start_log(&config.server.log_level, config.server.log_format)?;
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
