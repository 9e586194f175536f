//! Routes by which no SMS can ever go. Owns what contradicts what. That a route is tried only when others have failed is no
//! contradiction: that is what it is for.

use adapters::numbering_plan::LibPhoneNumbers;
use domain::block::Prefix;
use domain::phone::nepal::{MOBILE_PREFIXES, MobilePrefix, Standing};
use domain::phone::{Country, NumberingPlan as _, Operator};
use domain::route::RouteMatch;

use super::super::reader::Reader;
use super::super::section::Section;
use super::super::server::PhoneConfig;
use super::Written;

/// Nepal's country code, as prefixes begin with it.
const NEPAL: &str = "977";

/// A route that names phones of which there are none, or which nobody may have, is a mistake.
pub(super) fn takes_somebody(section: &mut Section<'_>, phones: &PhoneConfig, takes: &RouteMatch) {
    let wrong = ["countries", "operators", "prefixes"].iter().any(|name| section.faulty(name));
    if wrong || phones.countries.is_empty() {
        return;
    }
    let all =
        Phones { countries: &phones.countries, operators: &[], defunct: phones.accept_defunct_operators };
    let of_countries =
        if takes.countries.is_empty() { all } else { Phones { countries: &takes.countries, ..all } };
    let wanted = Phones { operators: &takes.operators, ..of_countries };
    if !takes.operators.is_empty() && !wanted.are_there() {
        let problem = if !all.countries.contains(&Country::NEPAL) {
            "are of Nepal, which is not among `phone.countries`: no such phone is taken".to_owned()
        } else if of_countries.countries.contains(&Country::NEPAL) {
            "have closed down, and `phone.accept_defunct_operators` is not set: no such phone is taken"
                .to_owned()
        } else {
            format!("are of Nepal, which is not among `{}`: no phone is of both", section.key("countries"))
        };
        section.fault("operators", problem);
    } else if !takes.prefixes.is_empty() && !wanted.begin_with(&takes.prefixes) {
        let problem = if !all.begin_with(&takes.prefixes) {
            "are those of no phone that is taken".to_owned()
        } else if of_countries.begin_with(&takes.prefixes) {
            format!("are those of no phone of `{}`", section.key("operators"))
        } else {
            format!("are those of no phone of `{}`", section.key("countries"))
        };
        section.fault("prefixes", problem);
    }
}

/// Routes of one priority of which none has a share of the SMS.
pub(super) fn no_shares(reader: &mut Reader, written: &[Written]) {
    for (place, route) in written.iter().enumerate() {
        let same = |other: &&Written| other.priority == route.priority;
        let is_first = !written.iter().take(place).any(|other| same(&other));
        let shares: Vec<_> = written.iter().filter(same).map(|other| other.weight).collect();
        if is_first && shares.len() > 1 && shares.iter().all(|weight| *weight == Some(0)) {
            let problem = format!(
                "is 0, as that of all routes of the priority {}, so that none of them has a share; give one of them more, or \
                 each another `priority`",
                route.priority
            );
            reader.fault(&format!("{}.weight", route.prefix), problem);
        }
    }
}

/// Routes behind another one to the same gateway that takes all of their SMS: of one SMS each gateway is tried once.
pub(super) fn behind_their_own_gateway(reader: &mut Reader, written: &[Written]) {
    for route in written {
        let hides = |other: &&Written| {
            other.priority < route.priority
                && other.gateway.is_some()
                && other.gateway == route.gateway
                && holds(&other.takes, &route.takes)
        };
        if let Some(other) = written.iter().find(hides) {
            let problem = format!(
                "is that of `{}`, which takes all of the same SMS before, and a gateway is tried once: nothing would ever go \
                 by this route",
                other.prefix
            );
            reader.fault(&format!("{}.gateway", route.prefix), problem);
        }
    }
}

/// Whether one takes all that the other does.
fn holds(wide: &RouteMatch, narrow: &RouteMatch) -> bool {
    fn all_of<T>(wide: &[T], narrow: &[T], is_in: impl Fn(&T, &T) -> bool) -> bool {
        wide.is_empty()
            || !narrow.is_empty() && narrow.iter().all(|it| wide.iter().any(|other| is_in(it, other)))
    }
    let prefix = |narrow: &Prefix, wide: &Prefix| digits(*narrow).starts_with(&digits(*wide));
    all_of(&wide.countries, &narrow.countries, PartialEq::eq)
        && all_of(&wide.operators, &narrow.operators, PartialEq::eq)
        && all_of(&wide.applications, &narrow.applications, PartialEq::eq)
        && all_of(&wide.prefixes, &narrow.prefixes, prefix)
}

/// Phones of these countries, and of these operators unless none is named.
#[derive(Clone, Copy)]
struct Phones<'a> {
    countries: &'a [Country],
    operators: &'a [Operator],
    /// Whether those of operators that have closed down are among them.
    defunct: bool,
}

impl Phones<'_> {
    /// Whether any of them is Nepali.
    fn are_there(&self) -> bool {
        self.nepali().next().is_some()
    }

    fn nepali(&self) -> impl Iterator<Item = MobilePrefix> {
        let nepal = self.countries.contains(&Country::NEPAL);
        MOBILE_PREFIXES.into_iter().filter(move |block| {
            nepal
                && (self.operators.is_empty() || self.operators.contains(&block.operator))
                && (self.defunct || block.standing == Standing::Active)
        })
    }

    /// Whether any of them begins with one of these.
    fn begin_with(&self, prefixes: &[Prefix]) -> bool {
        prefixes.iter().any(|prefix| {
            let digits = digits(*prefix);
            if digits.starts_with(NEPAL) {
                return self.nepali().any(|block| {
                    let block = format!("{NEPAL}{}", block.prefix);
                    block.starts_with(&digits) || digits.starts_with(&block)
                });
            }
            // A prefix is longer than any country code.
            let of = |country: &&Country| LibPhoneNumbers.begins_with_code_of(**country, prefix.digits());
            self.operators.is_empty() && self.countries.iter().find(of).is_some()
        })
    }
}

fn digits(prefix: Prefix) -> String {
    prefix.digits().to_string()
}
