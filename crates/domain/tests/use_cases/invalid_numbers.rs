//! Numbers that gateways refuse: when new ones have to wait, which ones do, and until when.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::answers::{begun, done, failure, prove, refusal, start, start_for};
use domain::application::ApplicationId;
use domain::credential::Caller;
use domain::credit::CreditBalance;
use domain::event::EventKind;
use domain::invalid_numbers::{InvalidNumberPolicy, NumberCounts, Pause, PauseReason};
use domain::phone::Phone;
use domain::policy::Policy;
use domain::ports::{
    Clock as _, EventFilter, EventStore as _, GatewayFacts, Gateways, Held, Lost, Page, SendAnswer,
    SendReport, Sms, SmsGateway,
};
use domain::refusal::Refusal;
use domain::testkit::{ScriptedGateway, World, phone};
use domain::time::after;
use domain::use_cases::{self, Failure, invalid_numbers};
use domain::verification::Purpose;

const HOUR: Duration = Duration::from_hours(1);
const A_MILLISECOND: Duration = Duration::from_millis(1);

fn nth(number: u32) -> Phone {
    phone(&format!("98412{number:05}"))
}

fn default() -> ApplicationId {
    ApplicationId::default_application()
}

/// Starts with a new number each, beginning with `first`; each is answered as it says.
async fn hit(world: &World, caller: &Caller, first: u32, answers: &[SendAnswer]) {
    for (number, answer) in (first..).zip(answers) {
        // Of one millisecond, which came first is not known.
        world.pass(A_MILLISECOND);
        world.gateway.answer_next([*answer]);
        let started = start(world, caller, nth(number)).await;
        match answer {
            SendAnswer::Accepted | SendAnswer::Unknown => drop(done(started)),
            SendAnswer::ReceiverRefused => assert_eq!(refusal(started), Refusal::DestinationUnsupported),
            SendAnswer::Refused => assert_eq!(refusal(started), Refusal::GatewayRefused),
            SendAnswer::NotSent => {
                assert!(matches!(refusal(started), Refusal::GatewayUnavailable { .. }));
            }
        }
    }
}

const REFUSED: [SendAnswer; 5] = [SendAnswer::ReceiverRefused; 5];

/// Whether the next new number is refused.
async fn is_paused(world: &World, caller: &Caller) -> bool {
    let sent = world.gateway.sent().len();
    world.pass(A_MILLISECOND);
    let number = 90_000 + u32::try_from(world.store.verifications().len()).unwrap();
    match start(world, caller, nth(number)).await {
        Ok(use_cases::Answer::Refused(refused)) => {
            assert!(matches!(refused.refusal, Refusal::NewNumbersPaused { .. }), "{:?}", refused.refusal);
            assert_eq!(world.gateway.sent().len(), sent, "nothing is sent");
            true
        }
        other => {
            done(other);
            false
        }
    }
}

async fn told(world: &World, application: &ApplicationId) -> Vec<(EventKind, Option<Box<str>>)> {
    let page = Page { before: None, limit: 100 };
    let mut told = world.store.list_events(application, &EventFilter::default(), page).await.unwrap();
    told.reverse();
    told.into_iter().map(|event| (event.kind, event.reason)).collect()
}

fn paused_in_a_row() -> (EventKind, Option<Box<str>>) {
    (EventKind::NumbersPaused, Some("in-a-row".into()))
}

#[tokio::test]
async fn five_invalid_numbers_in_a_row_pause_new_ones_and_it_is_told_once() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &REFUSED[..4]).await;
    assert!(!is_paused(&world, &key).await);
    hit(&world, &key, 11, &REFUSED).await;
    let taken = world.counters.calls("take");
    assert_eq!(refusal(start(&world, &key, nth(21)).await), Refusal::NewNumbersPaused { retry_after: HOUR });
    assert_eq!((world.gateway.sent().len(), world.counters.calls("take")), (10, taken), "nothing is counted");
    assert_eq!(told(&world, &default()).await, [paused_in_a_row()]);
    let standing = invalid_numbers::show(&world.verifier, &default()).await.unwrap();
    let now = world.clock.now();
    let counts = NumberCounts { in_a_row: 5, refused: 9, of: 10 };
    let pause = Pause {
        application: default(),
        reason: PauseReason::InARow,
        since: now,
        until: after(now, HOUR),
        counts,
    };
    assert_eq!((standing.paused, standing.last), (true, Some(pause)));
    assert_eq!(standing.counts, NumberCounts::default(), "what led there counts no more");
}

