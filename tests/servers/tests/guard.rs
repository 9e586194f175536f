//! Nothing is left of a process's servers when it ends, however it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process with one server of each kind.
struct Holder {
    child: Child,
    addresses: Vec<SocketAddr>,
}

impl Holder {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sparrow-verify-servers"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let addresses = lines.take(3).flat_map(|line| {
            let url = line.split_once("://").unwrap().1.split_once('/').map_or(line.as_str(), |(url, _)| url);
            let url = url.rsplit_once("://").map_or(url, |(_, hosts)| hosts);
            let hosts = url.rsplit_once('@').map_or(url, |(_, hosts)| hosts);
            hosts.split(',').map(|host| host.parse().unwrap()).collect::<Vec<SocketAddr>>()
        });
        let addresses = addresses.collect();
        Self { child, addresses }
    }

    /// The ids of its servers that are processes of this machine.
    fn processes(&self) -> Vec<String> {
        let files = dens(self.child.id()).into_iter().flat_map(|den| std::fs::read_dir(den).unwrap());
        let files = files.map(|file| file.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "pid"));
        files.map(|path| std::fs::read_to_string(path).unwrap().trim().to_owned()).collect()
    }

    fn signal(name: &str, processes: &[String]) {
        let mut command = Command::new("sh");
        command.args(["-c", r#"kill -s "$@""#, "kill", name]).args(processes);
        assert!(command.status().unwrap().success());
    }

    /// What is left of its servers.
    fn left(&self, processes: &[String]) -> Vec<String> {
        let listening =
            self.addresses.iter().filter(|at| TcpStream::connect(at).is_ok()).map(ToString::to_string);
        let running = processes.iter().filter(|id| {
            let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
        });
        let directories = dens(self.child.id()).into_iter().map(|den| den.display().to_string());
        listening.chain(running.cloned()).chain(directories).collect()
    }

    fn end(mut self, signal: &str) {
        let processes = self.processes();
        assert_eq!(self.addresses.len(), 5);
        assert!(self.left(&[]).len() >= 5, "they listen");
        // A server that hangs must end too.
        if let Some(first) = processes.first() {
            Self::signal("STOP", std::slice::from_ref(first));
        }
        Self::signal(signal, &[self.child.id().to_string()]);
        self.child.wait().unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.left(&processes).is_empty() {
            assert!(Instant::now() < deadline, "this is left: {:?}", self.left(&processes));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The directories of a process's servers.
fn dens(process: u32) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap().map(|entry| entry.unwrap().path());
    let of_process = |path: &Path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("sparrow-verify-test-") && name.contains(&format!("-{process}-"))
    };
    entries.filter(|path| of_process(path)).collect()
}

#[test]
fn a_killed_process_leaves_nothing() {
    Holder::start().end("KILL");
}

#[test]
fn an_interrupted_process_leaves_nothing() {
    Holder::start().end("INT");
}
