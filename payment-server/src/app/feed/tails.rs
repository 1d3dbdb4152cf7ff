//! The last events of each feed that somebody follows in this process. They are read once for all its followers, so that
//! thousands that wait cost no statement each.
//!
//! Only a shortcut: who is further behind than a tail reaches reads the database.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use payment_core::identifiers::MerchantId;
use payment_store::FeedEvent;
use tokio::sync::{Semaphore, watch};

/// How many events a tail keeps.
const KEPT: usize = 512;

/// How many followers read the database at a time; payments need its connections more.
const CATCHING_UP: usize = 2;

/// The tails of all feeds that are followed here.
pub(crate) struct Tails {
    tails: Mutex<HashMap<MerchantId, Arc<Tail>>>,
    /// Sent to whenever any feed moved.
    moved: watch::Sender<()>,
    /// Turns of those that read the database.
    pub(super) catching_up: Semaphore,
}

/// The tail of one feed.
pub(crate) struct Tail {
    kept: Mutex<Kept>,
    moved: watch::Sender<()>,
}

/// A stretch of a feed without a gap.
#[derive(Default)]
struct Kept {
    /// Every event after the first number and up to the second is here. Not known before the first look.
    stretch: Option<(i64, i64)>,
    events: VecDeque<Arc<FeedEvent>>,
}

/// What a tail knows of what follows a number.
pub(super) enum Ahead {
    /// The next events, in their order; none if the number is the end.
    Here(Vec<Arc<FeedEvent>>),
    /// The number is not within the tail: only the database knows.
    Elsewhere,
}

/// Somebody who follows one feed.
pub(super) struct Subscription {
    tails: Arc<Tails>,
    merchant_id: MerchantId,
    tail: Arc<Tail>,
    moved: watch::Receiver<()>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tails {
    /// No tail yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            tails: Mutex::default(),
            moved: watch::channel(()).0,
            catching_up: Semaphore::new(CATCHING_UP),
        })
    }

    /// Follows a feed.
    pub(super) fn subscribe(self: &Arc<Self>, merchant_id: &MerchantId) -> Subscription {
        let mut tails = locked(&self.tails);
        let tail = tails.entry(merchant_id.clone()).or_insert_with(|| Arc::new(Tail::new()));
        Subscription {
            tails: Arc::clone(self),
            merchant_id: merchant_id.clone(),
            tail: Arc::clone(tail),
            moved: tail.moved.subscribe(),
        }
    }

    /// The tail of a feed, if somebody follows it.
    pub(super) fn of(&self, merchant_id: &MerchantId) -> Option<Arc<Tail>> {
        locked(&self.tails).get(merchant_id).cloned()
    }

    /// Whose feeds are followed, and how far each tail reaches.
    pub(super) fn followed(&self) -> Vec<(MerchantId, Option<i64>)> {
        let tails = locked(&self.tails);
        tails.iter().map(|(merchant_id, tail)| (merchant_id.clone(), tail.last_no())).collect()
    }

    /// Wakes the service's own consumers: some feed moved.
    pub(super) fn announce(&self) {
        self.moved.send_replace(());
    }

    /// Changes whenever a feed moves in this process.
    pub(crate) fn moved(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }
}

impl Tail {
    fn new() -> Self {
        Self { kept: Mutex::default(), moved: watch::channel(()).0 }
    }

    /// The number of its last event, once known.
    pub(super) fn last_no(&self) -> Option<i64> {
        locked(&self.kept).stretch.map(|(_, last_no)| last_no)
    }

    /// Begins after a number, unless it has begun.
    pub(super) fn begin_if_unknown(&self, last_no: i64) {
        let mut kept = locked(&self.kept);
        kept.stretch.get_or_insert((last_no, last_no));
    }

    /// Begins anew after a number, with nothing kept.
    pub(super) fn begin(&self, last_no: i64) {
        *locked(&self.kept) = Kept { stretch: Some((last_no, last_no)), events: VecDeque::new() };
        self.moved.send_replace(());
    }

    /// Goes on with the events that follow its last one.
    pub(super) fn extend(&self, events: Vec<FeedEvent>) {
        locked(&self.kept).extend(events);
        self.moved.send_replace(());
    }
}

