//! A directory and an environment of a test's own: nothing is read from the process's.

use std::path::PathBuf;

use sparrow_verify::config::{Config, Sources, load};
use tempfile::TempDir;

pub(crate) const PEPPER: &str = "c8a1f0b6d39e4725-the-pepper-of-a-test";
pub(crate) const PHONE_KEY: &str = "70d2e9b84c1fa356-the-phone-key-of-a-test";

pub(crate) struct Sandbox {
    directory: TempDir,
    pub(crate) sources: Sources,
}

impl Sandbox {
    /// Nothing is set.
    pub(crate) fn empty() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), sources: Sources::default() }
    }

    /// What must be set is set, by variables.
    pub(crate) fn new() -> Self {
        Self::empty()
            .variable("SECRETS__PEPPER", PEPPER)
            .variable("SECRETS__PHONE_KEY", PHONE_KEY)
            .variable("APPLICATION__NAME", "Sparrow Demo")
    }

    /// Sets a variable, named without its prefix.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.insert(format!("SPARROW_VERIFY__{name}"), value.to_owned());
        self
    }

    /// Adds a configuration file.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        let path = self.written(name, text.as_bytes());
        self.sources.files.push(path);
        self
    }

    /// The path of a file with this content, which is no configuration file.
    pub(crate) fn written(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The path of a file that may not be there.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn loaded(&self) -> Config {
        load(&self.sources).unwrap_or_else(|faults| panic!("{faults}"))
    }

    /// The lines of the faults, with file names for paths.
    pub(crate) fn faults(&self) -> Vec<String> {
        let faults = load(&self.sources).expect_err("nothing is wrong").to_string();
        let directory = format!("{}/", self.directory.path().display());
        faults.replace(&directory, "").lines().map(str::to_owned).collect()
    }

    /// The only fault.
    pub(crate) fn fault(&self) -> String {
        let faults = self.faults();
        assert_eq!(faults.len(), 1, "{faults:#?}");
        faults.concat()
    }
}

/// The faults of one TOML file beside what must be set.
pub(crate) fn faults_of(toml: &str) -> Vec<String> {
    Sandbox::new().file("verify.toml", toml).faults()
}
