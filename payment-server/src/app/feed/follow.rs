//! `StreamEvents`: events after a cursor, then each as it becomes true.
//!
//! A follower that is not asked for its next event does nothing: it holds one batch, and nobody waits for it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use futures::{Stream, stream};
use payment_core::identifiers::MerchantId;
use payment_store::{FeedEvent, FeedQuery};
use tokio::time::{Instant, timeout_at};

use super::{
    check,
    tails::{Ahead, Subscription},
};
use crate::app::{
    App,
    command::{Caller, EventFilter, FeedStart, FollowEvents, Followed},
    error::AppError,
};

/// How many events a follower holds at most.
const BATCH: u16 = 64;

/// After how long without an event a sign of life is sent.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

struct Follower {
    app: Arc<App>,
    merchant_id: MerchantId,
    filter: EventFilter,
    subscription: Subscription,
    /// Everything up to this number was looked at.
    reached: i64,
    /// What of it is still to be told.
    ready: VecDeque<Arc<FeedEvent>>,
    /// When a sign of life is due.
    silent_until: Instant,
}

impl App {
    /// Sends events after a cursor as they become true. The first item comes at once and only says where the stream is.
    ///
    /// # Errors
    /// [`AppError::CursorExpired`] and [`AppError::CursorAhead`], at once or when it falls that far behind;
    /// [`AppError::StoreUnavailable`].
    pub async fn follow_events(
        self: &Arc<Self>,
        caller: &Caller,
        follow: FollowEvents,
    ) -> Result<impl Stream<Item = Result<Followed, AppError>> + Send + use<>, AppError> {
        let reach = self.store.feed_reach(&caller.merchant_id).await?;
        let reached = match follow.start {
            FeedStart::Oldest => reach.trimmed_no,
            FeedStart::Now => reach.last_no,
            FeedStart::After(cursor) => {
                check(cursor, reach)?;
                cursor
            }
        };
        let subscription = self.feeds.subscribe(&caller.merchant_id);
        subscription.begin_if_unknown(reach.last_no);
        let follower = Follower {
            app: Arc::clone(self),
            merchant_id: caller.merchant_id.clone(),
            filter: follow.filter,
            subscription,
            reached,
            ready: VecDeque::new(),
            silent_until: Instant::now(),
        };
        Ok(stream::try_unfold(follower, Follower::next))
    }
}

impl Follower {
    async fn next(mut self) -> Result<Option<(Followed, Self)>, AppError> {
        let followed = self.followed().await?;
        self.silent_until = Instant::now() + SIGN_OF_LIFE;
        Ok(Some((followed, self)))
    }

    async fn followed(&mut self) -> Result<Followed, AppError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Followed { reached: event.feed_no, event: Some(event) });
            }
            if Instant::now() >= self.silent_until {
                return Ok(Followed { reached: self.reached, event: None });
            }
            self.subscription.before_look();
            let looked_until = self.reached;
            match self.subscription.after(self.reached, BATCH.into()) {
                Ahead::Here(events) => self.take(events),
                Ahead::Elsewhere => self.read().await?,
            }
            if self.reached == looked_until {
                let _ = timeout_at(self.silent_until, self.subscription.moved()).await;
            }
        }
    }

    fn take(&mut self, events: Vec<Arc<FeedEvent>>) {
        if let Some(last) = events.last() {
            self.reached = last.feed_no;
        }
        self.ready.extend(events.into_iter().filter(|event| self.filter.passes(event)));
    }

    /// Goes on from the database, in turn with the others that do.
    async fn read(&mut self) -> Result<(), AppError> {
        let app = Arc::clone(&self.app);
        // The semaphore is never closed.
        let _turn = app.feeds.catching_up.acquire().await;
        let query = FeedQuery {
            merchant_id: self.merchant_id.clone(),
            after: self.reached,
            payment_no: self.filter.payment_no.as_ref().map(ToString::to_string),
            limit: BATCH,
        };
        let window = app.store.feed_window(&query).await?;
        check(self.reached, window.reach)?;
        let read_all = window.events.len() < usize::from(BATCH);
        self.take(window.events.into_iter().map(Arc::new).collect());
        if read_all {
            self.reached = window.reach.last_no;
        }
        Ok(())
    }
}
