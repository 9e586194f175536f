//! `[sparrow]` and `[gateways.NAME]`: what carries the SMS. Owns which gateways there are and how each is guarded; what is
//! particular to a kind is in a file of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::gateway::{ConsoleGatewayFault, GuardSettings, HttpGatewaySettings, SparrowSettings};
use domain::breaker::BreakerSettings;
use domain::route::RouteName;
use poem::http::Uri;
use serde_json::{Value, json};

use super::raw::Raw;
use super::reader::Reader;
use super::section::Section;
use super::server::ServerConfig;
use super::setting::{Setting, from_text};
use super::sparrow::is_this_machine;
use super::{http_gateway, sparrow};

/// The sections of all but the one of `[sparrow]` are in this one.
const SECTION: &str = "gateways";
/// The most gateways.
const GATEWAYS_MAX: usize = 20;
/// Where the simulator listens.
const SIMULATOR_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8081);

/// Something that carries SMS.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Its name: routes lead to it by this.
    pub name: Arc<str>,
    /// What it is.
    pub kind: GatewayKind,
    /// How many calls it gets, and when it is left alone.
    pub guard: GuardSettings,
    /// How often it is asked what credits are left; `None` where it has none to tell of.
    pub credit_interval: Option<Duration>,
}

/// What a gateway is.
#[derive(Clone, Debug)]
pub enum GatewayKind {
    /// An account at Sparrow SMS.
    Sparrow(SparrowSettings),
    /// Whatever takes SMS over HTTP.
    Http(Box<HttpGatewaySettings>),
    /// Prints SMS in place of sending them, for development.
    Console,
    /// The simulator, within this process. It sends nothing.
    Simulator {
        /// Where it listens, for whoever looks into its inbox; on this machine only.
        listen: SocketAddr,
    },
}

impl GatewayKind {
    /// Whether SMS reach phones by it.
    #[must_use]
    pub const fn sends(&self) -> bool {
        match self {
            Self::Sparrow(_) | Self::Http(_) => true,
            Self::Console | Self::Simulator { .. } => false,
        }
    }
}

/// The kinds, by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KindName {
    Sparrow,
    Http,
    Console,
    Simulator,
}

/// A gateway and where it was configured.
pub(super) struct Known {
    pub(super) name: Arc<str>,
    /// The prefix of its keys.
    pub(super) prefix: String,
    /// What it is, where that could be read.
    pub(super) kind: Option<KindName>,
    /// Whether it carries to Nepali mobiles only.
    pub(super) nepal_only: bool,
    /// The gateway, unless something is wrong with it or it was not read.
    pub(super) gateway: Option<GatewayConfig>,
}

/// The gateways, that of `[sparrow]` first and the others by their names; those with which something is wrong included.
pub(super) fn gateways(reader: &mut Reader) -> Vec<Known> {
    let sparrow = only_sparrow(reader);
    with_sections(reader, sparrow, gateway)
}

/// The same without what is secret, and without what is wrong with anything but their names and kinds.
pub(super) fn outlines(reader: &mut Reader) -> Vec<Known> {
    let sparrow = sparrow::only_account_is_outlined(reader).then(|| Known {
        name: SparrowSettings::NAME.into(),
        prefix: sparrow::SECTION.to_owned(),
        kind: Some(KindName::Sparrow),
        nepal_only: true,
        gateway: None,
    });
    with_sections(reader, sparrow, outline)
}

/// That of `[sparrow]`, and each section as it is read.
fn with_sections(
    reader: &mut Reader,
    sparrow: Option<Known>,
    read: impl Fn(&mut Reader, String, Arc<str>) -> Known,
) -> Vec<Known> {
    let mut found: Vec<_> = sparrow.into_iter().collect();
    for (name, origin) in reader.sections_of(SECTION) {
        let prefix = format!("{SECTION}.{name}");
        let problem = match RouteName::parse(&name) {
            Some(_) if found.iter().any(|known| *known.name == name) => {
                format!("has the name of the gateway of `[{}]`; keep one of them", sparrow::SECTION)
            }
            Some(_) if found.len() >= GATEWAYS_MAX => {
                format!("is one too many; there may be {GATEWAYS_MAX} gateways")
            }
            Some(_) => {
                found.push(read(reader, prefix, name.into()));
                continue;
            }
            None => "is no name: it must have 1 to 40 lower-case letters, digits and inner dashes".to_owned(),
        };
        reader.drop_section(&prefix);
        reader.fault_in(&prefix, problem, origin);
    }
    found
}

