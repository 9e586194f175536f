//! Deliveries.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryStore, page_of};
use crate::application::ApplicationId;
use crate::delivery::{DeliveryRecord, GatewayTally};
use crate::id::DeliveryId;
use crate::ports::{Change, DeliveryFilter, DeliveryStore, Page, PortError, Saved};
use crate::time::Timestamp;

#[async_trait]
impl DeliveryStore for MemoryStore {
    async fn record_delivery(
        &self,
        change: &Change<'_>,
        attempts: &[DeliveryRecord],
    ) -> Result<Saved, PortError> {
        self.call("record_delivery", |tables| {
            let saved = tables.save(change);
            if saved == Saved::Stored {
                let kept = attempts.iter().map(|attempt| (attempt.id, attempt.clone()));
                tables.deliveries.extend(kept);
            }
            Ok(saved)
        })
        .await
    }

    async fn list_deliveries(
        &self,
        application: &ApplicationId,
        filter: &DeliveryFilter,
        page: Page<DeliveryId>,
    ) -> Result<Vec<DeliveryRecord>, PortError> {
        self.call("list_deliveries", |tables| {
            let wanted = |row: &&DeliveryRecord| {
                row.application == *application && filter.verification.is_none_or(|of| row.verification == of)
            };
            Ok(page_of(tables.deliveries.iter(), page, wanted).cloned().collect())
        })
        .await
    }

    async fn tally_gateways(
        &self,
        application: &ApplicationId,
        since: Timestamp,
        at_most: u16,
    ) -> Result<Vec<GatewayTally>, PortError> {
        self.call("tally_gateways", |tables| {
            let of_application =
                tables.deliveries.values().rev().filter(|row| row.application == *application);
            let recent = of_application.take(usize::from(at_most)).filter(|row| row.at >= since);
            let mut tallies = BTreeMap::<_, GatewayTally>::new();
            for row in recent {
                let (gateway, answer) = (row.gateway.clone(), row.report.answer);
                let tally = GatewayTally { gateway: gateway.clone(), answer, count: 0, last_at: row.at };
                let tally = tallies.entry((gateway, answer.as_str())).or_insert(tally);
                tally.count += 1;
                tally.last_at = tally.last_at.max(row.at);
            }
            Ok(tallies.into_values().collect())
        })
        .await
    }
}
