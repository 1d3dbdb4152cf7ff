//! Keeps the feeds: numbers what was committed, tells those who follow, deletes what is older than is to be kept.
//!
//! A transaction of this process that told something wakes it at once. What other replicas committed and did not come to
//! number, or numbered, it finds by looking, at a cost that does not grow with those who follow.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use payment_core::identifiers::MerchantId;
use payment_store::FeedQuery;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{App, error::AppError};

use super::tails::Tail;

/// How many events one statement numbers or deletes, and so for how long a feed's lock is held.
const NUMBERED_AT_ONCE: u16 = 1000;

/// How often one feed is numbered before it is the others' turn.
const ROUNDS: usize = 10;

/// How many events a tail is read on by at a time.
const READ_AT_ONCE: u16 = 256;

/// How many merchants one look finds; the next one finds the rest.
const MERCHANTS_AT_ONCE: u16 = 1000;

/// How many feeds are worked on at a time, each with one connection.
const FEEDS_AT_ONCE: usize = 2;

/// How long events gather once some were numbered, for a look costs as much for one as for a dozen. Who comes later than that
/// does not wait.
const GATHERING: Duration = Duration::from_millis(5);

/// How often it looks for events that are too old.
const TRIM_INTERVAL: Duration = Duration::from_secs(60);

/// How the feeds are kept.
#[derive(Debug, Clone, Copy)]
pub struct FeedSettings {
    /// How often it looks for what nobody woke it for.
    pub interval: Duration,
    /// For how long events are kept; for ever if there is no such time.
    pub keep: Option<time::Duration>,
}

/// Keeps the feeds until the application drains.
pub async fn keep_feeds(app: Arc<App>, settings: FeedSettings) {
    let mut looks = interval(settings.interval);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut trims = interval(TRIM_INTERVAL);
    trims.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut gathering = interval(GATHERING);
    gathering.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let draining = app.draining();
    loop {
        // What is begun in an arm is finished before the next choice: a transaction is never dropped half-way.
        tokio::select! {
            () = draining.cancelled() => return,
            merchants = app.store.events_appended() => {
                gathering.tick().await;
                app.number(merchants).await;
            }
            _ = looks.tick() => told("look for events", app.look_for_events().await),
            _ = trims.tick() => if let Some(keep) = settings.keep {
                told("delete old events", app.trim_feeds(keep).await);
            },
        }
    }
}

fn told(what: &str, outcome: Result<(), AppError>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "could not {what}");
    }
}

impl App {
    /// Numbers what these merchants' transactions told, and tells who follows.
    async fn number(&self, merchants: BTreeSet<MerchantId>) {
        let each = |merchant_id| async move { told("number events", self.number_feed(&merchant_id).await) };
        stream::iter(merchants).for_each_concurrent(FEEDS_AT_ONCE, each).await;
    }

    /// Bounded, so that one merchant's backlog does not keep the others waiting: the next look finds the rest.
    async fn number_feed(&self, merchant_id: &MerchantId) -> Result<(), AppError> {
        for _ in 0..ROUNDS {
            let numbered = self.store.feed_number(merchant_id, NUMBERED_AT_ONCE).await?;
            // Another replica may have been faster: who follows here is told all the same.
            let known = self.feeds.of(merchant_id).and_then(|tail| tail.last_no());
            if numbered.count > 0 || known.is_some_and(|known| known != numbered.last_no) {
                self.feed_moved(merchant_id).await?;
            }
            if numbered.count < i64::from(NUMBERED_AT_ONCE) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One look for events that have no number yet, and for numbers that other replicas gave.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn look_for_events(&self) -> Result<(), AppError> {
        let waiting = self.store.feeds_waiting(MERCHANTS_AT_ONCE).await?;
        self.number(waiting.into_iter().collect()).await;
        let followed = self.feeds.followed();
        if followed.is_empty() {
            return Ok(());
        }
        let merchants: Vec<_> = followed.iter().map(|(merchant_id, _)| merchant_id.clone()).collect();
        let reaches = self.store.feeds_reach(&merchants).await?;
        for (merchant_id, seen) in followed {
            let reach = reaches.iter().find(|(of, _)| *of == merchant_id).map(|(_, reach)| reach.last_no);
            if seen != Some(reach.unwrap_or(0)) {
                self.feed_moved(&merchant_id).await?;
            }
        }
        Ok(())
    }

    /// Reads on for all who follow a feed here.
    async fn feed_moved(&self, merchant_id: &MerchantId) -> Result<(), AppError> {
        self.feeds.announce();
        let Some(tail) = self.feeds.of(merchant_id) else { return Ok(()) };
        while self.read_tail_on(merchant_id, &tail).await? {}
        Ok(())
    }

    /// Whether there is more to read.
    async fn read_tail_on(&self, merchant_id: &MerchantId, tail: &Tail) -> Result<bool, AppError> {
        let Some(after) = tail.last_no() else {
            tail.begin(self.store.feed_reach(merchant_id).await?.last_no);
            return Ok(false);
        };
        let query =
            FeedQuery { merchant_id: merchant_id.clone(), after, payment_no: None, limit: READ_AT_ONCE };
        let window = self.store.feed_window(&query).await?;
        // What is between was deleted, or the database was put back to an earlier day: who follows finds out by reading.
        if !(window.reach.trimmed_no..=window.reach.last_no).contains(&after) {
            tail.begin(window.reach.last_no);
            return Ok(false);
        }
        let more = window.events.len() >= usize::from(READ_AT_ONCE);
        tail.extend(window.events);
        Ok(more)
    }

    /// Deletes events that are older than is to be kept, but for those that the service's own consumers have not delivered.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`].
    pub async fn trim_feeds(&self, keep: time::Duration) -> Result<(), AppError> {
        let before = self.now().checked_sub(keep).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
        for merchant_id in self.store.feeds_older_than(before, MERCHANTS_AT_ONCE).await? {
            let mut deleted = 0;
            loop {
                let trimmed = self.store.feed_trim(&merchant_id, before, NUMBERED_AT_ONCE).await?;
                deleted += trimmed;
                if trimmed < i64::from(NUMBERED_AT_ONCE) {
                    break;
                }
            }
            if deleted > 0 {
                tracing::info!(merchant.id = %merchant_id, deleted, "deleted events that were older than is kept");
            }
        }
        Ok(())
    }
}
