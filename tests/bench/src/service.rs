//! The measured binary as a process of its own, configured as an operator would.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Fallible;
use crate::gateway::{self, Gateway};

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// What the service stands on.
pub(crate) struct Storage {
    /// `database.url`.
    pub(crate) database: String,
    /// `counters.url`.
    pub(crate) counters: String,
}

/// A process that serves.
pub(crate) struct Service {
    /// Where it listens.
    pub(crate) url: String,
    /// A key of its application.
    pub(crate) key: String,
    /// Its process.
    pub(crate) pid: u32,
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts one with its files in this directory, which must be empty. `settings` are names of configuration keys
    /// and values, as variables have them (`DATABASE__CONNECTIONS_MAX`).
    pub(crate) async fn start(
        binary: &Path,
        directory: &Path,
        storage: &Storage,
        gateway: &Gateway,
        settings: &[(String, String)],
    ) -> Fallible<Self> {
        let config = write_configuration(directory, storage, gateway)?;
        let command = |arguments: &[&str]| {
            let mut command = Command::new(binary);
            command.arg("--config").arg(&config).arg("--json").args(arguments);
            // Nothing of the caller's own configuration takes part.
            for (name, _) in std::env::vars_os() {
                if name.to_string_lossy().starts_with("SPARROW_VERIFY_") {
                    command.env_remove(name);
                }
            }
            for (name, value) in settings {
                command.env(format!("SPARROW_VERIFY__{name}"), value);
            }
            command.kill_on_drop(true);
            command
        };
        let log = directory.join("log");
        let mut serve = command(&["serve"]);
        serve.stdout(Stdio::piped()).stderr(std::fs::File::create(&log)?);
        let mut child = serve.spawn()?;
        let stdout = child.stdout.take().ok_or("the service has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = tokio::time::timeout(START_TIMEOUT, lines.next_line()).await;
        let Ok(Ok(Some(first))) = first else {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            return Err(format!("the service did not start: {said}").into());
        };
        let url = member(&first, "url")?;

        let issued = command(&["key", "issue"]).output().await?;
        if !issued.status.success() {
            let said = String::from_utf8_lossy(&issued.stderr);
            return Err(format!("no key could be issued: {said}").into());
        }
        let key = member(&String::from_utf8(issued.stdout)?, "secret")?;
        let pid = child.id().ok_or("the service ended at once")?;
        Ok(Self { url, key, pid, child, log })
    }

    /// Ends it. Answers what it has logged, which is nothing when all is well.
    pub(crate) async fn stop(mut self) -> Fallible<String> {
        self.child.kill().await?;
        Ok(std::fs::read_to_string(&self.log)?)
    }
}

fn write_configuration(directory: &Path, storage: &Storage, gateway: &Gateway) -> Fallible<PathBuf> {
    let file = |name: &str, text: &str| -> Fallible<PathBuf> {
        let path = directory.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let pepper = file("pepper", "the-pepper-of-a-bench-is-no-secret-at-all\n")?;
    let phone_key = file("phone-key", "the-phone-key-of-a-bench-is-no-secret-either\n")?;
    let mut text = String::new();
    writeln!(text, "[server]\nlisten = '127.0.0.1:0'\nlog_level = 'warn'\nconnections_max = 2200")?;
    writeln!(text, "[database]\nurl = '{}'", storage.database)?;
    if storage.counters != "database" {
        writeln!(text, "[counters]\nurl = '{}'", storage.counters)?;
    }
    writeln!(text, "[secrets]\npepper_file = '{}'", pepper.display())?;
    writeln!(text, "phone_key_file = '{}'", phone_key.display())?;
    writeln!(text, "[sparrow]\ntoken = '{}'\nidentity = '{}'", gateway::TOKEN, gateway::IDENTITY)?;
    writeln!(text, "base_url = '{}'", gateway.base_url)?;
    writeln!(text, "[application]\nname = 'Bench'")?;
    file("verify.toml", &text)
}

/// A text of a line of JSON.
fn member(line: &str, name: &str) -> Fallible<String> {
    let value: Value = serde_json::from_str(line)?;
    Ok(value[name].as_str().ok_or_else(|| format!("the service told no `{name}`"))?.to_owned())
}

/// The binary that cargo built beside this one.
pub(crate) fn binary() -> Fallible<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("sparrow-verify");
    if !binary.exists() {
        let place = binary.display();
        return Err(
            format!("{place} is not there; `cargo build --release` makes it, as scripts/bench does").into()
        );
    }
    Ok(binary)
}
