//! What keeps the answers to calls that have an idempotency key.

use std::fmt;

use async_trait::async_trait;

use super::PortError;
use crate::idempotency::{Attempt, Begun, KeyPlace, Owner, StoredAnswer};
use crate::time::Timestamp;

/// Keeps the answers to calls that have an idempotency key, for all replicas. A key is forgotten at its `expires_at`.
#[async_trait]
pub trait IdempotencyStore: Send + Sync + fmt::Debug {
    /// Begins a call: of all that begin one at the same place, one hears [`Begun::New`]. One that is asked for again
    /// with the same payload hears it too when the lease of whoever works on it is over at `now`; and so does the owner
    /// itself, whenever it asks twice.
    async fn begin(&self, attempt: &Attempt, now: Timestamp) -> Result<Begun, PortError>;

    /// Keeps the answer, unless somebody else works on the call by now.
    async fn finish(&self, place: &KeyPlace, owner: &Owner, answer: &StoredAnswer) -> Result<(), PortError>;

    /// Forgets the call as if it had not been made, unless it has an answer or somebody else works on it by now.
    async fn release(&self, place: &KeyPlace, owner: &Owner) -> Result<(), PortError>;

    /// Deletes up to `max` keys that are forgotten at `now`; answers how many went.
    async fn sweep_keys(&self, now: Timestamp, max: u32) -> Result<u64, PortError>;
}
