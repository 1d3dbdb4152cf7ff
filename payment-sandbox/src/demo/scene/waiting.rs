//! The steps in which nobody does anything, or somebody pulls the plug: the service goes on by itself.

use std::time::Duration;

use payment_proto::v1::{CreateRefundRequest, Payment, PaymentState, Refund, RefundState};
use payment_server::telemetry::Stopwatch;
use tokio::time::{interval, timeout};

use super::{Attempt, PATIENCE, Scene, refunds::action};
use crate::demo::{
    processes::LOOK,
    promise::{Broken, Kept},
    report::{Actor, milliseconds},
    words::{amount, refund_line, word},
};

/// How long a lost callback may stay lost in its first minutes, and longer than a refund's second try takes to come.
const BY_ITSELF: Duration = Duration::from_secs(60);

/// How often is looked whether the service has done something by itself: waiting must not be work for it.
const GLANCE: Duration = Duration::from_millis(100);

impl Scene<'_> {
    /// Waits until the service has found by itself that a payment was paid. Reading asks nobody.
    pub(crate) async fn found_by_itself(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        self.read_until_paid(attempt, "only reads GetPayment, until the service has asked").await
    }

    /// Waits until the channel's word about late money has reached the records: a watch ends with the close.
    pub(crate) async fn late_money_is_known(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        self.read_until_paid(attempt, "reads GetPayment, until the channel has called back").await
    }

    /// Waits until the channel holds the money: the service has it held once the channel has told of the approval.
    pub(crate) async fn money_is_held(&self, attempt: &Attempt<'_>) -> Kept<PaymentState> {
        self.read_until(attempt, PaymentState::Held, "reads GetPayment, until the money is held").await
    }

    async fn read_until_paid(&self, attempt: &Attempt<'_>, action: &str) -> Kept<PaymentState> {
        self.read_until(attempt, PaymentState::Succeeded, action).await
    }

    async fn read_until(
        &self,
        attempt: &Attempt<'_>,
        state: PaymentState,
        action: &str,
    ) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let found = timeout(BY_ITSELF, self.wait_for_state(&attempt.payment_no, state)).await;
        let missed = || Broken::new(format!("the payment did not become {} within a minute", word(state)));
        let payment = found.map_err(|_| missed())??;
        self.told(watch, Actor::Shop, action, word(payment.state()));
        Ok(payment.state())
    }

    async fn wait_for_state(&self, payment_no: &str, state: PaymentState) -> Kept<Payment> {
        let mut glances = interval(GLANCE);
        loop {
            glances.tick().await;
            let payment = self.cast.shop.payment(payment_no).await?;
            if payment.state() == state {
                return Ok(payment);
            }
        }
    }

    /// Waits until a refund has arrived, which nobody helps it to.
    pub(crate) async fn refund_arrives(&self, refund_no: &str) -> Kept<Refund> {
        let watch = Stopwatch::start();
        let arrived = timeout(BY_ITSELF, self.wait_for_refund(refund_no)).await;
        let refund = arrived.map_err(|_| Broken::new(format!("refund {refund_no} did not arrive")))??;
        let action = format!("only reads GetRefund, until {} arrived", amount(refund.amount.as_ref()));
        self.told(watch, Actor::Shop, &action, &refund_line(&refund));
        Ok(refund)
    }

    async fn wait_for_refund(&self, refund_no: &str) -> Kept<Refund> {
        let mut glances = interval(GLANCE);
        loop {
            glances.tick().await;
            let refund = self.cast.shop.refund(refund_no).await?;
            if refund.state() == RefundState::Succeeded {
                return Ok(refund);
            }
        }
    }

    /// The server is killed between the channel's acceptance of a refund and its answer, and started again.
    pub(crate) async fn kill_server_during(
        &self,
        attempt: &Attempt<'_>,
        request: &CreateRefundRequest,
    ) -> Kept<()> {
        attempt.channel.hold_next_refund(&attempt.payment_no);
        let watch = Stopwatch::start();
        tokio::select! {
            accepted = timeout(PATIENCE, wait_until_accepted(attempt)) => {
                accepted.map_err(|_| Broken::new("the channel was never asked for the refund"))?;
            }
            _ = self.cast.shop.create_refund_unsteadily(request) => {
                return Err(Broken::new("the refund was answered before the server could be killed"));
            }
        }
        let seen = format!("{} accepted it, and has not answered yet", attempt.channel());
        self.told(watch, Actor::Shop, &action(request), &seen);
        self.pull_plug().await
    }

    async fn pull_plug(&self) -> Kept<()> {
        let watch = Stopwatch::start();
        let took = self.cast.plug.pull().await?;
        let seen = format!("serving {} after its next start", milliseconds(took));
        self.told(watch, Actor::Server, "kill -9, with a refund under way in every channel", &seen);
        Ok(())
    }
}

async fn wait_until_accepted(attempt: &Attempt<'_>) {
    let mut looks = interval(LOOK);
    while attempt.channel.entry(&attempt.payment_no).refunds.is_empty() {
        looks.tick().await;
    }
}
