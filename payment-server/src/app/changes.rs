//! Wakes whoever waits for a payment to change in this process. Only a wake-up: what changed is read from the database,
//! and changes made by other replicas are found by looking again after a while.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use payment_core::identifiers::PaymentNo;
use tokio::sync::watch;

/// Payments that somebody waits for.
pub(crate) struct Changes {
    waited_for: Mutex<HashMap<PaymentNo, watch::Sender<()>>>,
}

/// Somebody who waits for one payment.
pub(crate) struct Waiter<'a> {
    changes: &'a Changes,
    payment_no: PaymentNo,
    changed: watch::Receiver<()>,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self { waited_for: Mutex::new(HashMap::new()) }
    }

    /// Wakes those who wait for this payment.
    pub(crate) fn announce(&self, payment_no: &PaymentNo) {
        let waited_for = self.waited_for.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waited_for.get(payment_no) {
            sender.send_replace(());
        }
    }

    /// Registers a waiter.
    pub(crate) fn waiter(&self, payment_no: &PaymentNo) -> Waiter<'_> {
        let mut waited_for = self.waited_for.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = waited_for.entry(payment_no.clone()).or_insert_with(|| watch::channel(()).0);
        Waiter { changes: self, payment_no: payment_no.clone(), changed: sender.subscribe() }
    }
}

impl Waiter<'_> {
    /// To be called before each look, so that a change between the look and the wait is not missed.
    pub(crate) fn before_look(&mut self) {
        self.changed.mark_unchanged();
    }

    /// Waits until the payment changed since [`Waiter::before_look`], or for `patience`. Either way: look again.
    pub(crate) async fn changed_or(&mut self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.changed.changed()).await;
    }

    /// Gives up its place under the lock, for two that go at once must not each count the other.
    fn leave(&mut self) {
        let mut waited_for = self.changes.waited_for.lock().unwrap_or_else(PoisonError::into_inner);
        drop(std::mem::replace(&mut self.changed, watch::channel(()).1));
        if waited_for.get(&self.payment_no).is_some_and(|sender| sender.receiver_count() == 0) {
            waited_for.remove(&self.payment_no);
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiters_that_go_at_once_leave_nothing_behind() {
        let changes = Changes::new();
        let time = time::macros::datetime!(2026-11-28 08:00 UTC);
        let number = PaymentNo::generate(time, 0, [1; PaymentNo::RANDOM_BYTES]);
        let mut waiters = [changes.waiter(&number), changes.waiter(&number)];
        // Both have left before either is gone.
        for waiter in &mut waiters {
            waiter.leave();
        }
        assert!(changes.waited_for.lock().unwrap().is_empty());
    }
}
