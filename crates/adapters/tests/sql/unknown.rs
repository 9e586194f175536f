//! What a newer release has stored and this one does not know, as while a release goes out: it is left to those who know
//! it, and stands in nobody's way.

use domain::application::ApplicationId;
use domain::block::{Block, BlockAction, BlockReason, BlockSubject, Prefix};
use domain::event::{EventKind, EventPlace};
use domain::id::{BlockId, EventId};
use domain::ports::{
    BlockAdded, BlockScope, BlockStore, Change, EventFilter, EventStore, Page, Saved, VerificationStore,
    WebhookDeliveryFilter, WebhookStore,
};
use domain::testkit::SeededEntropy;
use domain::verification::{Command, step};
use domain::webhook::{Subscription, WebhookId};

use crate::material::{begin, inserted, phone, seconds};

/// The application, and the webhook that hears of it.
struct Shop {
    application: ApplicationId,
    webhook: WebhookId,
}

impl Shop {
    fn new() -> Self {
        Self { application: ApplicationId::default_application(), webhook: WebhookId::parse("shop").unwrap() }
    }

    /// Three events, the oldest first.
    async fn events(&self, store: &(impl EventStore + VerificationStore)) -> Vec<(EventPlace, EventId)> {
        for seed in 1..=3 {
            let live = inserted(store, None, seed).await;
            let next = step(&live, Command::Cancel, seconds(seed)).next;
            let change = Change { next: &next, expected: live.version, guess: None };
            assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
        }
        let mut events = self.listed(store).await;
        events.reverse();
        events
    }

    async fn listed(&self, store: &impl EventStore) -> Vec<(EventPlace, EventId)> {
        let page = Page { before: None, limit: 10 };
        let found = store.list_events(&self.application, &EventFilter::default(), page).await.unwrap();
        found.into_iter().map(|event| (event.place, event.id)).collect()
    }

    async fn hand_out(&self, store: &impl WebhookStore, at: u64, max: u32) -> u64 {
        let subscription = Subscription {
            webhook: self.webhook.clone(),
            application: self.application.clone(),
            kinds: EventKind::ALL.to_vec(),
        };
        store.hand_out(&[subscription], seconds(at), max).await.unwrap()
    }

    /// The events of the deliveries that are listed, the youngest delivery first.
    async fn told(&self, store: &impl WebhookStore) -> Vec<EventId> {
        let (filter, page) = (WebhookDeliveryFilter::default(), Page { before: None, limit: 10 });
        let found = store.list_webhook_deliveries(&self.application, &filter, page).await.unwrap();
        found.into_iter().map(|delivery| delivery.event).collect()
    }

    async fn claim(&self, store: &impl WebhookStore, max: u32) -> Vec<EventId> {
        let webhooks = std::slice::from_ref(&self.webhook);
        let due = store.claim(webhooks, seconds(1000), seconds(2000), max).await.unwrap();
        due.into_iter().map(|due| due.event.id).collect()
    }
}

/// Renames the kind of an event.
fn kind(place: EventPlace, name: &str) -> String {
    format!("UPDATE events SET kind = '{name}' WHERE place = {}", place.0)
}

/// `foreign` runs a statement as another program.
pub(crate) async fn events_are_left_to_those_who_know_them(
    store: &(impl EventStore + WebhookStore + VerificationStore),
    mut foreign: impl AsyncFnMut(String),
) {
    let shop = Shop::new();
    let events = shop.events(store).await;
    let [(first, unknown), (_, second), (_, third)] = events[..] else { panic!("three events: {events:?}") };
    foreign(kind(first, "verification.reviewed")).await;
    assert_eq!(shop.listed(store).await, [events[2], events[1]]);
    assert_eq!(store.load_event(&shop.application, unknown).await.unwrap(), None);

    // It is the first in the outbox, and stays there.
    for (handed_out, at) in [(1, 20), (1, 30), (0, 40)] {
        assert_eq!(shop.hand_out(store, at, 1).await, handed_out);
    }
    assert_eq!(shop.told(store).await, [third, second]);
    let replayed = store.replay(&shop.application, unknown, &shop.webhook, seconds(40)).await.unwrap();
    assert_eq!(replayed, None);
    // Whoever knows it hands it out.
    foreign(kind(first, "verification.canceled")).await;
    assert_eq!(shop.hand_out(store, 10, 10).await, 1);
    assert_eq!(shop.hand_out(store, 50, 10).await, 0);
    assert_eq!(shop.listed(store).await.len(), 3);
}

