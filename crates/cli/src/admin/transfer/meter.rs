//! Tells on standard error how far a transfer has come: a line that changes on a terminal, a line every few seconds
//! elsewhere, and nothing to a program.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use adapters::sql::transfer::Progress;

use crate::output::Output;

const EVERY_ON_A_TERMINAL: Duration = Duration::from_millis(200);
const EVERY_ELSEWHERE: Duration = Duration::from_secs(5);

/// What tells the progress.
pub(super) struct Meter {
    silent: bool,
    on_terminal: bool,
    done: &'static str,
    bytes_in_all: Option<u64>,
    told_at: Instant,
    line_is_open: bool,
}

impl Meter {
    /// Tells how many rows are `done`, and which part that is where it is known how many bytes there are in all.
    pub(super) fn new(output: Output, done: &'static str, bytes_in_all: Option<u64>) -> Self {
        Self {
            silent: output.json,
            on_terminal: io::stderr().is_terminal(),
            done,
            bytes_in_all: bytes_in_all.filter(|bytes| *bytes > 0),
            told_at: Instant::now(),
            line_is_open: false,
        }
    }

    /// Tells it, unless it was told a moment ago. Nobody is there to be told when this fails.
    pub(super) fn show(&mut self, progress: Progress) {
        let every = if self.on_terminal { EVERY_ON_A_TERMINAL } else { EVERY_ELSEWHERE };
        if self.silent || self.told_at.elapsed() < every {
            return;
        }
        self.told_at = Instant::now();
        let text = text(progress, self.done, self.bytes_in_all);
        let mut errors = io::stderr().lock();
        if self.on_terminal {
            // Back to the begin of the line, and whatever stood there goes.
            let _ = write!(errors, "\r\x1b[K{text}");
            self.line_is_open = true;
        } else {
            let _ = writeln!(errors, "{text}");
        }
        let _ = errors.flush();
    }

    /// Clears the line for what comes.
    pub(super) fn end(&mut self) {
        if self.line_is_open {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
            self.line_is_open = false;
        }
    }
}

fn text(progress: Progress, done: &str, bytes_in_all: Option<u64>) -> String {
    let rows = progress.rows;
    match bytes_in_all {
        Some(bytes) => {
            let percent = u128::from(progress.bytes) * 100 / u128::from(bytes);
            format!("{rows} rows {done}, {}%", percent.min(100))
        }
        None => format!("{rows} rows {done}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_where_the_whole_is_known() {
        let progress = Progress { rows: 41, bytes: 150 };
        assert_eq!(text(progress, "exported", None), "41 rows exported");
        assert_eq!(text(progress, "imported", Some(400)), "41 rows imported, 37%");
        assert_eq!(text(progress, "imported", Some(100)), "41 rows imported, 100%");
        let most = Progress { rows: 1, bytes: u64::MAX };
        assert_eq!(text(most, "imported", Some(u64::MAX)), "1 rows imported, 100%");
    }
}
