//! Our own records, read behind the service's back: what the API does not show, and the audit at the end.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use payment_core::{
    invariant::{self, Ledger},
    merchant_event::MerchantEvent,
    payment::{Payment, state::PaymentState},
    refund::{Refund, state::RefundState},
};
use payment_sandbox::wechat::{Ledger as ChannelLedger, LedgerOrder};
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

/// What the audit found. Amounts in fen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Audit {
    /// Payments of this demo.
    pub(super) payments: usize,
    /// Those of them that succeeded.
    pub(super) succeeded: usize,
    /// What the channel took for them and did not give back.
    pub(super) taken: i64,
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

    /// Checks every invariant, and each payment of `mchid` against the channel's own books, in both directions.
    pub(super) async fn audit(&self, channel: &ChannelLedger, mchid: &str) -> Kept<Audit> {
        let ledger = self.ledger().await?;
        if let Some(breach) = invariant::check(&ledger).first() {
            return Err(Broken::new(format!("{}: {}", breach.invariant, breach.description)));
        }
        // Kept data may hold payments of earlier demos, whose channel is gone.
        let payee = format!("{mchid}/");
        let ours = ledger.payments.iter().filter(|payment| payment.payee.as_str().starts_with(&payee));
        let ours: Vec<_> = ours.collect();
        let recorded: BTreeMap<&str, i64> = ours
            .iter()
            .map(|payment| (payment.payment_no.as_str(), kept(payment, &ledger.refunds)))
            .collect();
        let succeeded = ours.iter().filter(|payment| payment.state == PaymentState::Succeeded).count();
        let merchant_orders = || channel.orders.iter().filter(|order| order.mchid == mchid);
        let kept_there = |order: &LedgerOrder| order.taken - order.given_back;
        let taken: BTreeMap<&str, i64> =
            merchant_orders().map(|order| (order.out_trade_no.as_str(), kept_there(order))).collect();
        expect("money by payment, the channel's books against ours", &taken, &recorded)?;
        Ok(Audit { payments: recorded.len(), succeeded, taken: taken.values().sum() })
    }
}

/// What is recorded as paid and not given back, in fen.
fn kept(payment: &Payment, refunds: &[Refund]) -> i64 {
    if payment.state != PaymentState::Succeeded {
        return 0;
    }
    let arrived = refunds
        .iter()
        .filter(|refund| refund.payment_no == payment.payment_no && refund.state == RefundState::Succeeded);
    payment.amount.minor_units() - arrived.map(|refund| refund.amount.minor_units()).sum::<i64>()
}
