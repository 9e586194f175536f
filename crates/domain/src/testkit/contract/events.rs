//! The contract of the store of events.

mod expiring;
mod listing;
mod phones;
mod sweeping;
mod telling;

use std::sync::Arc;

use super::super::demand::{kept, present};
use super::ground::Ground;
use super::verifications::Bench;
use crate::account::Account;
use crate::application::ApplicationId;
use crate::event::{Event, EventAccount, EventKind, EventPlace};
use crate::ports::{AccountStore, EventFilter, EventStore, Page, VerificationStore, WebhookStore};
use crate::verification::Verification;

/// The contract of [`EventStore`], but for what [`expire`] and [`sweep_events`] ask. Verifications and accounts are those
/// of the same store.
///
/// # Panics
/// When a promise is not kept.
pub async fn event_store(
    events: Arc<dyn EventStore>,
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let stage = Stage { bench: Bench { verifications, accounts, ground }, events };
    telling::all(&stage).await;
    listing::all(&stage).await;
    phones::all(&stage).await;
}

/// The contract of [`EventStore::expire`]. It ends everything whose life was over in 2001: nobody else may do that, or
/// begin something there, at the same time.
///
/// # Panics
/// When a promise is not kept.
pub async fn expire(
    events: Arc<dyn EventStore>,
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    expiring::all(&Stage { bench: Bench { verifications, accounts, ground }, events }).await;
}

/// The contract of [`EventStore::sweep_events`]. It sweeps every event from before 2002 out of the store, and hands out
/// whatever was not handed out yet: nobody else may do that at the same time.
///
/// # Panics
/// When a promise is not kept.
pub async fn sweep_events(
    events: Arc<dyn EventStore>,
    webhooks: Arc<dyn WebhookStore>,
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let stage = Stage { bench: Bench { verifications, accounts, ground }, events };
    sweeping::all(&stage, &*webhooks).await;
}

/// What the parts of the suites stand on.
pub(super) struct Stage<'a> {
    pub(super) bench: Bench<'a>,
    pub(super) events: Arc<dyn EventStore>,
}

pub(super) const ALL: Page<EventPlace> = Page { before: None, limit: 100 };

impl Stage<'_> {
    pub(super) async fn list(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> Vec<Event> {
        kept(self.events.list_events(application, filter, page).await)
    }

    /// The events about a verification, oldest first.
    pub(super) async fn about(&self, verification: &Verification) -> Vec<Event> {
        let filter = EventFilter { verification: Some(verification.id), ..EventFilter::default() };
        let mut events = self.list(&verification.subject.application, &filter, ALL).await;
        events.reverse();
        events
    }

    /// The one event about a verification.
    pub(super) async fn only(&self, verification: &Verification) -> Event {
        let events = self.about(verification).await;
        assert_eq!(events.len(), 1, "a verification that has become final must be told once");
        present(events.into_iter().next(), "a verification that has become final must be told")
    }
}

/// What must be told of a verification that has become final: everything but id and place, which the store gives.
fn expected(verification: &Verification, account: Option<&Account>, given: &Event) -> Event {
    Event {
        id: given.id,
        place: given.place,
        application: verification.subject.application.clone(),
        kind: present(EventKind::of(verification.state), "a final state has a kind of event"),
        at: present(verification.state.final_at(), "a final state has an instant"),
        verification: Some(verification.id),
        purpose: Some(verification.subject.purpose),
        account: account.map(|account| EventAccount { id: account.id, username: account.username.clone() }),
        phone: Some(verification.subject.phone),
        reason: None,
        block: None,
        prefix: None,
        credit: None,
    }
}
