//! What stands between the jobs and each channel account: a bound on calls in flight, and a circuit breaker.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use payment_core::identifiers::{ChannelAccountId, MerchantId};
use time::{Duration, OffsetDateTime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::breaker::{Breaker, Verdict};

type AccountKey = (MerchantId, ChannelAccountId);

/// The guards of all accounts, made as they are needed.
pub struct Guards {
    guards: Mutex<HashMap<AccountKey, Arc<Guard>>>,
}

/// The guard of one account.
pub(crate) struct Guard {
    breaker: Mutex<Breaker>,
    calls: Arc<Semaphore>,
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
            let breaker = Mutex::new(Breaker::closed());
            Arc::new(Guard { breaker, calls: Arc::new(Semaphore::new(calls)) })
        };
        Arc::clone(guards.entry((merchant.clone(), account.clone())).or_insert_with(make))
    }
}

impl Guards {
    /// The accounts that are left alone at `now`.
    pub(crate) fn left_alone(&self, now: OffsetDateTime) -> Vec<(MerchantId, ChannelAccountId)> {
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
