//! One attempt at a time. Owns that what many wait for is tried once, in a task that outlives whoever waits, and that
//! between attempts that fail there is a pause; knows nothing of what is tried.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::failure::Failure;

/// The pause after the first attempt that fails; it doubles with each.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// The longest pause. A server that is back is found within this time.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Attempts at one thing.
#[derive(Debug)]
pub(super) struct Flight {
    pause_after_success: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    under_way: Option<watch::Receiver<Option<Result<(), Failure>>>>,
    not_before: Instant,
    /// How many have failed in a row.
    failures: u32,
    /// Why the last one did.
    last: Failure,
}

enum Step {
    Wait(watch::Receiver<Option<Result<(), Failure>>>),
    Pause(Instant),
}

impl Flight {
    /// Nothing was tried yet. After an attempt that succeeds there is a pause as well.
    pub(super) fn new(pause_after_success: Duration) -> Self {
        let state = State { under_way: None, not_before: Instant::now(), failures: 0, last: Failure::Late };
        Self { pause_after_success, state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for the attempt that is under way, or else for a new one; until the deadline at most. During a pause it is
    /// waited for the end of it.
    pub(super) async fn join<Attempt>(
        &self,
        attempt: impl Fn() -> Attempt,
        deadline: Instant,
    ) -> Result<(), Failure>
    where
        Attempt: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        loop {
            let step = self.step(&attempt);
            match step {
                Step::Pause(until) if until >= deadline => return Err(locked(&self.state).last.clone()),
                Step::Pause(until) => sleep_until(until).await,
                Step::Wait(mut outcome) => {
                    let Ok(told) = timeout_at(deadline, outcome.wait_for(Option::is_some)).await else {
                        return Err(Failure::Late);
                    };
                    return told.ok().and_then(|told| told.clone()).unwrap_or(Err(Failure::Late));
                }
            }
        }
    }

    /// Starts an attempt that nobody waits for, unless one is under way or there is a pause.
    pub(super) fn nudge<Attempt>(&self, attempt: impl Fn() -> Attempt)
    where
        Attempt: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        drop(self.step(&attempt));
    }

    /// Puts the next attempt off, as after one that failed.
    pub(super) fn put_off(&self) {
        locked(&self.state).not_before = Instant::now() + pause(2);
    }

    fn step<Attempt>(&self, attempt: &impl Fn() -> Attempt) -> Step
    where
        Attempt: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let mut state = locked(&self.state);
        // The sender of one that was cut short, by the end of its runtime, is gone.
        if let Some(outcome) = state.under_way.as_ref().filter(|outcome| outcome.has_changed().is_ok()) {
            return Step::Wait(outcome.clone());
        }
        if Instant::now() < state.not_before {
            return Step::Pause(state.not_before);
        }
        let (tell, outcome) = watch::channel(None);
        state.under_way = Some(outcome.clone());
        let (attempt, shared, pause_after_success) =
            (attempt(), Arc::clone(&self.state), self.pause_after_success);
        tokio::spawn(async move {
            let result = attempt.await;
            locked(&shared).settle(&result, pause_after_success);
            tell.send_replace(Some(result));
        });
        Step::Wait(outcome)
    }
}

impl State {
    fn settle(&mut self, result: &Result<(), Failure>, pause_after_success: Duration) {
        self.under_way = None;
        let pause = match result {
            Ok(()) => {
                self.failures = 0;
                pause_after_success
            }
            Err(failure) => {
                self.failures = self.failures.saturating_add(1);
                self.last = failure.clone();
                pause(self.failures)
            }
        };
        self.not_before = self.not_before.max(Instant::now() + pause);
    }
}

/// The pause after so many failures, between half of it and all of it, so that replicas do not come all at once.
fn pause(failures: u32) -> Duration {
    let whole = PAUSE_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(8)).min(PAUSE_MAX);
    whole.mul_f64(rand::random_range(0.5..=1.0))
}

/// The data behind a lock; no code that can panic runs under one.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn soon(millis: u64) -> Instant {
        Instant::now() + Duration::from_millis(millis)
    }

    #[tokio::test(start_paused = true)]
    async fn many_share_one_attempt_and_each_stops_at_its_own_deadline() {
        let flight = Flight::new(Duration::ZERO);
        let attempts = Arc::new(AtomicU32::new(0));
        let attempt = || {
            attempts.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(())
            }
        };
        let begin = Instant::now();
        let (hasty, patient, other) = tokio::join!(
            flight.join(attempt, soon(30)),
            flight.join(attempt, soon(200)),
            flight.join(attempt, soon(200))
        );
        assert_eq!((hasty, patient, other), (Err(Failure::Late), Ok(()), Ok(())));
        assert_eq!((attempts.load(Ordering::Relaxed), begin.elapsed().as_millis()), (1, 100));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_but_never_beyond_half_a_second() {
        let flight = Flight::new(Duration::ZERO);
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&attempts);
        let attempt = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Err(Failure::NoNode) }
        };
        for _ in 0..10 {
            assert_eq!(flight.join(&attempt, soon(10_000)).await, Err(Failure::NoNode));
        }
        assert_eq!(attempts.load(Ordering::Relaxed), 10);
        let begin = Instant::now();
        for _ in 0..4 {
            assert_eq!(flight.join(&attempt, soon(10_000)).await, Err(Failure::NoNode));
        }
        let took = begin.elapsed();
        assert!(took >= PAUSE_MAX * 3 / 2 && took <= PAUSE_MAX * 4 + Duration::from_millis(10), "{took:?}");
        // Who has no time for the pause hears at once why.
        let begin = Instant::now();
        assert_eq!(flight.join(&attempt, soon(1)).await, Err(Failure::NoNode));
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_nudge_starts_one_attempt_and_then_there_is_a_pause() {
        let flight = Flight::new(Duration::from_millis(250));
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&attempts);
        let attempt = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        };
        for _ in 0..50 {
            flight.nudge(&attempt);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(attempts.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_attempt_that_dies_with_its_runtime_does_not_block_the_next() {
        let flight = Flight::new(Duration::ZERO);
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime().block_on(async { flight.nudge(std::future::pending) });
        let joined = runtime().block_on(flight.join(|| async { Ok(()) }, soon(1000)));
        assert_eq!(joined, Ok(()));
    }
}
