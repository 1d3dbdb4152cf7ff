//! Wakes whoever numbers events as soon as a transaction that appended some is committed. Only a wake-up: a process that
//! dies after its commit leaves rows without a number, which any replica finds by looking.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    future::Future,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use payment_core::identifiers::MerchantId;
use tokio::sync::Notify;

tokio::task_local! {
    /// The merchants that the transaction of this task has appended events for. A transaction is one future in one task,
    /// so what it appends is known here without each of its steps passing it on.
    static IN_TRANSACTION: RefCell<BTreeSet<MerchantId>>;
}

/// Notes that the present transaction appended events of a merchant. Does nothing outside of one.
pub(crate) fn note(merchant_id: &MerchantId) {
    let _ = IN_TRANSACTION.try_with(|merchants| merchants.borrow_mut().insert(merchant_id.clone()));
}

/// Runs a transaction, and tells whose events it appended.
pub(crate) async fn noted<T>(transaction: impl Future<Output = T>) -> (T, BTreeSet<MerchantId>) {
    let with_notes = async {
        let outcome = transaction.await;
        (outcome, IN_TRANSACTION.with(RefCell::take))
    };
    IN_TRANSACTION.scope(RefCell::default(), with_notes).await
}

/// The merchants with new events. One waiter at a time.
#[derive(Clone, Default)]
pub(crate) struct Appended {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    merchants: Mutex<BTreeSet<MerchantId>>,
    wake: Notify,
}

impl Appended {
    /// Announces events that are committed.
    pub(crate) fn announce(&self, merchants: BTreeSet<MerchantId>) {
        if merchants.is_empty() {
            return;
        }
        self.shared.merchants.lock().unwrap_or_else(PoisonError::into_inner).extend(merchants);
        self.shared.wake.notify_one();
    }

    /// Waits for announcements and takes them.
    pub(crate) async fn taken(&self) -> BTreeSet<MerchantId> {
        loop {
            let merchants =
                mem::take(&mut *self.shared.merchants.lock().unwrap_or_else(PoisonError::into_inner));
            if !merchants.is_empty() {
                return merchants;
            }
            self.shared.wake.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(name: &str) -> MerchantId {
        MerchantId::parse(name).expect("a merchant")
    }

    #[tokio::test]
    async fn a_transaction_knows_what_it_appended_and_no_other_does() {
        let transaction = async {
            note(&merchant("acme"));
            let (inner, of_inner) = noted(async { note(&merchant("other")) }).await;
            (inner, of_inner)
        };
        let ((_, of_inner), of_outer) = noted(transaction).await;
        assert_eq!(of_inner, BTreeSet::from([merchant("other")]));
        assert_eq!(of_outer, BTreeSet::from([merchant("acme")]));
        note(&merchant("nobody"));
    }

    #[tokio::test]
    async fn what_is_announced_before_anybody_waits_is_not_lost() {
        let appended = Appended::default();
        appended.announce(BTreeSet::from([merchant("acme")]));
        appended.announce(BTreeSet::from([merchant("other")]));
        assert_eq!(appended.taken().await, BTreeSet::from([merchant("acme"), merchant("other")]));
        let waiting = appended.taken();
        let announcing = async { appended.announce(BTreeSet::from([merchant("acme")])) };
        let (taken, ()) = futures::join!(waiting, announcing);
        assert_eq!(taken, BTreeSet::from([merchant("acme")]));
    }
}
