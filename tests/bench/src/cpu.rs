//! What processes and threads have used of the CPU, as `/proc` tells it. Linux only.

use std::fs;
use std::time::Duration;

use crate::Fallible;

/// A tick of `/proc/PID/stat`: `USER_HZ` is 100 on Linux, whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time of a process so far: its threads, its living children and those that it has seen end.
pub(crate) fn of_process(pid: u32) -> Fallible<Duration> {
    let own = Stat::read(&format!("/proc/{pid}/stat"))?;
    let mut ticks = own.ticks + own.ticks_of_the_dead;
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path().join("stat");
        // What is no process, or has ended since, has no stat.
        if let Some(child) = path.to_str().and_then(|path| Stat::read(path).ok())
            && child.parent == pid
        {
            ticks += child.ticks + child.ticks_of_the_dead;
        }
    }
    Ok(TICK * ticks)
}

/// The CPU time so far of this process's threads of this name.
pub(crate) fn of_threads(name: &str) -> Fallible<Duration> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc/self/task")? {
        let path = entry?.path().join("stat");
        if let Some(thread) = path.to_str().and_then(|path| Stat::read(path).ok())
            && thread.name == name
        {
            ticks += thread.ticks;
        }
    }
    Ok(TICK * ticks)
}

/// The CPU time so far that this machine was not idle, all its CPUs together.
pub(crate) fn of_machine() -> Fallible<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    let fields = text.lines().next().and_then(|line| line.strip_prefix("cpu "));
    let fields: Vec<u64> = fields.unwrap_or_default().split_whitespace().flat_map(str::parse).collect();
    // The fourth and the fifth are idle; behind the eighth are parts of the first two.
    let [user, nice, system, _, _, interrupt, soft_interrupt, stolen, ..] = fields.as_slice() else {
        return Err("/proc/stat is not as proc(5) says".into());
    };
    // Of all CPUs since the machine started: more ticks than fit into 32 bits.
    Ok(Duration::from_millis(10 * (user + nice + system + interrupt + soft_interrupt + stolen)))
}

/// The parent of a process.
pub(crate) fn parent_of(pid: u32) -> Fallible<u32> {
    Ok(Stat::read(&format!("/proc/{pid}/stat"))?.parent)
}

/// The fields of a `stat` that matter here.
struct Stat {
    name: String,
    parent: u32,
    ticks: u32,
    ticks_of_the_dead: u32,
}

impl Stat {
    fn read(path: &str) -> Fallible<Self> {
        Self::parse(&fs::read_to_string(path)?).ok_or_else(|| format!("{path} is not as proc(5) says").into())
    }

    /// The name is in parentheses and may have some of its own; the fields behind it are numbered from 3.
    fn parse(text: &str) -> Option<Self> {
        let (head, tail) = text.rsplit_once(')')?;
        let (_, name) = head.split_once('(')?;
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u32>().ok();
        Some(Self {
            name: name.to_owned(),
            parent: field(4)?,
            ticks: field(14)? + field(15)?,
            ticks_of_the_dead: field(16)? + field(17)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_parentheses() {
        let text = "42 (a (b) c) S 7 42 42 0 -1 4194560 1 2 3 4 10 20 3 4 20 0 9 0 100";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent), ("a (b) c", 7));
        assert_eq!((stat.ticks, stat.ticks_of_the_dead), (30, 7));
    }

    #[test]
    fn this_process_has_threads() {
        assert!(of_process(std::process::id()).is_ok());
        assert!(of_threads("no such thread").unwrap().is_zero());
    }
}
