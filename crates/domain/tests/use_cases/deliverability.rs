//! What becomes of the SMS: how it is known, and that an SMS may be sent again sooner because of it.

use std::time::Duration;

use domain::application::ApplicationId;
use domain::deliverability::{Cohort, CohortMeasure, CohortSums, Estimates, RouteEstimate, Window};
use domain::phone::Operator;
use domain::policy::Policy;
use domain::ports::{Clock as _, SendAnswer, StatisticStore as _};
use domain::refusal::Refusal;
use domain::route::RouteName;
use domain::statistic::Happening;
use domain::testkit::{World, phone};
use domain::time::after;
use domain::use_cases::{Retention, deliverability, resend, sweep_statistics};
use domain::verification::Verification;

use crate::answers::{begun, check, done, only, prove, refusal, start};

const PHONE: &str = "9841234567";
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// What is known of the only route.
async fn known(world: &World) -> RouteEstimate {
    world.observer.hand_over(&*world.store).await;
    let read = deliverability::read(&world.verifier, None).await.unwrap();
    assert_eq!(read.rows().len(), 1, "{read:?}");
    read.rows()[0].clone()
}

/// Sends, and those that were verified: settled and recent.
fn counts(row: &RouteEstimate) -> [u64; 4] {
    let known = &row.estimate;
    [known.sends, known.verified, known.recent_sends, known.recent_verified]
}

#[tokio::test]
async fn a_code_that_comes_back_counts_where_its_sms_was_sent() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone(PHONE)).await;
    let first_code = world.right_code();
    begun(&world, &world.user("sita").await, phone("9851234567")).await;
    // Into the next slot.
    world.pass(MINUTE * 6);
    assert_eq!(counts(&known(&world).await), [0, 0, 2, 0]);
    done(check(&world.verifier, &ram, &first, &first_code).await);
    let row = known(&world).await;
    assert_eq!((row.operator, row.route.as_str()), (Some(Operator::Ntc), "scripted"));
    assert_eq!(counts(&row), [0, 0, 2, 1]);
    // Eleven minutes later the slot of the sends is settled, and the code counts in it.
    world.pass(MINUTE * 9);
    assert_eq!(counts(&known(&world).await), [2, 1, 0, 0]);
}

#[tokio::test]
async fn of_several_sms_of_a_verification_the_last_was_verified() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone(PHONE)).await;
    for _ in 0..2 {
        world.pass(MINUTE * 2);
        done(resend(&world.verifier, &ram, first.id).await);
    }
    world.pass(SECOND * 20);
    done(check(&world.verifier, &ram, &first, &world.right_code()).await);
    // A code that is told to be right twice came back once.
    done(check(&world.verifier, &ram, &first, &world.right_code()).await);
    let arrived = Happening::Arrived { took: Some(SECOND * 260) };
    let told = world.observer.happenings();
    assert_eq!(
        told.iter().filter(|told| **told == arrived).count(),
        1,
        "the time is that of the person: {told:?}"
    );
    assert_eq!(counts(&known(&world).await), [0, 0, 3, 1]);
    world.pass(MINUTE * 16);
    assert_eq!(counts(&known(&world).await), [3, 1, 0, 0], "its codes have died");
    world.pass(MINUTE * 60);
    let read = deliverability::read(&world.verifier, None).await.unwrap();
    assert_eq!(read.rows(), [], "an hour is looked at");
}

#[tokio::test]
async fn a_code_that_comes_back_before_the_gateways_answer_counts_for_the_route_that_is_told_then() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.hold();
    let meanwhile = async {
        world.gateway.reached(1).await;
        world.pass(SECOND * 5);
        done(check(&world.verifier, &ram, &only(&world), &world.right_code()).await);
        world.pass(SECOND * 5);
        world.gateway.release();
    };
    let (started, ()) = tokio::join!(start(&world, &ram, phone(PHONE)), meanwhile);
    done(started);
    let arrived = Happening::Arrived { took: Some(SECOND * 5) };
    assert_eq!(world.observer.happenings().last(), Some(&arrived), "the time is that of the approval");
    assert_eq!(counts(&known(&world).await), [0, 0, 1, 1]);
}

#[tokio::test]
async fn a_code_that_comes_back_after_a_resend_that_failed_counts_without_a_time() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone(PHONE)).await;
    world.pass(MINUTE);
    world.gateway.answer_next([SendAnswer::NotSent]);
    refusal(resend(&world.verifier, &ram, first.id).await);
    done(check(&world.verifier, &ram, &first, &world.right_code()).await);
    assert_eq!(world.observer.happenings().last(), Some(&Happening::Arrived { took: None }));
    assert_eq!(counts(&known(&world).await), [0, 0, 1, 1]);
}

#[tokio::test]
async fn a_resend_that_certainly_failed_leaves_the_approval_to_the_sms_before_it() {
    for (failed, while_it_is_sent) in
        [(SendAnswer::NotSent, false), (SendAnswer::ReceiverRefused, false), (SendAnswer::NotSent, true)]
    {
        let world = World::new();
        let ram = world.user("ram").await;
        let first = begun(&world, &ram, phone(PHONE)).await;
        let sent_code = world.right_code();
        // Into the next slot.
        world.pass(MINUTE * 6);
        world.gateway.answer_next([failed]);
        if while_it_is_sent {
            // Short enough behind the first for the code to be the same.
            world.gateway.hold();
            let meanwhile = async {
                world.gateway.reached(2).await;
                let checked = check(&world.verifier, &ram, &first, &world.right_code()).await;
                world.gateway.release();
                done(checked);
            };
            let (resent, ()) = tokio::join!(resend(&world.verifier, &ram, first.id), meanwhile);
            refusal(resent);
        } else {
            refusal(resend(&world.verifier, &ram, first.id).await);
            done(check(&world.verifier, &ram, &first, &sent_code).await);
        }
        assert_eq!(only(&world).sent_at, first.sent_at, "{failed:?}");
        world.pass(MINUTE * 9);
        assert_eq!(counts(&known(&world).await), [1, 1, 0, 0], "{failed:?}, {while_it_is_sent}");
    }
}

