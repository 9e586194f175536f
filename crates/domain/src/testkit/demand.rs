//! How the testkit gives up: like a test, by panicking at the place that asked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::PortError;

/// What a port answered.
///
/// # Panics
/// When it did not answer.
#[track_caller]
#[expect(clippy::panic, reason = "a contract that cannot be tried out is broken, and says where")]
pub(super) fn kept<T>(answer: Result<T, PortError>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("the port must answer, but {error}: {}", error.source),
    }
}

/// What is there.
///
/// # Panics
/// When nothing is; `sentence` says what must be there.
#[track_caller]
#[expect(clippy::panic, reason = "a contract that is broken says where")]
pub(super) fn present<T>(found: Option<T>, sentence: &str) -> T {
    match found {
        Some(found) => found,
        None => panic!("{sentence}"),
    }
}

/// The data behind a lock, even when a failed test left it poisoned.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
