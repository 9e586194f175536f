//! One trip for many callers. While nothing is under way, what is asked for goes at once, and alone; what comes while
//! something is under way waits, and goes together as soon as it can. Nobody waits for company, so that a caller who
//! is alone pays nothing for it, and the more there are the more go together.
//!
//! It owns who goes with whom and for how long anybody waits; never what is done, which is a [`Batch`]'s affair. What was
//! taken is done though its caller has gone: a task of its own does it.

#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

/// What is done for many at once.
pub(crate) trait Batch: Send + Sync + 'static {
    /// What one caller asks for.
    type Job: Send + 'static;
    /// What it is answered.
    type Answer: Send + 'static;
    /// Why it is not answered.
    type Failure: From<NotDone> + Send + 'static;

    /// Whether nothing is lost when a job is not done whose caller has gone before it was taken.
    const ONLY_ASKS: bool;

    /// What no two jobs that go together, or beside each other, have in common.
    fn claims(job: &Self::Job) -> Claims;

    /// Does all of these, which are at least one, and answers each, in their order. No job fails because of another.
    fn run(
        &self,
        jobs: Vec<Self::Job>,
    ) -> impl Future<Output = Vec<Result<Self::Answer, Self::Failure>>> + Send;
}

/// What a job changes or locks, by numbers: of two that have one in common, the second waits for the first.
pub(crate) type Claims = [Option<u128>; 2];

/// How much goes together, and how long it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How many jobs go together at the most.
    pub(crate) together: usize,
    /// How many wait at the most; the next is refused.
    pub(crate) waiting: usize,
    /// How many batches are under way beside each other at the most. A second begins only when many wait, or when the
    /// one that is under way takes long.
    pub(crate) lanes: usize,
    /// How long a job waits to be taken before it is given up.
    pub(crate) patience: Duration,
}

/// Why a job was not done. Nothing of it has happened, unless it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDone {
    /// As many wait as may.
    #[error("too many calls wait for the database")]
    Full,
    /// It has waited for too long.
    #[error("the database did not get to the call in time")]
    Late,
    /// Nothing is taken any more.
    #[error("the store is closed")]
    Closed,
    /// Its batch broke off; whether it was done is not known.
    #[error("the call broke off")]
    BrokenOff,
}

/// That many wait, so that another batch begins beside the one that is under way.
const MANY: usize = 48;
/// That a batch takes long, so that another one begins beside it.
const LONG: Duration = Duration::from_millis(5);

/// Takes jobs, and does them together. Clones share it.
pub(crate) struct Coalescer<B: Batch>(Arc<Shared<B>>);

struct Shared<B: Batch> {
    batch: B,
    bounds: Bounds,
    state: Mutex<State<B>>,
    /// Told when the last lane ends.
    idle: Notify,
    jobs: AtomicU64,
    batches: AtomicU64,
}

struct State<B: Batch> {
    /// In the order in which they came.
    waiting: VecDeque<Waiting<B>>,
    lanes: usize,
    /// When the last batch was taken.
    taken_at: Option<Instant>,
    /// The claims of what is under way.
    claimed: HashSet<u128>,
    closed: bool,
}

struct Waiting<B: Batch> {
    job: B::Job,
    claims: Claims,
    since: Instant,
    answer: oneshot::Sender<Result<B::Answer, B::Failure>>,
}

/// Jobs that go together.
struct Taken<B: Batch> {
    jobs: Vec<B::Job>,
    claims: Vec<Claims>,
    answers: Vec<oneshot::Sender<Result<B::Answer, B::Failure>>>,
}

impl<B: Batch> Clone for Coalescer<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Batch> fmt::Debug for Coalescer<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coalescer").field("bounds", &self.0.bounds).finish_non_exhaustive()
    }
}

impl<B: Batch> Coalescer<B> {
    pub(crate) fn new(batch: B, bounds: Bounds) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            lanes: 0,
            taken_at: None,
            claimed: HashSet::new(),
            closed: false,
        };
        Self(Arc::new(Shared {
            batch,
            bounds,
            state: Mutex::new(state),
            idle: Notify::new(),
            jobs: AtomicU64::new(0),
            batches: AtomicU64::new(0),
        }))
    }

    /// Has a job done, together with those of others.
    pub(crate) async fn ask(&self, job: B::Job) -> Result<B::Answer, B::Failure> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { claims: B::claims(&job), job, since: Instant::now(), answer };
        if self.0.put(waiting)? {
            tokio::spawn(Lane { shared: Arc::clone(&self.0), has_ended: false }.drive());
        }
        answered.await.unwrap_or_else(|_| Err(NotDone::BrokenOff.into()))
    }

    /// How many jobs were done, and in how many batches.
    #[cfg(test)]
    pub(crate) fn done(&self) -> (u64, u64) {
        (self.0.jobs.load(Ordering::Relaxed), self.0.batches.load(Ordering::Relaxed))
    }

    /// Takes nothing any more, and waits for what was taken, for `patience`.
    pub(crate) async fn close(&self, patience: Duration) {
        let idle = self.0.idle.notified();
        tokio::pin!(idle);
        idle.as_mut().enable();
        let busy = {
            let mut state = self.0.state();
            state.closed = true;
            state.lanes > 0
        };
        if busy {
            // What is not done by then is not waited for: its own bounds end it.
            let _ = timeout(patience, idle).await;
        }
    }
}

