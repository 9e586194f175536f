//! What processes have held of the memory, as `/proc` tells it. Linux only.

use std::fs;

use crate::Fallible;

/// The most resident memory that a process has had so far, in MiB.
pub(crate) fn peak_of_process(pid: u32) -> Fallible<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: f64 = peak
        .and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok())
        .ok_or("/proc/PID/status is not as proc(5) says")?;
    Ok(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_memory() {
        assert!(peak_of_process(std::process::id()).unwrap() > 1.0);
    }
}
