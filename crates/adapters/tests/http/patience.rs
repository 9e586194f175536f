//! How long the gateways of tests wait, and tests of which many wait at once.

use std::time::Duration;

/// How long a gateway waits.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    /// Longer than anything takes that has an end, on a busy machine too.
    Long,
    /// For what has no end.
    Short,
}

impl Patience {
    /// For connecting, and in all.
    pub(crate) fn timeouts(self) -> (Duration, Duration) {
        let millis = match self {
            Patience::Long => (20_000, 30_000),
            Patience::Short => (1500, 2000),
        };
        (Duration::from_millis(millis.0), Duration::from_millis(millis.1))
    }

    /// When an answer is there at the latest, on a busy machine too.
    pub(crate) fn bound(self) -> Duration {
        self.timeouts().1 + Duration::from_secs(5)
    }
}

/// Runs a check for every row, each on a thread and a runtime of its own: rows that wait do so together, and none
/// hears the log of another.
pub(crate) fn for_each<Row: Send>(rows: impl IntoIterator<Item = Row>, check: impl AsyncFn(Row) + Sync) {
    let check = &check;
    std::thread::scope(|threads| {
        for row in rows {
            threads.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(check(row));
            });
        }
    });
}
