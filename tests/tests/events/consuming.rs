//! The service's own consumers: in the feed's order, from where they stopped, one process at a time.

use std::{
    collections::BTreeSet,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use payment_server::app::{Delivery, consume};
use payment_store::FeedEvent;
use payment_tests::{app::TestApp, database::until};
use tokio::task::JoinHandle;

use crate::scene::commit_events;

const LOOK: Duration = Duration::from_millis(50);

/// The other side, which refuses so many events first, or stalls for ever at one.
#[derive(Default)]
struct Outside {
    told: Mutex<Vec<i64>>,
    refusals: AtomicI64,
    stalls_at: Option<i64>,
}

impl Delivery for Outside {
    type Failure = &'static str;

    async fn deliver(&self, event: &FeedEvent) -> Result<(), &'static str> {
        if self.refusals.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Err("not now");
        }
        if self.stalls_at == Some(event.feed_no) {
            pending::<()>().await;
        }
        self.told.lock().unwrap().push(event.feed_no);
        Ok(())
    }
}

async fn process(app: &TestApp, outside: &Arc<Outside>) -> JoinHandle<()> {
    tokio::spawn(consume(app.app().await, "outside", Arc::clone(outside), LOOK))
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_what_cannot_be_delivered_holds_up_what_follows_and_nothing_is_left_out() {
    let app = TestApp::start().await;
    commit_events(&app.observer, 200, 10).await;
    let outside = Arc::new(Outside { refusals: AtomicI64::new(2), ..Outside::default() });
    let process = process(&app, &outside).await;
    until(&app.observer, "(SELECT delivered_no FROM event_consumer) = 200").await;
    assert!(outside.told.lock().unwrap().iter().copied().eq(1..=200));
    process.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_process_that_stalls_is_followed_by_another_from_what_was_noted() {
    let app = TestApp::start().await;
    commit_events(&app.observer, 200, 10).await;
    let stalling = Arc::new(Outside { stalls_at: Some(100), ..Outside::default() });
    let stalled = process(&app, &stalling).await;
    until(&app.observer, "(SELECT delivered_no FROM event_consumer) > 0").await;
    let outside = Arc::new(Outside::default());
    let successor = process(&app, &outside).await;
    app.observer.execute("UPDATE event_consumer SET lease_end = '2026-01-01'", &[]).await.unwrap();
    until(&app.observer, "(SELECT delivered_no FROM event_consumer) = 200").await;
    stalled.abort();
    successor.abort();
    let (before, after) = (stalling.told.lock().unwrap().clone(), outside.told.lock().unwrap().clone());
    assert!(before.iter().copied().eq(1..=99) && after.is_sorted(), "{before:?} {after:?}");
    let all: BTreeSet<i64> = before.into_iter().chain(after).collect();
    assert!(all.into_iter().eq(1..=200), "each at least once");
}