#[tokio::test]
async fn a_number_that_is_taken_in_between_begins_the_row_anew() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &REFUSED[..4]).await;
    hit(&world, &key, 5, &[SendAnswer::Accepted]).await;
    hit(&world, &key, 6, &REFUSED[..4]).await;
    assert!(!is_paused(&world, &key).await);
}

#[tokio::test]
async fn what_says_nothing_of_the_number_neither_counts_nor_begins_the_row_anew() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &REFUSED[..4]).await;
    hit(&world, &key, 5, &[SendAnswer::Unknown, SendAnswer::Refused, SendAnswer::NotSent]).await;
    assert_eq!(told(&world, &default()).await, []);
    hit(&world, &key, 8, &REFUSED[..1]).await;
    assert!(is_paused(&world, &key).await);
}

#[tokio::test]
async fn a_share_of_the_last_verdicts_pauses_too() {
    let invalid_numbers = InvalidNumberPolicy { in_a_row: 0, share_percent: 10, of_last: 50, pause: HOUR };
    let world = World::with_policy(Policy { invalid_numbers, ..Policy::default() });
    let key = world.application();
    hit(&world, &key, 1, &REFUSED[..4]).await;
    hit(&world, &key, 5, &[SendAnswer::Accepted; 44]).await;
    hit(&world, &key, 49, &REFUSED[..1]).await;
    assert_eq!(told(&world, &default()).await, [], "there are 49 verdicts");
    hit(&world, &key, 50, &REFUSED[..1]).await;
    assert_eq!(told(&world, &default()).await, [(EventKind::NumbersPaused, Some("share".into()))]);
    assert!(is_paused(&world, &key).await);
}

#[tokio::test]
async fn numbers_of_which_something_is_known_go_on() {
    let world = World::new();
    let (ram, key) = (world.user("ram").await, world.application());
    prove(&world, &ram, phone("9851000001")).await;
    begun(&world, &key, phone("9851000002")).await;
    let live = begun(&world, &key, phone("9851000003")).await;
    world.pass(Duration::from_mins(5));
    hit(&world, &key, 1, &REFUSED).await;
    assert!(is_paused(&world, &key).await);
    done(start_for(&world, &ram, phone("9851000001"), Purpose::Login).await);
    done(start(&world, &key, phone("9851000002")).await);
    done(use_cases::resend(&world.verifier, &key, live.id).await);
    let another = start(&world, &ram, phone("9851000004")).await;
    assert!(matches!(refusal(another), Refusal::NewNumbersPaused { .. }), "a proof of another phone is none");
}

#[tokio::test]
async fn a_number_that_was_refused_is_not_known() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &REFUSED).await;
    let refused = world.store.verifications().remove(0);
    world.pass(Duration::from_mins(2));
    let again = [
        refusal(start(&world, &key, refused.subject.phone).await),
        refusal(use_cases::resend(&world.verifier, &key, refused.id).await),
    ];
    for refused in again {
        assert!(matches!(refused, Refusal::NewNumbersPaused { .. }), "{refused:?}");
    }
    assert_eq!(world.gateway.sent().len(), 5);
}

#[tokio::test]
async fn a_pause_ends_by_itself_and_what_was_before_counts_no_more() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &REFUSED).await;
    world.pass(Duration::from_secs(3599));
    assert!(is_paused(&world, &key).await);
    // With the millisecond of the last look and that of the next hit it is an hour.
    world.pass(Duration::from_millis(998));
    hit(&world, &key, 11, &REFUSED[..1]).await;
    world.pass(Duration::from_secs(1));
    hit(&world, &key, 12, &REFUSED[..4]).await;
    assert!(!is_paused(&world, &key).await, "the verdict of the very instant of its end does not count");
    assert_eq!(told(&world, &default()).await, [paused_in_a_row()], "that it ended by itself is not told");
    hit(&world, &key, 21, &REFUSED).await;
    assert!(is_paused(&world, &key).await);
}

