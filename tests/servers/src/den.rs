//! A directory, the processes that live in it, and the guard that ends them and removes it.

use std::ffi::OsStr;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process;

use crate::binaries::Owner;
use crate::guard::Guard;

/// Makes the directory; `$2` owns it, if anyone.
const PREPARE: &str = r#"
mkdir -m 755 "$1"
[ -z "$2" ] || chown "$2" "$1"
"#;

/// Ends the processes and removes the directory. It is renamed first: a process that is being started writes its id
/// into the old place before it becomes a server, or finds no place and never becomes one. A Postgres that is killed leaves its
/// children and a small segment of shared memory, which its `postmaster.pid` names.
const CLEAN_UP: &str = r#"
mv "$1" "$1.gone" || exit
for file in "$1.gone"/*.pid; do
  [ -e "$file" ] || continue
  pid=$(cat "$file")
  [ -n "$pid" ] || { sleep 1; pid=$(cat "$file"); }
  [ -n "$pid" ] || continue
  kill -s STOP "$pid"
  children=$(grep -lsx "PPid:[[:space:]]*$pid" /proc/[0-9]*/status | sed 's,^/proc/\([0-9]*\)/.*,\1,')
  kill -s KILL $children "$pid"
done
for file in "$1.gone"/*/postmaster.pid; do
  [ -e "$file" ] || continue
  sed -n 7p "$file" | { read -r _ segment && ipcrm -m "$segment"; }
done
tries=50
until rm -rf "$1.gone" || [ $tries = 0 ]; do sleep 0.1; tries=$((tries - 1)); done
"#;

/// A directory that goes, with its processes, when it is dropped or when this process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Den {
    path: PathBuf,
    owner: Option<Owner>,
    _guard: Guard,
}

impl Den {
    /// A new one. Its processes run as its owner; without one, as this process.
    pub(crate) fn new(kind: &str, owner: Option<Owner>) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("sparrow-verify-test-{kind}-{}", name()));
        let chown = owner.map(|owner| format!("{}:{}", owner.user, owner.group)).unwrap_or_default();
        let guard = Guard::start(PREPARE, CLEAN_UP, &[path.as_os_str(), OsStr::new(&chown)])?;
        Ok(Self { path, owner, _guard: guard })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn owner(&self) -> Option<Owner> {
        self.owner
    }
}

/// A name that nothing else has.
pub(crate) fn name() -> String {
    format!("{}-{:016x}", process::id(), random())
}

/// A number that differs at every call, and between processes. Names are made of it, nothing secret.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
