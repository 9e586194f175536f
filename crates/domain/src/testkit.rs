//! Fakes with behaviour, and the contract suites that every adapter of a port must pass.
//!
//! The fakes keep the promises of [`crate::ports`] in memory, can be told to fail, and remember what was asked of
//! them. [`World`] is a whole [`crate::use_cases::Verifier`] over them. [`contract`] holds what every adapter is held
//! to, the fakes included. Nothing here is meant for production: it is compiled under the feature `testkit` only, and
//! what goes wrong in it panics, like a test.

mod alarms;
mod clock;
pub mod contract;
mod counters;
mod demand;
mod entropy;
mod estimates;
mod gateway;
mod identities;
mod observer;
mod proofs;
mod receiver;
mod store;
mod trouble;
mod world;

pub use alarms::RecordedAlarms;
pub use clock::ManualClock;
pub use counters::MemoryCounters;
pub use entropy::SeededEntropy;
pub use estimates::KnownEstimates;
pub use gateway::{ScriptedGateway, SentSms};
pub use identities::KnownIdentities;
pub use observer::RecordedObserver;
pub use proofs::PlainProofs;
pub use receiver::{ReceivedMessage, ScriptedReceiver};
pub use store::MemoryStore;
pub use world::{World, WorldBuilder, code, phone, start_request};
