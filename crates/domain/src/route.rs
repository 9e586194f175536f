//! Routes: by which gateway an SMS goes, and by which next when that one certainly has not sent it. Owns the choice; hands
//! nothing over.

use std::sync::Arc;

use crate::application::ApplicationId;
use crate::block::Prefix;
use crate::phone::{Country, NumberingPlan, Operator, Phone};
use crate::slug::slug;

/// The most routes.
pub const ROUTES_MAX: usize = 100;

slug! {
    /// Names a route: a slug of 1 to 40 lower-case letters, digits and inner dashes.
    RouteName
}

/// What is done when a gateway's answer leaves open whether it has sent the SMS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// It counts as sent: nothing goes out twice.
    #[default]
    Stop,
    /// The same code goes by the next route too, and counts as another SMS of the limits.
    Next,
}

impl OnUnknown {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Stop, Self::Next];

    /// The name in the configuration, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Next => "next",
        }
    }

    /// What has this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == text)
    }
}

/// A way for an SMS: which ones it takes, and the gateway that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub name: RouteName,
    /// The gateway, by its name.
    pub gateway: Arc<str>,
    /// Which SMS it takes.
    pub takes: RouteMatch,
    /// Those with a lower number are tried before it.
    pub priority: u16,
    /// Its part of the SMS among the routes of its priority that take them: with weights 3 and 1 it is three of four. One
    /// with weight 0 is only tried when the others of its priority have failed.
    pub weight: u16,
    /// What is done when the gateway's answer leaves open whether it has sent.
    pub on_unknown: OnUnknown,
}

/// Which SMS a route takes: those for which all of the lists have the fitting entry. An empty list takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteMatch {
    /// To phones of these countries.
    pub countries: Vec<Country>,
    /// To phones of these operators.
    pub operators: Vec<Operator>,
    /// Of these applications.
    pub applications: Vec<ApplicationId>,
    /// To phones that begin so.
    pub prefixes: Vec<Prefix>,
}

/// All routes, in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    all: Arc<[Route]>,
    shared: bool,
    plan: Option<Arc<dyn NumberingPlan>>,
}

/// The routes of one SMS, by their places, in the order in which they are tried.
pub type RoutePlan = Vec<usize>;

impl Routes {
    /// These routes; of one priority, in the order in which they come. The numbering plan tells the countries of phones
    /// outside Nepal; without one, a route for such a country takes nothing.
    #[must_use]
    pub fn new(mut routes: Vec<Route>, plan: Option<Arc<dyn NumberingPlan>>) -> Self {
        routes.sort_by_key(|route| route.priority);
        let shared = routes.array_windows().any(|[one, next]| one.priority == next.priority);
        Self { all: routes.into(), shared, plan }
    }

    /// All of them, in order.
    #[must_use]
    pub fn all(&self) -> &[Route] {
        &self.all
    }

    /// Those that may take SMS of the application, in order; of those for others alone it is not told.
    pub fn of(&self, application: &ApplicationId) -> impl Iterator<Item = &Route> {
        self.all.iter().filter(move |route| {
            let applications = &route.takes.applications;
            applications.is_empty() || applications.contains(application)
        })
    }

    /// Whether chance may decide: whether any two routes have one priority.
    #[must_use]
    pub const fn are_shared(&self) -> bool {
        self.shared
    }

    /// Whether any route, of those whose place is wanted, takes an SMS of the application to the phone.
    #[must_use]
    pub fn lead(&self, application: &ApplicationId, phone: Phone, wanted: impl Fn(usize) -> bool) -> bool {
        let mut country = None;
        self.all.iter().enumerate().any(|(place, route)| {
            let country = || *country.get_or_insert_with(|| country_of(phone, self.plan.as_deref()));
            wanted(place) && route.takes.takes(application, phone, country)
        })
    }

    /// The routes that take an SMS of the application to the phone, each once, in the order in which they are tried. Of
    /// those with one priority, `chance` draws the order by weight: the same chance, the same order.
    #[must_use]
    pub fn plan(&self, application: &ApplicationId, phone: Phone, chance: u64) -> RoutePlan {
        let mut country = None;
        let mut planned: RoutePlan = Vec::with_capacity(self.all.len());
        for (place, route) in self.all.iter().enumerate() {
            if route.takes.takes(application, phone, || {
                *country.get_or_insert_with(|| country_of(phone, self.plan.as_deref()))
            }) {
                planned.push(place);
            }
        }
        if planned.len() > 1 {
            self.shuffle(&mut planned, chance);
        }
        planned
    }

    /// Draws an order for each run of places whose routes have one priority.
    fn shuffle(&self, planned: &mut [usize], mut chance: u64) {
        let priority = |place: &usize| self.all.get(*place).map(|route| route.priority);
        for run in planned.chunk_by_mut(|left, right| priority(left) == priority(right)) {
            for first in 0..run.len().saturating_sub(1) {
                let rest = &mut run[first..];
                chance = mixed(chance);
                let drawn = self.drawn(rest, chance);
                // The others keep their order.
                rest[..=drawn].rotate_right(1);
            }
        }
    }

