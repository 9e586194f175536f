//! Races: the same thing many times at once.

use std::sync::Arc;

use tokio::sync::Barrier;

/// How many run at once.
pub(super) const RACERS: usize = 64;

/// Runs what `make` makes [`RACERS`] times at once, each as a task of its own, none before all are ready.
#[expect(clippy::expect_used, reason = "a racer that panics has already said why")]
pub(super) async fn race<Run>(make: impl Fn(usize) -> Run) -> Vec<Run::Output>
where
    Run: Future + Send + 'static,
    Run::Output: Send,
{
    let start = Arc::new(Barrier::new(RACERS));
    let racers: Vec<_> = (0..RACERS)
        .map(|racer| {
            let (start, run) = (Arc::clone(&start), make(racer));
            tokio::spawn(async move {
                start.wait().await;
                run.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(RACERS);
    for racer in racers {
        answers.push(racer.await.expect("a racer must come home"));
    }
    answers
}
