//! A Redis, alone or as a node of something larger.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Instant;

use super::postgres::Failure;
use crate::background;
use crate::binaries;
use crate::den::Den;
use crate::ports;
use crate::process::{PATIENCE, PAUSE, Process};
use crate::talk;

/// The same for every server: nothing is saved, and a replica is not made to wait for others to come.
const SETTINGS: &[&str] =
    &["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"];

/// A Redis that is one test's own. It saves nothing: a restart loses all counters.
#[derive(Clone, Debug)]
pub struct Redis {
    node: Arc<Node>,
}

/// A process of Redis.
#[derive(Debug)]
struct Node {
    process: Process,
    port: u16,
    url: String,
    // Last: the processes end before their directory goes.
    _den: Arc<Den>,
}

impl Redis {
    /// Starts one.
    pub async fn start() -> Self {
        let server = background::blocking(Self::launch).await;
        server.unwrap_or_else(|error| panic!("no Redis: {error}"))
    }

    /// `redis://host:port`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.node.url
    }

    /// Where it listens, on the loopback address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.node.port
    }

    /// SIGKILL. Its counters are lost.
    pub fn kill(&self) {
        self.node.process.kill();
    }

    /// Starts it again on the same port, empty.
    pub async fn restart(&self) {
        let node = Arc::clone(&self.node);
        let again = background::blocking(move || node.begin()).await;
        again.unwrap_or_else(|error| panic!("Redis does not start again: {}", error.text()));
    }

    /// SIGSTOP: connections are accepted by the kernel, and nothing answers.
    pub fn freeze(&self) {
        self.node.process.freeze();
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        self.node.process.thaw();
    }

    pub(crate) fn launch() -> Result<Self, String> {
        Self::in_den(&Arc::new(Den::new("redis", None)?), "redis", &|_| Vec::new())
    }

    /// Starts one in this den with more arguments, which may depend on its port.
    pub(super) fn in_den(
        den: &Arc<Den>,
        name: &str,
        more: &dyn Fn(u16) -> Vec<OsString>,
    ) -> Result<Self, String> {
        let home = den.path().join(name);
        std::fs::create_dir(&home).map_err(|error| format!("{}: {error}", home.display()))?;
        for _ in 0..ports::TRIES {
            let port = ports::free();
            let mut arguments = more(port);
            arguments.extend(["--port".into(), OsString::from(port.to_string())]);
            arguments.extend(SETTINGS.iter().map(OsString::from));
            arguments.extend(["--dir".into(), home.clone().into()]);
            let process = Process::new(den, name, binaries::redis_server()?, arguments);
            let url = format!("redis://127.0.0.1:{port}");
            let node = Node { process, port, url, _den: Arc::clone(den) };
            match node.begin() {
                Ok(()) => return Ok(Self { node: Arc::new(node) }),
                Err(Failure::PortTaken) => {}
                Err(Failure::Other(text)) => return Err(text),
            }
        }
        Err("Redis found every port taken".to_owned())
    }

    /// `host:port`.
    pub(super) fn address(&self) -> String {
        self.node.address()
    }
}

impl Node {
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts the process and waits until it answers.
    fn begin(&self) -> Result<(), Failure> {
        self.process.start().map_err(Failure::Other)?;
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            if self.process.has_ended() {
                let words = self.process.last_words();
                let taken = words.contains("Address already in use");
                return Err(if taken { Failure::PortTaken } else { Failure::Other(words) });
            }
            if Instant::now() > deadline {
                self.process.kill();
                return Err(Failure::Other(format!("not ready: {}", self.process.last_words())));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Whether it is our process that answers: another may have taken the port in the meantime.
    fn is_ready(&self) -> bool {
        let id = talk::field(&self.address(), "INFO server", "process_id").ok();
        id.is_some() && id == self.process.id().map(|id| id.to_string())
    }
}
