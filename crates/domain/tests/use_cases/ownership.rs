//! Whose verification it is: somebody else's reads as none.

use std::time::Duration;

use crate::answers::{begun, check, done, refused};
use domain::credential::Caller;
use domain::id::VerificationId;
use domain::policy::Policy;
use domain::ports::{Clock as _, Page, VerificationFilter};
use domain::refusal::{Refusal, Refused};
use domain::testkit::{World, phone};
use domain::use_cases::{cancel, find, list, resend};
use domain::verification::{State, Verification};

const ALL: Page<VerificationId> = Page { before: None, limit: 100 };

/// Every operation on somebody's verification, as the caller sees it.
async fn operations(world: &World, caller: &Caller, verification: &Verification) -> [Refused; 4] {
    [
        refused(find(&world.verifier, caller, verification.id).await),
        refused(resend(&world.verifier, caller, verification.id).await),
        refused(check(&world.verifier, caller, verification, &world.right_code()).await),
        refused(cancel(&world.verifier, caller, verification.id).await),
    ]
}

#[tokio::test]
async fn a_foreign_verification_reads_as_none_in_every_operation() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    let ram = world.user("ram").await;
    let rams = begun(&world, &ram, phone("9841234567")).await;
    let nobodys = begun(&world, &world.application(), phone("9841234567")).await;
    let mut never = rams.clone();
    never.id = VerificationId::new(world.clock.now(), world.entropy.as_ref()).unwrap();
    world.pass(Duration::from_mins(1));

    let not_found: [Refused; 4] = std::array::from_fn(|_| Refusal::VerificationNotFound.into());
    let strangers =
        [world.user("sita").await, world.user_of("shop", "ram").await, world.application_of("shop")];
    for stranger in &strangers {
        for verification in [&rams, &nobodys, &never] {
            assert_eq!(operations(&world, stranger, verification).await, not_found);
        }
    }
    assert_eq!(operations(&world, &ram, &nobodys).await, not_found, "a user does not act for nobody");
    assert_eq!(operations(&world, &ram, &never).await, not_found);
    let untouched = world.store.verifications();
    assert!(untouched.iter().all(|stored| stored.state == State::Pending && stored.checks_used == 0));
    assert_eq!(world.gateway.sent().len(), 2);
}

#[tokio::test]
async fn an_application_acts_for_each_of_its_accounts() {
    let world = World::new();
    let rams = begun(&world, &world.user("ram").await, phone("9841234567")).await;
    let key = world.application();
    assert_eq!(done(find(&world.verifier, &key, rams.id).await).id, rams.id);
    assert!(done(check(&world.verifier, &key, &rams, &world.right_code()).await).now);
}

#[tokio::test]
async fn an_admin_key_looks_and_cancels() {
    let world = World::new();
    let rams = begun(&world, &world.user("ram").await, phone("9841234567")).await;
    let admin = world.admin();
    assert_eq!(done(find(&world.verifier, &admin, rams.id).await).id, rams.id);
    assert!(matches!(done(cancel(&world.verifier, &admin, rams.id).await).state, State::Canceled { .. }));
}

#[tokio::test]
async fn a_listing_holds_what_the_caller_may_know() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    let (ram, sita) = (world.user("ram").await, world.user("sita").await);
    let rams = begun(&world, &ram, phone("9841234567")).await.id;
    world.pass(Duration::from_millis(1));
    let sitas = begun(&world, &sita, phone("9841234567")).await.id;
    world.pass(Duration::from_millis(1));
    let shops = begun(&world, &world.application_of("shop"), phone("9841234567")).await.id;

    let everything = VerificationFilter::default();
    let cases = [
        (ram, vec![rams]),
        (sita.clone(), vec![sitas]),
        (world.application(), vec![sitas, rams]),
        (world.admin(), vec![sitas, rams]),
        (world.application_of("shop"), vec![shops]),
    ];
    for (caller, expected) in cases {
        let found = list(&world.verifier, &caller, everything.clone(), ALL).await.unwrap();
        let ids: Vec<_> = found.iter().map(|found| found.id).collect();
        assert_eq!(ids, expected);
    }
    // A filter widens nothing.
    let of_ram = world.store.accounts()[0].id;
    let filter = VerificationFilter { account: Some(of_ram), ..VerificationFilter::default() };
    let found = list(&world.verifier, &sita, filter, ALL).await.unwrap();
    assert!(found.iter().all(|found| found.id == sitas));
}

#[tokio::test]
async fn looking_changes_nothing_and_a_life_that_is_over_reads_as_expired() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    world.clock.set(begun.generation.expires_at);
    let found = done(find(&world.verifier, &ram, begun.id).await);
    assert!(matches!(found.state, State::Expired { .. }));
    let listed = list(&world.verifier, &ram, VerificationFilter::default(), ALL).await.unwrap();
    assert!(matches!(listed[0].state, State::Expired { .. }));
    assert_eq!(world.store.verifications()[0].state, State::Pending);
}
