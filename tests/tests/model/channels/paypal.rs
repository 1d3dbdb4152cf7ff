//! PayPal: the payer approves, at any time, and no money moves until we capture.

use payment_core::gateway::PaymentData;
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{
        ApproveOptions, Fault, FaultRule, Funding, GeneratedMerchant, LedgerOrder, LedgerRefund,
        MerchantOptions, Operation, PaypalControl, PaypalSimulator, RefundStatus, SimulatorOptions,
    },
};
use url::Url;

use payment_tests::{accounts::paypal_section, app::MERCHANT};

use super::{Attempt, BookedRefund, Books, Channel, Market, RefundStage};
use crate::model::story::{Ending, Landing};

pub(crate) struct Paypal {
    simulator: PaypalSimulator,
    control: PaypalControl,
    merchant: GeneratedMerchant,
}

impl Paypal {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let simulator = PaypalSimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let merchant = control.create_merchant(MerchantOptions::standard()).unwrap();
        Self { simulator, control, merchant }
    }

    fn refunds(order: &LedgerOrder) -> impl Iterator<Item = &LedgerRefund> {
        order.captures.iter().flat_map(|capture| &capture.refunds)
    }
}

fn number(refund: &LedgerRefund) -> &str {
    refund.custom_id.as_deref().unwrap_or_default()
}

#[async_trait::async_trait]
impl Market for Paypal {
    fn section(&self) -> String {
        paypal_section(MERCHANT, &Channel::Paypal.account(), &self.merchant, self.simulator.base_url())
    }

    fn notified_at(&self, url: &str) {
        self.control.set_webhook_url(&self.merchant.client_id, url).unwrap();
    }

    fn pay(&self, attempt: &Attempt, _: Landing) {
        let PaymentData::RedirectUrl(url) = &attempt.data else {
            panic!("no address for a browser: {attempt:?}")
        };
        let url: Url = url.parse().unwrap();
        let (_, order_id) = url.query_pairs().find(|(name, _)| name == "token").unwrap();
        // Whoever may not approve is told so.
        let _ = self.control.approve(&order_id, &ApproveOptions::with(Funding::Balance));
    }

    fn silence(&self, payment_no: &str) {
        self.control.suppress_notifications(Some(payment_no));
    }

    fn hold_next_refund(&self) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::RefundCapture),
            reference: None,
            times: Some(1),
            fault: Fault::RefundPending,
        });
    }

    fn forget_orders(&self) {
        self.control.clear_faults();
    }

    /// A repeated create must not have made a second order.
    fn books(&self, payment_no: &str) -> Books {
        let orders = self.control.orders_of(payment_no);
        let refunds = orders.iter().flat_map(Self::refunds).map(|refund| BookedRefund {
            number: number(refund).to_owned(),
            amount: refund.amount.minor,
            stage: match refund.status {
                RefundStatus::Pending => RefundStage::UnderWay,
                RefundStatus::Completed => RefundStage::Arrived,
                RefundStatus::Failed | RefundStatus::Cancelled => RefundStage::Dead,
            },
        });
        Books {
            refunds: refunds.collect(),
            taken: orders.iter().map(|order| order.taken).sum(),
            given_back: orders.iter().map(|order| order.given_back).sum(),
        }
    }

    fn end_refund(&self, payment_no: &str, wanted: &str, ending: Ending) {
        let status = match ending {
            Ending::Arrives => RefundStatus::Completed,
            Ending::Dies => RefundStatus::Failed,
        };
        let orders = self.control.orders_of(payment_no);
        let mut refunds = orders.iter().flat_map(Self::refunds);
        let pending =
            |refund: &&LedgerRefund| number(refund) == wanted && refund.status == RefundStatus::Pending;
        self.control.settle_refund(&refunds.find(pending).unwrap().refund_id, status).unwrap();
    }

    async fn notify_again(&self, payment_no: &str, copies: u32) {
        let _ = self.control.resend_notification(payment_no, copies).await;
    }

    async fn settled(&self) {
        self.control.settled().await;
    }

    fn kept(&self) -> i64 {
        self.control.ledger().orders.iter().map(|order| order.taken - order.given_back).sum()
    }
}
