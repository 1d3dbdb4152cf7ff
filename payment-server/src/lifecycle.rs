//! What lets a server end without breaking off what it began: a word that it is ending, a list of the tasks that must
//! finish, and looks that are repeated until then.

use std::{future::Future, time::Duration};

use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Shared by everything that runs in one server.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Cancelled once the server begins to end: streams then finish, schedulers take no new work, probes say so.
    pub draining: CancellationToken,
    /// Tasks that the end waits for.
    pub tasks: TaskTracker,
}

/// The times at which something is looked at: at once, and then again and again until the server drains.
pub(crate) struct Looks {
    ticks: Interval,
    draining: CancellationToken,
}

impl Looks {
    /// So often; later where a look took longer than that.
    pub(crate) fn every(period: Duration, draining: CancellationToken) -> Self {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, draining }
    }

    /// Waits for the next; false once there is none any more.
    pub(crate) async fn next(&mut self) -> bool {
        self.draining.run_until_cancelled(self.ticks.tick()).await.is_some()
    }
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
