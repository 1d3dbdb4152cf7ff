//! Alipay: app payments that it does not know before their payer opens them, refunds whose money mostly moves at once.

use payment_core::gateway::PaymentData;
use payment_sandbox::{
    alipay::{
        self, AlipayControl, AlipaySimulator, Fault, FaultRule, GeneratedMerchant, InvokeOptions, KeyMode,
        MerchantOptions, Operation, PayOptions, RefundStatus, SimulatorOptions,
    },
    clock::SimulatorClock,
};

use payment_tests::{accounts::alipay_section, app::MERCHANT};

use super::{Attempt, BookedRefund, Books, Channel, Market, RefundStage};
use crate::model::story::{Ending, Landing};

pub(crate) struct Alipay {
    simulator: AlipaySimulator,
    control: AlipayControl,
    merchant: GeneratedMerchant,
}

impl Alipay {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let simulator = AlipaySimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let options = MerchantOptions::new(KeyMode::PublicKey).with_talkative_triggers();
        let merchant = control.create_merchant(options).await.unwrap();
        let market = Self { simulator, control, merchant };
        market.fill_purse(FULL);
        market
    }

    fn fill_purse(&self, balance: u64) {
        self.control.set_balance(&self.merchant.app_id, balance).unwrap();
    }
}

/// More than any history gives back.
const FULL: u64 = 1_000_000;

#[async_trait::async_trait]
impl Market for Alipay {
    fn section(&self) -> String {
        alipay_section(MERCHANT, &Channel::Alipay.account(), &self.merchant, &self.simulator.gateway_url())
    }

    fn notified_at(&self, _: &str) {}

    fn pay(&self, attempt: &Attempt, landing: Landing) {
        let landing = match landing {
            Landing::InTime | Landing::Doubtful => alipay::Landing::InTime,
            Landing::Late => alipay::Landing::Late,
        };
        let pay = PayOptions { landing, ..PayOptions::default() };
        // Whoever may not pay is told so.
        if let PaymentData::SdkText(order_string) = &attempt.data {
            let _ = self.control.invoke(order_string, &InvokeOptions { pay, ..InvokeOptions::default() });
        } else {
            let _ = self.control.pay(&self.merchant.app_id, &attempt.payment_no, &pay);
        }
    }

    fn silence(&self, payment_no: &str) {
        self.control.suppress_notifications(Some(payment_no));
    }

    fn hold_next_refund(&self) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::Refund),
            out_trade_no: None,
            times: Some(1),
            fault: Fault::RefundDelayed,
        });
    }

    fn empty_purse(&self, _: &str) {
        self.fill_purse(0);
    }

    fn refund_in_console(&self, payment_no: &str, number: &str, amount: i64) -> bool {
        self.control.refund_in_console(&self.merchant.app_id, payment_no, number, amount).is_ok()
    }

    fn end_payment(&self, _: &str, _: Ending) {}

    fn forget_orders(&self) {
        self.control.clear_faults();
        self.fill_purse(FULL);
    }

    fn books(&self, payment_no: &str) -> Books {
        let Some(order) = self.control.order(&self.merchant.app_id, payment_no) else {
            return Books::default();
        };
        let refunds = order.refunds.into_iter().map(|refund| BookedRefund {
            number: refund.out_request_no,
            amount: refund.amount,
            stage: match refund.status {
                RefundStatus::Processing => RefundStage::UnderWay,
                RefundStatus::Success => RefundStage::Arrived,
                RefundStatus::Failed => RefundStage::Dead,
            },
        });
        Books {
            taken: order.taken,
            given_back: order.given_back,
            refunds: refunds.collect(),
            ..Books::default()
        }
    }

    /// What fails here fails until a person has dealt with it, and there is none in these histories.
    fn end_refund(&self, payment_no: &str, number: &str, ending: Ending) {
        match ending {
            Ending::Arrives => {
                let status = RefundStatus::Success;
                self.control.settle_refund(&self.merchant.app_id, payment_no, number, status).unwrap();
            }
            Ending::Dies | Ending::Sticks => {}
        }
    }

    async fn notify_again(&self, payment_no: &str, copies: u32) {
        let _ = self.control.resend_notification(&self.merchant.app_id, payment_no, copies).await;
    }

    async fn settled(&self) {
        self.control.settled().await;
    }

    fn kept(&self) -> i64 {
        self.control.ledger().orders.iter().map(|order| order.taken - order.given_back).sum()
    }
}
