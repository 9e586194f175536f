//! What a send holds while it waits and while it is under way, and gives back however it ends.

use std::sync::atomic::{AtomicU32, Ordering};

use domain::breaker::Pass;
use domain::ports::SendAnswer;

use super::GuardedGateway;

/// A place among those who wait.
pub(super) struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    /// Takes one; `None` when `max` are taken.
    pub(super) fn take(taken: &'a AtomicU32, max: u32) -> Option<Self> {
        let one_more = |taken: u32| taken.checked_add(1).filter(|taken| *taken <= max);
        taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Self(taken))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call that the breaker has let through.
pub(super) struct Call<'a> {
    guard: &'a GuardedGateway,
    /// None once the breaker was told what came of it.
    pass: Option<Pass>,
}

impl<'a> Call<'a> {
    pub(super) fn new(guard: &'a GuardedGateway, pass: Pass) -> Self {
        Self { guard, pass: Some(pass) }
    }

    /// It was answered.
    pub(super) fn end(mut self, answer: SendAnswer) {
        self.record(answer);
    }

    /// It was not made.
    pub(super) fn give_back(mut self) {
        if let Some(pass) = self.pass.take() {
            self.guard.breaker().give_back(pass);
        }
    }

    fn record(&mut self, answer: SendAnswer) {
        let Some(pass) = self.pass.take() else { return };
        let now = self.guard.now();
        let change = self.guard.breaker().record(pass, answer, now);
        if let Some(change) = change {
            self.guard.tell(change, Some(answer));
        }
    }
}

/// Nobody waits for the answer any more. The call may have arrived.
impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.record(SendAnswer::Unknown);
    }
}
