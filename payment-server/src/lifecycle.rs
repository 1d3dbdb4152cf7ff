//! What lets a server end without breaking off what it began: a word that it is ending, and a list of the tasks that
//! must finish.

use std::future::Future;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Shared by everything that runs in one server.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Cancelled once the server begins to end: streams then finish, schedulers take no new work, probes say so.
    pub draining: CancellationToken,
    /// Tasks that the end waits for.
    pub tasks: TaskTracker,
}

/// A task ended without a result: it panicked, or the runtime went down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task ended without a result")]
pub struct TaskFailed;

impl Lifecycle {
    /// Runs `work` in a task of its own and waits for it. If the waiter goes away, the work goes on: a caller that hangs up
    /// must not leave a transaction open half-way.
    ///
    /// # Errors
    /// [`TaskFailed`] if the work panicked.
    pub async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, TaskFailed> {
        self.tasks.spawn(work).await.map_err(|error| {
            tracing::error!(%error, "a task ended without a result");
            TaskFailed
        })
    }
}
