//! A shell that waits for this process to end and then cleans up after it. Statics are not dropped in Rust, and a
//! process that is killed drops nothing at all; but the kernel closes the write end of the guard's standard input,
//! which only this process holds (Rust opens pipes close-on-exec), and the guard reads the end of it.
//!
//! `PR_SET_PDEATHSIG` would not do: it follows the thread that started the child, and a test's thread ends early.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// A guard on duty. Dropping it makes it clean up now, and waits for it.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts a guard that runs `prepare` at once and `clean_up` at the end; both are shell scripts that find the
    /// arguments in `$1`, `$2`... When this returns, it is on duty.
    pub(crate) fn start(prepare: &str, clean_up: &str, arguments: &[&OsStr]) -> Result<Self, String> {
        // A signal to the terminal's group is for the tests; should one come all the same, the guard outlives it.
        let script = format!(
            "trap '' HUP INT QUIT TERM\nset -e\n{prepare}\necho ready\nset +e\nexec >/dev/null 2>&1\n\
             while read -r _; do :; done\n{clean_up}\n"
        );
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(script).arg("guard").args(arguments).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut shell = command.spawn().map_err(|error| format!("a guard does not start: {error}"))?;
        let mut line = String::new();
        if let Some(stdout) = shell.stdout.take() {
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let guard = Self { shell };
        if line == "ready\n" { Ok(guard) } else { Err(guard.complaint()) }
    }

    fn complaint(mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.shell.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        format!("a guard could not prepare its place: {}", text.trim())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
