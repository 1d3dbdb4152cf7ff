//! The only place that waits by the machine's clock: what is under test runs in processes of its own, by real time.

use std::time::{Duration, Instant};

/// Waits.
#[expect(
    clippy::disallowed_methods,
    reason = "the storm blows by real time, as the processes run that it hits"
)]
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Now, to measure how long something takes.
#[expect(clippy::disallowed_methods, reason = "how long the run takes is told")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
