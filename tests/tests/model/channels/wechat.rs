//! WeChat Pay: money lands late, refunds wait for their end and may be closed.

use payment_core::gateway::PaymentData;
use payment_sandbox::{
    clock::SimulatorClock,
    wechat::{
        self, Balance, GeneratedMerchant, KeyMode, MerchantOptions, PayOptions, RefundStatus,
        SimulatorOptions, WechatControl, WechatSimulator,
    },
};

use payment_tests::{accounts::wechat_section, app::MERCHANT};

use super::{Attempt, BookedRefund, Books, Channel, Market, RefundStage};
use crate::model::story::{Ending, Landing};

pub(crate) struct Wechat {
    simulator: WechatSimulator,
    control: WechatControl,
    merchant: GeneratedMerchant,
}

impl Wechat {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let simulator = WechatSimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let merchant = control.create_merchant(MerchantOptions::new(KeyMode::PublicKey)).await.unwrap();
        let market = Self { simulator, control, merchant };
        market.fill_purse(FULL);
        market
    }

    fn fill_purse(&self, available: u64) {
        self.control.set_balance(&self.merchant.mchid, Balance { available, unsettled: 0 }).unwrap();
    }
}

/// More than any history gives back.
const FULL: u64 = 1_000_000;

#[async_trait::async_trait]
impl Market for Wechat {
    fn section(&self) -> String {
        wechat_section(MERCHANT, &Channel::Wechat.account(), &self.merchant, self.simulator.base_url())
    }

    fn notified_at(&self, _: &str) {}

    fn pay(&self, attempt: &Attempt, landing: Landing) {
        let landing = match landing {
            Landing::InTime | Landing::Doubtful => wechat::Landing::InTime,
            Landing::Late => wechat::Landing::Late,
        };
        let options = PayOptions { landing, ..PayOptions::default() };
        // Whoever may not pay is told so.
        match &attempt.data {
            PaymentData::SdkParameters(parameters) => {
                let parameters =
                    parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
                let _ = self.control.invoke(&parameters, &options);
            }
            PaymentData::QrCode(_) | PaymentData::SdkText(_) | PaymentData::RedirectUrl(_) => {
                let _ = self.control.pay(&self.merchant.mchid, &attempt.payment_no, &options);
            }
        }
    }

    fn silence(&self, payment_no: &str) {
        self.control.suppress_notifications(Some(payment_no));
    }

    /// Every refund does.
    fn hold_next_refund(&self) {}

    fn empty_purse(&self, _: &str) {
        self.fill_purse(0);
    }

    /// The simulator has no console.
    fn refund_in_console(&self, _: &str, _: &str, _: i64) -> bool {
        false
    }

    fn end_payment(&self, _: &str, _: Ending) {}

    fn forget_orders(&self) {
        self.control.clear_faults();
        self.fill_purse(FULL);
    }

    fn books(&self, payment_no: &str) -> Books {
        let Some(order) = self.control.order(&self.merchant.mchid, payment_no) else {
            return Books::default();
        };
        let refunds = order.refunds.into_iter().map(|refund| BookedRefund {
            number: refund.out_refund_no,
            amount: refund.refund,
            stage: match refund.status {
                RefundStatus::Processing | RefundStatus::Abnormal => RefundStage::UnderWay,
                RefundStatus::Success => RefundStage::Arrived,
                RefundStatus::Closed => RefundStage::Dead,
            },
        });
        Books {
            taken: order.taken,
            given_back: order.given_back,
            refunds: refunds.collect(),
            ..Books::default()
        }
    }

    fn end_refund(&self, _: &str, number: &str, ending: Ending) {
        let status = match ending {
            Ending::Arrives => RefundStatus::Success,
            Ending::Dies => RefundStatus::Closed,
            Ending::Sticks => RefundStatus::Abnormal,
        };
        // What sticks already cannot stick again.
        let settled = self.control.settle_refund(&self.merchant.mchid, number, status);
        assert!(settled.is_ok() || ending == Ending::Sticks, "{settled:?}");
    }

    async fn notify_again(&self, payment_no: &str, copies: u32) {
        let _ = self.control.resend_notification(&self.merchant.mchid, payment_no, copies).await;
    }

    async fn settled(&self) {
        self.control.settled().await;
    }

    fn kept(&self) -> i64 {
        self.control.ledger().orders.iter().map(|order| order.taken - order.given_back).sum()
    }
}
