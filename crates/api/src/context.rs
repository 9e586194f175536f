//! What every operation is given.

use std::future::Future;
use std::sync::Arc;

use domain::phone::{Phone, PhoneParser};
use domain::time::Timestamp;
use domain::use_cases::Verifier;
use tokio_util::task::TaskTracker;

use crate::health::Loops;
use crate::problem::{Problem, Slug};

/// What every operation is given: the use cases' ground, and how phones are read at the door.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) phones: PhoneParser,
    pub(crate) tasks: TaskTracker,
    pub(crate) loops: Arc<Loops>,
}

impl Context {
    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.verifier.ports.clock.now()
    }

    /// Reads a phone, or says why it is none.
    pub(crate) fn phone(&self, text: &str) -> Result<Phone, Problem> {
        self.phones.parse(text).map_err(|fault| {
            Problem::new(Slug::PhoneInvalid, sentence(&fault.to_string())).because(fault.reason())
        })
    }

    /// Runs `work` to its end even when the caller hangs up: an SMS that was paid for is recorded.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.tasks.spawn(work).await.map_err(|error| {
            tracing::error!(cause = domain::ports::chain(&error), "a request ended in a panic");
            Problem::of(Slug::InternalError)
        })
    }
}

/// A fault, as a sentence of its own.
fn sentence(fault: &str) -> String {
    let mut characters = fault.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).chain(['.']).collect()
}
