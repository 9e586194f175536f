//! Several gateways: by which an SMS goes, and by which next.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::credential::Caller;
use domain::credit::CreditBalance;
use domain::delivery::DeliveryRecord;
use domain::limit::Limit;
use domain::phone::{Operator, Phone};
use domain::policy::{Limits, Policy};
use domain::ports::{
    DeliveryFilter, DeliveryStore, GatewayFacts, Gateways, Held, Lost, Page, SEND_DEADLINE, SendAnswer,
    SendReport, Sms, SmsGateway,
};
use domain::refusal::Refusal;
use domain::route::{OnUnknown, Route, RouteMatch, RouteName, Routes};
use domain::testkit::{ManualClock, ScriptedGateway, World, code, phone};
use domain::use_cases::resend;
use domain::verification::DeliveryState;

use crate::answers::{begun, check, done, new, only, refusal, refused, start};

pub(crate) const PHONE: &str = "9841234567";
/// What may become an SMS, and what certainly does not.
const NOT_SENT: [SendAnswer; 2] = [SendAnswer::Refused, SendAnswer::NotSent];

fn route(name: &str, priority: u16, on_unknown: OnUnknown, takes: RouteMatch) -> Route {
    Route {
        name: RouteName::parse(name).unwrap(),
        gateway: name.into(),
        takes,
        priority,
        weight: 1,
        on_unknown,
    }
}

/// A world whose SMS go by `one`, then by `two`, then by `three`.
pub(crate) fn world_of_three(policy: Policy, on_unknown: OnUnknown) -> (World, [Arc<ScriptedGateway>; 3]) {
    let mut world = World::with_policy(policy);
    let gateways = ["one", "two", "three"].map(|name| Arc::new(ScriptedGateway::named(name)));
    let routes = ["one", "two", "three"].into_iter().zip(1..);
    let routes =
        routes.map(|(name, priority)| route(name, priority, on_unknown, RouteMatch::default())).collect();
    let all: Vec<Arc<dyn SmsGateway>> =
        gateways.iter().map(|gateway| gateway.clone() as Arc<dyn SmsGateway>).collect();
    world.verifier.ports.gateways = Gateways::new(all, Routes::new(routes, None), SEND_DEADLINE).unwrap();
    (world, gateways)
}

fn sent(gateways: &[Arc<ScriptedGateway>; 3]) -> [usize; 3] {
    [0, 1, 2].map(|place: usize| gateways[place].sent().len())
}

/// Every attempt, the oldest first.
pub(crate) async fn attempts(world: &World) -> Vec<DeliveryRecord> {
    let Caller::Admin(application) = world.admin() else { panic!("an admin is one") };
    let page = Page { before: None, limit: 1000 };
    let mut listed =
        world.store.list_deliveries(&application, &DeliveryFilter::default(), page).await.unwrap();
    listed.sort_by_key(|record| (record.number, record.attempt));
    listed
}

#[tokio::test]
async fn what_was_certainly_not_sent_goes_by_the_next_route_with_the_same_code() {
    for answer in NOT_SENT {
        let (world, gateways) = world_of_three(Policy::default(), OnUnknown::Stop);
        let ram = world.user("ram").await;
        gateways[0].answer_next([answer]);
        let begun = begun(&world, &ram, phone(PHONE)).await;
        assert_eq!(begun.delivery.state, DeliveryState::Sent);
        assert_eq!(begun.sent_by, RouteName::parse("two"));
        assert_eq!(sent(&gateways), [1, 1, 0]);
        assert_eq!(gateways[0].last_code(), gateways[1].last_code());
        let kept = attempts(&world).await;
        let told: Vec<_> =
            kept.iter().map(|kept| (kept.number, kept.attempt, &*kept.gateway, kept.report.answer)).collect();
        assert_eq!(told, [(1, 1, "one", answer), (1, 2, "two", SendAnswer::Accepted)]);
        assert_eq!((kept[1].route.clone(), kept[1].template), (RouteName::parse("two"), Some(0)));
        let right = code(&gateways[1].last_code().unwrap());
        assert!(done(check(&world.verifier, &ram, &begun, &right).await).now);
    }
}

#[tokio::test]
async fn what_may_have_been_sent_goes_nowhere_else() {
    let (world, gateways) = world_of_three(Policy::default(), OnUnknown::Stop);
    let ram = world.user("ram").await;
    gateways[0].answer_next([SendAnswer::Unknown]);
    let begun = begun(&world, &ram, phone(PHONE)).await;
    assert_eq!((begun.delivery.state, sent(&gateways)), (DeliveryState::Unknown, [1, 0, 0]));
    assert_eq!(begun.sent_by, RouteName::parse("one"));
}

