//! The only composition root: from a configuration to use cases over real adapters, and to a running server. Serving,
//! the demo, every admin command and the end-to-end tests are wired here.

use std::path::PathBuf;
use std::sync::Arc;

use adapters::account_cache::CachedAccounts;
use adapters::blocks::BlockSnapshot;
use adapters::clock::SharedClock;
use adapters::credential_cache::CachedCredentials;
use adapters::estimates::EstimateSnapshot;
use adapters::jwt::{JwtSettingsFault, JwtTokens};
use adapters::metrics::Metrics;
use adapters::phone_vault::PhoneVault;
use adapters::proofs::Ed25519Proofs;
use adapters::redis::RedisCounters;
use adapters::sql::{Connections, MigrationStatus, PostgresStore, SqlError, SqliteStore};
use adapters::statistics::Statistics;
use adapters::system::{LoggedAlarms, OsEntropy, SystemClock};
use adapters::webhooks::{HttpWebhooks, WebhookClientFault};
use domain::application::Applications;
use domain::id::StatisticWriterId;
use domain::phone::PhoneParser;
use domain::ports::{
    AccountStore, BlockStore, Clock, Counters, CredentialStore, CreditStore, DeliveryStore, EventStore,
    Gateways, IdempotencyStore, IdentityTokens, PauseStore, PortError, Ports, ProofSigner, RouteLeadsNowhere,
    StatisticStore, VerificationStore, VitalStore, WebhookStore,
};
use domain::use_cases::Verifier;

use crate::config::{Config, ConfigFault, CountersConfig, DatabaseConfig};

mod gateways;
mod metrics;

pub use gateways::{GatewayFault, gateways, sparrow};
pub(crate) use gateways::{Simulators, gateways_with, routes};

/// Use cases over real adapters.
#[derive(Debug)]
pub struct Wired {
    /// The use cases' ground.
    pub verifier: Arc<Verifier>,
    /// How phones are read.
    pub phones: PhoneParser,
    /// What happened and is not stored yet; hand it over before the process ends.
    pub statistics: Arc<Statistics>,
    /// The database.
    pub store: Store,
    /// What is counted for operators, where they want it.
    pub metrics: Option<Arc<Metrics>>,
}

/// The database, whichever it is.
#[derive(Clone, Debug)]
pub enum Store {
    /// A file of this machine.
    Sqlite(SqliteStore),
    /// A server.
    Postgres(PostgresStore),
}

/// Every port that a database keeps.
trait Keeps:
    VerificationStore
    + AccountStore
    + CredentialStore
    + DeliveryStore
    + EventStore
    + WebhookStore
    + IdempotencyStore
    + BlockStore
    + CreditStore
    + PauseStore
    + StatisticStore
    + VitalStore
{
}

impl<T> Keeps for T where
    T: VerificationStore
        + AccountStore
        + CredentialStore
        + DeliveryStore
        + EventStore
        + WebhookStore
        + IdempotencyStore
        + BlockStore
        + CreditStore
        + PauseStore
        + StatisticStore
        + VitalStore
{
}