/// `foreign` runs a statement as another program.
pub(crate) async fn deliveries_are_left_to_those_who_know_them(
    store: &(impl EventStore + WebhookStore + VerificationStore),
    mut foreign: impl AsyncFnMut(String),
) {
    let shop = Shop::new();
    let events = shop.events(store).await;
    let [(first, unknown), (_, second), (_, third)] = events[..] else { panic!("three events: {events:?}") };
    for at in [10, 20, 30] {
        assert_eq!(shop.hand_out(store, at, 1).await, 1);
    }
    let (filter, page) = (WebhookDeliveryFilter::default(), Page { before: None, limit: 10 });
    let deliveries = store.list_webhook_deliveries(&shop.application, &filter, page).await.unwrap();
    let its = deliveries.iter().find(|delivery| delivery.event == unknown).unwrap().id;

    foreign(kind(first, "verification.reviewed")).await;
    assert_eq!(shop.told(store).await, [third, second]);
    assert_eq!(store.load_webhook_delivery(&shop.application, its).await.unwrap(), None);
    // It is the longest due, and is not claimed.
    assert_eq!(shop.claim(store, 1).await, [second]);
    assert_eq!(shop.claim(store, 10).await, [third]);
    assert_eq!(shop.claim(store, 10).await, []);
    // Whoever knows it claims it at once.
    foreign(kind(first, "verification.canceled")).await;
    assert_eq!(shop.claim(store, 10).await, [unknown]);
}

fn block(seed: u64, subject: BlockSubject, reason: Option<&str>) -> Block {
    Block {
        // Later ones are younger.
        id: BlockId::new(seconds(seed), &SeededEntropy::new(seed)).unwrap(),
        application: None,
        action: BlockAction::Deny,
        subject,
        reason: reason.map(|reason| BlockReason::parse(reason).unwrap()),
        created_at: begin(),
        expires_at: None,
    }
}

/// `foreign` runs a statement as another program.
pub(crate) async fn a_reason_that_makes_no_sense_is_none(
    store: &impl BlockStore,
    mut foreign: impl AsyncFnMut(String),
) {
    let reasoned = block(1, BlockSubject::Phone(phone()), Some("pumping"));
    assert_eq!(store.add_block(&reasoned, 10).await.unwrap(), BlockAdded::Stored);
    // Reasons hold no phones.
    foreign("UPDATE blocks SET reason = 'of 9841234567'".to_owned()).await;

    let silent = Block { reason: None, ..reasoned };
    assert_eq!(store.all_blocks(begin()).await.unwrap(), std::slice::from_ref(&silent));
    let page = Page { before: None, limit: 10 };
    let listed = store.list_blocks(BlockScope::OfAll, page).await.unwrap();
    assert_eq!(listed, [(silent.clone(), None)]);
    let removed = store.remove_block(BlockScope::OfAll, silent.id, seconds(1)).await.unwrap();
    assert_eq!(removed, Some(silent));
}

/// `foreign` runs a statement as another program, which no CHECK of blocks binds.
pub(crate) async fn blocks_are_left_to_those_who_know_them(
    store: &impl BlockStore,
    mut foreign: impl AsyncFnMut(String),
) {
    let known = block(1, BlockSubject::Phone(phone()), None);
    let unknown = block(2, BlockSubject::Prefix(Prefix::parse("+977984").unwrap()), None);
    for block in [&known, &unknown] {
        assert_eq!(store.add_block(block, 10).await.unwrap(), BlockAdded::Stored);
    }
    // Whom it is about is in a column that a newer release has.
    foreign("UPDATE blocks SET prefix = NULL".to_owned()).await;

    let (all, page) = (BlockScope::OfAll, Page { before: None, limit: 1 });
    assert_eq!(store.all_blocks(begin()).await.unwrap(), std::slice::from_ref(&known));
    // Neither does it take the place of others in a page.
    assert_eq!(store.list_blocks(all, page).await.unwrap(), [(known, None)]);
    assert_eq!(store.load_block(all, unknown.id).await.unwrap(), None);
    assert_eq!(store.remove_block(all, unknown.id, seconds(1)).await.unwrap(), None);
    // And it is still there.
    foreign("UPDATE blocks SET prefix = 977984 WHERE phone IS NULL".to_owned()).await;
    assert_eq!(store.load_block(all, unknown.id).await.unwrap(), Some((unknown, None)));
}
