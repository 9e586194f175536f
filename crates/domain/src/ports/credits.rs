//! What keeps how many credits are left at gateways.

use std::fmt;

use async_trait::async_trait;

use super::PortError;
use crate::application::ApplicationId;
use crate::credit::CreditReading;

/// What came of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditKept {
    /// It is the last one now.
    Kept,
    /// It is, and the credits were not low before it: each application is told, in the same transaction.
    BecameLow,
    /// A later one, or one of the same instant, is there already; nothing was kept.
    Older,
}

/// Keeps the last reading of each gateway.
#[async_trait]
pub trait CreditStore: Send + Sync + fmt::Debug {
    /// Keeps a reading unless there is a later one. Where the credits are low and were not, that is told to these
    /// applications as an event. Several may keep readings of one gateway at once: it is told once.
    async fn keep_credit(
        &self,
        reading: &CreditReading,
        tell: &[ApplicationId],
    ) -> Result<CreditKept, PortError>;

    /// The last reading of each gateway, in the order of their names.
    async fn load_credits(&self) -> Result<Vec<CreditReading>, PortError>;
}
