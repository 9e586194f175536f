//! Pauses of applications that have met too many invalid numbers.

use async_trait::async_trait;
use uuid::Uuid;

use super::{MemoryStore, Tables};
use crate::application::ApplicationId;
use crate::event::{Event, EventKind, EventPlace};
use crate::id::EventId;
use crate::invalid_numbers::{NumberVerdict, Pause};
use crate::ports::{DELIVERIES_LOOKED_AT, PauseStore, Paused, PortError};
use crate::time::Timestamp;

impl Tables {
    fn told_of_pause(&mut self, pause: &Pause, kind: EventKind, at: Timestamp) {
        self.happened(Event {
            id: EventId::from_uuid(Uuid::nil()),
            place: EventPlace(0),
            application: pause.application.clone(),
            kind,
            at,
            verification: None,
            purpose: None,
            account: None,
            phone: None,
            reason: Some(pause.reason.as_str().into()),
            block: None,
            prefix: None,
            credit: None,
        });
    }
}

#[async_trait]
impl PauseStore for MemoryStore {
    async fn number_verdicts(
        &self,
        application: &ApplicationId,
        at_most: u16,
    ) -> Result<Vec<NumberVerdict>, PortError> {
        self.call("number_verdicts", |tables| {
            let ended = tables.pauses.get(application).map(|pause| pause.until);
            let own = tables.deliveries.values().rev().filter(|row| row.application == *application);
            let verdicts = own
                .take(usize::from(DELIVERIES_LOOKED_AT))
                .filter_map(|row| NumberVerdict::of(row.report.answer, row.at))
                .filter(|verdict| ended.is_none_or(|ended| verdict.at > ended));
            Ok(verdicts.take(usize::from(at_most)).collect())
        })
        .await
    }

    async fn pause(&self, pause: &Pause, counted_since: Timestamp) -> Result<Paused, PortError> {
        self.call("pause", |tables| {
            let before = tables.pauses.get(&pause.application);
            if before.is_some_and(|before| before.until >= counted_since) {
                return Ok(Paused::Outdated);
            }
            tables.pauses.insert(pause.application.clone(), pause.clone());
            tables.told_of_pause(pause, EventKind::NumbersPaused, pause.since);
            Ok(Paused::Stored)
        })
        .await
    }

    async fn resume(&self, application: &ApplicationId, now: Timestamp) -> Result<Option<Pause>, PortError> {
        self.call("resume", |tables| {
            let Some(pause) = tables.pauses.get_mut(application).filter(|pause| pause.is_on(now)) else {
                return Ok(None);
            };
            pause.until = now.max(pause.since);
            let ended = pause.clone();
            tables.told_of_pause(&ended, EventKind::NumbersResumed, now);
            Ok(Some(ended))
        })
        .await
    }

    async fn last_pause(&self, application: &ApplicationId) -> Result<Option<Pause>, PortError> {
        self.call("last_pause", |tables| Ok(tables.pauses.get(application).cloned())).await
    }

    async fn all_pauses(&self, now: Timestamp) -> Result<Vec<Pause>, PortError> {
        self.call("all_pauses", |tables| {
            Ok(tables.pauses.values().filter(|pause| pause.is_on(now)).cloned().collect())
        })
        .await
    }
}
