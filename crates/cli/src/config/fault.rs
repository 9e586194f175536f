//! What a configuration has wrong. Owns how faults read; never holds a value that was configured, because it may be a
//! secret in the wrong place.

use std::fmt;

/// One thing that is wrong: the key, what is wrong with it and what is allowed, and where it was set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{key}: {problem}{}", Origin(.origin.as_deref()))]
pub struct ConfigFault {
    key: String,
    problem: String,
    origin: Option<String>,
}

impl ConfigFault {
    pub(super) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: one_line(key.into()), problem: one_line(problem.into()), origin: None }
    }

    pub(super) fn set_in(self, origin: Option<String>) -> Self {
        Self { origin: origin.map(one_line), ..self }
    }

    /// The full key (`server.listen`), the environment variable where it names no key, or the path of a file that
    /// could not be read at all.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

struct Origin<'a>(Option<&'a str>);

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |origin| write!(f, " (set in {origin})"))
    }
}

/// Everything that is wrong, sorted by key. Prints one line per fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Lines(.0))]
pub struct ConfigFaults(Vec<ConfigFault>);

impl ConfigFaults {
    /// These faults, sorted; the same one is told once.
    pub(super) fn new(mut faults: Vec<ConfigFault>) -> Self {
        faults.sort();
        faults.dedup();
        Self(faults)
    }

    /// The faults, sorted by key.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigFault> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a ConfigFaults {
    type Item = &'a ConfigFault;
    type IntoIter = std::slice::Iter<'a, ConfigFault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

struct Lines<'a>(&'a [ConfigFault]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(line, fault)| {
            let end = if line == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")
        })
    }
}

/// Keys and paths come from outside; none of them may begin a line of its own.
fn one_line(text: String) -> String {
    if text.contains(char::is_control) { text.replace(char::is_control, "\u{fffd}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_lines_sorted_by_key_and_told_once() {
        let fault = |key| ConfigFault::new(key, "must be set");
        let faults =
            ConfigFaults::new(vec![fault("b"), fault("a").set_in(Some("x.toml".into())), fault("b")]);
        assert_eq!(faults.to_string(), "a: must be set (set in x.toml)\nb: must be set");
    }

    #[test]
    fn a_key_cannot_begin_a_line() {
        assert_eq!(ConfigFault::new("a\nb", "is unknown").to_string(), "a\u{fffd}b: is unknown");
    }
}
