//! Answers to calls that have an idempotency key.

use async_trait::async_trait;

use super::MemoryStore;
use crate::idempotency::{Attempt, Begun, KeyPlace, Owner, StoredAnswer};
use crate::ports::{IdempotencyStore, PortError};
use crate::time::Timestamp;

/// A call, and its answer when there is one.
#[derive(Debug)]
pub(super) struct Kept {
    attempt: Attempt,
    answer: Option<StoredAnswer>,
}

impl Kept {
    fn is_free(&self, attempt: &Attempt, now: Timestamp) -> bool {
        let abandoned = self.answer.is_none()
            && self.attempt.lease_until <= now
            && self.attempt.fingerprint == attempt.fingerprint;
        self.attempt.expires_at <= now || abandoned
    }
}

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<Begun, PortError> {
        self.call("begin", |tables| {
            let kept = tables.keys.get(&attempt.place).filter(|kept| !kept.is_free(attempt, now));
            let Some(kept) = kept else {
                tables.keys.insert(attempt.place, Kept { attempt: *attempt, answer: None });
                return Ok(Begun::New);
            };
            if kept.attempt.fingerprint != attempt.fingerprint {
                return Ok(Begun::OtherPayload);
            }
            Ok(match &kept.answer {
                Some(answer) => Begun::Done(answer.clone()),
                None if kept.attempt.owner == attempt.owner => Begun::New,
                None => Begun::Running,
            })
        })
        .await
    }

    async fn finish(&self, place: &KeyPlace, owner: &Owner, answer: &StoredAnswer) -> Result<(), PortError> {
        self.call("finish", |tables| {
            if let Some(kept) = tables.keys.get_mut(place).filter(|kept| kept.attempt.owner == *owner) {
                kept.answer = Some(answer.clone());
            }
            Ok(())
        })
        .await
    }

    async fn release(&self, place: &KeyPlace, owner: &Owner) -> Result<(), PortError> {
        self.call("release", |tables| {
            let mine = tables.keys.get(place);
            if mine.is_some_and(|kept| kept.attempt.owner == *owner && kept.answer.is_none()) {
                tables.keys.remove(place);
            }
            Ok(())
        })
        .await
    }

    async fn sweep_keys(&self, now: Timestamp, max: u32) -> Result<u64, PortError> {
        self.call("sweep_keys", |tables| {
            let mut over: Vec<(Timestamp, KeyPlace)> = tables
                .keys
                .iter()
                .filter(|(_, kept)| kept.attempt.expires_at <= now)
                .map(|(place, kept)| (kept.attempt.expires_at, *place))
                .collect();
            over.sort_unstable();
            over.truncate(usize::try_from(max).unwrap_or(usize::MAX));
            for (_, place) in &over {
                tables.keys.remove(place);
            }
            Ok(over.len() as u64)
        })
        .await
    }
}