impl Kept {
    fn extend(&mut self, events: Vec<FeedEvent>) {
        let Some((first, last)) = &mut self.stretch else { return };
        for event in events {
            *last = event.feed_no;
            self.events.push_back(Arc::new(event));
            if self.events.len() > KEPT
                && let Some(left_out) = self.events.pop_front()
            {
                *first = left_out.feed_no;
            }
        }
    }

    fn after(&self, no: i64, limit: usize) -> Ahead {
        match self.stretch {
            Some((first, last)) if (first..=last).contains(&no) => {
                let start = self.events.partition_point(|event| event.feed_no <= no);
                Ahead::Here(self.events.iter().skip(start).take(limit).cloned().collect())
            }
            Some(_) | None => Ahead::Elsewhere,
        }
    }
}

impl Subscription {
    /// To be called before each look, so that a move between the look and the wait is not missed.
    pub(super) fn before_look(&mut self) {
        self.moved.mark_unchanged();
    }

    /// Lets the tail begin after a number, unless it has begun: who waits at the end then need not read the database.
    pub(super) fn begin_if_unknown(&self, last_no: i64) {
        self.tail.begin_if_unknown(last_no);
    }

    /// What follows a number.
    pub(super) fn after(&self, no: i64, limit: usize) -> Ahead {
        locked(&self.tail.kept).after(no, limit)
    }

    /// Waits until the feed moved since [`Subscription::before_look`].
    pub(super) async fn moved(&mut self) {
        // The sender lives as long as this subscription does.
        let _ = self.moved.changed().await;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut tails = locked(&self.tails.tails);
        // The receiver of this subscription is still counted.
        if self.tail.moved.receiver_count() <= 1 {
            tails.remove(&self.merchant_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use payment_core::merchant_event::MerchantEvent;
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    fn acme() -> MerchantId {
        MerchantId::parse("acme").expect("a merchant")
    }

    fn event(feed_no: i64) -> FeedEvent {
        FeedEvent {
            event_id: Uuid::nil(),
            merchant_id: acme(),
            feed_no,
            event: MerchantEvent::PaymentSucceeded,
            payment_no: "P".to_owned(),
            refund_no: None,
            case_id: None,
            revision: 1,
            create_time: OffsetDateTime::UNIX_EPOCH,
            snapshot: None,
        }
    }

    fn ahead(subscription: &Subscription, no: i64, limit: usize) -> Option<Vec<i64>> {
        match subscription.after(no, limit) {
            Ahead::Here(events) => Some(events.iter().map(|event| event.feed_no).collect()),
            Ahead::Elsewhere => None,
        }
    }

    #[test]
    fn r27_a_tail_answers_within_its_stretch_only() {
        let tails = Tails::new();
        let subscription = tails.subscribe(&acme());
        assert_eq!(ahead(&subscription, 0, 10), None, "nothing is known before the first look");
        let tail = tails.of(&acme()).expect("it is followed");
        tail.begin(5);
        assert_eq!(ahead(&subscription, 4, 10), None, "what is older is in the database");
        assert_eq!(ahead(&subscription, 5, 10), Some(vec![]));
        tail.extend(vec![event(6), event(7), event(8)]);
        assert_eq!(ahead(&subscription, 5, 2), Some(vec![6, 7]));
        assert_eq!(ahead(&subscription, 7, 10), Some(vec![8]));
        assert_eq!(ahead(&subscription, 9, 10), None, "a reader of the database may be ahead");
    }

    #[test]
    fn a_tail_is_bounded_and_forgets_from_its_beginning() {
        let tails = Tails::new();
        let subscription = tails.subscribe(&acme());
        let tail = tails.of(&acme()).expect("it is followed");
        tail.begin(0);
        let many = i64::try_from(KEPT).expect("a small number") + 3;
        tail.extend((1..=many).map(event).collect());
        assert_eq!(ahead(&subscription, 2, 1), None);
        assert_eq!(ahead(&subscription, 3, 1), Some(vec![4]));
        assert_eq!(locked(&tail.kept).events.len(), KEPT);
    }

    #[test]
    fn a_feed_that_nobody_follows_any_more_has_no_tail() {
        let tails = Tails::new();
        let first = tails.subscribe(&acme());
        let second = tails.subscribe(&acme());
        drop(first);
        assert!(tails.of(&acme()).is_some());
        drop(second);
        assert!(tails.of(&acme()).is_none());
        assert_eq!(tails.followed(), []);
    }
}
