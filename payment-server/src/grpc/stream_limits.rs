//! What ends a stream of answers before it ends by itself: its deadline, the end of the server, a refusal.

#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{
    call_log::CallNotes,
    status::{self, EdgeRefusal},
};
use crate::app::error::AppError;

/// How long one stream may last, so that callers come back to whichever server has room, with a key that is still good.
pub(super) const LONGEST_STREAM: Duration = Duration::from_secs(60 * 60);

/// What ends a stream.
pub(super) struct StreamLimits {
    pub(super) deadline: Instant,
    pub(super) draining: CancellationToken,
    pub(super) notes: CallNotes,
}

/// The answers of a stream; the first refusal is the last of them.
pub(super) fn limited<T: Send + 'static, A: Send + 'static>(
    items: impl Stream<Item = Result<T, AppError>> + Send + 'static,
    limits: StreamLimits,
    answer: impl Fn(T) -> A + Send + 'static,
) -> impl Stream<Item = Result<A, Status>> + Send + 'static {
    stream::unfold(Some((Box::pin(items), limits, answer)), async |stream| {
        let (mut items, limits, answer) = stream?;
        match limits.next(&mut items).await? {
            Ok(item) => Some((Ok(answer(item)), Some((items, limits, answer)))),
            Err(refused) => Some((Err(refused), None)),
        }
    })
}

impl StreamLimits {
    /// The next item, or what ends the stream; `None` at its own end.
    async fn next<T>(
        &self,
        items: &mut (impl Stream<Item = Result<T, AppError>> + Unpin),
    ) -> Option<Result<T, Status>> {
        match timeout_at(self.deadline, self.draining.run_until_cancelled(items.next())).await {
            Ok(Some(next)) => next.map(|item| item.map_err(|error| self.notes.refuse(&error))),
            Ok(None) => Some(Err(status::of_edge(EdgeRefusal::Stopping))),
            Err(_) => Some(Err(status::of_edge(EdgeRefusal::DeadlineExceeded))),
        }
    }
}
