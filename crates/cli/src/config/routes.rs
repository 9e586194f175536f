//! `[[routes]]` and `[delivery]`: by which gateway an SMS goes, by which next, and how long all of it may take. Owns what is
//! wrong with routes; which of them an SMS takes is `domain::route`'s.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use domain::application::ApplicationId;
use domain::block::Prefix;
use domain::phone::{Country, Operator};
use domain::ports::SEND_DEADLINE;
use domain::route::{OnUnknown, ROUTES_MAX, Route, RouteMatch, RouteName};
use serde_json::{Value, json};

use super::applications::Place;
use super::gateways::{GatewayConfig, KindName, Known};
use super::raw::Raw;
use super::reader::Reader;
use super::section::Section;
use super::server::PhoneConfig;
use super::setting::{Setting, from_text};

mod dead;

const ROUTES: &str = "routes";
const DEADLINE: &str = "delivery.deadline";
const DEADLINES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_mins(1);
const PRIORITIES: RangeInclusive<u16> = 1..=1000;
const WEIGHTS: RangeInclusive<u16> = 0..=1000;
/// The longest name of a route.
const NAME_CHARS_MAX: usize = 40;

/// What routes are about.
pub(super) struct Ground<'a> {
    pub(super) gateways: &'a [Known],
    pub(super) places: &'a [Place],
    pub(super) phone: &'a PhoneConfig,
}

/// A route as it was written.
struct Written {
    prefix: String,
    name: Option<RouteName>,
    gateway: Option<Arc<str>>,
    takes: RouteMatch,
    priority: u16,
    weight: Option<u16>,
    on_unknown: OnUnknown,
}

/// The routes, in the order in which they were written; with one gateway and none written, the one that takes everything.
pub(super) fn routes(reader: &mut Reader, ground: &Ground<'_>) -> Vec<Route> {
    let count = reader.tables_of(ROUTES);
    if count > ROUTES_MAX {
        reader.fault(ROUTES, format!("must be at most {ROUTES_MAX}"));
        reader.drop_section(ROUTES);
        return Vec::new();
    }
    if count == 0 {
        return without_any(reader, ground.gateways);
    }
    let mut written: Vec<_> = (0..count).map(|place| route(reader, ground, place)).collect();
    same_names(reader, &written);
    name_the_others(reader, &mut written);
    useless_weights(reader, &written);
    // What is wrong already would be told twice.
    if !reader.faulty(ROUTES) {
        dead::no_shares(reader, &written);
        dead::behind_their_own_gateway(reader, &written);
    }
    forgotten_gateways(reader, ground.gateways, &written);
    written.into_iter().filter_map(Written::finished).collect()
}

/// How long a send may take in all. Unless told, a single gateway has as long as its own time-out lets it.
pub(super) fn deadline(reader: &mut Reader, gateways: &[Known], request_timeout: Duration) -> Duration {
    let single = match gateways {
        [only] => only.gateway.as_ref().and_then(GatewayConfig::total_timeout).map(|timeout| (only, timeout)),
        [] | [..] => None,
    };
    let deadline = reader.within(DEADLINE, single.map_or(SEND_DEADLINE, |(_, timeout)| timeout), DEADLINES);
    let sends = gateways.iter().any(|known| known.gateway.is_some());
    if sends && request_timeout <= deadline && !reader.faulty(DEADLINE) {
        let due_to = match single {
            Some((only, _)) if !reader.is_set(DEADLINE) => format!("{}.total_timeout", only.prefix),
            Some(_) | None => DEADLINE.to_owned(),
        };
        reader.fault("server.request_timeout", format!("must be longer than `{due_to}`"));
    }
    deadline
}

