//! What is left at the gateway.

use std::time::Duration;

use crate::answers::done;
use domain::application::ApplicationId;
use domain::credential::Caller;
use domain::credit::CreditBalance;
use domain::credit::DaysLeft;
use domain::event::EventKind;
use domain::id::StatisticWriterId;
use domain::phone::Operator;
use domain::ports::{CreditKept, EventFilter, EventStore as _, Page, StatisticBatch, StatisticStore as _};
use domain::statistic::{Amounts, Measure, StatisticKey, StatisticLine};
use domain::testkit::World;
use domain::time::Day;
use domain::use_cases::{credits, deliveries};

async fn look(world: &World, left: u32) -> CreditKept {
    world.pass(Duration::from_mins(5));
    world.gateway.leave(Some(CreditBalance::from_credits(left)));
    credits::look(&world.verifier, &*world.gateway).await.unwrap().unwrap().kept
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

/// What the gateway used on a day so long ago, as if it had been handed over.
async fn used(world: &World, days_ago: u16, segments: u64) {
    let day = Day::of(world.verifier.ports.clock.now()).minus(days_ago);
    let application = ApplicationId::default_application();
    let key = StatisticKey {
        day,
        application,
        operator: Some(Operator::Ntc),
        purpose: None,
        gateway: "scripted".into(),
    };
    let mut amounts = Amounts::default();
    amounts.add(Measure::Segments, segments);
    let writer =
        StatisticWriterId::new(world.verifier.ports.clock.now(), &*world.verifier.ports.entropy).unwrap();
    let lines = vec![StatisticLine { key, amounts }];
    world
        .store
        .add_statistics(&StatisticBatch { writer, number: 1, lines, cohorts: Vec::new() })
        .await
        .unwrap();
}

async fn days(world: &World, left: u32) -> (CreditKept, Option<f64>) {
    world.pass(Duration::from_mins(5));
    world.gateway.leave(Some(CreditBalance::from_credits(left)));
    let look = credits::look(&world.verifier, &*world.gateway).await.unwrap().unwrap();
    (look.kept, look.days_left.map(DaysLeft::as_f64))
}

#[tokio::test]
async fn credits_that_last_for_few_days_are_low() {
    let world = World::new();
    used(&world, 0, 1000).await;
    assert_eq!(days(&world, 100).await, (CreditKept::Kept, None), "of today alone nothing is told");
    used(&world, 7, 71_000).await;
    let (kept, left) = days(&world, 100_000).await;
    assert_eq!(kept, CreditKept::Kept);
    assert!(left.is_some_and(|left| (9.5..=11.2).contains(&left)), "{left:?}");
    let (kept, left) = days(&world, 20_000).await;
    assert_eq!(kept, CreditKept::BecameLow);
    assert!(left.is_some_and(|left| left < 3.0), "{left:?}");
    let caller = Caller::Admin(ApplicationId::default_application());
    let gateways = done(deliveries::gateways(&world.verifier, &caller).await);
    assert_eq!(gateways[0].days_left.map(DaysLeft::as_f64), left);
    assert_eq!(gateways[0].credit.as_ref().map(|credit| credit.low), Some(true));
}

#[tokio::test]
async fn days_that_go_up_and_down_are_told_once() {
    let world = World::new();
    used(&world, 7, 70_000).await;
    let told = async |left| days(&world, left).await.0;
    // Three days are 26,250 to 30,000 credits, by what of today is over.
    assert_eq!(told(31_000).await, CreditKept::Kept, "what was not low is not, a little above");
    let mut became_low = 0;
    for left in [20_000, 31_000, 20_000, 31_000, 19_000] {
        became_low += u8::from(told(left).await == CreditKept::BecameLow);
    }
    assert_eq!(became_low, 1);
    assert_eq!(told(60_000).await, CreditKept::Kept);
    assert_eq!(told(20_000).await, CreditKept::BecameLow, "when there was enough it is news again");
    assert_eq!(world.store.calls("read_statistics"), 8, "one query a look");
}
