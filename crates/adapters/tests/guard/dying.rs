//! Two gateways under load, one of which dies: the use cases over guarded gateways.

use std::sync::Arc;
use std::time::Duration;

use adapters::gateway::{GuardSettings, GuardedGateway};
use domain::ports::{Clock, Gateways, SEND_DEADLINE, SmsGateway};
use domain::route::{OnUnknown, Route, RouteMatch, RouteName, Routes};
use domain::testkit::{World, start_request};
use domain::time::{Timestamp, after};
use domain::use_cases::{Answer, Started, Verifier, start};
use domain::verification::DeliveryState;
use tokio::time::{Instant, sleep};

use crate::scripted::{ACCEPTED, NOT_SENT, Plays, REFUSED, Scripted, guarded, phone, room};

/// So many start at a time, and so many times each.
const STARTERS: u64 = 200;
const STARTS: u64 = 6;
const CALL: Duration = Duration::from_millis(300);

/// Goes with the time that the tests move.
#[derive(Debug)]
struct MovedClock(Timestamp, Instant);

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.1.elapsed().as_millis()).unwrap();
        after(self.0, Duration::from_millis(passed))
    }
}

/// What came of a load.
struct Load {
    sent: u64,
    unknown: u64,
    refused: u64,
    /// How long the start took that took longest.
    longest: Duration,
    /// How many calls the dying gateway got after its death.
    calls_after_death: usize,
}

fn route(name: &str, priority: u16) -> Route {
    Route {
        name: RouteName::parse(name).unwrap(),
        gateway: name.into(),
        takes: RouteMatch::default(),
        priority,
        weight: 1,
        on_unknown: OnUnknown::Stop,
    }
}

/// A world whose SMS go by `dying`, then by `living`; or by each half of them.
fn world(guards: [Arc<GuardedGateway>; 2], priorities: [u16; 2]) -> World {
    let mut world = World::new();
    let ports = &mut world.verifier.ports;
    ports.clock = Arc::new(MovedClock(world.clock.now(), Instant::now()));
    let routes = ["dying", "living"].into_iter().zip(priorities);
    let routes = routes.map(|(name, priority)| route(name, priority)).collect();
    let all = guards.map(|guard| guard as Arc<dyn SmsGateway>).to_vec();
    ports.gateways = Gateways::new(all, Routes::new(routes, None), SEND_DEADLINE).unwrap();
    world
}

/// All of one starter's starts, one after the other: how many were sent, may have been, were refused, and the longest.
async fn starts(world: Arc<World>, starter: u64) -> (u64, u64, u64, Duration) {
    let (mut sent, mut unknown, mut refused, mut longest) = (0, 0, 0, Duration::ZERO);
    let verifier: &Verifier = &world.verifier;
    for number in 0..STARTS {
        let begun = Instant::now();
        let request = start_request(phone(starter * STARTS + number));
        match start::start(verifier, &world.application(), request).await.unwrap() {
            Answer::Done(Started::New(new) | Started::Resent(new)) => match new.delivery.state {
                DeliveryState::Sent => sent += 1,
                DeliveryState::Unknown => unknown += 1,
                DeliveryState::Sending | DeliveryState::Failed => panic!("{:?}", new.delivery),
            },
            Answer::Refused(_) => refused += 1,
        }
        longest = longest.max(begun.elapsed());
    }
    (sent, unknown, refused, longest)
}

/// 200 starters; after a second one of the two gateways dies in this way.
async fn load(settings: GuardSettings, priorities: [u16; 2], death: Plays) -> Load {
    let gateways = ["dying", "living"].map(Scripted::named);
    for gateway in &gateways {
        gateway.takes(CALL);
    }
    let world = Arc::new(world(gateways.each_ref().map(|gateway| guarded(gateway, settings)), priorities));
    let starters: Vec<_> =
        (0..STARTERS).map(|starter| tokio::spawn(starts(world.clone(), starter))).collect();
    sleep(Duration::from_secs(1)).await;
    let dying = &gateways[0];
    let before = dying.calls();
    assert!(before > 100, "it works at first");
    dying.takes(Duration::ZERO);
    dying.plays(death);
    let mut load = Load { sent: 0, unknown: 0, refused: 0, longest: Duration::ZERO, calls_after_death: 0 };
    for starter in starters {
        let (sent, unknown, refused, longest) = starter.await.unwrap();
        load.sent += sent;
        load.unknown += unknown;
        load.refused += refused;
        load.longest = load.longest.max(longest);
    }
    load.calls_after_death = dying.calls() - before;
    load
}

#[tokio::test(start_paused = true)]
async fn no_start_fails_while_one_gateway_is_refused_or_not_reached() {
    for (death, calls) in [(REFUSED, 1), (NOT_SENT, 10)] {
        for priorities in [[1, 2], [1, 1]] {
            let load = load(GuardSettings::default(), priorities, death).await;
            assert_eq!((load.sent, load.unknown, load.refused), (STARTERS * STARTS, 0, 0), "{death:?}");
            // The load is over before the first probe.
            assert!((1..=calls).contains(&load.calls_after_death), "{death:?}: {}", load.calls_after_death);
            assert!(load.longest <= CALL * 2, "{death:?}: {:?}", load.longest);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_hangs_gets_as_many_calls_as_it_has_room_for_and_then_no_more() {
    for room in [GuardSettings::default(), room(150, 50)] {
        for priorities in [[1, 2], [1, 1]] {
            let load = load(room, priorities, Plays::Hangs).await;
            // What hangs may have been sent, and no start of them fails; every starter hangs in one at most.
            assert_eq!((load.sent + load.unknown, load.refused), (STARTERS * STARTS, 0));
            assert_eq!(load.unknown, u64::try_from(load.calls_after_death).unwrap());
            assert!(load.unknown <= STARTERS.min(room.calls_max.into()) + 1, "{}", load.unknown);
            assert!(load.longest <= SEND_DEADLINE + CALL, "{:?}", load.longest);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_death_all_of_it_is_sent() {
    let load = load(GuardSettings::default(), [1, 1], ACCEPTED).await;
    assert_eq!((load.sent, load.unknown, load.refused), (STARTERS * STARTS, 0, 0));
}