fn without_any(reader: &mut Reader, gateways: &[Known]) -> Vec<Route> {
    match gateways {
        [] => Vec::new(),
        [only] => RouteName::parse(&only.name)
            .map(|name| Route {
                name,
                gateway: only.name.clone(),
                takes: RouteMatch::default(),
                priority: *PRIORITIES.start(),
                weight: 1,
                on_unknown: OnUnknown::Stop,
            })
            .into_iter()
            .collect(),
        [..] => {
            let names: Vec<_> = gateways.iter().map(|known| format!("`{}`", known.name)).collect();
            let problem = format!(
                "are missing, while there are the gateways {}; write a [[{ROUTES}]] with `gateway` for each, in the order \
                 in which they are to be tried",
                names.join(", ")
            );
            reader.missing(ROUTES, problem);
            Vec::new()
        }
    }
}

fn route(reader: &mut Reader, ground: &Ground<'_>, place: usize) -> Written {
    let prefix = format!("{ROUTES}.{place}");
    let section = &mut reader.section(&prefix);
    let name = section.optional::<RouteName>("name");
    let gateway = gateway(section, ground.gateways);
    let takes = RouteMatch {
        countries: section.setting("countries", Vec::new()),
        operators: section.setting("operators", Vec::new()),
        applications: section.setting("applications", Vec::new()),
        prefixes: section.setting("prefixes", Vec::new()),
    };
    takes_what_there_is(section, ground, &takes);
    dead::takes_somebody(section, ground.phone, &takes);
    if let Some(kind) = gateway.and_then(|gateway| gateway.kind) {
        goes_where_it_can(section, ground, &takes, kind);
    }
    let default = u16::try_from(place + 1).unwrap_or(*PRIORITIES.end());
    Written {
        name,
        gateway: gateway.map(|gateway| gateway.name.clone()),
        takes,
        priority: section.within("priority", default, PRIORITIES),
        weight: weight(section),
        on_unknown: section.setting("on_unknown", OnUnknown::Stop),
        prefix,
    }
}

fn gateway<'a>(section: &mut Section<'_>, gateways: &'a [Known]) -> Option<&'a Known> {
    let wanted = section.optional::<String>("gateway");
    let known: Vec<_> = gateways.iter().map(|known| format!("`{}`", known.name)).collect();
    let there_is = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    if !section.is_set("gateway") {
        section.missing("gateway", format!("is missing; it must name a gateway: there is {there_is}"));
    }
    let wanted = wanted?;
    let found = gateways.iter().find(|known| *known.name == *wanted);
    if found.is_none() {
        section.fault("gateway", format!("must name a gateway: there is {there_is}"));
    }
    found
}

/// What nobody is sent to, or by, is a mistake.
fn takes_what_there_is(section: &mut Section<'_>, ground: &Ground<'_>, takes: &RouteMatch) {
    let phone = &ground.phone.countries;
    if let Some(entry) = takes.countries.iter().position(|country| !phone.contains(country)) {
        let problem = format!("entry {} is not among `phone.countries`: no such phone is taken", entry + 1);
        section.fault("countries", problem);
    }
    let known = |id: &ApplicationId| ground.places.iter().any(|place| place.id == *id);
    if let Some(entry) = takes.applications.iter().position(|id| !known(id)) {
        let ids: Vec<_> = ground.places.iter().map(|place| format!("`{}`", place.id)).collect();
        let problem = format!("entry {} is no application; there is {}", entry + 1, ids.join(", "));
        section.fault("applications", problem);
    }
}

/// What a gateway would refuse for good must not come to it, and what it only seems to send neither.
fn goes_where_it_can(section: &mut Section<'_>, ground: &Ground<'_>, takes: &RouteMatch, kind: KindName) {
    let in_nepal = |prefix: &Prefix| prefix.to_string().starts_with("+977");
    let abroad = ground.phone.countries.iter().any(|country| *country != Country::NEPAL);
    let nepal_only = takes.countries == [Country::NEPAL]
        || !takes.operators.is_empty()
        || (!takes.prefixes.is_empty() && takes.prefixes.iter().all(in_nepal));
    if kind == KindName::Sparrow && abroad && !nepal_only && !section.faulty("countries") {
        let problem =
            "must be [\"NP\"]: Sparrow takes phones of Nepal only, and would never be called for others";
        section.fault("countries", problem);
    }
    let others_send = ground.gateways.iter().any(|known| known.kind.is_some_and(KindName::sends));
    if !kind.sends() && others_send && takes.applications.is_empty() && !section.faulty("applications") {
        let problem = "must name the applications that only try things: the route leads to a gateway that sends nothing, \
                       beside others that do";
        section.fault("applications", problem);
    }
}

