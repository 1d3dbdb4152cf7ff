//! The steps in which nobody does anything, or somebody pulls the plug: the service goes on by itself.

use std::time::Duration;

use payment_proto::v1::{CreateRefundRequest, Payment, PaymentState, Refund, RefundState};
use payment_sandbox::wechat::{
    Fault, FaultRule, NotificationFault, NotificationFaultRule, NotificationKind, Operation,
};
use payment_server::telemetry::Stopwatch;
use tokio::time::{interval, timeout};

use super::{Attempt, PATIENCE, Scene, refunds::action};
use crate::demo::{
    processes::LOOK,
    promise::{Broken, Kept},
    report::{Actor, milliseconds, yuan},
    words::{refund_line, word},
};

/// How long a lost callback may stay lost in its first minutes, and longer than a refund's second try takes to come.
const BY_ITSELF: Duration = Duration::from_secs(30);

/// How often is looked whether the service has done something by itself: waiting must not be work for it.
const GLANCE: Duration = Duration::from_millis(50);

/// An answer that the killed server does not live to see.
const SLOW: u64 = 5;

impl Scene<'_> {
    /// Waits until the service has found by itself that a payment was paid. Reading asks nobody.
    pub(crate) async fn found_by_itself(&self, attempt: &Attempt) -> Kept<PaymentState> {
        let watch = Stopwatch::start();
        let found = timeout(BY_ITSELF, self.wait_for_success(&attempt.payment_no)).await;
        let payment = found.map_err(|_| Broken::new("nobody found the payment within 30 s"))??;
        self.told(
            watch,
            Actor::Shop,
            "only reads GetPayment, until the service has asked",
            word(payment.state()),
        );
        Ok(payment.state())
    }

    async fn wait_for_success(&self, payment_no: &str) -> Kept<Payment> {
        let mut glances = interval(GLANCE);
        loop {
            glances.tick().await;
            let payment = self.shop.payment(payment_no).await?;
            if payment.state() == PaymentState::Succeeded {
                return Ok(payment);
            }
        }
    }

    /// Waits until a refund has arrived, which nobody helps it to.
    pub(crate) async fn refund_arrives(&self, refund_no: &str) -> Kept<Refund> {
        let watch = Stopwatch::start();
        let arrived = timeout(BY_ITSELF, self.wait_for_refund(refund_no)).await;
        let refund = arrived.map_err(|_| Broken::new(format!("refund {refund_no} did not arrive")))??;
        let amount = refund.amount.as_ref().map_or(0, |amount| amount.minor_units);
        let action = format!("only reads GetRefund, until {} arrived", yuan(amount));
        self.told(watch, Actor::Shop, &action, &refund_line(&refund));
        Ok(refund)
    }

    async fn wait_for_refund(&self, refund_no: &str) -> Kept<Refund> {
        let mut glances = interval(GLANCE);
        loop {
            glances.tick().await;
            let refund = self.shop.refund(refund_no).await?;
            if refund.state() == RefundState::Succeeded {
                return Ok(refund);
            }
        }
    }

    /// The server is killed between WeChat's acceptance of a refund and its answer, and started again.
    pub(crate) async fn kill_server_during(
        &mut self,
        attempt: &Attempt,
        request: &CreateRefundRequest,
    ) -> Kept<()> {
        self.hold_back_news_of_refund(attempt).await?;
        let watch = Stopwatch::start();
        tokio::select! {
            accepted = self.wait_until_accepted(attempt) => accepted?,
            _ = self.shop.create_refund_unsteadily(request) => {
                return Err(Broken::new("the refund was answered before the server could be killed"));
            }
        }
        self.told(watch, Actor::Shop, &action(request), "WeChat accepted it, and has not answered yet");
        self.restart(attempt).await
    }

    /// WeChat's answer takes seconds, and its notification comes when the next server is there.
    async fn hold_back_news_of_refund(&self, attempt: &Attempt) -> Kept<()> {
        let out_trade_no = Some(attempt.payment_no.clone());
        let slow = FaultRule {
            operation: Some(Operation::CreateRefund),
            out_trade_no: out_trade_no.clone(),
            times: Some(1),
            fault: Fault::SlowAnswer { seconds: SLOW },
        };
        self.channel.add_fault(&slow).await?;
        let late = NotificationFaultRule {
            notification: Some(NotificationKind::Refund),
            out_trade_no,
            times: Some(1),
            fault: NotificationFault::Delayed { seconds: 1 },
        };
        self.channel.add_notification_fault(&late).await
    }

    async fn wait_until_accepted(&self, attempt: &Attempt) -> Kept<()> {
        let wait = async {
            let mut looks = interval(LOOK);
            loop {
                looks.tick().await;
                if !self.channel.order(&attempt.payment_no).await?.refunds.is_empty() {
                    return Ok(());
                }
            }
        };
        timeout(PATIENCE, wait).await.map_err(|_| Broken::new("WeChat was never asked for the refund"))?
    }

    async fn restart(&mut self, attempt: &Attempt) -> Kept<()> {
        let failed = |failure| Broken::new(format!("the server: {failure}"));
        let stage = self.stage.as_mut().ok_or_else(|| Broken::new("there is no server to take away"))?;
        let away = self.shop.without_server().await;
        let watch = Stopwatch::start();
        stage.kill_server().await.map_err(failed)?;
        self.report.step(watch.elapsed(), Actor::Server, "kill -9", "gone");
        let took = stage.restart_server().await.map_err(failed)?;
        let order_no = attempt.orders.first().map_or("", String::as_str);
        self.shop.reconnected(away, order_no).await?;
        let seen = format!("serving after {}", milliseconds(took));
        self.report.step(watch.elapsed(), Actor::Server, "starts again", &seen);
        Ok(())
    }
}
