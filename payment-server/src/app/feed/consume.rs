//! The service's own consumers: each delivers every feed to the outside, in its order, from where it stopped.
//!
//! One process at a time delivers a feed, and notes what was delivered afterwards: so each event is delivered at least
//! once. A delivery that fails is repeated, later each time, and nothing after it is delivered before.

use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use payment_core::identifiers::MerchantId;
use payment_store::{Advanced, ConsumerProcess, FeedEvent, FeedQuery};
use time::OffsetDateTime;
use tokio::time::timeout;

use crate::app::{App, error::AppError};

/// How many events are delivered before that is noted: as many may be delivered again after a crash.
const BATCH: u16 = 64;

/// How long a feed is held; renewed with each batch.
const LEASE: time::Duration = time::Duration::seconds(60);

/// For how long a batch goes on, so that the lease never runs out during it: a delivery takes less than the rest.
const LONGEST_BATCH: time::Duration = time::Duration::seconds(20);

/// How many feeds are delivered at a time.
const FEEDS_AT_ONCE: usize = 4;

/// How many feeds one look finds.
const MERCHANTS_AT_ONCE: u16 = 1000;

/// How soon a failed delivery is repeated first, and how late at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Brings events to the outside.
pub trait Delivery: Send + Sync + 'static {
    /// Why an event was not delivered.
    type Failure: Display + Send;

    /// Delivers one event, or finds that it cannot within less than 30 seconds. Done means that the other side has kept it.
    fn deliver(&self, event: &FeedEvent) -> impl Future<Output = Result<(), Self::Failure>> + Send;
}

/// Why a look ended early.
enum Stopped<F> {
    /// Our own failure.
    App(AppError),
    /// The other side's.
    Delivery(F),
}

impl<F> From<AppError> for Stopped<F> {
    fn from(error: AppError) -> Self {
        Self::App(error)
    }
}

impl<F> From<payment_store::StoreError> for Stopped<F> {
    fn from(error: payment_store::StoreError) -> Self {
        Self::App(error.into())
    }
}

impl<F: Display> Display for Stopped<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App(error) => error.fmt(formatter),
            Self::Delivery(failure) => failure.fmt(formatter),
        }
    }
}

/// Delivers all feeds for `consumer` until the application drains. Looks at once when a feed moved in this process, and
/// every `interval` for what other replicas numbered.
pub async fn consume<D: Delivery>(
    app: Arc<App>,
    consumer: &'static str,
    delivery: Arc<D>,
    interval: Duration,
) {
    let process = app.store.consumer_process(consumer, app.now());
    let mut moved = app.feeds.moved();
    let draining = app.draining();
    let mut pause = None;
    while !draining.is_cancelled() {
        moved.mark_unchanged();
        pause = after(consumer, pause, app.deliver(&process, delivery.as_ref()).await);
        let wait = async {
            match pause {
                #[expect(clippy::disallowed_methods, reason = "whoever delivers is a scheduler")]
                Some(pause) => tokio::time::sleep(pause).await,
                None => drop(timeout(interval, moved.changed()).await),
            }
        };
        draining.run_until_cancelled(wait).await;
    }
    if let Err(error) = app.store.consumer_release(&process).await {
        tracing::warn!(consumer, %error, "feeds are left to others only when their lease is over");
    }
}

/// Tells when deliveries begin to fail and when they work again, and doubles the pause between.
fn after<F: Display>(
    consumer: &str,
    pause: Option<Duration>,
    looked: Result<(), Stopped<F>>,
) -> Option<Duration> {
    let (first, last) = PAUSES;
    match (looked, pause) {
        (Ok(()), None) => None,
        (Ok(()), Some(_)) => {
            tracing::info!(consumer, "events are delivered again");
            None
        }
        (Err(failure), pause) => {
            let next = pause.map_or(first, |pause| pause.saturating_mul(2).min(last));
            tracing::error!(consumer, %failure, retry_after_ms = next.as_millis(), "events are not delivered");
            Some(next)
        }
    }
}

impl App {
    /// One look: delivers every feed that is behind. A feed that fails does not keep the others from being delivered.
    async fn deliver<D: Delivery>(
        &self,
        process: &ConsumerProcess,
        delivery: &D,
    ) -> Result<(), Stopped<D::Failure>> {
        let behind = self.store.consumer_behind(process, self.now(), MERCHANTS_AT_ONCE).await?;
        let each =
            |merchant_id: MerchantId| async move { self.deliver_feed(process, &merchant_id, delivery).await };
        let delivered: Vec<_> =
            stream::iter(behind).map(each).buffer_unordered(FEEDS_AT_ONCE).collect().await;
        delivered.into_iter().collect()
    }

    async fn deliver_feed<D: Delivery>(
        &self,
        process: &ConsumerProcess,
        merchant_id: &MerchantId,
        delivery: &D,
    ) -> Result<(), Stopped<D::Failure>> {
        let lease_end = self.now() + LEASE;
        let claimed = self.store.consumer_claim(process, merchant_id, self.now(), lease_end).await?;
        let Some(mut delivered_no) = claimed else { return Ok(()) };
        while !self.lifecycle.draining.is_cancelled() {
            let after = delivered_no;
            let query = FeedQuery { merchant_id: merchant_id.clone(), after, payment_no: None, limit: BATCH };
            let events = self.store.feed_window(&query).await?.events;
            let outcome = self.deliver_batch(events, &mut delivered_no, delivery).await;
            if delivered_no > after {
                let lease_end = self.now() + LEASE;
                match self.store.consumer_advance(process, merchant_id, delivered_no, lease_end).await? {
                    Advanced::Noted => {}
                    Advanced::LeaseLost => return Ok(()),
                }
            }
            outcome.map_err(Stopped::Delivery)?;
            if delivered_no == after {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Delivers one event after the other, and says how far it came.
    async fn deliver_batch<D: Delivery>(
        &self,
        events: Vec<FeedEvent>,
        delivered_no: &mut i64,
        delivery: &D,
    ) -> Result<(), D::Failure> {
        let ends: OffsetDateTime = self.now() + LONGEST_BATCH;
        for event in events {
            if self.lifecycle.draining.is_cancelled() || self.now() >= ends {
                return Ok(());
            }
            delivery.deliver(&event).await?;
            *delivered_no = event.feed_no;
        }
        Ok(())
    }
}
