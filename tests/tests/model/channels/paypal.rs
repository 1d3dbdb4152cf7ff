//! PayPal: the payer approves, at any time, and no money moves until we capture, or is held until we do. Some money takes
//! days to come, if it comes.

use payment_core::gateway::PaymentData;
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{
        ApproveOptions, AuthorizationStatus, CaptureSettlement, CaptureStatus, Fault, FaultRule, Funding,
        GeneratedMerchant, LedgerAuthorization, LedgerOrder, LedgerRefund, MerchantOptions, Operation,
        PaypalControl, PaypalSimulator, RefundOrigin, RefundStatus, SimulatorOptions,
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

/// Our number of it; what somebody made at PayPal's website has none but PayPal's.
fn number(refund: &LedgerRefund) -> String {
    match refund.origin {
        RefundOrigin::Console => format!("PAYPAL-{}", refund.refund_id),
        RefundOrigin::Api | RefundOrigin::Reversal => refund.custom_id.clone().unwrap_or_default(),
    }
}

fn held(authorization: &LedgerAuthorization) -> i64 {
    match authorization.status {
        AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured => {
            authorization.amount.minor - authorization.captured
        }
        AuthorizationStatus::Captured | AuthorizationStatus::Voided => 0,
    }
}

#[async_trait::async_trait]
impl Market for Paypal {
    fn section(&self) -> String {
        paypal_section(MERCHANT, &Channel::Paypal.account(), &self.merchant, self.simulator.base_url())
    }

    fn notified_at(&self, url: &str) {
        self.control.set_webhook_url(&self.merchant.client_id, url).unwrap();
    }

    fn pay(&self, attempt: &Attempt, landing: Landing) {
        let PaymentData::RedirectUrl(url) = &attempt.data else {
            panic!("no address for a browser: {attempt:?}")
        };
        let url: Url = url.parse().unwrap();
        let (_, order_id) = url.query_pairs().find(|(name, _)| name == "token").unwrap();
        let funding = match landing {
            Landing::InTime | Landing::Late => Funding::Balance,
            Landing::Doubtful => Funding::echeck(),
        };
        // Whoever may not approve is told so.
        let _ = self.control.approve(&order_id, &ApproveOptions::with(funding));
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

    /// For two refunds, or until what was ordered is forgotten.
    fn empty_purse(&self, payment_no: &str) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::RefundCapture),
            reference: Some(payment_no.to_owned()),
            times: Some(2),
            fault: Fault::Refused { issue: "REFUND_FAILED_INSUFFICIENT_FUNDS".to_owned() },
        });
    }

    fn refund_in_console(&self, payment_no: &str, _: &str, amount: i64) -> bool {
        let orders = self.control.orders_of(payment_no);
        let mut captures = orders.iter().flat_map(|order| &order.captures);
        let refund = |capture_id: &str| self.control.console_refund(capture_id, Some(amount)).is_ok();
        captures.any(|capture| refund(&capture.capture_id))
    }

    fn end_payment(&self, payment_no: &str, ending: Ending) {
        let settlement = match ending {
            Ending::Arrives => CaptureSettlement::Completed,
            Ending::Dies => CaptureSettlement::Declined,
            Ending::Sticks => return,
        };
        for capture in self.control.orders_of(payment_no).iter().flat_map(|order| &order.captures) {
            if capture.status == CaptureStatus::Pending {
                self.control.settle_capture(&capture.capture_id, settlement).unwrap();
            }
        }
    }

    fn forget_orders(&self) {
        self.control.clear_faults();
    }

    /// A repeated create must not have made a second order.
    fn books(&self, payment_no: &str) -> Books {
        let orders = self.control.orders_of(payment_no);
        let refunds = orders.iter().flat_map(Self::refunds).map(|refund| BookedRefund {
            number: number(refund),
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
            held: orders.iter().flat_map(|order| &order.authorizations).map(held).sum(),
            doubtful: orders.iter().map(|order| order.being_taken).sum(),
            given_back: orders.iter().map(|order| order.given_back).sum(),
        }
    }

    fn end_refund(&self, payment_no: &str, wanted: &str, ending: Ending) {
        let status = match ending {
            Ending::Arrives => RefundStatus::Completed,
            Ending::Dies => RefundStatus::Failed,
            Ending::Sticks => return,
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
