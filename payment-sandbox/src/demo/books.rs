//! Our own records, read behind the service's back: what the API does not show, and the audit at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use payment_core::{
    invariant::{self, Ledger},
    merchant_event::MerchantEvent,
    payment::{Payment, state::PaymentState},
    refund::{Refund, state::RefundState},
};
use payment_server::ports::SystemRandomness;
use payment_store::{DatabaseTls, Store, StoreOptions};
use secrecy::SecretString;

use super::promise::{Broken, Kept, expect};
use crate::commands::Failure;

/// The server's database, read only.
pub(super) struct Books {
    store: Store,
}

/// What is recorded about one payment beside its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trail {
    /// How often it became succeeded.
    pub(super) successes: usize,
    /// The key that verified the channel's word for the success.
    pub(super) verified_by: Option<String>,
    /// Every state that it came to, oldest first.
    pub(super) states: Vec<PaymentState>,
    /// What callers are told, oldest first.
    pub(super) events: Vec<MerchantEvent>,
}

impl Trail {
    /// How often callers are told this.
    pub(super) fn told(&self, event: MerchantEvent) -> usize {
        self.events.iter().filter(|told| **told == event).count()
    }
}

/// All records at one moment, on which every invariant holds.
pub(super) struct Audit {
    ledger: Ledger,
}

/// One channel account in the audit. Amounts in minor units.
#[derive(Clone, Debug)]
pub(super) struct AccountAudit {
    /// Payments of this demo.
    pub(super) payments: BTreeSet<String>,
    /// How many of them succeeded.
    pub(super) succeeded: usize,
    /// What the channel took for them and did not give back.
    pub(super) kept: i64,
}

impl Books {
    /// Opens the records.
    pub(super) fn open(database_url: &SecretString) -> Result<Self, Failure> {
        let options = StoreOptions {
            url: database_url.clone(),
            tls: DatabaseTls::Disabled,
            max_connections: 2,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
        };
        let store = Store::new(&options, Arc::new(SystemRandomness)).map_err(Failure::new)?;
        Ok(Self { store })
    }

    async fn ledger(&self) -> Kept<Ledger> {
        self.store.ledger().await.map_err(|error| Broken::new(format!("the records cannot be read: {error}")))
    }

    /// What is recorded about a payment beside its row.
    pub(super) async fn trail(&self, payment_no: &str) -> Kept<Trail> {
        let ledger = self.ledger().await?;
        let transitions: Vec<_> =
            ledger.transitions.iter().filter(|moved| moved.payment_no.as_str() == payment_no).collect();
        let success = |to: PaymentState| to == PaymentState::Succeeded;
        let events = ledger.events.iter().filter(|told| told.payment_no.as_str() == payment_no);
        Ok(Trail {
            successes: transitions.iter().filter(|moved| success(moved.to)).count(),
            verified_by: transitions
                .iter()
                .find(|moved| success(moved.to))
                .and_then(|moved| moved.verified_by.clone()),
            states: transitions.iter().map(|moved| moved.to).collect(),
            events: events.map(|told| told.event).collect(),
        })
    }

    /// Checks every invariant on everything that is recorded.
    pub(super) async fn audit(&self) -> Kept<Audit> {
        let ledger = self.ledger().await?;
        match invariant::check(&ledger).first() {
            Some(breach) => Err(Broken::new(format!("{}: {}", breach.invariant, breach.description))),
            None => Ok(Audit { ledger }),
        }
    }
}

impl Audit {
    /// Holds each payment that `run` made through `account` against the channel's own books, in both directions.
    pub(super) fn account(
        &self,
        run: &str,
        account: &str,
        channel: BTreeMap<String, i64>,
    ) -> Kept<AccountAudit> {
        // Kept data may hold payments of earlier demos, whose channel is gone.
        let of_run = |payment: &&Payment| {
            payment.channel_account.as_str() == account && payment.request_id.as_str().starts_with(run)
        };
        let payments: Vec<_> = self.ledger.payments.iter().filter(of_run).collect();
        let recorded = payments
            .iter()
            .map(|payment| (payment.payment_no.to_string(), kept(payment, &self.ledger.refunds)));
        // Where nothing was taken, a channel may never have heard of the payment.
        let moved = |(_, kept): &(String, i64)| *kept != 0;
        let recorded: BTreeMap<_, _> = recorded.filter(moved).collect();
        let taken: BTreeMap<_, _> = channel.into_iter().filter(moved).collect();
        expect("money by payment, the channel's books against ours", &taken, &recorded)?;
        let succeeded = payments.iter().filter(|payment| payment.state == PaymentState::Succeeded).count();
        let payments = payments.iter().map(|payment| payment.payment_no.to_string()).collect();
        Ok(AccountAudit { payments, succeeded, kept: taken.values().sum() })
    }

    /// How many payments are recorded.
    pub(super) fn payments(&self) -> usize {
        self.ledger.payments.len()
    }
}

/// What is recorded as paid and not given back, in minor units.
fn kept(payment: &Payment, refunds: &[Refund]) -> i64 {
    if payment.state != PaymentState::Succeeded {
        return 0;
    }
    let arrived = refunds
        .iter()
        .filter(|refund| refund.payment_no == payment.payment_no && refund.state == RefundState::Succeeded);
    payment.amount.minor_units() - arrived.map(|refund| refund.amount.minor_units()).sum::<i64>()
}
