//! The configuration: from files and environment variables to checked values, in one pass.
//!
//! Sources, the later over the earlier: defaults, the files in the order in which they are named (TOML or JSON), and
//! environment variables. `server.listen` is `SPARROW_VERIFY__SERVER__LISTEN`; a list in a variable is separated by
//! commas, and an empty variable counts as not set. `docs/config.example.toml` lists every key.
//!
//! Everything that is wrong is told at once, by key, with what is allowed. No fault and nothing that is shown holds a
//! secret: values are never repeated. This module reads no environment of its own and starts nothing.

mod application;
mod applications;
mod auth;
mod fault;
mod gateways;
mod http_gateway;
mod open;
mod raw;
mod reader;
mod routes;
mod secret;
mod secrets;
mod section;
mod server;
mod setting;
mod sparrow;
mod storage;
mod templates;
mod test_numbers;
mod unknown;
mod webhooks;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use adapters::gateway::{HttpGatewaySettings, SparrowSettings};
pub use adapters::jwt::JwtSettings;
pub use adapters::webhooks::WebhookSettings;
use domain::application::{Application, ApplicationId};
use domain::route::Route;
use domain::use_cases::Retention;

pub use self::fault::{ConfigFault, ConfigFaults};
pub use self::gateways::{GatewayConfig, GatewayKind};
pub use self::open::{OpenConfig, load_open};
pub use self::secrets::SecretsConfig;
pub use self::server::{LogFormat, MetricsConfig, PhoneConfig, ServerConfig};
pub use self::storage::{CountersConfig, DatabaseConfig};

/// Where the configuration is.
#[derive(Clone, Default)]
pub struct Sources {
    /// Files, of which a later one wins; `.toml` or `.json`.
    pub files: Vec<PathBuf>,
    /// Environment variables, which win over files; those that do not begin with `SPARROW_VERIFY__` are not looked at.
    pub environment: BTreeMap<String, String>,
}

/// The names only: a variable may hold a secret.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let variables: Vec<&String> = self.environment.keys().collect();
        f.debug_struct("Sources").field("files", &self.files).field("environment", &variables).finish()
    }
}

/// The configuration, checked. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the service is reached and how it tells what it does.
    pub server: ServerConfig,
    /// Where metrics are asked for.
    pub metrics: MetricsConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// What counts the sends.
    pub counters: CountersConfig,
    /// The secrets that are kept outside the database.
    pub secrets: SecretsConfig,
    /// What carries the SMS; see [`Config::require_gateways`].
    pub gateways: Vec<GatewayConfig>,
    /// The routes that lead to it, in the order in which they were written.
    pub routes: Vec<Route>,
    /// How long a send may take in all, over all of its routes.
    pub delivery_deadline: Duration,
    /// Which phones are taken.
    pub phone: PhoneConfig,
    /// The application `default`.
    pub application: Application,
    /// The other applications, by their ids.
    pub applications: Vec<Application>,
    /// Which application commands are about; see [`Config::administer`].
    pub administered: ApplicationId,
    /// How long a credential is believed without a look into the database.
    pub credentials_cached_for: Duration,
    /// The applications' own sign-ins whose tokens are trusted.
    pub jwt: Vec<JwtSettings>,
    /// The webhooks of all applications, with what only their sender may know.
    pub webhooks: Vec<WebhookSettings>,
    /// How long things are kept.
    pub retention: Retention,
    shown: serde_json::Value,
}

/// No application with this id is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is no application {asked:?}; there is {}.", .known.join(", "))]
pub struct ApplicationUnknown {
    asked: String,
    known: Vec<String>,
}

