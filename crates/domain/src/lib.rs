//! The rules of phone verification, and nothing else.
//!
//! Read it inwards: the nouns ([`phone`], [`code`], [`message`], [`account`], [`application`], [`verification`]), the
//! decision ([`verification::step`](mod@verification::step)), the [`ports`] through which the rules reach the world, and the [`use_cases`]
//! that load, decide, save, act and tell back.
//!
//! This crate does no I/O, reads no clock and draws no randomness: the same inputs give the same outputs. Its types
//! carry no trait of a serialiser, a database or an HTTP framework; adapters translate.

pub mod account;
pub mod application;
pub mod block;
pub mod breaker;
pub mod code;
pub mod credential;
pub mod credit;
pub mod deliverability;
pub mod delivery;
pub mod event;
pub mod guess;
pub mod id;
pub mod idempotency;
pub mod invalid_numbers;
pub mod limit;
pub mod message;
pub mod phone;
pub mod phone_key;
pub mod policy;
pub mod ports;
pub mod proof;
pub mod refusal;
pub mod route;
pub mod slug;
pub mod statistic;
pub mod test_number;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod time;
pub mod use_cases;
pub mod verification;
pub mod webhook;
