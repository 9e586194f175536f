//! The contract of the store of credits.

use std::sync::Arc;

use super::super::demand::kept;
use super::ground::Ground;
use super::race::race;
use crate::credit::{CreditBalance, CreditReading};
use crate::event::{EventCredit, EventKind};
use crate::ports::{CreditKept, CreditStore, EventFilter, EventStore, Page};

/// The contract of [`CreditStore`]. The events are those of the same store.
///
/// # Panics
/// When a promise is not kept.
pub async fn credit_store(credits: Arc<dyn CreditStore>, events: Arc<dyn EventStore>, ground: &Ground) {
    let bench = Bench { credits, events, ground };
    the_last_reading_is_kept(&bench).await;
    becoming_low_is_told_once_to_each_application(&bench).await;
    of_racing_readings_one_becomes_low(&bench).await;
}

struct Bench<'a> {
    credits: Arc<dyn CreditStore>,
    events: Arc<dyn EventStore>,
    ground: &'a Ground,
}

impl Bench<'_> {
    /// The gateway is called as an application, which is its own here.
    fn reading(&self, gateway: &str, credits: u32, low: bool) -> CreditReading {
        let balance = CreditBalance::from_credits(credits);
        CreditReading { gateway: gateway.into(), balance, at: self.ground.now(), low }
    }

    async fn last(&self, gateway: &str) -> Option<CreditReading> {
        let all = kept(self.credits.load_credits().await);
        assert!(
            all.is_sorted_by(|a, b| a.gateway < b.gateway),
            "gateways must come in the order of their names"
        );
        all.into_iter().find(|reading| &*reading.gateway == gateway)
    }
}

async fn the_last_reading_is_kept(bench: &Bench<'_>) {
    let gateway = bench.ground.application().to_string();
    assert_eq!(bench.last(&gateway).await, None, "a gateway that was not asked must have no reading");
    let (first, second) = (bench.reading(&gateway, 70, false), bench.reading(&gateway, 900_000_000, false));
    for reading in [&first, &second] {
        assert_eq!(kept(bench.credits.keep_credit(reading, &[]).await), CreditKept::Kept);
        assert_eq!(
            bench.last(&gateway).await.as_ref(),
            Some(reading),
            "a reading must be found as it was kept"
        );
    }
    for late in [&first, &CreditReading { low: true, ..second.clone() }] {
        let late = kept(bench.credits.keep_credit(late, &[]).await);
        assert_eq!(late, CreditKept::Older, "what is not later must not be kept");
    }
    assert_eq!(bench.last(&gateway).await, Some(second), "the last reading must stay");
}

async fn becoming_low_is_told_once_to_each_application(bench: &Bench<'_>) {
    let gateway = bench.ground.application().to_string();
    let applications = [bench.ground.application(), bench.ground.application()];
    let mut low = Vec::new();
    for (credits, is_low, expected) in [
        (9, true, CreditKept::BecameLow),
        (8, true, CreditKept::Kept),
        (100, false, CreditKept::Kept),
        (0, true, CreditKept::BecameLow),
    ] {
        let reading = bench.reading(&gateway, credits, is_low);
        let kept = kept(bench.credits.keep_credit(&reading, &applications).await);
        assert_eq!(kept, expected, "that it has become low must be answered where it has: {reading:?}");
        if expected == CreditKept::BecameLow {
            low.insert(0, reading);
        }
    }
    for application in &applications {
        let page = Page { before: None, limit: 10 };
        let told = kept(bench.events.list_events(application, &EventFilter::default(), page).await);
        let said: Vec<_> = told.iter().map(|event| (event.kind, event.at, event.credit.clone())).collect();
        let credit = |reading: &CreditReading| {
            let (gateway, balance) = (reading.gateway.clone(), reading.balance);
            (EventKind::CreditLow, reading.at, Some(EventCredit { gateway, balance }))
        };
        let expected: Vec<_> = low.iter().map(credit).collect();
        assert_eq!(said, expected, "each application must be told each time once");
    }
}

async fn of_racing_readings_one_becomes_low(bench: &Bench<'_>) {
    let gateway = bench.ground.application().to_string();
    let told = race(|_| {
        let credits = Arc::clone(&bench.credits);
        let reading = bench.reading(&gateway, 1, true);
        async move { kept(credits.keep_credit(&reading, &[]).await) }
    })
    .await;
    let became_low = told.iter().filter(|kept| **kept == CreditKept::BecameLow).count();
    assert_eq!(became_low, 1, "of readings that race one must find that the credits have become low");
}
