//! What use cases tell of, to be added up.

use std::time::Duration;

use crate::answers::{begun, check, done, prove, refusal, start};
use domain::policy::Policy;
use domain::ports::SendAnswer;
use domain::refusal::Refusal;
use domain::statistic::{Happening, Measure, StatisticBy};
use domain::testkit::{World, phone};
use domain::time::Day;
use domain::use_cases::{self, statistics};

const PHONE: &str = "9841234567";

fn sent(again: bool) -> Happening {
    Happening::Sent { again, segments: 1, answer: SendAnswer::Accepted, credits: None }
}

fn count(world: &World, happening: Happening) -> usize {
    world.observer.happenings().iter().filter(|told| **told == happening).count()
}

#[tokio::test]
async fn a_journey_is_told_as_it_happens() {
    let world = World::new();
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, phone(PHONE)).await;
    refusal(start(&world, &ram, phone(PHONE)).await);
    refusal(check(&world.verifier, &ram, &live, &world.wrong_code(1)).await);
    world.pass(Duration::from_secs(61));
    done(use_cases::resend(&world.verifier, &ram, live.id).await);
    for _ in 0..2 {
        done(check(&world.verifier, &ram, &live, &world.right_code()).await);
    }
    let expected = [
        Happening::Started,
        sent(false),
        Happening::Refused(Refusal::ResendTooSoon { retry_after: Duration::from_mins(1) }),
        Happening::Refused(Refusal::CodeIncorrect),
        sent(true),
        Happening::Approved { took: Duration::from_secs(61) },
        Happening::Arrived { took: Some(Duration::from_secs(61)) },
    ];
    assert_eq!(world.observer.happenings(), expected);
}

#[tokio::test]
async fn what_was_told_is_read_by_operator_and_purpose() {
    let world = World::new();
    let ram = world.user("ram").await;
    prove(&world, &ram, phone(PHONE)).await;
    world.observer.hand_over(&*world.store).await;
    let day = Day::of(world.verifier.ports.clock.now());
    let application = ram.application();
    for (by, name) in [(StatisticBy::Operator, "NTC"), (StatisticBy::Purpose, "contact")] {
        let read = statistics::read(&world.verifier, Some(application), day, day, by).await.unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].name, name);
        let of =
            [Measure::Starts, Measure::Sends, Measure::Approvals].map(|measure| read[0].amounts.of(measure));
        assert_eq!(of, [1, 1, 1]);
        assert_eq!(read[0].amounts.conversion_thousandths(), Some(1000));
    }
    let before =
        statistics::read(&world.verifier, None, day.minus(300), day.minus(1), StatisticBy::Day).await;
    assert_eq!(before.unwrap(), []);
}

#[tokio::test]
async fn a_life_that_is_over_is_told_once_by_whoever_ends_it() {
    let world = World::new();
    let ram = world.user("ram").await;
    // The loop.
    begun(&world, &ram, phone(PHONE)).await;
    world.pass(Duration::from_mins(11));
    for _ in 0..2 {
        use_cases::expire(&world.verifier).await.unwrap();
    }
    assert_eq!(count(&world, Happening::Expired), 1);
    // The next start, before the loop came.
    begun(&world, &ram, phone(PHONE)).await;
    world.pass(Duration::from_mins(11));
    let third = begun(&world, &ram, phone(PHONE)).await;
    use_cases::expire(&world.verifier).await.unwrap();
    assert_eq!(count(&world, Happening::Expired), 2);
    // A check.
    world.pass(Duration::from_mins(11));
    assert_eq!(
        refusal(check(&world.verifier, &ram, &third, &world.right_code()).await),
        Refusal::VerificationExpired
    );
    use_cases::expire(&world.verifier).await.unwrap();
    assert_eq!(count(&world, Happening::Expired), 3);
}

#[tokio::test]
async fn what_is_called_off_or_locked_is_told_once() {
    let world = World::with_policy(Policy::default());
    let (ram, sita) = (world.user("ram").await, world.user("sita").await);
    let live = begun(&world, &ram, phone(PHONE)).await;
    for _ in 0..2 {
        done(use_cases::cancel(&world.verifier, &ram, live.id).await);
    }
    let live = begun(&world, &sita, phone("9801234567")).await;
    for number in 0..6 {
        refusal(check(&world.verifier, &sita, &live, &world.wrong_code(number)).await);
    }
    assert_eq!((count(&world, Happening::Canceled), count(&world, Happening::Locked)), (1, 1));
    assert_eq!(count(&world, Happening::Refused(Refusal::CodeIncorrect)), 5);
}

#[tokio::test]
async fn what_a_gateway_refuses_began_and_was_not_sent() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.answer_next([SendAnswer::Refused]);
    assert_eq!(refusal(start(&world, &ram, phone(PHONE)).await), Refusal::GatewayRefused);
    let refused = Happening::Sent { again: false, segments: 1, answer: SendAnswer::Refused, credits: None };
    let expected = [Happening::Started, refused, Happening::Refused(Refusal::GatewayRefused)];
    assert_eq!(world.observer.happenings(), expected);
}

#[tokio::test]
async fn a_failure_is_no_refusal() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.store.set_down(true);
    assert!(start(&world, &ram, phone(PHONE)).await.is_err());
    assert_eq!(world.observer.happenings(), []);
}
