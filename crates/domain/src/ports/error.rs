//! How a port fails: what failed, what can be done about it, and why.

/// What stands behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// The database.
    Store,
    /// The counters.
    Counters,
    /// The operating system's randomness.
    Entropy,
}

impl Dependency {
    /// The name in logs and in health.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Counters => "counters",
            Self::Entropy => "entropy",
        }
    }
}

/// What a caller of a port can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortErrorKind {
    /// It may work later. A read did nothing; of a write it is not known whether it happened, and a caller who asks again
    /// finds out.
    Unavailable,
    /// What is stored makes no sense; somebody has to look.
    Inconsistent,
}

/// A port could not keep its promise. Whether a write happened is unknown only where the method says so.
#[derive(Debug, thiserror::Error)]
#[error("the {} {}", .dependency.as_str(), match .kind { PortErrorKind::Unavailable => "is unavailable", PortErrorKind::Inconsistent => "holds something that makes no sense" })]
pub struct PortError {
    /// What failed.
    pub dependency: Dependency,
    /// What can be done.
    pub kind: PortErrorKind,
    /// Why, for the operator.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl PortError {
    /// It may work later.
    pub fn unavailable(
        dependency: Dependency,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { dependency, kind: PortErrorKind::Unavailable, source: source.into() }
    }

    /// What is stored makes no sense.
    pub fn inconsistent(
        dependency: Dependency,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { dependency, kind: PortErrorKind::Inconsistent, source: source.into() }
    }
}
