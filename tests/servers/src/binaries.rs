//! The programs of this machine, and the user they run as.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;

/// Where Debian and Red Hat put the programs of each major version of Postgres.
const HOMES_OF_POSTGRES: &[(&str, &str)] = &[("/usr/lib/postgresql", "bin"), ("/usr", "bin")];

/// Who a server runs as, by number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// Who Postgres runs as: it refuses root, so root runs it as the user that its package made, or as nobody. Everybody
/// else runs it as himself.
pub(crate) fn owner_of_postgres() -> Result<Option<Owner>, String> {
    let ourselves = std::fs::metadata("/proc/self").map_err(|error| format!("/proc/self: {error}"))?;
    if ourselves.uid() != 0 {
        return Ok(None);
    }
    let owner = ["postgres", "nobody"].into_iter().find_map(user);
    owner
        .map(Some)
        .ok_or_else(|| "Postgres refuses to run as root and there is no user `postgres`".to_owned())
}

/// A program of Postgres, of the newest version that is installed.
pub(crate) fn of_postgres(program: &str) -> Result<PathBuf, String> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (home, bin) in HOMES_OF_POSTGRES {
        for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
            let version = entry.file_name().to_string_lossy().trim_start_matches("pgsql-").parse();
            let path = entry.path().join(bin).join(program);
            if let (Ok(version), true) = (version, path.is_file()) {
                found.push((version, path));
            }
        }
    }
    let newest = found.into_iter().max_by_key(|(version, _)| *version).map(|(_, path)| path);
    newest.or_else(|| on_path(program)).ok_or_else(|| missing(program, "postgresql"))
}

/// `redis-server`.
pub(crate) fn redis_server() -> Result<PathBuf, String> {
    on_path("redis-server").ok_or_else(|| missing("redis-server", "redis-server"))
}

/// A program on the `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file())
}

fn missing(program: &str, package: &str) -> String {
    format!("`{program}` is not installed (Debian: apt-get install {package}; scripts/test does it)")
}

/// A user by name, from whatever the machine keeps its users in.
fn user(name: &str) -> Option<Owner> {
    let number = |flag: &str| {
        let output = Command::new("id").args([flag, name]).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    Some(Owner { user: number("-u")?, group: number("-g")? })
}