/// The weight, where it is set: what is shown must not say more than was written.
fn weight(section: &mut Section<'_>) -> Option<u16> {
    let weight = section.optional::<u16>("weight")?;
    if !WEIGHTS.contains(&weight) {
        let problem = format!("must be a whole number from {} to {}", WEIGHTS.start(), WEIGHTS.end());
        section.fault("weight", problem);
        return None;
    }
    Some(weight)
}

fn same_names(reader: &mut Reader, written: &[Written]) {
    for (place, route) in written.iter().enumerate() {
        let earlier =
            written.iter().take(place).find(|earlier| route.name.is_some() && earlier.name == route.name);
        if let Some(earlier) = earlier {
            let problem = format!("is the name of `{}`; each route must have another", earlier.prefix);
            reader.fault(&format!("{}.name", route.prefix), problem);
        }
    }
}

/// Gives those without a name that of their gateway, with a number where that is taken.
fn name_the_others(reader: &mut Reader, written: &mut [Written]) {
    let mut taken: BTreeSet<RouteName> = written.iter().filter_map(|route| route.name.clone()).collect();
    for route in written.iter_mut().filter(|route| route.name.is_none()) {
        let Some(gateway) = &route.gateway else { continue };
        let key = format!("{}.name", route.prefix);
        if reader.faulty(&key) {
            continue;
        }
        let numbered = |number: usize| {
            let ending = if number == 1 { String::new() } else { format!("-{number}") };
            let begin: String = gateway.chars().take(NAME_CHARS_MAX - ending.len()).collect();
            RouteName::parse(&format!("{}{ending}", begin.trim_end_matches('-')))
        };
        let name = (1..=ROUTES_MAX + 1).filter_map(numbered).find(|name| !taken.contains(name));
        if let Some(name) = &name {
            reader.show(&key, json!(name.as_str()));
            taken.insert(name.clone());
        }
        route.name = name;
    }
}

fn useless_weights(reader: &mut Reader, written: &[Written]) {
    for route in written.iter().filter(|route| route.weight.is_some()) {
        let shares = written.iter().filter(|other| other.priority == route.priority).count() > 1;
        if !shares && !reader.faulty(ROUTES) {
            let problem = format!(
                "says nothing: no other route has the priority {}; those that share SMS have the same `priority`",
                route.priority
            );
            reader.fault(&format!("{}.weight", route.prefix), problem);
        }
    }
}

fn forgotten_gateways(reader: &mut Reader, gateways: &[Known], written: &[Written]) {
    // Where a route could not be read, it may be the one.
    if written.iter().any(|route| route.gateway.is_none()) {
        return;
    }
    for known in gateways {
        if !written.iter().any(|route| route.gateway.as_ref() == Some(&known.name)) {
            let problem =
                format!("is a gateway that no route leads to; name it in a [[{ROUTES}]] or leave it out");
            reader.fault(&known.prefix, problem);
        }
    }
}

impl Written {
    fn finished(self) -> Option<Route> {
        let Self { prefix: _, name, gateway, takes, priority, weight, on_unknown } = self;
        Some(Route {
            name: name?,
            gateway: gateway?,
            takes,
            priority,
            weight: weight.unwrap_or(1),
            on_unknown,
        })
    }
}

impl Setting for RouteName {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must have 1 to 40 lower-case letters, digits and inner dashes", Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for OnUnknown {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"stop\" or \"next\"", Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for Operator {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = format!("must be one of {}", Self::ALL.map(Self::name).join(", "));
        from_text(raw, &allowed, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.name())
    }
}

impl Setting for ApplicationId {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be the id of an application, such as default", Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for Prefix {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be a plus and 4 to 10 digits, country code first, such as +977984";
        from_text(raw, allowed, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.to_string())
    }
}
