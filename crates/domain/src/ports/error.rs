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
    /// Who issues the tokens of an application's own sign-in.
    Issuer,
}

impl Dependency {
    /// The name in logs and in health.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Counters => "counters",
            Self::Entropy => "entropy",
            Self::Issuer => "issuer",
        }
    }

    /// What is the matter with it, as the end of a sentence.
    const fn trouble(self, kind: PortErrorKind) -> &'static str {
        match (kind, self) {
            (PortErrorKind::Unavailable, Self::Counters) => "are unavailable",
            (PortErrorKind::Unavailable, Self::Store | Self::Entropy | Self::Issuer) => "is unavailable",
            (PortErrorKind::Inconsistent, Self::Counters) => "hold something that makes no sense",
            (PortErrorKind::Inconsistent, Self::Store | Self::Entropy | Self::Issuer) => {
                "holds something that makes no sense"
            }
        }
    }
}

/// What a caller of a port can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortErrorKind {
    /// It may work later. A read did nothing; of a write it is not known whether it happened, and a caller who asks again
    /// finds out.
    Unavailable,
    /// What is stored makes no sense; somebody has to look. Nothing was written.
    Inconsistent,
}

/// A port could not keep its promise. What that means for a write, its kind says.
#[derive(Debug, thiserror::Error)]
#[error("the {} {}", .dependency.as_str(), .dependency.trouble(*.kind))]
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

/// An error and all its causes in one line, outermost first: `the store is unavailable: timed out`. A cause whose
/// text the error above it ends with already is not said again.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(text: &'static str, source: Option<Link>) -> Link {
        Link { text, source: source.map(Box::new) }
    }

    #[test]
    fn a_chain_says_every_cause_once() {
        let error = link("could not save", Some(link("no answer", Some(link("timed out", None)))));
        assert_eq!(chain(&error), "could not save: no answer: timed out");
        let repeated = link("could not save: timed out", Some(link("timed out", None)));
        assert_eq!(chain(&repeated), "could not save: timed out");
        let port = PortError::unavailable(Dependency::Store, io::Error::other("disk full"));
        assert_eq!(chain(&port), "the store is unavailable: disk full");
    }
}