#[tokio::test]
async fn an_invalid_number_goes_nowhere_else() {
    let (world, gateways) = world_of_three(Policy::default(), OnUnknown::Next);
    let ram = world.user("ram").await;
    gateways[0].answer_next([SendAnswer::NotSent]);
    gateways[1].answer_next([SendAnswer::ReceiverRefused]);
    assert_eq!(refusal(start(&world, &ram, phone(PHONE)).await), Refusal::DestinationUnsupported);
    assert_eq!(sent(&gateways), [1, 1, 0]);
}

#[tokio::test]
async fn a_route_may_say_that_what_is_unknown_goes_on_and_counts_again() {
    let limits = Limits {
        sends_per_phone: vec![Limit { max: 3, window: Duration::from_mins(10) }],
        sends_per_account: Vec::new(),
        phones_per_account: Vec::new(),
    };
    let (world, gateways) = world_of_three(Policy { limits, ..Policy::default() }, OnUnknown::Next);
    let ram = world.user("ram").await;
    gateways[0].answer_next([SendAnswer::Unknown]);
    let first = begun(&world, &ram, phone(PHONE)).await;
    assert_eq!((first.delivery.state, sent(&gateways)), (DeliveryState::Sent, [1, 1, 0]));
    assert_eq!(first.sent_by, RouteName::parse("two"));
    assert_eq!(first.sends_left(), 3, "for the caller it is one send");
    // Two of three are counted: this one has no room for a second SMS.
    world.pass(Duration::from_mins(1));
    gateways[0].answer_next([SendAnswer::Unknown]);
    let again = done(resend(&world.verifier, &ram, first.id).await);
    assert_eq!((again.delivery.state, sent(&gateways)), (DeliveryState::Unknown, [2, 1, 0]));
    assert_eq!(again.sent_by, RouteName::parse("one"));
    world.pass(Duration::from_mins(2));
    assert!(matches!(refusal(resend(&world.verifier, &ram, first.id).await), Refusal::RateLimited { .. }));
}

#[tokio::test]
async fn what_another_sms_took_is_given_back_when_there_was_none() {
    let limits = Limits {
        sends_per_phone: vec![Limit { max: 2, window: Duration::from_mins(10) }],
        ..Limits::default()
    };
    let (world, gateways) = world_of_three(Policy { limits, ..Policy::default() }, OnUnknown::Next);
    let ram = world.user("ram").await;
    gateways[0].answer_next([SendAnswer::Unknown]);
    gateways[1].answer_next([SendAnswer::Refused]);
    gateways[2].answer_next([SendAnswer::NotSent]);
    let first = begun(&world, &ram, phone(PHONE)).await;
    assert_eq!((first.delivery.state, sent(&gateways)), (DeliveryState::Unknown, [1, 1, 1]));
    world.pass(Duration::from_mins(1));
    done(resend(&world.verifier, &ram, first.id).await);
}

#[tokio::test]
async fn what_limits_another_sms_is_asked_first_and_its_failure_ends_the_send() {
    let (world, gateways) = world_of_three(Policy::default(), OnUnknown::Next);
    let ram = world.user("ram").await;
    gateways[0].answer_next([SendAnswer::Unknown]);
    gateways[0].hold();
    let starting = start(&world, &ram, phone(PHONE));
    let release = async {
        gateways[0].reached(1).await;
        world.counters.fail_next("take", 1);
        gateways[0].release();
    };
    let (started, ()) = tokio::join!(starting, release);
    assert_eq!(new(started).delivery.state, DeliveryState::Unknown);
    assert_eq!((sent(&gateways), world.alarms.raised()), ([1, 0, 0], vec![Lost::NextRoute]));
}

#[tokio::test]
async fn a_gateway_that_takes_nothing_is_passed_by_and_leaves_no_trace() {
    let (world, gateways) = world_of_three(Policy::default(), OnUnknown::Stop);
    let ram = world.user("ram").await;
    gateways[0].hold_next(Duration::from_secs(9));
    let begun = begun(&world, &ram, phone(PHONE)).await;
    assert_eq!((begun.delivery.state, sent(&gateways)), (DeliveryState::Sent, [0, 1, 0]));
    let kept = attempts(&world).await;
    assert_eq!((kept.len(), kept[0].attempt), (1, 1));
}

