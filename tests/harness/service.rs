//! The real binary.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::code_in;

/// How long the binary may take to say that it listens, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A process of the binary that listens.
#[derive(Debug)]
pub struct Service {
    /// Calls it.
    pub client: Client,
    /// The line of JSON that it printed.
    pub info: Value,
    child: Child,
    log: PathBuf,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Service {
    /// Starts a demo with its files in this directory.
    #[must_use]
    pub fn demo(directory: &Path) -> Self {
        Self::demo_with(directory, &[])
    }

    /// Starts a demo with these environment variables.
    #[must_use]
    pub fn demo_with(directory: &Path, environment: &[(&str, &str)]) -> Self {
        let directory_text = directory.to_str().expect("a path that is text");
        let arguments = ["demo", "--json", "--listen", "127.0.0.1:0", "--data-dir", directory_text];
        Self::start(&arguments, environment, directory)
    }

    /// Starts the binary; it must print one line of JSON with its `url` (or `base_url`) when it listens. Its log goes
    /// into a file of the directory.
    #[must_use]
    pub fn start(arguments: &[&str], environment: &[(&str, &str)], directory: &Path) -> Self {
        let log = directory.join(format!("log-{}", arguments[0]));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        let mut command = command(arguments, environment);
        command.stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().expect("the binary starts");
        let line = first_line(&mut child).unwrap_or_else(|| {
            let _ = child.kill();
            let complaint = std::fs::read_to_string(&log).unwrap_or_default();
            panic!("it printed nothing within {START_TIMEOUT:?}: {complaint}")
        });
        let info: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a line of JSON: {line}"));
        let url = info["url"].as_str().or(info["base_url"].as_str()).expect("it says where it listens");
        Self { client: Client::new(url), info, child, log }
    }

    /// A text of the line that it printed.
    #[must_use]
    pub fn told(&self, name: &str) -> &str {
        self.info[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {}", self.info))
    }

    /// The texts of the SMS to this phone (E.164), oldest first; of a demo.
    pub async fn inbox(&self, phone: &str) -> Vec<String> {
        let answer = self.client.get(&format!("/inbox?to={phone}"), "").await.is(200);
        let messages = answer.json();
        let texts = messages.as_array().expect("a list").iter();
        texts.map(|message| message["text"].as_str().expect("a text").to_owned()).collect()
    }

    /// The code of the last SMS to this phone (E.164); of a demo.
    pub async fn code(&self, phone: &str) -> String {
        code_in(self.inbox(phone).await.last().expect("an SMS came"))
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends it a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success(), "{name} could not be sent");
    }

    /// Waits for its end.
    #[must_use]
    pub fn wait(mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our process") {
                return status;
            }
            assert!(Instant::now() < deadline, "it did not end within {within:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the binary to its end.
#[must_use]
pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    let output = command(arguments, environment).output().expect("the binary starts");
    Finished {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn first_line(child: &mut Child) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        if let Some(Ok(line)) = lines.next() {
            let _ = send.send(line);
        }
        // Goes on reading, so that the process never waits for a full pipe.
        for _ in lines {}
    });
    receive.recv_timeout(START_TIMEOUT).ok()
}

fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).env_remove("SPARROW_VERIFY_CONFIG").envs(environment.iter().copied());
    command
}

/// The binary that cargo built beside the tests.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let binary = test.ancestors().nth(2).expect("tests are in target/PROFILE/deps").join("sparrow-verify");
    assert!(
        binary.exists(),
        "{} is not there; `cargo build` makes it, as scripts/test does",
        binary.display()
    );
    binary
}

/// A directory of the test's own, which goes when it is dropped.
#[must_use]
pub fn directory() -> TempDir {
    tempfile::tempdir().expect("there is room for a directory")
}