/// The parts could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The database could not be opened or brought up to date.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// The database does not tell the time.
    #[error("the database does not answer")]
    Clock(#[source] PortError),
    /// The database does not tell who is blocked.
    #[error("the database does not answer")]
    Blocks(#[source] PortError),
    /// There is no randomness for the name under which this process adds to the statistics.
    #[error("the operating system gives no randomness")]
    Statistics(#[source] PortError),
    /// No gateway is configured.
    #[error(transparent)]
    NoGateway(#[from] ConfigFault),
    /// A gateway's settings are not valid.
    #[error(transparent)]
    Gateway(#[from] GatewayFault),
    /// A route names no gateway; the configuration refuses this.
    #[error(transparent)]
    Route(#[from] RouteLeadsNowhere),
    /// The keys of the application's own sign-in cannot be fetched.
    #[error("the tokens of `application.jwt` cannot be read")]
    Issuer(#[from] JwtSettingsFault),
    /// Webhooks cannot be told.
    #[error(transparent)]
    Webhooks(#[from] WebhookClientFault),
    /// Nothing counts; the configuration refuses this.
    #[error("PostgreSQL needs Redis for its counters; set `counters.url`")]
    NoCounters,
    /// There is no database, and this command does not make one.
    #[error("there is no database at {}; check `database.url`, or make one with `sparrow-verify db migrate`", .0.display())]
    NoDatabase(PathBuf),
    /// The schema is behind, and this command does not change it.
    #[error(
        "the database's schema is behind by {0} migration(s); bring it up to date with `sparrow-verify db migrate`"
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

impl Store {
    /// Opens the database, without looking at its schema.
    ///
    /// # Errors
    /// [`SqlError`] when it cannot be opened, or was made with another phone key.
    pub async fn open(config: &Config) -> Result<Self, SqlError> {
        let vault = PhoneVault::new(&config.secrets.phone_key);
        Ok(match &config.database {
            DatabaseConfig::Sqlite(options) => Self::Sqlite(SqliteStore::open(options, vault).await?),
            DatabaseConfig::Postgres(options) => Self::Postgres(PostgresStore::open(options, vault).await?),
        })
    }

    /// Opens the database, which must be there and have the schema of this release; changes nothing.
    ///
    /// # Errors
    /// [`WiringError`] when it is not there, is behind, newer or other, or cannot be opened.
    pub async fn open_current(config: &Config) -> Result<Self, WiringError> {
        if let DatabaseConfig::Sqlite(options) = &config.database
            && !options.path.exists()
        {
            return Err(WiringError::NoDatabase(options.path.clone()));
        }
        let store = Self::open(config).await?;
        let behind = store.migration_status().await?.iter().filter(|migration| !migration.applied).count();
        if behind > 0 {
            return Err(WiringError::SchemaBehind(behind));
        }
        // Nothing is left to apply: this only finds a schema that is newer, or other, than this release knows.
        store.migrate().await?;
        Ok(store)
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// [`SqlError`] when a migration fails, or the schema is newer or other than this release knows.
    pub async fn migrate(&self) -> Result<(), SqlError> {
        match self {
            Self::Sqlite(store) => store.migrate().await,
            Self::Postgres(store) => store.migrate().await,
        }
    }

    /// Every migration that this release or the database knows, in order.
    ///
    /// # Errors
    /// [`SqlError`] when the database does not answer.
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, SqlError> {
        match self {
            Self::Sqlite(store) => store.migration_status().await,
            Self::Postgres(store) => store.migration_status().await,
        }
    }

    /// How its connections are at the moment.
    fn connections(&self) -> Vec<Connections> {
        match self {
            Self::Sqlite(store) => store.connections(),
            Self::Postgres(store) => store.connections(),
        }
    }

    /// Finishes what is under way and closes the connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }

    /// The same, by the ports that it keeps.
    fn keeps(&self) -> Arc<dyn Keeps> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// The clock that rules: of a file this machine's, of a server that server's, for all replicas alike.
    async fn clock(&self) -> Result<Arc<dyn Clock>, WiringError> {
        match self {
            Self::Sqlite(_) => Ok(Arc::new(SystemClock)),
            Self::Postgres(store) => {
                let clock = SharedClock::new(Arc::new(SystemClock), Arc::new(store.clone())).await;
                let clock = clock.map_err(WiringError::Clock)?;
                tokio::spawn(SharedClock::keep(Arc::downgrade(&clock)));
                Ok(clock)
            }
        }
    }

    /// What counts the sends.
    fn counters(&self, config: &Config) -> Result<Arc<dyn Counters>, WiringError> {
        match (&config.counters, self) {
            (CountersConfig::Redis(options), _) => Ok(Arc::new(RedisCounters::new(options.clone()))),
            (CountersConfig::Database, Self::Sqlite(store)) => Ok(Arc::new(store.counters())),
            (CountersConfig::Database, Self::Postgres(_)) => Err(WiringError::NoCounters),
        }
    }
}

/// Puts the use cases together; without gateways, for commands that never send.
///
/// # Errors
/// [`WiringError`] when the database cannot be opened, or its schema is not as asked for.
pub async fn wire(config: &Config, gateways: Option<Gateways>, schema: Schema) -> Result<Wired, WiringError> {
    let store = match schema {
        Schema::Migrate => {
            let store = Store::open(config).await?;
            store.migrate().await?;
            store
        }
        Schema::Require => Store::open_current(config).await?,
    };
    let kept = store.keeps();
    let clock = store.clock().await?;
    let webhook_sender = HttpWebhooks::new(config.webhooks.iter().cloned(), clock.clone())?;
    let blocks =
        BlockSnapshot::new(kept.clone(), kept.clone(), clock.clone()).await.map_err(WiringError::Blocks)?;
    tokio::spawn(BlockSnapshot::keep(Arc::downgrade(&blocks)));
    let writer = StatisticWriterId::new(clock.now(), &OsEntropy).map_err(WiringError::Statistics)?;
    let statistics = Statistics::new(kept.clone(), writer);
    tokio::spawn(Statistics::keep(Arc::downgrade(&statistics)));
    let metrics = metrics::metrics(config, gateways.as_ref());
    let estimates = EstimateSnapshot::new(kept.clone(), clock.clone());
    tokio::spawn(EstimateSnapshot::keep(Arc::downgrade(&estimates)));
    let ports = Ports {
        verifications: kept.clone(),
        accounts: Arc::new(CachedAccounts::new(kept.clone())),
        credentials: cached(kept.clone(), config),
        // Commands that never send answer nobody's call.
        identities: if gateways.is_some() { identities(config)? } else { None },
        deliveries: kept.clone(),
        events: kept.clone(),
        webhooks: kept.clone(),
        idempotency: kept.clone(),
        block_store: kept.clone(),
        pauses: kept.clone(),
        credits: kept.clone(),
        statistics: kept.clone(),
        vitals: kept,
        observer: metrics::observer(metrics.as_deref(), statistics.clone()),
        estimates,
        blocks,
        counters: store.counters(config)?,
        gateways: metrics::gateways(metrics.as_deref(), gateways.unwrap_or_else(Gateways::none)),
        clock,
        entropy: Arc::new(OsEntropy),
        proofs: proofs(config),
        alarms: Arc::new(LoggedAlarms),
        webhook_sender: metrics::webhooks(metrics.as_deref(), Arc::new(webhook_sender)),
    };
    let verifier = Arc::new(Verifier {
        ports,
        applications: Applications::new(config.all_applications().cloned()),
        peppers: config.secrets.peppers.clone(),
        phone_key: config.secrets.phone_key.clone(),
    });
    if let Some(metrics) = &metrics {
        metrics::watch(metrics, &verifier, &store);
    }
    Ok(Wired { verifier, phones: phones(config), statistics, store, metrics })
}

/// Credentials, believed for as long as is configured.
fn cached(credentials: Arc<dyn CredentialStore>, config: &Config) -> Arc<dyn CredentialStore> {
    let life = config.credentials_cached_for;
    if life.is_zero() {
        return credentials;
    }
    Arc::new(CachedCredentials::new(credentials, life))
}

/// The tokens of the applications' own sign-ins, where they are trusted.
fn identities(config: &Config) -> Result<Option<Arc<dyn IdentityTokens>>, WiringError> {
    if config.jwt.is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(JwtTokens::new(config.jwt.clone())?)))
}

/// What signs proofs, where there is a key for it.
fn proofs(config: &Config) -> Option<Arc<dyn ProofSigner>> {
    let (keys, issuer) = (config.secrets.proof_keys.clone()?, config.server.public_url.clone()?);
    Some(Arc::new(Ed25519Proofs::new(issuer, keys)))
}

/// How phones are read under this configuration.
#[must_use]
pub fn phones(config: &Config) -> PhoneParser {
    let test_numbers = config.all_applications().flat_map(|application| &application.test_numbers);
    config.phone.parser().accept_also(test_numbers.map(|test| test.phone))
}
