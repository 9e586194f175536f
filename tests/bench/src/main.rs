//! Measures the real binary as a process, over loopback, with the simulator as its gateway: on SQLite, and on
//! PostgreSQL with Redis beside what pgbench and redis-benchmark make of the same statements. It owns load, counting
//! and report, and never a threshold: it is no test. A wrong answer ends it. Linux only.

mod cpu;
mod disk;
mod gateway;
mod load;
mod memory;
mod pg_values;
mod pgbench;
mod postgres_tongue;
mod production;
mod recording;
mod redis_benchmark;
mod redis_tongue;
mod relay;
mod report;
mod service;
mod stage;
mod versus;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tokio::runtime::{Builder, Runtime};

use crate::gateway::Gateway;
use crate::load::Bounds;
use crate::report::Report;
use crate::service::Storage;
use crate::stage::{GATEWAY_THREADS, LOAD_THREADS, Setting};

/// What fails here is told and ends the run.
pub(crate) type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Measures sparrow-verify on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long verifications are started, on each of the storages. The checks of these take as long as they take.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// The most verifications to start on each of the storages.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// How long starts warm everything up before that.
    #[arg(long, default_value_t = 2, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    warm_up: u64,
    /// Connections, each with one call at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=2000))]
    connections: u16,
    /// How long the simulator takes to answer.
    #[arg(long, default_value_t = 0, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(0..=5000))]
    gateway_latency: u64,
    /// Start verifications for no account, instead of one account each, which the start makes.
    #[arg(long)]
    without_accounts: bool,
    /// Measure on this storage only.
    #[arg(long, value_enum)]
    only: Option<On>,
    /// Configure the service: a variable without its prefix, such as `DATABASE__CONNECTIONS_MAX=32`. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Compare with this binary of another release, by turns and on the same servers, instead.
    #[arg(long, value_name = "BINARY")]
    against: Option<PathBuf>,
    /// How often each of both is measured on each of the storages.
    #[arg(long, default_value_t = 4, requires = "against", value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Print JSON for programs instead of tables for people.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    /// SQLite, with the counters in it.
    Sqlite,
    /// PostgreSQL, with the counters in Redis.
    Postgres,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // An error means that there is one already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even that cannot be told, the exit code tells.
            let _ = writeln!(std::io::stderr(), "error: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Fallible<()> {
    let (load, gateway) = (threads(LOAD_THREADS)?, threads(GATEWAY_THREADS)?);
    let main = Builder::new_current_thread().enable_all().build()?;
    let (json, text) = main.block_on(async {
        let setting = setting_of(arguments, &load, &gateway).await?;
        Fallible::Ok(if let Some(before) = &arguments.against {
            let found = versus::measure(&setting, before, arguments.rounds, arguments.only).await?;
            (found.json(), found.text())
        } else {
            let report = measure(arguments, setting).await?;
            (report.json(), report.text())
        })
    })?;
    writeln!(std::io::stdout(), "{}", if arguments.json { json.to_string() } else { text })?;
    Ok(())
}

async fn setting_of(arguments: &Arguments, load: &Runtime, gateway: &Runtime) -> Fallible<Setting> {
    let count = usize::try_from(arguments.count)?;
    Ok(Setting {
        binary: service::binary()?,
        gateway: Gateway::start(gateway.handle(), count, Duration::from_millis(arguments.gateway_latency))
            .await?,
        load_threads: load.handle().clone(),
        connections: usize::from(arguments.connections),
        accounts: !arguments.without_accounts,
        warm_up: Duration::from_secs(arguments.warm_up),
        bounds: Bounds { time: Duration::from_secs(arguments.seconds), count },
        service: arguments.set.clone(),
        next_number: Arc::default(),
    })
}

async fn measure(arguments: &Arguments, setting: Setting) -> Fallible<Report> {
    let directory = tempfile::tempdir()?;
    let mut report = Report {
        connections: setting.connections,
        gateway_latency: Duration::from_millis(arguments.gateway_latency),
        accounts: setting.accounts,
        cpus: std::thread::available_parallelism()?.get(),
        syncs_per_second: disk::syncs_per_second(directory.path())?,
        sqlite: None,
        production: None,
    };
    if arguments.only != Some(On::Postgres) {
        progress("SQLite ...")?;
        report.sqlite = Some(setting.measure(directory.path(), &sqlite(directory.path()), &[]).await?);
    }
    if arguments.only != Some(On::Sqlite) {
        progress("PostgreSQL and Redis ...")?;
        report.production = Some(production::measure(&setting, directory.path()).await?);
    }
    Ok(report)
}

fn sqlite(directory: &Path) -> Storage {
    Storage {
        database: format!("sqlite:{}", directory.join("verify.db").display()),
        counters: "database".to_owned(),
    }
}

fn threads(name: &str) -> Fallible<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?)
}

fn progress(text: &str) -> Fallible<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}

/// An error with its causes.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut next) = (error.to_string(), error.source());
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
