//! What is left at gateways.

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryStore;
use crate::application::ApplicationId;
use crate::credit::CreditReading;
use crate::event::{Event, EventCredit, EventKind, EventPlace};
use crate::id::EventId;
use crate::ports::{CreditKept, CreditStore, PortError};

#[async_trait]
impl CreditStore for MemoryStore {
    async fn keep_credit(
        &self,
        reading: &CreditReading,
        tell: &[ApplicationId],
    ) -> Result<CreditKept, PortError> {
        self.call("keep_credit", |tables| {
            let before = tables.credits.get(&reading.gateway);
            if before.is_some_and(|before| before.at >= reading.at) {
                return Ok(CreditKept::Older);
            }
            let became_low = reading.low && !before.is_some_and(|before| before.low);
            tables.credits.insert(reading.gateway.clone(), reading.clone());
            if !became_low {
                return Ok(CreditKept::Kept);
            }
            for application in tell {
                tables.happened(Event {
                    id: EventId::from_uuid(Uuid::nil()),
                    place: EventPlace(0),
                    application: application.clone(),
                    kind: EventKind::CreditLow,
                    at: reading.at,
                    verification: None,
                    purpose: None,
                    account: None,
                    phone: None,
                    reason: None,
                    block: None,
                    prefix: None,
                    credit: Some(EventCredit { gateway: reading.gateway.clone(), balance: reading.balance }),
                });
            }
            Ok(CreditKept::BecameLow)
        })
        .await
    }

    async fn load_credits(&self) -> Result<Vec<CreditReading>, PortError> {
        self.call("load_credits", |tables| Ok(tables.credits.values().cloned().collect())).await
    }
}
