//! What is left at the gateway.

use std::time::Duration;

use crate::answers::done;
use domain::application::ApplicationId;
use domain::credential::Caller;
use domain::credit::CreditBalance;
use domain::event::EventKind;
use domain::ports::{CreditKept, EventFilter, EventStore as _, Page};
use domain::testkit::World;
use domain::use_cases::{credits, deliveries};

async fn look(world: &World, left: u32) -> CreditKept {
    world.pass(Duration::from_mins(5));
    world.gateway.leave(Some(CreditBalance::from_credits(left)));
    credits::look(&world.verifier, &*world.gateway).await.unwrap().unwrap().1
}

#[tokio::test]
async fn few_credits_are_told_when_they_become_few() {
    let world = World::new();
    assert_eq!(
        credits::look(&world.verifier, &*world.gateway).await.unwrap(),
        None,
        "a gateway may have nothing to tell"
    );
    let looked = [look(&world, 10).await, look(&world, 9).await, look(&world, 0).await];
    assert_eq!(looked, [CreditKept::Kept, CreditKept::BecameLow, CreditKept::Kept]);
    let default = ApplicationId::default_application();
    let page = Page { before: None, limit: 10 };
    let events = world.store.list_events(&default, &EventFilter::default(), page).await.unwrap();
    let told: Vec<_> =
        events.iter().map(|event| (event.kind, event.credit.clone().unwrap().balance)).collect();
    assert_eq!(told, [(EventKind::CreditLow, CreditBalance::from_credits(9))]);
}

#[tokio::test]
async fn operators_see_what_was_left_when_it_was_last_told() {
    let world = World::new();
    let caller = Caller::Admin(ApplicationId::default_application());
    let gateways = done(deliveries::gateways(&world.verifier, &caller).await);
    assert_eq!(gateways[0].credit, None);
    look(&world, 3).await;
    world.gateway.leave(None);
    assert_eq!(credits::look(&world.verifier, &*world.gateway).await.unwrap(), None);
    let gateways = done(deliveries::gateways(&world.verifier, &caller).await);
    let credit = gateways[0].credit.as_ref().unwrap();
    assert_eq!((credit.balance, credit.low), (CreditBalance::from_credits(3), true));
}