/// What prints codes is for a machine of one's own, and for nothing that sends.
pub(super) fn consoles_apart(reader: &mut Reader, gateways: &[Known], server: &ServerConfig) {
    let own = |url: &String| url.parse().is_ok_and(|url: Uri| url.host().is_some_and(is_this_machine));
    let problem = if !server.listen.ip().to_canonical().is_loopback() {
        ConsoleGatewayFault::Listens
    } else if !server.public_url.as_ref().is_none_or(own) {
        ConsoleGatewayFault::Public
    } else if gateways.iter().any(|known| known.kind.is_some_and(KindName::sends)) {
        ConsoleGatewayFault::StandsAlone
    } else {
        return;
    };
    for known in gateways.iter().filter(|known| known.kind == Some(KindName::Console)) {
        reader.fault(&format!("{}.kind", known.prefix), format!("is \"console\", which {problem}"));
    }
}

/// The gateway of `[sparrow]`, whose keys exist whether or not they are set.
fn only_sparrow(reader: &mut Reader) -> Option<Known> {
    let settings = sparrow::only_account(reader);
    let section = &mut reader.section(sparrow::SECTION);
    let credit_interval = Some(sparrow::credit_interval(section));
    let guard = guard(section, credit_interval);
    let name: Arc<str> = SparrowSettings::NAME.into();
    let of = |settings| GatewayConfig {
        name: name.clone(),
        kind: GatewayKind::Sparrow(settings),
        guard,
        credit_interval,
    };
    sparrow::only_account_is_set(reader).then(|| Known {
        prefix: sparrow::SECTION.to_owned(),
        kind: Some(KindName::Sparrow),
        nepal_only: true,
        gateway: settings.map(of),
        name: name.clone(),
    })
}

fn gateway(reader: &mut Reader, prefix: String, name: Arc<str>) -> Known {
    let section = &mut reader.section(&prefix);
    let kind = kind_of(section);
    let read = kind.and_then(|kind| {
        let (kind, credit_interval) = match kind {
            KindName::Sparrow => {
                let settings = sparrow::account_of(section, name.clone());
                let credit_interval = sparrow::credit_interval(section);
                (settings.map(GatewayKind::Sparrow), Some(credit_interval))
            }
            KindName::Http => {
                let settings = http_gateway::http_gateway(section, &name);
                let has_credits = settings.as_ref().is_none_or(|settings| settings.credit.is_some());
                let credit_interval = has_credits.then(|| sparrow::credit_interval(section));
                (settings.map(|settings| GatewayKind::Http(Box::new(settings))), credit_interval)
            }
            KindName::Console => (Some(GatewayKind::Console), None),
            KindName::Simulator => (simulator(section), None),
        };
        let guard = guard(section, credit_interval);
        Some(GatewayConfig { name: name.clone(), kind: kind?, guard, credit_interval })
    });
    if kind.is_none() {
        // Which keys there are depends on the kind.
        reader.drop_section(&prefix);
    }
    let nepal_only = match read.as_ref().map(|gateway| &gateway.kind) {
        Some(GatewayKind::Http(settings)) => settings.body.is_national(),
        Some(GatewayKind::Sparrow(_) | GatewayKind::Simulator { .. }) => true,
        Some(GatewayKind::Console) | None => false,
    };
    Known { name, prefix, kind, nepal_only, gateway: read }
}

/// What of a gateway needs no secret.
fn outline(reader: &mut Reader, prefix: String, name: Arc<str>) -> Known {
    let section = &mut reader.section(&prefix);
    let kind = kind_of(section);
    let nepal_only = match kind {
        Some(KindName::Http) => http_gateway::body(section).is_national(),
        Some(KindName::Sparrow | KindName::Simulator) => true,
        Some(KindName::Console) | None => false,
    };
    Known { name, prefix, kind, nepal_only, gateway: None }
}

