//! Events.

use async_trait::async_trait;

use super::{MemoryStore, Tables, page_of};
use crate::application::ApplicationId;
use crate::event::{Event, EventAccount, EventKind, EventPlace};
use crate::id::{AccountId, EventId};
use crate::ports::{Approval, EventFilter, EventStore, Expired, Page, PortError};
use crate::time::Timestamp;
use crate::verification::{State, Verification};
use crate::webhook::WebhookDelivery;

impl Tables {
    /// Keeps an event, whose id and place are given here.
    pub(super) fn happened(&mut self, event: Event) {
        let place = EventPlace(self.events.last_key_value().map_or(0, |(last, _)| last.0) + 1);
        let id = EventId::from_uuid(self.id(event.at));
        self.events.insert(place, Event { id, place, ..event });
        self.outbox.push_back(place);
    }

    /// A verification has become what it is.
    pub(super) fn became_final(&mut self, verification: &Verification) {
        let happened = EventKind::of(verification.state).zip(verification.state.final_at());
        if let Some((kind, at)) = happened {
            let event = self.about(verification, kind, at, verification.subject.account);
            self.happened(event);
        }
    }

    /// An account has lost its phone by an approval. It is told before the approval: whoever keeps one holder of a
    /// phone takes it away before giving it.
    pub(super) fn transferred(&mut self, approval: &Approval<'_>, loser: AccountId) {
        let at = approval.phone.verified_at;
        let event = self.about(approval.change.next, EventKind::PhoneTransferred, at, Some(loser));
        self.happened(event);
    }

    fn about(
        &self,
        verification: &Verification,
        kind: EventKind,
        at: Timestamp,
        account: Option<AccountId>,
    ) -> Event {
        let username = self.username(account);
        Event {
            id: EventId::from_uuid(uuid::Uuid::nil()),
            place: EventPlace(0),
            application: verification.subject.application.clone(),
            kind,
            at,
            verification: Some(verification.id),
            purpose: Some(verification.subject.purpose),
            account: account.zip(username).map(|(id, username)| EventAccount { id, username }),
            phone: Some(verification.subject.phone),
            reason: None,
            block: None,
            prefix: None,
            credit: None,
        }
    }

    /// The event with this id, whosever it is.
    pub(super) fn event(&self, id: EventId) -> Option<&Event> {
        self.events.values().find(|event| event.id == id)
    }

    fn expire(&mut self, now: Timestamp, max: u32) -> Vec<Expired> {
        let pending = |row: &&Verification| row.state == State::Pending && row.generation.expires_at <= now;
        let mut over: Vec<_> = self.verifications.values().filter(pending).cloned().collect();
        over.sort_by_key(|row| row.generation.expires_at);
        over.truncate(usize::try_from(max).unwrap_or(usize::MAX));
        let told =
            |row: &Verification| Expired { subject: row.subject.clone(), sent_by: row.sent_by.clone() };
        let expired = over.iter().map(told).collect();
        for row in over {
            let state = State::Expired { at: row.generation.expires_at };
            self.replace(&Verification { state, version: row.version.wrapping_add(1), ..row });
        }
        expired
    }

    fn sweep_events(&mut self, before: Timestamp, max: u32) -> u64 {
        let waits = |event: &Event| {
            let tried_on = |delivery: &WebhookDelivery| delivery.next_at.is_some_and(|next| before <= next);
            let all = self.webhook_deliveries.values();
            all.map(|row| &row.delivery).any(|delivery| delivery.event == event.id && tried_on(delivery))
        };
        let old = |event: &&Event| event.at < before && !waits(event);
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let old: Vec<_> = self.events.values().filter(old).take(max).cloned().collect();
        for event in &old {
            self.events.remove(&event.place);
            self.outbox.retain(|place| *place != event.place);
            self.webhook_deliveries.retain(|_, row| row.delivery.event != event.id);
        }
        old.len() as u64
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn list_events(
        &self,
        application: &ApplicationId,
        filter: &EventFilter,
        page: Page<EventPlace>,
    ) -> Result<Vec<Event>, PortError> {
        self.call("list_events", |tables| {
            let wanted = |event: &&Event| {
                let of_account =
                    |account| event.account.as_ref().is_some_and(|about: &EventAccount| about.id == account);
                event.application == *application
                    && filter.verification.is_none_or(|id| event.verification == Some(id))
                    && filter.account.is_none_or(of_account)
                    && filter.kind.is_none_or(|kind| event.kind == kind)
            };
            Ok(page_of(tables.events.iter(), page, wanted).cloned().collect())
        })
        .await
    }

    async fn load_event(&self, application: &ApplicationId, id: EventId) -> Result<Option<Event>, PortError> {
        self.call("load_event", |tables| {
            Ok(tables.event(id).filter(|event| event.application == *application).cloned())
        })
        .await
    }

    async fn expire(&self, now: Timestamp, max: u32) -> Result<Vec<Expired>, PortError> {
        self.call("expire", |tables| Ok(tables.expire(now, max))).await
    }

    async fn sweep_events(&self, before: Timestamp, max: u32) -> Result<u64, PortError> {
        self.call("sweep_events", |tables| Ok(tables.sweep_events(before, max))).await
    }
}
