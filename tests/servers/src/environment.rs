//! What the environment says about the servers to take.

/// How the shared servers are to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// A URL, else Docker, else this machine's binaries.
    Any,
    /// Docker and nothing else.
    Docker,
    /// This machine's binaries and nothing else.
    Local,
}

/// Reads `SPARROW_VERIFY_TEST_SERVERS`.
pub(crate) fn choice() -> Choice {
    parse(variable("SPARROW_VERIFY_TEST_SERVERS").as_deref())
}

fn parse(value: Option<&str>) -> Choice {
    match value {
        None => Choice::Any,
        Some("docker") => Choice::Docker,
        Some("local") => Choice::Local,
        Some(other) => panic!("SPARROW_VERIFY_TEST_SERVERS is `docker` or `local`, not `{other}`"),
    }
}

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "tests are configured here as the service is in cli/config")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_chosen_by_two_words() {
        assert_eq!(parse(None), Choice::Any);
        assert_eq!(parse(Some("docker")), Choice::Docker);
        assert_eq!(parse(Some("local")), Choice::Local);
    }

    #[test]
    #[should_panic(expected = "`docker` or `local`, not `Docker`")]
    fn any_other_word_is_refused() {
        parse(Some("Docker"));
    }
}