fn kind_of(section: &mut Section<'_>) -> Option<KindName> {
    let kind = section.optional::<KindName>("kind");
    if !section.is_set("kind") {
        section.missing("kind", format!("is missing; it {}", KindName::allowed()));
    }
    kind
}

fn simulator(section: &mut Section<'_>) -> Option<GatewayKind> {
    let listen = section.setting("listen", SIMULATOR_LISTEN);
    if !listen.ip().is_loopback() {
        section.fault(
            "listen",
            "must be on this machine, such as 127.0.0.1:8081: whoever reaches it reads every code",
        );
        return None;
    }
    Some(GatewayKind::Simulator { listen })
}

/// How it is guarded.
fn guard(section: &mut Section<'_>, credit_interval: Option<Duration>) -> GuardSettings {
    let GuardSettings { breaker, calls_max, waiting_max, wait_max, hold_for } = GuardSettings::default();
    // A reading of zero must hold until the next one.
    let longest = *GuardSettings::HOLDS.end();
    let readings = credit_interval.map_or(hold_for, |interval| interval.saturating_mul(3).min(longest));
    let guard = GuardSettings {
        calls_max: section.within("calls_max", calls_max, GuardSettings::CALLS),
        waiting_max: section.within("waiting_max", waiting_max, GuardSettings::WAITING),
        wait_max: section.within("wait_max", wait_max, GuardSettings::WAITS),
        hold_for: section.within("hold_for", hold_for.max(readings), GuardSettings::HOLDS),
        breaker: breaker_settings(section, breaker),
    };
    if let Some(interval) = credit_interval
        && !guard.hold_for.is_zero()
        && guard.hold_for < interval
    {
        let problem = format!("must not be shorter than `{}`", section.key("credit_interval"));
        section.fault("hold_for", problem);
    }
    guard
}

fn breaker_settings(section: &mut Section<'_>, default: BreakerSettings) -> BreakerSettings {
    type Settings = BreakerSettings;
    let BreakerSettings { failure_percent, window, calls_min, refusals, open_for, open_for_max, probes } =
        default;
    let open_for = section.within("breaker.open_for", open_for, Settings::OPEN_FORS);
    let open_for_max =
        section.within("breaker.open_for_max", open_for_max.max(open_for), Settings::OPEN_FORS);
    if open_for_max < open_for {
        let problem = format!("must not be shorter than `{}`", section.key("breaker.open_for"));
        section.fault("breaker.open_for_max", problem);
    }
    BreakerSettings {
        failure_percent: section.within(
            "breaker.failure_percent",
            failure_percent,
            Settings::FAILURE_PERCENTS,
        ),
        window: section.within("breaker.window", window, Settings::WINDOWS),
        calls_min: section.within("breaker.calls_min", calls_min, Settings::CALLS_MINS),
        refusals: section.within("breaker.refusals", refusals, Settings::REFUSALS),
        open_for,
        open_for_max,
        probes: section.within("breaker.probes", probes, Settings::PROBES),
    }
}

impl GatewayConfig {
    /// How long a call of it may take; `None` where it makes none.
    pub(super) fn total_timeout(&self) -> Option<Duration> {
        match &self.kind {
            GatewayKind::Sparrow(settings) => Some(settings.total_timeout),
            GatewayKind::Http(settings) => Some(settings.total_timeout),
            GatewayKind::Console | GatewayKind::Simulator { .. } => None,
        }
    }
}

impl KindName {
    const ALL: [Self; 4] = [Self::Sparrow, Self::Http, Self::Console, Self::Simulator];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Sparrow => "sparrow",
            Self::Http => "http",
            Self::Console => "console",
            Self::Simulator => "simulator",
        }
    }

    fn allowed() -> String {
        format!("must be one of {}", Self::ALL.map(Self::as_str).join(", "))
    }

    /// Whether SMS reach phones by it.
    pub(super) const fn sends(self) -> bool {
        match self {
            Self::Sparrow | Self::Http => true,
            Self::Console | Self::Simulator => false,
        }
    }
}

impl Setting for KindName {
    fn read(raw: &Raw) -> Result<Self, String> {
        let known = |text: &str| Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        from_text(raw, &Self::allowed(), known)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}
