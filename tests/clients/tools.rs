//! The tools of other languages: where they are, that they are those that are locked, and running them with bounds.
//! Brings nothing itself: `scripts/clients` does.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::Service;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

const NODE_LOCK: &str = include_str!("package-lock.json");
const PYTHON_LOCK: &str = include_str!("requirements.txt");

/// How much of what a program says is kept.
const SAID_BYTES_MAX: u64 = 1 << 20;

/// A directory in which programs of other languages run. It goes when it is dropped.
pub(crate) struct Workshop {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

/// What a program said until it ended well.
pub(crate) struct Said {
    /// On its standard output.
    pub(crate) stdout: String,
}

impl Workshop {
    /// A directory in which the locked packages of npm are found.
    pub(crate) fn node() -> Self {
        assert!(
            find("node").is_some(),
            "node is missing: install Node.js 18 or newer (on Debian: apt-get install nodejs npm)"
        );
        require("package-lock.json", NODE_LOCK);
        Self::open()
    }

    /// A directory in which `python` has the locked packages of `PyPI`.
    pub(crate) fn python() -> Self {
        require("requirements.txt", PYTHON_LOCK);
        assert!(
            place().join("python/bin/python").exists(),
            "the Python of {} is gone: remove that directory and run scripts/clients; it needs Python 3.11 or newer \
             with venv (on Debian: apt-get install python3 python3-venv)",
            place().display()
        );
        Self::open()
    }

    /// A directory with nothing but what every machine has.
    pub(crate) fn plain() -> Self {
        std::fs::create_dir_all(place()).expect("a directory");
        Self::open()
    }

    fn open() -> Self {
        // Below the place of the packages, since Node looks for them in the directories above.
        let directory = tempfile::Builder::new().prefix("work-").tempdir_in(place()).expect("there is room");
        let tools = [place().join("python/bin"), place().join("node_modules/.bin")];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&path)));
        let path = path.expect("a path").to_str().expect("a path that is text").to_owned();
        Self { directory, environment: Vec::new() }.with("PATH", &path)
    }

    /// The same with one environment variable more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, where programs are told of this demo.
    pub(crate) fn against(self, demo: &Service) -> Self {
        self.with("VERIFY_URL", demo.told("url"))
            .with("VERIFY_ACCOUNT", demo.told("username"))
            .with("VERIFY_TOKEN", demo.told("user_token"))
            .with("VERIFY_KEY", demo.told("application_key"))
            .with("VERIFY_ADMIN_KEY", demo.told("admin_key"))
    }

    /// The same with copies of these files and directories of the project.
    pub(crate) fn holding(self, paths: &[&str]) -> Self {
        for path in paths {
            let from = project().join(path);
            let to = self.path().join(from.file_name().expect("a name"));
            copy(&from, &to);
        }
        self
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a line of shell, which must end well within this time.
    pub(crate) async fn run(&self, line: &str, within: Duration) -> Said {
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", line])
            .current_dir(self.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Whatever it starts ends with it.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().expect("bash runs");
        let group = child.id().expect("it has just begun");
        let out = listen(child.stdout.take());
        let err = listen(child.stderr.take());
        let ended = tokio::time::timeout(within, child.wait()).await.ok();
        // Ends what it may have left behind, so that nobody holds the pipes open.
        let _ = std::process::Command::new("kill")
            .args(["-KILL", "--", &format!("-{group}")])
            .stderr(Stdio::null())
            .status();
        let (stdout, stderr) = (out.await.expect("it was read"), err.await.expect("it was read"));
        match ended {
            Some(Ok(status)) if status.success() => Said { stdout },
            Some(status) => panic!("`{line}` failed: {status:?}\n{stdout}\n{stderr}"),
            None => panic!("`{line}` did not end within {within:?}\n{stdout}\n{stderr}"),
        }
    }
}

fn listen(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let mut pipe = pipe.expect("a pipe");
        let mut said = Vec::new();
        let _ = (&mut pipe).take(SAID_BYTES_MAX).read_to_end(&mut said).await;
        // The rest is read and forgotten, so that nobody waits for a full pipe.
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// The directory of the project.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the project").to_owned()
}

/// Cargo's target directory.
pub(crate) fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(3).expect("tests are in target/PROFILE/deps").to_owned()
}

fn place() -> PathBuf {
    target().join("clients")
}

/// Panics unless what is locked is what was brought.
fn require(lock: &str, locked: &str) {
    let brought = std::fs::read_to_string(place().join(format!("{lock}.done"))).unwrap_or_default();
    assert!(
        brought == locked,
        "the packages of tests/clients/{lock} are not in {}: run scripts/clients, which brings them; it needs Node.js \
         18 or newer with npm and Python 3.11 or newer with venv (on Debian: apt-get install nodejs npm python3-venv)",
        place().display()
    );
}

/// The path of a program on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a directory");
        for entry in std::fs::read_dir(from).expect("a directory") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}