#[tokio::test]
async fn when_all_fail_the_caller_is_told_when_to_ask_again_and_nothing_is_counted() {
    let (world, gateways) = world_of_three(Policy::default(), OnUnknown::Stop);
    let ram = world.user("ram").await;
    for _ in 0..20 {
        gateways[0].hold_next(Duration::from_secs(9));
        gateways[1].answer_next([SendAnswer::Refused]);
        gateways[2].hold_next(Duration::from_secs(7));
        let refused = refused(start(&world, &ram, phone(PHONE)).await);
        assert_eq!(refused.refusal, Refusal::GatewayUnavailable { retry_after: Duration::from_secs(7) });
        assert_eq!(only(&world).delivery.state, DeliveryState::Failed);
    }
    gateways[0].answer_always(SendAnswer::Refused);
    gateways[1].answer_always(SendAnswer::Refused);
    gateways[2].answer_always(SendAnswer::Refused);
    assert_eq!(refusal(start(&world, &ram, phone(PHONE)).await), Refusal::GatewayRefused);
}

#[tokio::test]
async fn where_no_route_leads_nothing_is_counted_and_nothing_begins() {
    let mut world = World::new();
    let ntc = RouteMatch { operators: vec![Operator::Ntc], ..RouteMatch::default() };
    let routes = Routes::new(vec![route("scripted", 1, OnUnknown::Stop, ntc)], None);
    world.verifier.ports.gateways =
        Gateways::new(vec![world.gateway.clone()], routes, SEND_DEADLINE).unwrap();
    let ram = world.user("ram").await;
    assert_eq!(refusal(start(&world, &ram, phone("9801234567")).await), Refusal::DestinationUnsupported);
    assert_eq!((world.store.verifications().len(), world.counters.calls("take")), (0, 0));
    begun(&world, &ram, phone(PHONE)).await;
}

#[tokio::test]
async fn two_routes_to_one_gateway_are_one_attempt() {
    let mut world = World::new();
    let to = |name, priority| Route {
        gateway: "scripted".into(),
        ..route(name, priority, OnUnknown::Next, RouteMatch::default())
    };
    let routes = Routes::new(vec![to("first", 1), to("second", 2)], None);
    world.verifier.ports.gateways =
        Gateways::new(vec![world.gateway.clone()], routes, SEND_DEADLINE).unwrap();
    world.gateway.answer_always(SendAnswer::NotSent);
    let ram = world.user("ram").await;
    refusal(start(&world, &ram, phone(PHONE)).await);
    assert_eq!(world.gateway.sent().len(), 1);
}

/// Takes its time to say that it was not reached.
#[derive(Debug)]
struct Slow {
    facts: GatewayFacts,
    clock: Arc<ManualClock>,
    takes: Duration,
    left: std::sync::Mutex<Vec<Duration>>,
}

#[async_trait]
impl SmsGateway for Slow {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, _: Phone) -> bool {
        true
    }

    async fn send(&self, _: &Sms, within: Duration) -> Result<SendReport, Held> {
        self.left.lock().unwrap().push(within);
        self.clock.advance(self.takes.min(within));
        Ok(SendAnswer::NotSent.into())
    }

    async fn credit(&self) -> Option<CreditBalance> {
        None
    }
}

#[tokio::test]
async fn all_attempts_together_keep_to_one_deadline() {
    let (mut world, _) = world_of_three(Policy::default(), OnUnknown::Stop);
    let slow = ["one", "two", "three", "four"].map(|name| {
        Arc::new(Slow {
            facts: ScriptedGateway::named(name).facts().clone(),
            clock: world.clock.clone(),
            takes: Duration::from_millis(3300),
            left: std::sync::Mutex::default(),
        })
    });
    let routes = ["one", "two", "three", "four"].into_iter().zip(1..);
    let routes = routes.map(|(name, priority)| route(name, priority, OnUnknown::Stop, RouteMatch::default()));
    let all: Vec<Arc<dyn SmsGateway>> =
        slow.iter().map(|gateway| gateway.clone() as Arc<dyn SmsGateway>).collect();
    world.verifier.ports.gateways =
        Gateways::new(all, Routes::new(routes.collect(), None), SEND_DEADLINE).unwrap();
    let ram = world.user("ram").await;
    let told = refusal(start(&world, &ram, phone(PHONE)).await);
    assert!(matches!(told, Refusal::GatewayUnavailable { .. }), "{told:?}");
    let left = slow.map(|gateway| gateway.left.lock().unwrap().clone());
    let millis = |millis| vec![Duration::from_millis(millis)];
    assert_eq!(left, [millis(10_000), millis(6700), millis(3400), vec![]]);
}