#[tokio::test]
async fn what_no_gateway_took_is_no_send() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.answer_next([SendAnswer::Refused, SendAnswer::ReceiverRefused, SendAnswer::Unknown]);
    refusal(start(&world, &ram, phone(PHONE)).await);
    refusal(start(&world, &world.user("sita").await, phone("9851234567")).await);
    begun(&world, &world.user("hari").await, phone("9861234567")).await;
    assert_eq!(counts(&known(&world).await), [0, 0, 1, 0], "what may have been sent is one");
}

#[tokio::test]
async fn another_applications_sms_are_not_told() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    prove(&world, &world.user("ram").await, phone(PHONE)).await;
    begun(&world, &world.user_of("shop", "ram").await, phone("9851234567")).await;
    world.observer.hand_over(&*world.store).await;
    let shop = ApplicationId::parse("shop").unwrap();
    let read = async |application| deliverability::read(&world.verifier, application).await.unwrap();
    assert_eq!(counts(&read(Some(&shop)).await.rows()[0]), [0, 0, 1, 0]);
    assert_eq!(counts(&read(None).await.rows()[0]), [0, 0, 2, 1]);
}

#[tokio::test]
async fn cohorts_go_after_two_days() {
    let world = World::new();
    prove(&world, &world.user("ram").await, phone(PHONE)).await;
    world.observer.hand_over(&*world.store).await;
    let window = Window::at(world.clock.now());
    let kept = async || world.store.read_cohorts(None, window).await.unwrap().len();
    world.pass(MINUTE * 60 * 48);
    assert_eq!(sweep_statistics(&world.verifier, Retention::default()).await.unwrap(), 0);
    assert_eq!(kept().await, 1);
    world.pass(MINUTE * 5);
    assert_eq!(sweep_statistics(&world.verifier, Retention::default()).await.unwrap(), 3);
    assert_eq!(kept().await, 0);
}

/// The route loses most of what it takes.
fn is_lossy(world: &World) {
    let mut settled = Cohort::default();
    settled.add(CohortMeasure::Sent, 100);
    settled.add(CohortMeasure::Verified, 10);
    let sums = CohortSums {
        application: ApplicationId::parse("other").unwrap(),
        operator: Some(Operator::Ntc),
        route: RouteName::parse("scripted").unwrap(),
        settled,
        recent: Cohort::default(),
    };
    world.estimates.set(Estimates::new(Window::at(world.clock.now()), &[sums]));
}

/// How long it must be waited.
fn wait(verification: &Verification) -> Duration {
    Duration::try_from(verification.resend_at.duration_since(verification.sent_at)).unwrap()
}

#[tokio::test]
async fn by_a_lossy_route_it_may_be_sent_again_sooner_and_no_more_often() {
    let world = World::with_policy(Policy { early_resend: true, ..Policy::default() });
    let ram = world.user("ram").await;
    is_lossy(&world);
    let mut current = begun(&world, &ram, phone(PHONE)).await;
    for (seconds, sends_left) in [(30, 3), (60, 2), (150, 1)] {
        assert_eq!((wait(&current), current.sends_left()), (SECOND * seconds, sends_left));
        assert_eq!(current, only(&world), "what is answered is what is kept");
        world.clock.set(after(current.sent_at, (SECOND * seconds).saturating_sub(Duration::from_millis(1))));
        let early = refusal(resend(&world.verifier, &ram, current.id).await);
        assert_eq!(early, Refusal::ResendTooSoon { retry_after: Duration::from_millis(1) });
        world.pass(Duration::from_millis(1));
        current = done(resend(&world.verifier, &ram, current.id).await);
    }
    world.pass(MINUTE * 5);
    assert!(matches!(refusal(resend(&world.verifier, &ram, current.id).await), Refusal::SendsUsedUp { .. }));
    assert_eq!(world.gateway.sent().len(), 4);
}

#[tokio::test]
async fn unless_it_is_wanted_nothing_is_sooner() {
    let world = World::new();
    is_lossy(&world);
    let first = begun(&world, &world.user("ram").await, phone(PHONE)).await;
    assert_eq!(wait(&first), MINUTE);
}

#[tokio::test]
async fn what_goes_well_is_not_sooner() {
    let world = World::with_policy(Policy { early_resend: true, ..Policy::default() });
    let ram = world.user("ram").await;
    assert_eq!(wait(&begun(&world, &ram, phone(PHONE)).await), MINUTE, "nothing is known");
    is_lossy(&world);
    let ncell = begun(&world, &world.user("sita").await, phone("9801234567")).await;
    assert_eq!(wait(&ncell), SECOND * 30, "too little is known of the operator: the route answers");
    world.gateway.answer_next([SendAnswer::ReceiverRefused]);
    let refused =
        crate::answers::refused(start(&world, &world.user("hari").await, phone("9851234567")).await);
    assert_eq!(wait(&refused.verification.unwrap()), MINUTE, "what was not sent is not lost on the way");
}
