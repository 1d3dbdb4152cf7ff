//! The steps of the shop about one payment: watching, asking, reporting, closing, and reading where it stands.

use payment_proto::v1::{AllocationState, Order, OrderState, Payment, PaymentState};
use payment_server::telemetry::Stopwatch;
use tokio::time::timeout;

use super::{Attempt, Outcome, PATIENCE, Scene};
use crate::demo::{
    promise::{Broken, Kept, expect},
    report::Actor,
    shop,
    words::{order_line, payment_line, trail_line, word},
};

impl Scene<'_> {
    /// The payment is known to be paid: because the channel called back, or because the shop asked.
    pub(crate) async fn proven(&self, attempt: &Attempt<'_>) -> Kept<()> {
        if self.is_called_back() {
            return self.watch_success(attempt).await;
        }
        expect("the channel's answer", &PaymentState::Succeeded, &self.sync(attempt).await?)
    }

    /// The shop watches the payment until it succeeds.
    pub(crate) async fn watch_success(&self, attempt: &Attempt<'_>) -> Kept<()> {
        let watch = Stopwatch::start();
        let state = timeout(PATIENCE, self.watch_to_the_end(attempt)).await;
        let state = state.map_err(|_| Broken::new("WatchPayment: still undecided"))??;
        self.told(watch, Actor::Shop, "WatchPayment, until it is decided", word(state));
        expect("WatchPayment's last word", &PaymentState::Succeeded, &state)
    }

    async fn watch_to_the_end(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        let mut stream = self.cast.shop.watch(&attempt.payment_no).await?;
        let mut last = attempt.state;
        while let Some(answer) = stream.message().await.map_err(shop::refused)? {
            last = shop::present(answer.payment)?.state();
        }
        Ok(last)
    }

    /// The shop lets the service ask the channel.
    pub(crate) async fn sync(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let payment = self.cast.shop.sync(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "SyncPayment: the service asks the channel", word(payment.state()));
        Ok(payment.state())
    }

    /// The app says "paid".
    pub(crate) async fn confirm_paid(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let report = attempt.channel.false_report();
        let payment = self.cast.shop.confirm_paid(&attempt.payment_no, report).await?;
        self.told(watch, Actor::Shop, "ConfirmPayment: the app says it is paid", word(payment.state()));
        Ok(payment.state())
    }

    /// The shop takes the money that is held.
    pub(crate) async fn capture(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let payment = self.cast.shop.capture(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "CapturePayment", word(payment.state()));
        Ok(payment.state())
    }

    /// The shop closes the payment.
    pub(crate) async fn close(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let payment = self.cast.shop.close(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "ClosePayment", word(payment.state()));
        Ok(payment.state())
    }

    /// Reads payment, orders and records, and holds them against each other whatever the story is.
    pub(crate) async fn outcome(&self, attempt: &Attempt<'_>) -> Kept<Outcome> {
        let watch = Stopwatch::start();
        let payment = self.cast.shop.payment(&attempt.payment_no).await?;
        self.told(watch, Actor::Shop, "GetPayment", &payment_line(&payment));
        let mut orders = Vec::new();
        for order_no in &attempt.orders {
            let watch = Stopwatch::start();
            let order = self.cast.shop.order(order_no).await?;
            self.told(watch, Actor::Shop, &format!("GetOrder {order_no}"), &order_line(&order));
            agree(&payment, &order)?;
            orders.push(order);
        }
        let watch = Stopwatch::start();
        let trail = self.cast.books.trail(&attempt.payment_no).await?;
        self.told(watch, Actor::Records, "way of the payment; what callers are told", &trail_line(&trail));
        Ok(Outcome { payment, orders, trail })
    }
}

/// The payment's allocation for the order and the order itself must say the same.
fn agree(payment: &Payment, order: &Order) -> Kept<()> {
    let number = &order.order_no;
    let allocation = payment.allocations.iter().find(|allocation| allocation.order_no == *number);
    let allocation = allocation.ok_or_else(|| Broken::new(format!("no allocation for {number}")))?;
    let promised = match payment.state() {
        // Money for an order that another payment had paid.
        PaymentState::Succeeded if order.effective_payment_no != payment.payment_no => {
            AllocationState::Duplicate
        }
        PaymentState::Succeeded => AllocationState::Effective,
        PaymentState::Closed | PaymentState::Failed => AllocationState::Released,
        PaymentState::Unspecified
        | PaymentState::Initiating
        | PaymentState::AwaitingPayer
        | PaymentState::ClientReported
        | PaymentState::Held => AllocationState::Pending,
    };
    expect(&format!("allocation of {number}"), &promised, &allocation.state())?;
    if payment.state() != PaymentState::Succeeded {
        let paid_by_it = order.effective_payment_no == payment.payment_no;
        return expect(&format!("{number} paid by this payment"), &false, &paid_by_it);
    }
    expect(&format!("state of {number}"), &OrderState::Paid, &order.state())?;
    if promised == AllocationState::Duplicate {
        return Ok(());
    }
    expect(&format!("what was paid for {number}"), &allocation.amount, &order.paid_amount)
}
