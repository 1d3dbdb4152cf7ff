//! The last step: the books of the channels, of the service and of the orders are held against each other.

use std::sync::PoisonError;

use futures::future::try_join_all;
use payment_core::invariant;
use payment_proto::v1::{Order, RefundState};
use payment_server::telemetry::Stopwatch;

use super::{Cast, Scene};
use crate::demo::{
    books::Audit,
    promise::{Kept, expect},
    report::Actor,
    words::money,
};

/// How many orders are read at a time.
const AT_ONCE: usize = 8;

/// Records and orders at the end, on which every invariant holds.
pub(super) struct Reading {
    audit: Audit,
    orders: Vec<Order>,
}

impl Cast<'_> {
    async fn read_everything(&self) -> Kept<Reading> {
        let audit = self.books.audit().await?;
        let numbers = self.orders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut orders = Vec::new();
        for some in numbers.chunks(AT_ONCE) {
            orders.extend(try_join_all(some.iter().map(|order_no| self.shop.order(order_no))).await?);
        }
        Ok(Reading { audit, orders })
    }
}

impl Scene<'_> {
    /// Checks every invariant, and our records and every order against the channel's own books.
    pub(crate) async fn audit(&self) -> Kept<()> {
        let watch = Stopwatch::start();
        let Reading { audit, orders } =
            self.cast.reading.get_or_try_init(|| self.cast.read_everything()).await?;
        let seen = format!("{} hold on {} payments", invariant::ALL.len(), audit.payments());
        self.told(watch, Actor::Records, "every invariant, on everything that is recorded", &seen);
        let (account, currency) = (self.channel.account(), self.channel.currency());
        let found = audit.account(&self.cast.run, account, self.channel.books())?;
        let seen = format!("{} for {} payments", money(currency, found.kept), found.succeeded);
        let action = "took less what it gave back, by its own books and by ours";
        self.told(watch, Actor::Channel(self.channel.name()), action, &seen);
        let paid_here = orders.iter().filter(|order| found.payments.contains(&order.effective_payment_no));
        let (count, paid) = paid_here.fold((0, 0), |(count, paid), order| (count + 1, paid + kept(order)));
        let seen = format!("{} paid and not given back", money(currency, paid));
        self.told(watch, Actor::Shop, &format!("GetOrder of the {count} orders paid here"), &seen);
        expect("money that the orders say was paid and not given back", &found.kept, &paid)
    }
}

/// What an order says was paid for it and did not go back. A duplicate came and went back beside it.
fn kept(order: &Order) -> i64 {
    let arrived = order.refunds.iter().filter(|refund| {
        refund.payment_no == order.effective_payment_no && refund.state() == RefundState::Succeeded
    });
    let parts = arrived.flat_map(|refund| &refund.parts).filter(|part| part.order_no == order.order_no);
    let back: i64 = parts.filter_map(|part| part.amount.as_ref()).map(|amount| amount.minor_units).sum();
    order.paid_amount.as_ref().map_or(0, |amount| amount.minor_units) - back
}