impl<B: Batch> Shared<B> {
    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job behind the others. Answers whether a lane has to begin, which is counted already.
    fn put(&self, waiting: Waiting<B>) -> Result<bool, NotDone> {
        let mut state = self.state();
        if state.closed {
            return Err(NotDone::Closed);
        }
        if state.waiting.len() >= self.bounds.waiting {
            return Err(NotDone::Full);
        }
        let now = waiting.since;
        state.waiting.push_back(waiting);
        let takes_long = || state.taken_at.is_none_or(|at| now.duration_since(at) > LONG);
        let begins = state.lanes == 0
            || state.lanes < self.bounds.lanes && (state.waiting.len() >= MANY || takes_long());
        if begins {
            state.lanes += 1;
        }
        Ok(begins)
    }

    /// The jobs that go next. Where there are none that may, the lane that asks has ended.
    fn take(&self) -> Option<Taken<B>> {
        let mut state = self.state();
        let state = &mut *state;
        let now = Instant::now();
        let mut taken = Taken { jobs: Vec::new(), claims: Vec::new(), answers: Vec::new() };
        let mut passed_over = Vec::new();
        // No further, so that many with the same claim are not gone through again and again.
        let look_at = self.bounds.together.saturating_mul(4);
        while taken.jobs.len() < self.bounds.together && passed_over.len() < look_at {
            let Some(next) = state.waiting.pop_front() else { break };
            if B::ONLY_ASKS && next.answer.is_closed() {
                continue;
            }
            if now.duration_since(next.since) > self.bounds.patience {
                let _gone = next.answer.send(Err(NotDone::Late.into()));
                continue;
            }
            let claims = next.claims.iter().flatten();
            if claims.clone().any(|claim| state.claimed.contains(claim)) {
                passed_over.push(next);
                continue;
            }
            state.claimed.extend(claims);
            taken.jobs.push(next.job);
            taken.claims.push(next.claims);
            taken.answers.push(next.answer);
        }
        for again in passed_over.into_iter().rev() {
            state.waiting.push_front(again);
        }
        if taken.jobs.is_empty() {
            // Under the same lock as the look, so that whoever puts a job behind it begins another lane.
            self.end_lane(state);
            return None;
        }
        state.taken_at = Some(now);
        Some(taken)
    }

    fn end_lane(&self, state: &mut State<B>) {
        state.lanes -= 1;
        if state.lanes == 0 {
            self.idle.notify_waiters();
        }
    }

    /// Lets others claim what these have claimed.
    fn release(&self, claims: &[Claims]) {
        let mut state = self.state();
        for claim in claims.iter().flatten().flatten() {
            state.claimed.remove(claim);
        }
    }
}

/// One batch behind the other, until there are none.
struct Lane<B: Batch> {
    shared: Arc<Shared<B>>,
    has_ended: bool,
}

impl<B: Batch> Lane<B> {
    async fn drive(mut self) {
        while let Some(Taken { jobs, claims, answers }) = self.shared.take() {
            let claimed = Claimed { shared: &self.shared, claims };
            self.shared.jobs.fetch_add(answers.len() as u64, Ordering::Relaxed);
            self.shared.batches.fetch_add(1, Ordering::Relaxed);
            let outcomes = self.shared.batch.run(jobs).await;
            drop(claimed);
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // Nobody waits any more where the caller has gone.
                let _gone = answer.send(outcome);
            }
        }
        self.has_ended = true;
    }
}

/// A lane that breaks off, because a batch panics or the process ends, leaves nobody waiting without end.
impl<B: Batch> Drop for Lane<B> {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut state = self.shared.state();
        self.shared.end_lane(&mut state);
        let left = if state.lanes == 0 { std::mem::take(&mut state.waiting) } else { VecDeque::new() };
        drop(state);
        for waiting in left {
            let _gone = waiting.answer.send(Err(NotDone::Late.into()));
        }
    }
}

/// Ends the claims of a batch, however it ends.
struct Claimed<'a, B: Batch> {
    shared: &'a Shared<B>,
    claims: Vec<Claims>,
}

impl<B: Batch> Drop for Claimed<'_, B> {
    fn drop(&mut self) {
        self.shared.release(&self.claims);
    }
}
