//! How a command ends when it does not succeed: what it tells people, and its exit code.

use std::error::Error;

use crate::config::{ConfigFault, ConfigFaults};
use crate::wiring::WiringError;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// 0: done.
    Done,
    /// 1: it failed.
    Failed,
    /// 2: wrong arguments or configuration.
    Wrong,
    /// 3: not found, or refused by a rule.
    Refused,
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(match code {
            ExitCode::Done => 0,
            ExitCode::Failed => 1,
            ExitCode::Wrong => 2,
            ExitCode::Refused => 3,
        })
    }
}

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The configuration has faults.
    #[error("the configuration is not valid:\n{0}")]
    Config(#[from] ConfigFaults),
    /// The configuration lacks what this command needs.
    #[error("the configuration is not complete:\n{0}")]
    Incomplete(#[from] ConfigFault),
    /// An argument means nothing.
    #[error("{0}")]
    Argument(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A rule refuses.
    #[error("{0}")]
    Refused(String),
    /// The parts could not be put together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// A use case failed.
    #[error(transparent)]
    UseCase(#[from] domain::use_cases::Failure),
    /// Something of the operating system failed.
    #[error("{what}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl CommandError {
    /// Something of the operating system failed.
    pub(crate) fn system(what: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::System { what: what.into(), source: source.into() }
    }

    /// The exit code it ends with.
    #[must_use]
    pub const fn exit_code(&self) -> ExitCode {
        match self {
            Self::Config(_)
            | Self::Incomplete(_)
            | Self::Argument(_)
            | Self::Wiring(WiringError::NoGateway(_)) => ExitCode::Wrong,
            Self::NotFound(_) | Self::Refused(_) | Self::Wiring(WiringError::SchemaBehind(_)) => {
                ExitCode::Refused
            }
            Self::Wiring(_) | Self::UseCase(_) | Self::System { .. } => ExitCode::Failed,
        }
    }
}
