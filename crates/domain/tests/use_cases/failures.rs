//! Ports that fail: nothing is sent, nothing is approved, nothing is half done.

use std::time::Duration;

use crate::answers::{begun, check, done, failure, only, start};
use domain::limit::LimitName;
use domain::ports::{Clock as _, Dependency, Page, PortErrorKind, VerificationFilter};
use domain::testkit::{World, phone};
use domain::use_cases::{self, Failure, Retention, cancel, find, list, resend, sweep};
use domain::verification::State;

/// Which port failed.
fn of(failure: &Failure) -> Option<Dependency> {
    match failure {
        Failure::Port(error) => {
            assert_eq!(error.kind, PortErrorKind::Unavailable);
            Some(error.dependency)
        }
        Failure::Contended | Failure::ApplicationUnknown(_) => None,
    }
}

fn counted(world: &World) -> usize {
    world.counters.total(LimitName::SendsPerPhone, Duration::from_hours(24), world.clock.now())
}

#[tokio::test]
async fn without_the_store_every_use_case_fails_and_nothing_is_sent() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(1));
    world.store.set_down(true);
    let verifier = &world.verifier;
    let failures = [
        failure(start(&world, &ram, phone("9841234567")).await),
        failure(start(&world, &ram, phone("9851234567")).await),
        failure(resend(verifier, &ram, begun.id).await),
        failure(check(verifier, &ram, &begun, &world.right_code()).await),
        failure(cancel(verifier, &ram, begun.id).await),
        failure(find(verifier, &ram, begun.id).await),
        failure(list(verifier, &ram, VerificationFilter::default(), Page { before: None, limit: 1 }).await),
        failure(sweep(verifier, Retention::default()).await),
    ];
    for failure in failures {
        assert_eq!(of(&failure), Some(Dependency::Store));
    }
    assert_eq!(world.gateway.sent().len(), 1);
    assert_eq!(counted(&world), 1, "what could not be sent is not counted");
    world.store.set_down(false);
    assert!(done(check(verifier, &ram, &begun, &world.right_code()).await).now);
}

#[tokio::test]
async fn without_the_counters_nothing_is_sent_and_nothing_is_stored() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(1));
    world.counters.set_down(true);
    for failure in [
        failure(start(&world, &ram, phone("9841234567")).await),
        failure(start(&world, &ram, phone("9851234567")).await),
        failure(resend(&world.verifier, &ram, first.id).await),
    ] {
        assert_eq!(of(&failure), Some(Dependency::Counters));
    }
    assert_eq!(world.gateway.sent().len(), 1);
    assert_eq!(only(&world), first);
    let proved = done(check(&world.verifier, &ram, &first, &world.right_code()).await);
    assert!(proved.now, "a check needs no counters");
}

#[tokio::test]
async fn without_randomness_nothing_begins() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.entropy.set_failing(true);
    let failure = failure(start(&world, &ram, phone("9841234567")).await);
    assert_eq!(of(&failure), Some(Dependency::Entropy));
    assert_eq!((world.gateway.sent().len(), world.store.verifications().len(), counted(&world)), (0, 0, 0));
}

#[tokio::test]
async fn wherever_randomness_ends_before_the_gateway_nothing_stays_counted() {
    // A nonce, the id of the verification, that of the attempt and that of the delivery.
    for draws in 0..4 {
        let world = World::new();
        let ram = world.user("ram").await;
        world.entropy.fail_after(draws);
        let failure = failure(start(&world, &ram, phone("9841234567")).await);
        assert_eq!(of(&failure), Some(Dependency::Entropy));
        assert_eq!((world.gateway.sent().len(), counted(&world)), (0, 0), "start, behind {draws}");
    }
    // The same without the id of the verification, which is there.
    for draws in 0..3 {
        let world = World::new();
        let ram = world.user("ram").await;
        let first = begun(&world, &ram, phone("9841234567")).await;
        world.pass(Duration::from_mins(1));
        world.entropy.fail_after(draws);
        failure(resend(&world.verifier, &ram, first.id).await);
        assert_eq!((world.gateway.sent().len(), counted(&world)), (1, 1), "resend, behind {draws}");
        world.entropy.set_failing(false);
        world.pass(Duration::from_mins(2));
        done(resend(&world.verifier, &ram, first.id).await);
        assert_eq!(world.gateway.sent().len(), 2);
    }
}

#[tokio::test]
async fn an_insert_that_fails_gives_the_send_back() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.store.fail_next("insert", 1);
    let failure = failure(start(&world, &ram, phone("9841234567")).await);
    assert_eq!(of(&failure), Some(Dependency::Store));
    assert_eq!((world.gateway.sent().len(), counted(&world)), (0, 0));
    begun(&world, &ram, phone("9841234567")).await;
}

#[tokio::test]
async fn a_save_that_fails_gives_the_resend_back() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(1));
    world.store.fail_next("save", 1);
    failure(resend(&world.verifier, &ram, first.id).await);
    assert_eq!((world.gateway.sent().len(), counted(&world)), (1, 1));
    assert_eq!(only(&world), first);
}

#[tokio::test]
async fn an_approval_that_fails_approves_nothing_and_can_be_asked_again() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    world.store.fail_next("approve", 1);
    failure(check(&world.verifier, &ram, &begun, &world.right_code()).await);
    assert_eq!(only(&world).state, State::Pending);
    assert_eq!(world.store.accounts()[0].phone, None);
    assert!(done(check(&world.verifier, &ram, &begun, &world.right_code()).await).now);
}

#[tokio::test]
async fn a_wrong_check_whose_save_fails_is_not_told() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    world.store.fail_next("save", 1);
    let failure = failure(check(&world.verifier, &ram, &begun, &world.wrong_code(0)).await);
    assert_eq!(of(&failure), Some(Dependency::Store));
    assert_eq!(only(&world).checks_used, 0);
}

#[tokio::test]
async fn a_failure_says_what_failed_and_nothing_secret() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.store.set_down(true);
    let failure = failure(start(&world, &ram, phone("9841234567")).await);
    assert_eq!(failure.to_string(), "the store is unavailable");
    assert!(!format!("{failure:?}").contains("9841234567"));
}

#[tokio::test]
async fn a_sweep_keeps_what_is_young_and_the_ledger_longer() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    done(use_cases::cancel(&world.verifier, &ram, begun.id).await);
    world.pass(Duration::from_hours(24 * 30));
    assert_eq!(sweep(&world.verifier, Retention::default()).await.unwrap(), 0);
    world.pass(Duration::from_hours(24));
    assert_eq!(sweep(&world.verifier, Retention::default()).await.unwrap(), 1);
    assert_eq!(world.store.verifications(), []);
}
