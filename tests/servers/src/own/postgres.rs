//! A Postgres.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::background;
use crate::binaries;
use crate::den::Den;
use crate::ports;
use crate::process::{PATIENCE, PAUSE, Process, run};

/// The same for every server. Tests open many pools. No Unix socket: its path may be too long, and nobody needs it.
/// Dynamic shared memory lies in the data directory, so that a kill leaves none of it behind.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "dynamic_shared_memory_type=mmap",
    "wal_retrieve_retry_interval=200ms",
    "jit=off",
];

/// What a server does for its data.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Care {
    /// Nothing: it is never killed while it is of use.
    None,
    /// What a production server does. A killed process would keep what it committed without it (the pages are with
    /// the kernel), but a fault test is about the real thing.
    Durable,
}

/// A Postgres that is one test's own.
#[derive(Clone, Debug)]
pub struct Postgres {
    server: Arc<Server>,
}

/// A data directory and the postmaster on it.
#[derive(Debug)]
struct Server {
    process: Process,
    data: PathBuf,
    port: u16,
    url: String,
    // Last: the processes end before their directory goes.
    _den: Arc<Den>,
}

impl Postgres {
    /// Starts one, durable, with an empty database.
    pub async fn start() -> Self {
        let server = background::blocking(|| Self::launch(Care::Durable)).await;
        server.unwrap_or_else(|error| panic!("no Postgres: {error}"))
    }

    /// The URL of its database, of a superuser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// Where it listens, on the loopback address.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port
    }

    /// SIGKILL to the postmaster and to all its children. What was committed is on the disk.
    pub fn kill(&self) {
        self.server.process.kill();
    }

    /// Starts it again on the same port with the same data, and waits until it has recovered.
    pub async fn restart(&self) {
        let server = Arc::clone(&self.server);
        let again = background::blocking(move || server.begin()).await;
        again.unwrap_or_else(|error| panic!("Postgres does not start again: {}", error.text()));
    }

    /// SIGSTOP to the postmaster and to all its children: connections are accepted by the kernel, and nothing answers.
    pub fn freeze(&self) {
        self.server.process.freeze();
    }

    /// Lets it run on.
    pub fn thaw(&self) {
        self.server.process.thaw();
    }

    pub(crate) fn launch(care: Care) -> Result<Self, String> {
        Ok(Self { server: Arc::new(Server::start(care)?) })
    }

    /// Starts one that follows this one.
    pub(super) fn launch_standby(&self) -> Result<Self, String> {
        Ok(Self { server: Arc::new(self.server.start_standby()?) })
    }
}

/// Why a server did not start.
pub(super) enum Failure {
    /// Somebody else was faster.
    PortTaken,
    /// Anything else.
    Other(String),
}

impl Failure {
    pub(super) fn text(self) -> String {
        match self {
            Self::PortTaken => "its port is taken".to_owned(),
            Self::Other(text) => text,
        }
    }
}

impl Server {
    /// Makes a data directory and starts a server on it.
    fn start(care: Care) -> Result<Self, String> {
        let den = Arc::new(Den::new("postgres", binaries::owner_of_postgres()?)?);
        let data = den.path().join("data");
        // The locale is on every Debian and orders bytes, as no machine's own does; case is Unicode's.
        let locale =
            ["--locale=C.UTF-8", "--encoding=UTF8", "--auth=trust", "--username=postgres", "--no-sync"];
        let data_flag = [OsString::from("--pgdata"), data.clone().into()];
        let arguments: Vec<OsString> = locale.into_iter().map(OsString::from).chain(data_flag).collect();
        run(&den, &binaries::of_postgres("initdb")?, &arguments).map_err(|error| {
            format!(
                "{error}\n(should it not reach its directory, set TMPDIR to one that every user may enter)"
            )
        })?;
        Self::on(&den, "postgres", &data, care)
    }

    fn start_standby(&self) -> Result<Self, String> {
        let den = Arc::new(Den::new("standby", binaries::owner_of_postgres()?)?);
        let data = den.path().join("data");
        let source = format!("host=127.0.0.1 port={} user=postgres application_name=standby", self.port);
        let mut arguments: Vec<OsString> =
            ["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync", "--dbname"]
                .into_iter()
                .map(OsString::from)
                .collect();
        arguments.extend([source.into(), "--pgdata".into(), data.clone().into()]);
        run(&den, &binaries::of_postgres("pg_basebackup")?, &arguments)?;
        Self::on(&den, "standby", &data, Care::Durable)
    }

    fn on(den: &Arc<Den>, name: &str, data: &Path, care: Care) -> Result<Self, String> {
        for _ in 0..ports::TRIES {
            let port = ports::free();
            let fast: &[&str] = match care {
                Care::None => &["fsync=off", "full_page_writes=off"],
                Care::Durable => &["fsync=on"],
            };
            let mut arguments: Vec<OsString> =
                vec!["-D".into(), data.into(), "-p".into(), port.to_string().into()];
            for setting in SETTINGS.iter().chain(fast) {
                arguments.extend(["-c".into(), OsString::from(setting)]);
            }
            let process = Process::new(den, name, binaries::of_postgres("postgres")?, arguments);
            let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
            let server = Self { process, data: data.to_owned(), port, url, _den: Arc::clone(den) };
            match server.begin() {
                Ok(()) => return Ok(server),
                Err(Failure::PortTaken) => {}
                Err(Failure::Other(text)) => return Err(text),
            }
        }
        Err("Postgres found every port taken".to_owned())
    }

    /// Starts the process and waits until it takes connections.
    fn begin(&self) -> Result<(), Failure> {
        self.process.start().map_err(Failure::Other)?;
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            if self.process.has_ended() {
                let words = self.process.last_words();
                let taken = words.contains("could not bind");
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

    /// What the postmaster writes into its own data directory: nobody else on this port can be mistaken for it.
    fn is_ready(&self) -> bool {
        let text = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let id = self.process.id().map(|id| id.to_string());
        lines.first().copied() == id.as_deref() && matches!(lines.get(7), Some(&"ready" | &"standby"))
    }
}
