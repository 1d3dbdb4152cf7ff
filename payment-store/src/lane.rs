//! Two lanes to the connections, so that callers are served whatever else there is to do: work that no caller waits for
//! leaves some connections to them, however much of it comes at once ([ADR 16](../../docs/adr/0016-callers-first.md)).

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::StoreError;

/// Who waits for a piece of work, which decides how many connections all of its kind may hold at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A caller, or somebody who looks after the service. Every connection is open to them.
    Callers,
    /// A channel that comes again, a scheduler, an endpoint of a webhook: nobody whom a short wait hurts.
    Background,
}

tokio::task_local! {
    static LANE: Lane;
}

impl Lane {
    /// The lane of the present work; that of callers where nothing else was said.
    #[must_use]
    pub fn current() -> Self {
        LANE.try_with(|lane| *lane).unwrap_or(Self::Callers)
    }

    /// Does work in this lane. A task that it spawns begins in the lane of callers unless it is told.
    pub fn take<F: Future>(self, work: F) -> impl Future<Output = F::Output> + use<F> {
        LANE.scope(self, work)
    }
}

/// How many of so many connections are the background's at most: a quarter is left to callers, and never all is.
const fn share_of_background(connections: usize) -> usize {
    let left = if connections < 8 { 1 } else { connections / 4 };
    let share = connections.saturating_sub(left);
    if share == 0 { 1 } else { share }
}

/// The background's share of the connections. First come, first served.
#[derive(Clone)]
pub(crate) struct Background {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// A place in the share, kept as long as its connection.
pub(crate) type Place = Option<OwnedSemaphorePermit>;

impl Background {
    pub(crate) fn of(connections: usize) -> Self {
        let places = Semaphore::new(share_of_background(connections));
        Self { places: Arc::new(places), waiting: Arc::default() }
    }

    /// Waits until the present work may have a connection.
    pub(crate) async fn place(&self) -> Result<Place, StoreError> {
        match Lane::current() {
            Lane::Callers => Ok(None),
            Lane::Background => {
                let _waiting = Waiting::begin(&self.waiting);
                let place = Arc::clone(&self.places).acquire_owned().await;
                place.map(Some).map_err(StoreError::unavailable)
            }
        }
    }

    /// How many wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// Somebody who waits, and is not counted any more once this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    #[test]
    fn callers_are_left_a_quarter_and_the_background_always_something() {
        let shares = [1, 2, 3, 8, 16, 30].map(share_of_background);
        assert_eq!(shares, [1, 1, 2, 6, 12, 23]);
    }

    #[tokio::test]
    async fn who_gives_up_waiting_for_a_place_loses_none_and_is_not_counted() {
        let background = Background::of(2);
        Lane::Background
            .take(async {
                let held = background.place().await.expect("a place");
                let mut waiting = Box::pin(background.place());
                assert!(poll!(&mut waiting).is_pending());
                assert_eq!(background.waiting(), 1);
                drop(waiting);
                assert_eq!(background.waiting(), 0);
                drop(held);
                assert!(background.place().await.expect("a place").is_some());
            })
            .await;
        assert!(background.place().await.expect("no need of a place").is_none(), "a caller");
    }
}
