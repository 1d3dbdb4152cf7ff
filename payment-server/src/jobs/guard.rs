//! What stands between the jobs and each channel account: a bound on calls in flight, a circuit breaker, and a count of the
//! rows that each job has in hand.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use payment_core::identifiers::{ChannelAccountId, MerchantId};
use payment_store::AccountOf;
use time::{Duration, OffsetDateTime};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{
    Job,
    breaker::{Breaker, Verdict},
};

/// The guards of all accounts, made as they are needed.
pub struct Guards {
    guards: Mutex<HashMap<AccountOf, Arc<Guard>>>,
    hands: Arc<Hands>,
}

/// What the jobs have in hand, of all accounts together.
type Hands = [Hand; Job::ALL.len()];

/// What one job has in hand.
#[derive(Default)]
struct Hand {
    /// Rows that were claimed and are not handled yet.
    rows: AtomicUsize,
    /// Told when an account of which it had enough in hand has room again.
    room: Notify,
}

/// The guard of one account.
pub(crate) struct Guard {
    breaker: Mutex<Breaker>,
    calls: Arc<Semaphore>,
    /// How many calls may be in flight.
    most_calls: usize,
    /// Rows that were claimed and are not handled yet, by job.
    in_hand: [AtomicUsize; Job::ALL.len()],
    hands: Arc<Hands>,
}

/// A row in hand, until this is dropped.
pub(crate) struct InHand {
    guard: Arc<Guard>,
    job: Job,
}

impl Guards {
    /// No guard yet.
    #[must_use]
    pub fn new() -> Self {
        Self { guards: Mutex::new(HashMap::new()), hands: Arc::default() }
    }

    /// The guard of an account, with this many calls in flight if it is made now.
    pub(crate) fn of(&self, merchant: &MerchantId, account: &ChannelAccountId, calls: usize) -> Arc<Guard> {
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            Arc::new(Guard {
                breaker: Mutex::new(Breaker::closed()),
                calls: Arc::new(Semaphore::new(calls)),
                most_calls: calls,
                in_hand: std::array::from_fn(|_| AtomicUsize::new(0)),
                hands: Arc::clone(&self.hands),
            })
        };
        Arc::clone(guards.entry((merchant.clone(), account.clone())).or_insert_with(make))
    }
}

impl Guards {
    /// The accounts of which this job has so many rows in hand that more would only wait: a slow channel must not fill its
    /// hands, for then the rows of all others would wait too.
    pub(crate) fn with_full_hands(&self, job: Job) -> Vec<AccountOf> {
        let guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.iter().filter(|(_, guard)| !guard.has_room(job)).map(|(key, _)| key.clone()).collect()
    }

    /// How many rows this job has in hand.
    pub(crate) fn rows_in_hand(&self, job: Job) -> usize {
        of(job, &self.hands).rows.load(Ordering::Relaxed)
    }

    /// Waits until an account of which this job had enough in hand has room again.
    pub(crate) async fn room(&self, job: Job) {
        of(job, &self.hands).room.notified().await;
    }

    /// The accounts that are left alone at `now`.
    pub(crate) fn left_alone(&self, now: OffsetDateTime) -> Vec<AccountOf> {
        let guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        let is_open =
            |guard: &Guard| guard.breaker.lock().unwrap_or_else(PoisonError::into_inner).is_open(now);
        guards.iter().filter(|(_, guard)| is_open(guard)).map(|(key, _)| key.clone()).collect()
    }

    /// Whether an account is left alone at `now`, because it does not answer.
    pub(crate) fn is_open(
        &self,
        merchant: &MerchantId,
        account: &ChannelAccountId,
        now: OffsetDateTime,
    ) -> bool {
        let guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        let guard = guards.get(&(merchant.clone(), account.clone()));
        guard.is_some_and(|guard| guard.breaker.lock().unwrap_or_else(PoisonError::into_inner).is_open(now))
    }
}

impl Default for Guards {
    fn default() -> Self {
        Self::new()
    }
}

