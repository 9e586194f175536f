//! The binary, with a configuration and an environment of a test's own.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Shell {
    directory: TempDir,
}

/// How a command ended: its exit code, and what it said.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.error);
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Shell {
    /// A configuration with what must be set, and these lines.
    pub(crate) fn with(toml: &str) -> Self {
        let secrets = "[secrets]\npepper = 'the-pepper-of-a-test-0123456789abcdef'\n\
                       phone_key = 'the-phone-key-of-a-test-fedcba9876543210'\n";
        Self::with_only(&format!("{secrets}{toml}"))
    }

    /// A configuration with nothing but these lines.
    pub(crate) fn with_only(toml: &str) -> Self {
        let shell = Self { directory: tempfile::tempdir().unwrap() };
        shell.written("verify.toml", toml.as_bytes());
        shell
    }

    /// The path of a file with this content.
    pub(crate) fn written(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.fed(arguments, b"")
    }

    /// Runs a command with this on its standard input.
    pub(crate) fn fed(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sparrow-verify"))
            .args(arguments)
            .env_clear()
            .env("SPARROW_VERIFY_CONFIG", self.directory.path().join("verify.toml"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Whoever does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input);
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: status.code().unwrap(), out: text(stdout), error: text(stderr) }
    }
}
