//! Phones for tests: no SMS, no limit on sends, a fixed code, and the same rules for checks.

use std::sync::Arc;
use std::time::Duration;

use domain::account::Username;
use domain::application::Applications;
use domain::code::SubmittedCode;
use domain::phone::Phone;
use domain::policy::Policy;
use domain::ports::SendAnswer;
use domain::refusal::Refusal;
use domain::statistic::Happening;
use domain::test_number::TestNumber;
use domain::testkit::{World, code, phone};
use domain::time::{Timestamp, after};
use domain::use_cases::{StartRequest, resend, start as start_for};
use domain::verification::{DeliveryState, Purpose};

use crate::answers::{begun, check, done, refusal, resent, start};

const CODE: &str = "246810";

fn test_phone() -> Phone {
    Phone::from_digits(9_779_830_000_000).unwrap()
}

fn test_number(phone: Phone, expires_at: Timestamp, ordinary: bool) -> TestNumber {
    let code = Arc::new(SubmittedCode::parse(CODE).unwrap());
    TestNumber { phone, code, expires_at, allocated: ordinary, ordinary }
}

/// A world whose application `default` has a test number for an hour; `shop` has none.
fn world(ordinary: bool) -> World {
    let mut world = World::builder().application("shop", "Shop", Policy::default()).build();
    let until = after(world.verifier.ports.clock.now(), Duration::from_hours(1));
    let mut all: Vec<_> = world.verifier.applications.all().cloned().collect();
    all[0].test_numbers.push(test_number(test_phone(), until, ordinary));
    world.verifier.applications = Applications::new(all);
    world
}

#[tokio::test]
async fn a_test_number_is_proved_by_its_fixed_code_without_an_sms() {
    let world = world(false);
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, test_phone()).await;
    assert_eq!(live.delivery.state, DeliveryState::Sent);
    assert_eq!((world.gateway.sent().len(), live.sends_left(), live.checks_left()), (0, 4, 5));
    assert_eq!(refusal(check(&world.verifier, &ram, &live, &code("246811")).await), Refusal::CodeIncorrect);
    let proved = done(check(&world.verifier, &ram, &live, &code(CODE)).await);
    assert!(proved.now);
    assert_eq!(
        world.observer.happenings(),
        [Happening::TestStarted, Happening::TestApproved],
        "what is tested does not pass for what people do"
    );
}

#[tokio::test]
async fn the_limits_on_sends_do_not_hold_for_a_test_number() {
    let world = world(false);
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, test_phone()).await;
    for _ in 0..50 {
        resent(start(&world, &ram, test_phone()).await);
        done(resend(&world.verifier, &ram, live.id).await);
    }
    assert_eq!((world.gateway.sent().len(), world.counters.calls("take")), (0, 0));
}

#[tokio::test]
async fn a_test_number_goes_on_while_new_numbers_wait() {
    let world = world(false);
    let key = world.application();
    world.gateway.answer_always(SendAnswer::ReceiverRefused);
    for number in 0..5 {
        let refused = start(&world, &key, phone(&format!("984123456{number}"))).await;
        assert_eq!(refusal(refused), Refusal::DestinationUnsupported);
    }
    let paused = refusal(start(&world, &key, phone("9841234569")).await);
    assert!(matches!(paused, Refusal::NewNumbersPaused { .. }), "{paused:?}");
    begun(&world, &key, test_phone()).await;
}

#[tokio::test]
async fn the_limits_on_checks_hold_for_a_test_number() {
    let world = world(false);
    let ram = world.user("ram").await;
    let mut wrong = 0;
    for _ in 0..3 {
        let Ok(domain::use_cases::Answer::Done(_)) = start(&world, &ram, test_phone()).await else { break };
        let live =
            world.store.verifications().into_iter().max_by_key(|one| (one.created_at, one.id)).unwrap();
        while refusal(check(&world.verifier, &ram, &live, &code("000000")).await) == Refusal::CodeIncorrect {
            wrong += 1;
        }
        world.pass(Duration::from_millis(1));
    }
    assert_eq!(wrong, 10, "a phone has ten wrong checks a day, whoever it is");
}

#[tokio::test]
async fn a_test_number_is_its_applications_alone_and_ends() {
    let world = world(false);
    let hari = world.user_of("shop", "hari").await;
    assert_eq!(refusal(start(&world, &hari, test_phone()).await), Refusal::DestinationUnsupported);
    let shop = world.application_of("shop");
    let request = StartRequest {
        phone: test_phone(),
        account: Username::parse("hari").ok(),
        purpose: Purpose::Contact,
        locale: None,
        app_hash: None,
        origin: None,
    };
    assert_eq!(refusal(start_for(&world.verifier, &shop, request).await), Refusal::DestinationUnsupported);
    let ram = world.user("ram").await;
    world.pass(Duration::from_mins(55));
    let live = begun(&world, &ram, test_phone()).await;
    world.pass(Duration::from_mins(5));
    assert_eq!(refusal(check(&world.verifier, &ram, &live, &code(CODE)).await), Refusal::CodeIncorrect);
    assert_eq!(refusal(start(&world, &ram, test_phone()).await), Refusal::DestinationUnsupported);
    assert!(world.gateway.sent().is_empty());
}

#[tokio::test]
async fn one_that_may_be_somebodys_is_an_ordinary_phone_when_it_has_expired() {
    let world = world(true);
    let hari = world.user_of("shop", "hari").await;
    begun(&world, &hari, test_phone()).await;
    assert_eq!(world.gateway.sent().len(), 1, "elsewhere it is an ordinary phone");
    world.pass(Duration::from_hours(1));
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, test_phone()).await;
    assert_eq!(world.gateway.sent().len(), 2);
    assert_eq!(refusal(check(&world.verifier, &ram, &live, &code(CODE)).await), Refusal::CodeIncorrect);
}
