//! The only composition root: from a configuration to use cases over real adapters, and to a running server. Serving,
//! the demo, every admin command and the end-to-end tests are wired here.

use std::path::PathBuf;
use std::sync::Arc;

use adapters::gateway::{SparrowGateway, SparrowSettings, SparrowSettingsFault};
use adapters::numbering_plan::LibPhoneNumbers;
use adapters::phone_vault::PhoneVault;
use adapters::sql::{SqlError, SqliteOptions, SqliteStore};
use adapters::system::{LoggedAlarms, OsEntropy, SystemClock};
use async_trait::async_trait;
use domain::application::Applications;
use domain::phone::PhoneParser;
use domain::ports::{Ports, SendAnswer, Sms, SmsGateway};
use domain::use_cases::Verifier;

use crate::config::{Config, CountersConfig, DatabaseLocation};

/// Use cases over real adapters.
#[derive(Debug)]
pub struct Wired {
    /// The use cases' ground.
    pub verifier: Arc<Verifier>,
    /// How phones are read.
    pub phones: PhoneParser,
    /// The database.
    pub store: SqliteStore,
}

/// The parts could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The database could not be opened or brought up to date.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The gateway's settings are not valid.
    #[error("the gateway cannot be used")]
    Gateway(#[from] SparrowSettingsFault),
    /// There is no database, and this command does not make one.
    #[error("there is no database at {}; check `database.url`, or make one with `sparrow-verify db migrate`", .0.display())]
    NoDatabase(PathBuf),
    /// The schema is behind, and this command does not change it.
    #[error(
        "the database's schema is behind by {0} migrations; bring it up to date with `sparrow-verify db migrate`"
    )]
    SchemaBehind(usize),
}

/// What to do about a schema that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Bring it up to date.
    Migrate,
    /// Refuse to go on.
    Require,
}

/// Opens the database, without looking at its schema.
///
/// # Errors
/// [`WiringError`] when it cannot be opened.
pub async fn open_store(config: &Config) -> Result<SqliteStore, WiringError> {
    let DatabaseLocation::Sqlite(path) = &config.database.location;
    let options = SqliteOptions {
        busy_timeout: config.database.busy_timeout,
        acquire_timeout: config.database.acquire_timeout,
        readers: config.database.readers,
        ..SqliteOptions::at(path)
    };
    let vault = PhoneVault::new(&config.secrets.phone_key);
    Ok(SqliteStore::open(&options, vault).await?)
}

/// The gateway of these settings.
///
/// # Errors
/// [`WiringError`] when the settings are not valid.
pub fn sparrow(settings: &SparrowSettings) -> Result<Arc<dyn SmsGateway>, WiringError> {
    Ok(Arc::new(SparrowGateway::new(settings.clone())?))
}

/// Puts the use cases together; without a gateway, for commands that never send.
///
/// # Errors
/// [`WiringError`] when the database cannot be opened, or its schema is not as asked for.
pub async fn wire(
    config: &Config,
    gateway: Option<Arc<dyn SmsGateway>>,
    schema: Schema,
) -> Result<Wired, WiringError> {
    let DatabaseLocation::Sqlite(path) = &config.database.location;
    if schema == Schema::Require && !path.exists() {
        return Err(WiringError::NoDatabase(path.clone()));
    }
    let store = open_store(config).await?;
    match schema {
        Schema::Migrate => store.migrate().await?,
        Schema::Require => {
            let behind =
                store.migration_status().await?.iter().filter(|migration| !migration.applied).count();
            if behind > 0 {
                return Err(WiringError::SchemaBehind(behind));
            }
            // Nothing is left to apply: this only finds a schema that is newer, or other, than this release knows.
            store.migrate().await?;
        }
    }
    let CountersConfig::Database = config.counters;
    let ports = Ports {
        verifications: Arc::new(store.clone()),
        accounts: Arc::new(store.clone()),
        credentials: Arc::new(store.clone()),
        counters: Arc::new(store.counters()),
        gateway: gateway.unwrap_or_else(|| Arc::new(NoGateway)),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        alarms: Arc::new(LoggedAlarms),
    };
    let verifier = Arc::new(Verifier {
        ports,
        applications: Applications::new([config.application.clone()]),
        peppers: config.secrets.peppers.clone(),
        phone_key: config.secrets.phone_key.clone(),
    });
    Ok(Wired { verifier, phones: phones(config), store })
}

/// How phones are read under this configuration.
#[must_use]
pub fn phones(config: &Config) -> PhoneParser {
    let plan = Arc::new(LibPhoneNumbers);
    let parser = PhoneParser::new(config.phone.countries.iter().copied(), Some(plan));
    if config.phone.accept_defunct_operators { parser.accept_defunct_operators() } else { parser }
}

/// Stands where commands that never send have no gateway.
#[derive(Debug)]
struct NoGateway;

#[async_trait]
impl SmsGateway for NoGateway {
    async fn send(&self, _sms: &Sms) -> SendAnswer {
        tracing::error!("an SMS was to be sent by a command that has no gateway");
        SendAnswer::Refused
    }
}
