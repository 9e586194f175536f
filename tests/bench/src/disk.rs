//! What the disk can do: every answered approval waits for it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Fallible;

/// How long it is tried.
const TIME: Duration = Duration::from_secs(1);
/// What a small commit writes.
const BYTES: [u8; 8192] = [7; 8192];
/// Writes until the file is written over, as a log is after a checkpoint.
const WRITES: u64 = 512;

/// How often a second one writer gets 8 KiB onto the disk of this directory, one after the other.
pub(crate) fn syncs_per_second(directory: &Path) -> Fallible<f64> {
    let file = File::create_new(directory.join("disk"))?;
    for place in 0..WRITES {
        file.write_all_at(&BYTES, place * BYTES.len() as u64)?;
    }
    file.sync_all()?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < TIME {
        file.write_all_at(&BYTES, u64::from(count) % WRITES * BYTES.len() as u64)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
