//! What every adapter of a port must keep: one suite for each port, to be run against the fakes and against every
//! adapter, on a runtime with more than one thread (the suites race tasks against each other).
//!
//! A suite stands on a [`Ground`], which gives it names and phones of its own: suites with different seeds can share
//! one database, at the same time as well. The exceptions are [`sweep`], [`expire`], [`sweep_events`],
//! [`idempotency_sweep`], [`statistic_sweep`], [`cohort_sweep`],
//! [`vital_store`] and [`webhook_store`], which ask of a store what only somebody who has it for himself can ask.
//!
//! A promise that is not kept panics with the sentence that it breaks.

mod accounts;
mod blocks;
mod cohorts;
mod counters;
mod credentials;
mod credits;
mod deliveries;
mod events;
mod ground;
mod idempotency;
mod pauses;
mod race;
mod statistics;
mod system;
mod verifications;
mod webhooks;

pub use accounts::account_store;
pub use blocks::block_store;
pub use cohorts::{cohort_store, cohort_sweep};
pub use counters::counters;
pub use credentials::credential_store;
pub use credits::credit_store;
pub use deliveries::delivery_store;
pub use events::{event_store, expire, sweep_events};
pub use ground::Ground;
pub use idempotency::{idempotency_store, idempotency_sweep};
pub use pauses::{PauseStores, pause_store};
pub use statistics::{statistic_store, statistic_sweep};
pub use system::{clock, entropy, sms_gateway};
pub use verifications::{sweep, verification_store};
pub use webhooks::{vital_store, webhook_store};
