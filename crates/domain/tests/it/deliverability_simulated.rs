//! The estimates held against people and routes that are made up, so that it is known what is recognised, and how often
//! in error. Everything is drawn from seeds: each run is the same.
//!
//! An SMS is lost with the chance of its route, or arrives after a time around the route's (log-normal). A person who
//! gets one types its code with a chance of 9 in 10, some seconds later; one who gets none asks again when the wait is over
//! with a chance of 7 in 10, three times at most, and gives up otherwise. A code that comes back counts for the last SMS
//! that was sent before, with the time since the first, as it does in the service.

use std::time::Duration;

use domain::application::ApplicationId;
use domain::deliverability::{Cohort, CohortMeasure, CohortSums, Estimates, Pace, Window};
use domain::phone::Operator;
use domain::policy::Policy;
use domain::route::RouteName;
use domain::statistic::bucket_of;
use domain::time::Timestamp;

/// A route: the part of the SMS that it loses, and the seconds that half of the others take.
#[derive(Clone, Copy)]
struct Route {
    loses: f64,
    takes: f64,
}

const GOOD: Route = Route { loses: 0.02, takes: 8.0 };
const LOSSY: Route = Route { loses: 0.4, takes: 8.0 };
const SLOW: Route = Route { loses: 0.02, takes: 90.0 };

/// `SplitMix64`.
struct Chance(u64);

impl Chance {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.draw() < chance
    }

    /// Around 1, half of it below: log-normal with a sigma of 0.6 (Box and Muller, 1958).
    fn factor(&mut self) -> f64 {
        let (one, two) = (self.draw().max(1e-12), self.draw());
        (0.6 * (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()).exp()
    }
}

/// The SMS of so many people by a route that may be asked again at this pace.
fn people(count: u32, route: Route, pace: Pace, chance: &mut Chance) -> Cohort {
    let mut cohort = Cohort::default();
    for _ in 0..count {
        person(route, pace, chance, &mut cohort);
    }
    cohort
}

fn person(route: Route, pace: Pace, chance: &mut Chance, cohort: &mut Cohort) {
    let waits = Policy::default().cooldowns;
    let types = chance.happens(0.9);
    let reads = 3.0 + 4.0 * chance.factor();
    // When the first SMS arrives, whichever that is.
    let (mut now, mut arrives) = (0.0, f64::INFINITY);
    for wait in waits.iter().copied().map(Some).chain([None]) {
        cohort.add(CohortMeasure::Sent, 1);
        if !chance.happens(route.loses) {
            arrives = arrives.min(now + route.takes * chance.factor());
        }
        let again = wait.map_or(f64::INFINITY, |wait| now + pace.wait(wait).as_secs_f64());
        if arrives + reads <= again || !chance.happens(0.7) {
            break;
        }
        now = again;
    }
    let took = arrives + reads;
    if types && took < 600.0 {
        cohort.add(CohortMeasure::Verified, 1);
        cohort.add(CohortMeasure::Took(bucket_of(Duration::from_secs_f64(took))), 1);
    }
}

/// What is known of `subject` by an hour in which so many people were sent to by it, and as many by a good route.
fn pace_of(subject: Route, count: u32, pace: Pace, seed: u64) -> Pace {
    let mut chance = Chance(seed);
    let sums = |route: &str, settled| CohortSums {
        application: ApplicationId::default_application(),
        operator: Some(Operator::Ntc),
        route: RouteName::parse(route).unwrap(),
        settled,
        recent: Cohort::default(),
    };
    let told = [
        sums("subject", people(count, subject, pace, &mut chance)),
        sums("good", people(count, GOOD, Pace::Usual, &mut chance)),
    ];
    let window = Window::at(Timestamp::from_second(1_768_464_000).unwrap());
    let estimates = Estimates::new(window, &told);
    let first_wait = Policy::default().cooldowns[0];
    estimates.pace(Some(Operator::Ntc), &RouteName::parse("subject").unwrap(), first_wait)
}

/// In how many of a thousand hours the route is recognised as slow or lossy.
fn recognised(subject: Route, count: u32, pace: Pace) -> usize {
    (0..1000).filter(|seed| pace_of(subject, count, pace, *seed) == Pace::Early).count()
}

#[test]
fn a_route_that_loses_forty_percent_is_recognised() {
    for (people, least) in [(100, 600), (200, 940), (300, 990)] {
        let found = recognised(LOSSY, people, Pace::Usual);
        assert!(found >= least, "{people} people: {found} of 1000");
    }
}

#[test]
fn a_slow_route_is_recognised() {
    for (people, least) in [(25, 780), (50, 980), (100, 999)] {
        let found = recognised(SLOW, people, Pace::Usual);
        assert!(found >= least, "{people} people: {found} of 1000");
    }
}

#[test]
fn in_a_thousand_hours_no_good_route_is_taken_for_a_bad_one() {
    for people in [20, 25, 50, 100, 200] {
        let found = recognised(GOOD, people, Pace::Usual);
        assert_eq!(found, 0, "{people} people");
    }
}

#[test]
fn a_good_route_that_was_taken_for_a_bad_one_is_believed_again() {
    for people in [25, 100, 200] {
        let found = recognised(GOOD, people, Pace::Early);
        assert_eq!(found, 0, "asking sooner must not make a route look bad: {people} people");
    }
}

#[test]
fn a_bad_route_stays_recognised_when_people_may_ask_sooner() {
    for subject in [LOSSY, SLOW] {
        let found = recognised(subject, 200, Pace::Early);
        assert!(found >= 960, "{found} of 1000");
    }
}
