//! The ports: what the rules need from the world. Each method is one atomic promise, written so that an adapter can
//! be tested against it (the suites are in `testkit::contract`); no transaction crosses a port.

use std::sync::Arc;

mod accounts;
mod alarms;
mod blocks;
mod counters;
mod credentials;
mod credits;
mod deliveries;
mod error;
mod events;
mod gateway;
mod gateways;
mod idempotency;
mod identities;
mod pauses;
mod proofs;
mod statistics;
mod system;
mod verifications;
mod vitals;
mod webhook_sender;

pub use accounts::{AccountStore, PhoneMoved, PhoneSet};
pub use alarms::{Alarms, Lost};
pub use blocks::{BlockAdded, BlockScope, BlockStore, Blocks};
pub use counters::{Counters, Receipt, Taken};
pub use credentials::{CredentialFilter, CredentialStore, Holder};
pub use credits::{CreditKept, CreditStore};
pub use deliveries::{DeliveryFilter, DeliveryStore};
pub use error::{Dependency, PortError, PortErrorKind, chain};
pub use events::{EventFilter, EventStore, Expired, WebhookDeliveryFilter, WebhookStore};
pub use gateway::{GatewayCondition, GatewayFacts, Held, HeldWhy, SendAnswer, SendReport, Sms, SmsGateway};
pub use gateways::{Gateways, RouteLeadsNowhere, SEND_DEADLINE};
pub use idempotency::IdempotencyStore;
pub use identities::{Identity, IdentityTokens};
pub use pauses::{DELIVERIES_LOOKED_AT, PauseStore, Paused};
pub use proofs::ProofSigner;
pub use statistics::{DeliveryEstimates, Observer, StatisticBatch, StatisticStore};
pub use system::{Clock, Entropy};
pub use verifications::{
    Approval, Approved, Change, Inserted, Loaded, Saved, Standing, VerificationFilter, VerificationStore,
};
pub use vitals::{Backlog, VitalStore};
pub use webhook_sender::{WebhookMessage, WebhookSender};

/// A page of a listing, youngest first.
#[derive(Clone, Copy, Debug)]
pub struct Page<Id> {
    /// Only what is older than this.
    pub before: Option<Id>,
    /// At most so many.
    pub limit: u16,
}

/// Every port, as the use cases take them.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Verifications.
    pub verifications: Arc<dyn VerificationStore>,
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Credentials.
    pub credentials: Arc<dyn CredentialStore>,
    /// Deliveries.
    pub deliveries: Arc<dyn DeliveryStore>,
    /// The tokens of the application's own sign-in, where it has one that is trusted.
    pub identities: Option<Arc<dyn IdentityTokens>>,
    /// Events.
    pub events: Arc<dyn EventStore>,
    /// What is told to webhooks.
    pub webhooks: Arc<dyn WebhookStore>,
    /// Answers to calls that have an idempotency key.
    pub idempotency: Arc<dyn IdempotencyStore>,
    /// Blocks and allow-lists, as they are kept.
    pub block_store: Arc<dyn BlockStore>,
    /// The pauses of applications that have met too many invalid numbers, as they are kept.
    pub pauses: Arc<dyn PauseStore>,
    /// Blocks, allow-lists and pauses, as they are asked.
    pub blocks: Arc<dyn Blocks>,
    /// What is left at gateways.
    pub credits: Arc<dyn CreditStore>,
    /// What happened, added up.
    pub statistics: Arc<dyn StatisticStore>,
    /// What is known of the delivery of SMS, as it is asked.
    pub estimates: Arc<dyn DeliveryEstimates>,
    /// Who is told what happens, to be added up.
    pub observer: Arc<dyn Observer>,
    /// How the store is.
    pub vitals: Arc<dyn VitalStore>,
    /// Counters.
    pub counters: Arc<dyn Counters>,
    /// The gateways, and the routes that lead to them.
    pub gateways: Gateways,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What signs proofs, where there is a key for it.
    pub proofs: Option<Arc<dyn ProofSigner>>,
    /// Where failures after the fact go.
    pub alarms: Arc<dyn Alarms>,
    /// What carries messages to webhooks.
    pub webhook_sender: Arc<dyn WebhookSender>,
}
