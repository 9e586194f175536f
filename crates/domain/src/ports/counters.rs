//! What counts the sends.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::PortError;
use crate::limit::{Counter, CounterKey, LimitName, Member, Take, Usage};
use crate::time::Timestamp;

/// Whether all limits had room.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// One was taken from each.
    All(Receipt),
    /// One of them had none; nothing is taken from any.
    Refused {
        /// The limit that had none.
        name: LimitName,
        /// When it has room again.
        retry_after: Duration,
    },
}

/// What was taken, so that it can be given back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Receipt(pub Vec<(CounterKey, Member)>);

/// Counters with a life: sliding windows, exact.
#[async_trait]
pub trait Counters: Send + Sync + fmt::Debug {
    /// Takes one from each. Each counter is atomic: however many take at once, it never holds more than its limit
    /// within any window. When one has no room, nothing of this call remains in the others.
    /// A member that a counter holds already is not counted again, and its life begins anew.
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, PortError>;

    /// Gives back what a [`Receipt`] says; what is gone already is no error.
    async fn refund(&self, receipt: &Receipt) -> Result<(), PortError>;

    /// How much each holds at `now`, and when it has room; looking changes nothing.
    async fn usage(&self, counters: &[Counter], now: Timestamp) -> Result<Vec<Usage>, PortError>;

    /// Empties counters: what they held is no longer counted. When it fails, some may be empty.
    async fn clear(&self, counters: &[CounterKey]) -> Result<(), PortError>;

    /// Whether a `take` would be answered.
    async fn ping(&self) -> Result<(), PortError>;
}
