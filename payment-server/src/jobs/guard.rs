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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Job,
    breaker::{Breaker, Verdict},
};

/// The guards of all accounts, made as they are needed.
pub struct Guards {
    guards: Mutex<HashMap<AccountOf, Arc<Guard>>>,
}

/// The guard of one account.
pub(crate) struct Guard {
    breaker: Mutex<Breaker>,
    calls: Arc<Semaphore>,
    /// How many calls may be in flight.
    most_calls: usize,
    /// Rows that were claimed and are not handled yet, by job.
    in_hand: [AtomicUsize; Job::ALL.len()],
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
        Self { guards: Mutex::new(HashMap::new()) }
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
        let is_full = |guard: &Guard| guard.in_hand(job).load(Ordering::Relaxed) >= guard.most_calls;
        guards.iter().filter(|(_, guard)| is_full(guard)).map(|(key, _)| key.clone()).collect()
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
        self.in_hand(job).fetch_add(1, Ordering::Relaxed);
        InHand { guard: Arc::clone(self), job }
    }

    const fn in_hand(&self, job: Job) -> &AtomicUsize {
        let [payment_success, payment_close, payment_duplicate, refund_success] = &self.in_hand;
        match job {
            Job::PaymentSuccess => payment_success,
            Job::PaymentClose => payment_close,
            Job::PaymentDuplicate => payment_duplicate,
            Job::RefundSuccess => refund_success,
        }
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

impl Drop for InHand {
    fn drop(&mut self) {
        self.guard.in_hand(self.job).fetch_sub(1, Ordering::Relaxed);
    }
}