    /// Which of these is drawn by weight; the first where none has any.
    fn drawn(&self, places: &[usize], chance: u64) -> usize {
        let weight = |place: &usize| u64::from(self.all.get(*place).map_or(0, |route| route.weight));
        let total: u64 = places.iter().map(weight).sum();
        // The upper half of a product of 128 bits: at most `ROUTES_MAX * u16::MAX`, and below the total.
        let mut left = u64::try_from((u128::from(chance) * u128::from(total)) >> 64).unwrap_or_default();
        for (index, place) in places.iter().enumerate() {
            let weight = weight(place);
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}

impl RouteMatch {
    fn takes(
        &self,
        application: &ApplicationId,
        phone: Phone,
        country: impl FnOnce() -> Option<Country>,
    ) -> bool {
        let operator = || phone.operator().is_some_and(|operator| self.operators.contains(&operator));
        let prefix = || Prefix::all_of(phone).any(|prefix| self.prefixes.contains(&prefix));
        (self.applications.is_empty() || self.applications.contains(application))
            && (self.operators.is_empty() || operator())
            && (self.prefixes.is_empty() || prefix())
            && (self.countries.is_empty()
                || country().is_some_and(|country| self.countries.contains(&country)))
    }
}

/// The country of a phone; `None` where nobody knows it.
fn country_of(phone: Phone, plan: Option<&dyn NumberingPlan>) -> Option<Country> {
    if phone.nepal_subscriber().is_some() {
        return Some(Country::NEPAL);
    }
    plan?.country_of_mobile(phone.digits()).ok()
}

/// The next of a row of numbers that look drawn: `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014). Nothing secret depends on it.
const fn mixed(chance: u64) -> u64 {
    let mut z = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(name: &str, priority: u16, weight: u16, takes: RouteMatch) -> Route {
        Route {
            name: RouteName::parse(name).unwrap(),
            gateway: name.into(),
            takes,
            priority,
            weight,
            on_unknown: OnUnknown::Stop,
        }
    }

    fn names(routes: &Routes, digits: u64, chance: u64) -> Vec<String> {
        let application = ApplicationId::default_application();
        let planned = routes.plan(&application, Phone::from_digits(digits).unwrap(), chance);
        planned.into_iter().map(|place| routes.all()[place].name.to_string()).collect()
    }

    const NTC: u64 = 9_779_841_234_567;
    const NCELL: u64 = 9_779_801_234_567;
    const ABROAD: u64 = 919_876_543_210;

    #[test]
    fn a_route_takes_what_all_of_its_lists_name() {
        let routes = Routes::new(
            vec![
                route("ntc", 1, 1, RouteMatch { operators: vec![Operator::Ntc], ..Default::default() }),
                route("nepal", 2, 1, RouteMatch { countries: vec![Country::NEPAL], ..Default::default() }),
                route(
                    "block",
                    3,
                    1,
                    RouteMatch {
                        prefixes: vec![Prefix::parse("+977984").unwrap()],
                        operators: vec![Operator::Ntc],
                        ..Default::default()
                    },
                ),
                route(
                    "shop",
                    4,
                    1,
                    RouteMatch {
                        applications: vec![ApplicationId::parse("shop").unwrap()],
                        ..Default::default()
                    },
                ),
                route("rest", 5, 1, RouteMatch::default()),
            ],
            None,
        );
        assert_eq!(names(&routes, NTC, 0), ["ntc", "nepal", "block", "rest"]);
        assert_eq!(names(&routes, NCELL, 0), ["nepal", "rest"]);
        assert_eq!(names(&routes, ABROAD, 0), ["rest"]);
    }

    #[test]
    fn the_lower_priority_is_tried_first_wherever_it_stands() {
        let all = RouteMatch::default;
        let routes = Routes::new(vec![route("b", 2, 1, all()), route("a", 1, 1, all())], None);
        assert_eq!(names(&routes, NTC, 7), ["a", "b"]);
        assert!(!routes.are_shared());
    }

    #[test]
    fn weights_part_the_sms_of_one_priority() {
        let all = RouteMatch::default;
        let routes = Routes::new(
            vec![
                route("three", 1, 3, all()),
                route("one", 1, 1, all()),
                route("spare", 1, 0, all()),
                route("last", 2, 9, all()),
            ],
            None,
        );
        assert!(routes.are_shared());
        let mut first = 0;
        for chance in 0..4000 {
            let order = names(&routes, NTC, mixed(chance));
            assert_eq!(&order[2..], ["spare", "last"], "{order:?}");
            first += usize::from(order[0] == "three");
        }
        assert!((2880..3120).contains(&first), "{first}");
    }

    proptest! {
        #[test]
        fn every_route_that_takes_it_is_planned_once(
            weights in proptest::collection::vec((0_u16..4, any::<u16>()), 0..12),
            chance: u64,
        ) {
            let routes = weights.iter().enumerate().map(|(place, (priority, weight))| {
                route(&format!("r{place}"), *priority, *weight, RouteMatch::default())
            });
            let routes = Routes::new(routes.collect(), None);
            let application = ApplicationId::default_application();
            let planned = routes.plan(&application, Phone::from_digits(NTC).unwrap(), chance);
            let priorities: Vec<_> = planned.iter().map(|place| routes.all()[*place].priority).collect();
            prop_assert!(priorities.is_sorted());
            let mut places = planned.clone();
            places.sort_unstable();
            prop_assert_eq!(places, (0..weights.len()).collect::<Vec<_>>());
            prop_assert_eq!(planned, routes.plan(&application, Phone::from_digits(NTC).unwrap(), chance));
        }
    }
}