impl Guard {
    /// Counts a row that this job has claimed.
    pub(crate) fn take_in_hand(self: &Arc<Self>, job: Job) -> InHand {
        of(job, &self.in_hand).fetch_add(1, Ordering::Relaxed);
        of(job, &self.hands).rows.fetch_add(1, Ordering::Relaxed);
        InHand { guard: Arc::clone(self), job }
    }

    /// Whether more of its rows would be handled at once rather than wait.
    pub(crate) fn has_room(&self, job: Job) -> bool {
        of(job, &self.in_hand).load(Ordering::Relaxed) < self.most_calls
    }

    /// Waits for a free call, then asks the breaker. A row whose lease ended while it waited is left to whoever has it now.
    pub(crate) async fn enter(
        &self,
        lease_end: OffsetDateTime,
        now: impl FnOnce() -> OffsetDateTime + Send,
    ) -> Result<OwnedSemaphorePermit, Duration> {
        // The semaphore is never closed; if it were, the account would be left alone for a moment.
        let permit = Arc::clone(&self.calls).acquire_owned().await.map_err(|_| Duration::SECOND)?;
        let now = now();
        if now >= lease_end {
            return Err(Duration::ZERO);
        }
        match self.breaker.lock().unwrap_or_else(PoisonError::into_inner).ask(now) {
            Verdict::Go => Ok(permit),
            Verdict::Wait(pause) => Err(pause),
        }
    }

    /// Tells the breaker how the call went.
    pub(crate) fn leave(&self, handled: super::Handled, now: OffsetDateTime) {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        match handled {
            super::Handled::Answered => breaker.answered(),
            super::Handled::Unanswered => breaker.unanswered(now),
            super::Handled::NotAsked | super::Handled::WithoutAccount => {}
        }
    }
}

impl InHand {
    /// Puts down a row that was handled. If there is room again, the job is told; not by a row that failed, for where
    /// something is wrong the next look is not before its time.
    pub(crate) fn put_down(self) {
        let (guard, job) = (Arc::clone(&self.guard), self.job);
        let was_full = !guard.has_room(job);
        drop(self);
        if was_full && guard.has_room(job) {
            of(job, &guard.hands).room.notify_one();
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        of(self.job, &self.guard.in_hand).fetch_sub(1, Ordering::Relaxed);
        of(self.job, &self.guard.hands).rows.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What belongs to a job.
const fn of<T>(job: Job, all: &[T; Job::ALL.len()]) -> &T {
    let [payment_success, payment_close, payment_duplicate, refund_success] = all;
    match job {
        Job::PaymentSuccess => payment_success,
        Job::PaymentClose => payment_close,
        Job::PaymentDuplicate => payment_duplicate,
        Job::RefundSuccess => refund_success,
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    const JOB: Job = Job::PaymentSuccess;

    #[tokio::test]
    async fn who_waits_for_room_is_told_when_a_full_account_has_room_again_unless_something_is_wrong() {
        let guards = Guards::new();
        let (merchant, account) =
            (MerchantId::parse("shop").unwrap(), ChannelAccountId::parse("acme").unwrap());
        let guard = guards.of(&merchant, &account, 2);
        let mut hand: Vec<_> = (0..4).map(|_| guard.take_in_hand(JOB)).collect();
        assert_eq!(guards.with_full_hands(JOB), [(merchant, account)]);
        assert_eq!([JOB, Job::RefundSuccess].map(|job| guards.rows_in_hand(job)), [4, 0]);

        let mut room = Box::pin(guards.room(JOB));
        for _ in 0..2 {
            hand.pop().unwrap().put_down();
            assert!(poll!(&mut room).is_pending(), "as many are left as calls may be under way");
        }
        hand.pop().unwrap().put_down();
        assert!(poll!(&mut room).is_ready());

        hand.push(guard.take_in_hand(JOB));
        let mut room = Box::pin(guards.room(JOB));
        hand.clear();
        assert!(poll!(&mut room).is_pending(), "rows that failed call for no look before its time");
        assert_eq!((guards.with_full_hands(JOB), guards.rows_in_hand(JOB)), (vec![], 0));
    }
}
