//! `[server]`, `[metrics]`, `[phone]` and `[retention]`: where the service listens, which phones it takes, and how long it
//! keeps things.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use adapters::numbering_plan::LibPhoneNumbers;
use domain::guess::GUESS_WINDOW_DAYS;
use domain::phone::{Country, PhoneParser};
use domain::use_cases::Retention;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

use super::raw::Raw;
use super::reader::Reader;
use super::setting::{Setting, from_text};
use super::sparrow::checked_address;

/// The longest retention: ten years.
const DAYS_MAX: u16 = 3650;
/// The longest that an answer is kept under an idempotency key: a week.
const IDEMPOTENCY_HOURS_MAX: u16 = 168;

/// Where metrics are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricsConfig {
    /// The address to listen on, beside the service's own; without one there are no metrics.
    pub listen: Option<SocketAddr>,
}

/// How the service is reached and how it tells what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// The address to listen on. Default 127.0.0.1:8080: the TLS of a proxy belongs before it.
    pub listen: SocketAddr,
    /// Where the service is reached from outside, without a slash at its end; proofs name it as their issuer.
    pub public_url: Option<String>,
    /// How long calls under way may still take at the end. Default 15 s, longer than a send.
    pub shutdown_grace: Duration,
    /// How long one call may take; longer than a send. Default 30 s.
    pub request_timeout: Duration,
    /// The most connections at once. Default 512: half of what a process may usually open.
    pub connections_max: u32,
    /// How log lines are written. Default text.
    pub log_format: LogFormat,
    /// Which log lines are written: a level, or directives as `tracing` takes them. Default `info`.
    pub log_level: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Which phones are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneConfig {
    /// The countries of the phones that are taken. Default Nepal.
    pub countries: Vec<Country>,
    /// Whether numbers of operators that have closed down are taken. Default no.
    pub accept_defunct_operators: bool,
}

impl PhoneConfig {
    /// Reads the phones that are taken from everybody: test numbers are beside them.
    #[must_use]
    pub fn parser(&self) -> PhoneParser {
        let parser = PhoneParser::new(self.countries.iter().copied(), Some(Arc::new(LibPhoneNumbers)));
        if self.accept_defunct_operators { parser.accept_defunct_operators() } else { parser }
    }
}

const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

pub(super) fn server(reader: &mut Reader) -> ServerConfig {
    let seconds = Duration::from_secs;
    ServerConfig {
        listen: reader.setting("server.listen", LISTEN),
        public_url: reader.optional::<PublicUrl>("server.public_url").map(|url| url.0),
        shutdown_grace: reader.within(
            "server.shutdown_grace",
            seconds(15),
            seconds(0)..=Duration::from_mins(10),
        ),
        request_timeout: reader.within(
            "server.request_timeout",
            seconds(30),
            seconds(1)..=Duration::from_mins(5),
        ),
        connections_max: reader.within("server.connections_max", 512, 1..=65_536),
        log_format: reader.setting("server.log_format", LogFormat::Text),
        log_level: reader.setting("server.log_level", LogFilter("info".to_owned())).0,
    }
}

pub(super) fn metrics(reader: &mut Reader, server: &ServerConfig) -> MetricsConfig {
    let listen: Option<SocketAddr> = reader.optional("metrics.listen");
    // Of port 0 each gets another.
    if listen.is_some_and(|listen| listen == server.listen && listen.port() != 0) {
        reader.fault("metrics.listen", "must be another address than `server.listen`");
    }
    MetricsConfig { listen }
}

pub(super) fn phone(reader: &mut Reader) -> PhoneConfig {
    let countries = reader.setting("phone.countries", vec![Country::NEPAL]);
    if countries.is_empty() {
        reader.fault("phone.countries", "must name at least one country, such as NP");
    }
    let accept_defunct_operators = reader.setting("phone.accept_defunct_operators", false);
    PhoneConfig { countries, accept_defunct_operators }
}

pub(super) fn retention(reader: &mut Reader) -> Retention {
    let Retention { verification_days, ledger_days, event_days, statistic_days, idempotency_hours } =
        Retention::default();
    Retention {
        verification_days: reader.within("retention.verifications_days", verification_days, 1..=DAYS_MAX),
        ledger_days: reader.within("retention.ledger_days", ledger_days, GUESS_WINDOW_DAYS..=DAYS_MAX),
        event_days: reader.within("retention.events_days", event_days, 1..=DAYS_MAX),
        statistic_days: reader.within("retention.statistics_days", statistic_days, 1..=DAYS_MAX),
        idempotency_hours: reader.within(
            "retention.idempotency_hours",
            idempotency_hours,
            1..=IDEMPOTENCY_HOURS_MAX,
        ),
    }
}

impl Setting for LogFormat {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"text\" or \"json\"", |text| match text {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        })
    }

    fn shown(&self) -> Value {
        match self {
            Self::Text => json!("text"),
            Self::Json => json!("json"),
        }
    }
}

/// An address of https, or of http on this machine.
struct PublicUrl(String);

impl Setting for PublicUrl {
    fn read(raw: &Raw) -> Result<Self, String> {
        let text = String::read(raw)?;
        checked_address(&text, "https://verify.example.com")?;
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

struct LogFilter(String);

/// The levels of log lines.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl Setting for LogFilter {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be off, error, warn, info, debug or trace, or directives such as info,sqlx=warn";
        from_text(raw, allowed, |text| {
            // A word that is no level would be taken for a module, and silence everything else.
            let known = |directive: &str| directive.contains('=') || LEVELS.contains(&directive.trim());
            let parsed = text.split(',').all(known) && EnvFilter::try_new(text).is_ok();
            parsed.then(|| Self(text.to_owned()))
        })
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}
