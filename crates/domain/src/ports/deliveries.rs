//! What keeps deliveries.

use std::fmt;

use async_trait::async_trait;

use super::{Change, Page, PortError, Saved};
use crate::application::ApplicationId;
use crate::delivery::{DeliveryRecord, GatewayTally};
use crate::id::{DeliveryId, VerificationId};
use crate::time::Timestamp;

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Of this verification.
    pub verification: Option<VerificationId>,
}

/// Keeps deliveries, beside the verifications whose codes they carried; they are swept with them.
#[async_trait]
pub trait DeliveryStore: Send + Sync + fmt::Debug {
    /// Stores the attempts of a send together with what they change of its verification ([`Change::guess`] is none), in
    /// one transaction and over the version that the change was made from; where the change's version is that one,
    /// nothing changes but that the attempts are kept. [`Saved::Conflict`] stores nothing. There may be no attempt at
    /// all, when no gateway took anything.
    async fn record_delivery(
        &self,
        change: &Change<'_>,
        attempts: &[DeliveryRecord],
    ) -> Result<Saved, PortError>;

    /// A page of an application's deliveries, youngest first.
    async fn list_deliveries(
        &self,
        application: &ApplicationId,
        filter: &DeliveryFilter,
        page: Page<DeliveryId>,
    ) -> Result<Vec<DeliveryRecord>, PortError>;

    /// How the gateways have answered an application since `since`: of at most so many of its youngest deliveries.
    async fn tally_gateways(
        &self,
        application: &ApplicationId,
        since: Timestamp,
        at_most: u16,
    ) -> Result<Vec<GatewayTally>, PortError>;
}
