//! A server process of a den: started, killed, frozen and thawed, with the children that Postgres has.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::den::Den;

/// How long a server may take to start or to end, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks at something that is awaited.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// Writes the process's id into `$1` and becomes the server. Where the den is gone, it becomes nothing.
const BECOME: &str = r#"echo $$ >"$1" || exit; shift; exec "$@""#;

/// A server: how it is started, and whether it runs.
#[derive(Debug)]
pub(crate) struct Process {
    den: Arc<Den>,
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    child: Mutex<Option<Child>>,
}

impl Process {
    /// One that does not run yet. Its log and its id are in files of the den called by its name.
    pub(crate) fn new(den: &Arc<Den>, name: &str, program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { den: Arc::clone(den), name: name.to_owned(), program, arguments, child: Mutex::default() }
    }

    /// Starts it. It runs in a group of its own, out of the terminal's reach, and sees nothing of our environment: a
    /// `PGDATA` or a language would change what it does or says.
    pub(crate) fn start(&self) -> Result<(), String> {
        let mut child = self.child();
        if child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return Err(format!("{} runs already", self.name));
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", BECOME, "become"]).arg(self.file("pid")).arg(&self.program).args(&self.arguments);
        command.current_dir(self.den.path()).process_group(0).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).stdout(self.log()?).stderr(self.log()?);
        if let Some(owner) = self.den.owner() {
            command.uid(owner.user).gid(owner.group);
        }
        *child = Some(command.spawn().map_err(|error| format!("{} does not start: {error}", self.name))?);
        Ok(())
    }

    /// The id of the process that runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// Whether it ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        let mut child = self.child();
        let ended = child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
        if ended {
            let _ = std::fs::remove_file(self.file("pid"));
            *child = None;
        }
        ended
    }

    /// What it said last.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read(self.file("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// SIGKILL to it and to its children, which would otherwise outlive it for a moment and hold what it held. When
    /// this returns, none of them is left. A process that does not run stays as it is.
    pub(crate) fn kill(&self) {
        let mut running = self.child();
        let Some(child) = running.as_mut() else { return };
        let id = child.id();
        // Stopped first, so that it has no more children.
        signal("STOP", &[id]);
        await_that("it stops", || !matches!(state(id), Some('R' | 'S' | 'D')));
        let family: Vec<u32> = children(id).into_iter().chain([id]).collect();
        signal("KILL", &family);
        let _ = child.wait();
        *running = None;
        await_that("its children end", || family.iter().all(|&id| matches!(state(id), None | Some('Z'))));
        let _ = std::fs::remove_file(self.file("pid"));
    }

    /// SIGSTOP to it and to its children: it hangs without dying. When this returns, none of them runs.
    pub(crate) fn freeze(&self) {
        let id = self.id().unwrap_or_else(|| panic!("{} does not run", self.name));
        signal("STOP", &[id]);
        await_that("it freezes", || is_frozen(id));
        let kin = children(id);
        signal("STOP", &kin);
        await_that("its children freeze", || kin.iter().all(|&id| is_frozen(id)));
    }

    /// SIGCONT to all that [`freeze`](Self::freeze) stopped.
    pub(crate) fn thaw(&self) {
        let id = self.id().unwrap_or_else(|| panic!("{} does not run", self.name));
        let family: Vec<u32> = children(id).into_iter().chain([id]).collect();
        signal("CONT", &family);
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.den.path().join(format!("{}.{extension}", self.name))
    }

    fn log(&self) -> Result<File, String> {
        let path = self.file("log");
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program of the den to its end.
pub(crate) fn run(den: &Den, program: &Path, arguments: &[OsString]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(den.path()).stdin(Stdio::null()).process_group(0).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    if let Some(owner) = den.owner() {
        command.uid(owner.user).gid(owner.group);
    }
    let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {}", program.display(), complaint.trim()))
}

/// Waits until this holds; a test fails when it does not within [`PATIENCE`].
pub(crate) fn await_that(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        std::thread::sleep(PAUSE);
    }
}

/// The shell's own `kill`: the program of that name is not on every machine. A process may have ended meanwhile.
fn signal(name: &str, processes: &[u32]) {
    if processes.is_empty() {
        return;
    }
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"kill -s "$@""#, "kill", name]).args(processes.iter().map(u32::to_string));
    let status = command.stdin(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("a shell starts");
}

/// The children of a process that have not ended.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("Linux has /proc").flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|&id| matches!(stat(id), Some((state, of)) if of == parent && state != 'Z')).collect()
}

fn is_frozen(id: u32) -> bool {
    matches!(state(id), None | Some('T' | 'Z'))
}

/// The letter that Linux gives to what a process does.
fn state(id: u32) -> Option<char> {
    stat(id).map(|(state, _)| state)
}

/// A process's state and its parent.
fn stat(id: u32) -> Option<(char, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in brackets, may hold anything.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