#[tokio::test]
async fn an_operator_resumes_and_it_is_told() {
    let world = World::new();
    let key = world.application();
    assert_eq!(invalid_numbers::resume(&world.verifier, &default()).await.unwrap(), None);
    hit(&world, &key, 1, &REFUSED).await;
    world.pass(Duration::from_mins(1));
    let ended = invalid_numbers::resume(&world.verifier, &default()).await.unwrap().unwrap();
    assert_eq!(ended.until, world.clock.now());
    world.pass(Duration::from_secs(1));
    assert!(!is_paused(&world, &key).await);
    assert_eq!(invalid_numbers::resume(&world.verifier, &default()).await.unwrap(), None);
    let expected = [paused_in_a_row(), (EventKind::NumbersResumed, Some("in-a-row".into()))];
    assert_eq!(told(&world, &default()).await, expected);
}

#[tokio::test]
async fn applications_are_apart() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    let (key, shop) = (world.application(), world.application_of("shop"));
    hit(&world, &key, 1, &REFUSED[..4]).await;
    hit(&world, &shop, 11, &REFUSED).await;
    assert!(is_paused(&world, &shop).await);
    assert!(!is_paused(&world, &key).await);
    assert_eq!(told(&world, &default()).await, []);
}

#[tokio::test]
async fn an_application_that_wants_no_guard_has_none() {
    let off = InvalidNumberPolicy { in_a_row: 0, share_percent: 0, ..InvalidNumberPolicy::default() };
    let world = World::with_policy(Policy { invalid_numbers: off, ..Policy::default() });
    let key = world.application();
    hit(&world, &key, 1, &REFUSED).await;
    hit(&world, &key, 6, &REFUSED).await;
    assert!(!is_paused(&world, &key).await);
    assert_eq!(world.store.calls("number_verdicts"), 0);
}

#[tokio::test]
async fn a_send_that_was_taken_costs_nothing_more() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &[SendAnswer::Accepted, SendAnswer::Unknown, SendAnswer::NotSent]).await;
    let asked = ["number_verdicts", "pause", "last_pause", "all_pauses"].map(|call| world.store.calls(call));
    assert_eq!(asked, [0; 4]);
}

#[tokio::test]
async fn a_guard_that_fails_changes_no_answer_and_is_an_alarm() {
    let world = World::new();
    let key = world.application();
    hit(&world, &key, 1, &REFUSED[..4]).await;
    world.store.fail_next("number_verdicts", 1);
    hit(&world, &key, 5, &REFUSED[..1]).await;
    assert_eq!(world.alarms.raised(), [Lost::InvalidNumbers]);
    assert!(!is_paused(&world, &key).await);
}

#[tokio::test]
async fn new_numbers_wait_while_it_is_not_known_whether_they_may_go() {
    let world = World::new();
    world.store.set_blocks_stale(true);
    let failed = failure(start(&world, &world.application(), nth(1)).await);
    assert!(matches!(failed, Failure::Port(_)), "{failed:?}");
}

#[tokio::test]
async fn of_many_that_are_refused_at_once_one_pauses() {
    let world = Arc::new(World::new());
    world.gateway.answer_always(SendAnswer::ReceiverRefused);
    world.gateway.hold();
    let starts: Vec<_> = (0..20)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move { refusal(start(&world, &world.application(), nth(number)).await) })
        })
        .collect();
    world.gateway.reached(20).await;
    world.gateway.release();
    for start in starts {
        assert_eq!(start.await.unwrap(), Refusal::DestinationUnsupported);
    }
    assert_eq!(told(&world, &default()).await, [paused_in_a_row()]);
}

/// Carries to nobody.
#[derive(Debug)]
struct Elsewhere(GatewayFacts);

#[async_trait]
impl SmsGateway for Elsewhere {
    fn facts(&self) -> &GatewayFacts {
        &self.0
    }

    fn carries_to(&self, _phone: Phone) -> bool {
        false
    }

    async fn send(&self, _sms: &Sms, _within: Duration) -> Result<SendReport, Held> {
        panic!("a gateway that does not carry to a phone is not called")
    }

    async fn credit(&self) -> Option<CreditBalance> {
        None
    }
}

#[tokio::test]
async fn a_gateway_that_does_not_carry_to_a_phone_is_not_called_and_says_nothing_of_it() {
    let mut world = World::new();
    let facts = ScriptedGateway::default().facts().clone();
    world.verifier.ports.gateways = Gateways::one(Arc::new(Elsewhere(facts)));
    let key = world.application();
    for number in 0..6 {
        assert_eq!(refusal(start(&world, &key, nth(number)).await), Refusal::DestinationUnsupported);
    }
    assert_eq!((world.store.verifications().len(), world.counters.calls("take")), (0, 0));
    assert_eq!(world.store.calls("number_verdicts"), 0);
}
