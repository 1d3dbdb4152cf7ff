//! Bad Pay: it never calls back, and denies for a while to be paid.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use channel_bad_pay::{Accident, Aim, BadPayApp, BadRefund, OrderState};
use payment_core::gateway::PaymentData;
use payment_sandbox::clock::SimulatorClock;
use payment_tests::{
    accounts::bad_pay_section_of,
    app::{MERCHANT, SharedClock},
};

use super::{Attempt, BookedRefund, Books, Channel, Market, RefundStage};
use crate::model::story::{Ending, Landing};

const SHOP: &str = "corner";
const DENIALS: u32 = 3;
const DENIED_FOR: Duration = Duration::from_secs(90);

pub(crate) struct BadPay {
    app: BadPayApp,
    key: String,
    clock: SimulatorClock,
    silenced: Mutex<BTreeSet<String>>,
}

impl BadPay {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let app = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
        let key = app.open_shop(SHOP);
        Self { app, key, clock: clock.clone(), silenced: Mutex::default() }
    }

    fn taken(&self, payment_no: &str) -> i64 {
        let order = self.app.order(SHOP, payment_no);
        let paid = order.filter(|order| order.state(self.clock.now()) == OrderState::Paid);
        paid.map_or(0, |order| order.minor_units())
    }
}

fn stage(refund: &BadRefund) -> RefundStage {
    match refund.state {
        "done" => RefundStage::Arrived,
        "dead" => RefundStage::Dead,
        _ => RefundStage::UnderWay,
    }
}

fn given_back(refunds: &[BookedRefund]) -> i64 {
    refunds.iter().filter(|refund| refund.stage == RefundStage::Arrived).map(|refund| refund.amount).sum()
}

#[async_trait::async_trait]
impl Market for BadPay {
    fn section(&self) -> String {
        bad_pay_section_of(MERCHANT, &Channel::BadPay.account(), SHOP, &self.key, self.app.base_url())
    }

    fn notified_at(&self, _: &str) {}

    /// Its word that something is closed is true: nothing lands there late.
    fn pay(&self, attempt: &Attempt, _: Landing) {
        assert!(matches!(attempt.data, PaymentData::SdkParameters(_)), "{attempt:?}");
        let number = attempt.payment_no.as_str();
        if self.app.state(SHOP, number) != OrderState::Unpaid {
            return;
        }
        let denies = self.silenced.lock().unwrap().contains(number);
        let (denials, time) = if denies { (DENIALS, DENIED_FOR) } else { (0, Duration::ZERO) };
        self.app.pay_and_deny(SHOP, number, denials, time);
    }

    fn silence(&self, payment_no: &str) {
        self.silenced.lock().unwrap().insert(payment_no.to_owned());
    }

    /// Every refund does.
    fn hold_next_refund(&self) {}

    /// Its till is empty for one refund.
    fn empty_purse(&self, payment_no: &str) {
        self.app.accident_at(Aim::Refund(payment_no.to_owned()), Accident::TillEmpty);
    }

    /// It has no console.
    fn refund_in_console(&self, _: &str, _: &str, _: i64) -> bool {
        false
    }

    fn end_payment(&self, _: &str, _: Ending) {}

    fn forget_orders(&self) {
        self.silenced.lock().unwrap().clear();
    }

    fn books(&self, payment_no: &str) -> Books {
        let refunds = self.app.refunds(SHOP, payment_no).into_iter().map(|refund| BookedRefund {
            number: refund.refund_no().to_owned(),
            amount: refund.minor_units(),
            stage: stage(&refund),
        });
        let refunds: Vec<_> = refunds.collect();
        let (taken, given_back) = (self.taken(payment_no), given_back(&refunds));
        Books { taken, given_back, refunds, ..Books::default() }
    }

    fn end_refund(&self, _: &str, number: &str, ending: Ending) {
        let state = match ending {
            Ending::Arrives => "done",
            Ending::Dies => "dead",
            Ending::Sticks => return,
        };
        self.app.settle_refund(SHOP, number, state);
    }

    async fn notify_again(&self, _: &str, _: u32) {}

    async fn settled(&self) {}

    fn kept(&self) -> i64 {
        let numbers = self.app.orders(SHOP).into_iter().map(|order| order.number().to_owned());
        let kept = |number: String| self.books(&number).taken - self.books(&number).given_back;
        numbers.map(kept).sum()
    }
}
