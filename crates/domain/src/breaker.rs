//! The circuit breaker of a gateway: whether calls are let through. Owns the decision; reads no clock and calls nobody.

mod settings;

use std::time::Duration;

pub use self::settings::{BreakerSettings, BreakerSettingsFault};

/// Whether calls are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// All of them.
    Closed,
    /// None: of late they failed.
    Open {
        /// When one is let through to try.
        retry_after: Duration,
    },
    /// One at a time, to see whether the gateway works again.
    HalfOpen,
}

impl BreakerState {
    /// The name in logs, metrics, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }

    /// When a call is let through to try; `None` unless it is open.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Open { retry_after } => Some(retry_after),
            Self::Closed | Self::HalfOpen => None,
        }
    }
}
