//! A runtime that lives as long as the process. Every `#[tokio::test]` has a runtime of its own that dies with the
//! test, so nothing that outlives a test (a container's handle) and nothing that blocks (starting a process) runs there.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinError;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let builder = &mut Builder::new_multi_thread();
    builder.worker_threads(2).thread_name("servers").enable_all().build().expect("a runtime starts")
});

/// Runs this to its end, even when the caller stops waiting.
pub(crate) async fn run<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    RUNTIME.spawn(future).await.unwrap_or_else(|error| panicked(error))
}

/// Runs what blocks, beside the caller's runtime.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    RUNTIME.spawn_blocking(work).await.unwrap_or_else(|error| panicked(error))
}

/// Starts this and does not wait.
pub(crate) fn start(future: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(future);
}

/// Waits for this on the calling thread, which must be in no runtime's hands: one of [`blocking`]'s, or a plain one.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// The test fails with the words of what it waited for.
fn panicked(error: JoinError) -> ! {
    std::panic::resume_unwind(error.into_panic())
}
