//! What keeps the pauses of applications that have met too many invalid numbers.

use std::fmt;

use async_trait::async_trait;

use super::PortError;
use crate::application::ApplicationId;
use crate::invalid_numbers::{NumberVerdict, Pause};
use crate::time::Timestamp;

/// Of how many of its youngest deliveries an application's verdicts are looked for: most have one, but while a gateway is
/// out of order none has.
pub const DELIVERIES_LOOKED_AT: u16 = 2000;

/// What came of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// It is on; the event was told.
    Stored,
    /// Another was there meanwhile, and what led to this one is older than its end; nothing was stored.
    Outdated,
}

/// Keeps the last pause of each application, beside the deliveries that lead to it.
#[async_trait]
pub trait PauseStore: Send + Sync + fmt::Debug {
    /// What gateways have said of the application's numbers since its last pause ended, youngest first: at most so many,
    /// of its youngest [`DELIVERIES_LOOKED_AT`] deliveries. Nothing while a pause is on.
    async fn number_verdicts(
        &self,
        application: &ApplicationId,
        at_most: u16,
    ) -> Result<Vec<NumberVerdict>, PortError>;

    /// Stores a pause, and tells of it in the same transaction, unless the application's last one ends, or has ended, at
    /// `counted_since`, the instant of the oldest verdict that led to it, or later. So of several that come to the same
    /// conclusion at once one is stored.
    async fn pause(&self, pause: &Pause, counted_since: Timestamp) -> Result<Paused, PortError>;

    /// Ends the pause of an application at `now`, and tells of that in the same transaction; answers it, or `None` when
    /// none is on.
    async fn resume(&self, application: &ApplicationId, now: Timestamp) -> Result<Option<Pause>, PortError>;

    /// The last pause of an application, on or over.
    async fn last_pause(&self, application: &ApplicationId) -> Result<Option<Pause>, PortError>;

    /// Every pause that is on at `now`.
    async fn all_pauses(&self, now: Timestamp) -> Result<Vec<Pause>, PortError>;
}
