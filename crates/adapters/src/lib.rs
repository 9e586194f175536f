//! What the rules need from the world: databases, Redis, gateways, webhooks, numbering plans, clock and randomness; and
//! metrics for who runs it. Each module keeps the contract of a port of `domain`, and none knows another front end or
//! composition root.

pub mod account_cache;
pub mod answer_vault;
pub mod blocks;
pub mod clock;
mod coalescer;
pub mod credential_cache;
pub mod estimates;
pub mod gateway;
mod http;
pub mod jwt;
pub mod metrics;
pub mod numbering_plan;
pub mod phone_vault;
pub mod proofs;
pub mod redis;
pub mod sql;
pub mod statistics;
pub mod system;
mod tls;
pub mod webhooks;