/// Reads and checks the configuration.
///
/// # Errors
/// [`ConfigFaults`] with everything that is wrong: sources that cannot be read, keys that do not exist, values that
/// are not allowed, and what is missing (unless it may be in a file that cannot be read).
pub fn load(sources: &Sources) -> Result<Config, ConfigFaults> {
    let (leaves, faults) = raw::read(sources);
    let mut reader = reader::Reader::new(leaves, faults);
    let server = server::server(&mut reader);
    let metrics = server::metrics(&mut reader, &server);
    let (database, counters) = storage::storage(&mut reader);
    let secrets = secrets::secrets(&mut reader);
    let known = gateways::gateways(&mut reader);
    gateways::consoles_apart(&mut reader, &known, &server);
    let phone = server::phone(&mut reader);
    let places = applications::places(&mut reader);
    let mut applications = applications::applications(&mut reader, &places);
    let credentials_cached_for = auth::cache_for(&mut reader);
    let jwt = auth::jwt(&mut reader, &places);
    let webhooks = webhooks::webhooks(&mut reader, &places);
    webhooks::subscribe(&mut applications, &webhooks);
    let test_numbers = test_numbers::test_numbers(&mut reader, &places, &phone);
    test_numbers::assign(&mut applications, test_numbers);
    let retention = server::retention(&mut reader);
    let routes =
        routes::routes(&mut reader, &routes::Ground { gateways: &known, places: &places, phone: &phone });
    let delivery_deadline = routes::deadline(&mut reader, &known, server.request_timeout);
    let gateways = known.into_iter().filter_map(|known| known.gateway).collect();
    let signs = ["secrets.proof_key", "secrets.proof_key_file"].iter().any(|key| reader.is_set(key));
    if signs && server.public_url.is_none() && !reader.faulty("server.public_url") {
        let problem = "is missing; set it to where the service is reached, such as https://verify.example.com, because \
                       `secrets.proof_key` is set, and proofs name it as their issuer";
        reader.missing("server.public_url", problem);
    }
    let (shown, faults) = reader.finish();
    let mut applications = applications.into_iter();
    match (secrets, applications.next()) {
        (Some(secrets), Some(application)) if faults.is_empty() => {
            let applications = applications.collect();
            Ok(Config {
                server,
                metrics,
                database,
                counters,
                secrets,
                gateways,
                routes,
                delivery_deadline,
                phone,
                application,
                applications,
                administered: ApplicationId::default_application(),
                credentials_cached_for,
                jwt,
                webhooks,
                retention,
                shown,
            })
        }
        _ => Err(ConfigFaults::new(faults)),
    }
}

impl Config {
    /// The effective configuration, with every key: what is not set is null, a secret that is set is masked. It has
    /// the shape of a configuration file.
    #[must_use]
    pub fn shown(&self) -> &serde_json::Value {
        &self.shown
    }

    /// All applications, `default` first.
    pub fn all_applications(&self) -> impl Iterator<Item = &Application> + Clone {
        std::iter::once(&self.application).chain(&self.applications)
    }

    /// Lets commands be about the application with this id, instead of `default`.
    ///
    /// # Errors
    /// [`ApplicationUnknown`] when there is none.
    pub fn administer(&mut self, id: &str) -> Result<(), ApplicationUnknown> {
        self.administered = known(self.all_applications(), id)?.id.clone();
        Ok(())
    }

    /// What carries the SMS, for those who send.
    ///
    /// # Errors
    /// A fault that says which keys and which variables to set, when there is nothing.
    pub fn require_gateways(&self) -> Result<&[GatewayConfig], ConfigFault> {
        if self.gateways.is_empty() { Err(sparrow::not_configured()) } else { Ok(&self.gateways) }
    }

    /// How often the gateway of this name is asked what credits are left; `None` where it has none to tell of.
    #[must_use]
    pub fn credit_interval(&self, gateway: &str) -> Option<Duration> {
        let found = self.gateways.iter().find(|known| *known.name == *gateway);
        // One that is not configured is the demo's.
        found.map_or(Some(sparrow::CREDIT_INTERVAL), |found| found.credit_interval)
    }
}

/// The application with this id.
fn known<'a>(
    all: impl Iterator<Item = &'a Application> + Clone,
    id: &str,
) -> Result<&'a Application, ApplicationUnknown> {
    let found = all.clone().find(|application| application.id.as_str() == id);
    found.ok_or_else(|| ApplicationUnknown {
        asked: id.to_owned(),
        known: all.map(|application| format!("`{}`", application.id)).collect(),
    })
}
