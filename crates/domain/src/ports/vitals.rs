//! What operators are told of the store itself.

use std::fmt;

use async_trait::async_trait;

use super::PortError;
use crate::application::ApplicationId;
use crate::time::Timestamp;

/// What webhooks were not told yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events, of all applications, that were not handed out yet: mostly none for longer than a second.
    pub events: u64,
    /// When the oldest of them happened.
    pub oldest_event_at: Option<Timestamp>,
    /// Deliveries of the application that are pending.
    pub deliveries: u64,
    /// Since when the oldest of them is.
    pub oldest_delivery_at: Option<Timestamp>,
}

/// Tells how a store is. For operators: it may cost a query or two.
#[async_trait]
pub trait VitalStore: Send + Sync + fmt::Debug {
    /// The number of the newest migration that it has had.
    async fn schema_version(&self) -> Result<u64, PortError>;

    /// What webhooks were not told yet; counted up to `max` of each.
    async fn backlog(&self, application: &ApplicationId, max: u32) -> Result<Backlog, PortError>;
}
