//! Bad Pay in the suite: a channel from outside is held to the same.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use channel_bad_pay::{Accident as Bad, BadPayApp, BadPayFactory, BadRefund, OrderState};
use payment_core::gateway::{GatewayFactory, PaymentData, RawCallback};
use payment_sandbox::clock::SimulatorClock;
use payment_tests::{
    app::SharedClock,
    conformance::{
        Accident, Attempt, Books, ChannelUnderTest, Forgery, Habits, Notifies, Ordered, Proof, Verb, Whose,
    },
};
use serde_json::{Map, Value, json};

const OURS: &str = "ours";
const NEIGHBOUR: &str = "neighbour";

/// Bad Pay with two shops.
pub(crate) struct BadPay {
    app: BadPayApp,
    clock: SimulatorClock,
    keys: BTreeMap<&'static str, String>,
}

impl BadPay {
    fn shop(attempt: &Attempt) -> &'static str {
        match attempt.whose {
            Whose::Neighbours => NEIGHBOUR,
            Whose::Ours | Whose::OursWithAForeignKey | Whose::OursBelievingAForeignKey => OURS,
        }
    }
}

#[async_trait::async_trait]
impl ChannelUnderTest for BadPay {
    fn habits() -> Habits {
        Habits {
            answers: Proof::Signature,
            notifies: Notifies::Nothing,
            main_product: "code",
            currency: "CNY",
        }
    }

    fn factory() -> Arc<dyn GatewayFactory> {
        Arc::new(BadPayFactory::new().unwrap())
    }

    async fn start(clock: &SimulatorClock, _: &str) -> Self {
        let app = BadPayApp::start(Arc::new(SharedClock(clock.clone()))).await;
        let keys = [OURS, NEIGHBOUR].map(|shop| (shop, app.open_shop(shop)));
        Self { app, clock: clock.clone(), keys: keys.into() }
    }

    fn account(&self, whose: Whose) -> Option<Map<String, Value>> {
        let (shop, key_of) = match whose {
            Whose::Ours => (OURS, OURS),
            Whose::Neighbours => (NEIGHBOUR, NEIGHBOUR),
            Whose::OursWithAForeignKey => (OURS, NEIGHBOUR),
            // One key proves both sides.
            Whose::OursBelievingAForeignKey => return None,
        };
        let settings = json!({"shop": shop, "key": self.keys[key_of], "base_url": self.app.base_url()});
        settings.as_object().cloned()
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.keys[OURS].clone()]
    }

    fn options(&self, _: &str) -> Value {
        json!({"greeting": "hello"})
    }

    fn options_to_hold(&self, _: &str) -> Option<Value> {
        None
    }

    async fn appear(&self, _: &Attempt) {}

    async fn consent(&self, attempt: &Attempt) -> Result<(), String> {
        let (shop, number) = (Self::shop(attempt), attempt.request.payment_no.as_str());
        if self.app.state(shop, number) != OrderState::Unpaid {
            return Err("nobody can pay this".to_owned());
        }
        let ticket = match &attempt.data {
            PaymentData::SdkParameters(parameters) => parameters["ticket"].clone(),
            PaymentData::SdkText(ticket) => ticket.clone(),
            PaymentData::QrCode(code) => code.trim_start_matches("badpay://").to_owned(),
            PaymentData::RedirectUrl(url) => url.rsplit('/').next().unwrap().to_owned(),
        };
        assert_eq!(self.app.pay_by_ticket(shop, &ticket), number);
        Ok(())
    }

    async fn advance(&self, step: Duration) {
        self.clock.advance(step).unwrap();
    }

    async fn settled(&self) {}

    /// Every refund is.
    fn hold_next_refund(&self) {}

    fn refund_dies(&self, attempt: &Attempt, refund_no: &str) {
        self.app.settle_refund(Self::shop(attempt), refund_no, "dead");
    }

    fn refund_arrives(&self, attempt: &Attempt, refund_no: &str) {
        self.app.settle_refund(Self::shop(attempt), refund_no, "done");
    }

    fn accident(&self, verb: Verb, accident: Accident) -> Ordered {
        if verb == Verb::Capture {
            return Ordered::NotHere;
        }
        self.app.accident(match accident {
            Accident::LostRequest => Bad::BrokenOff,
            Accident::LostAnswer => Bad::BrokenOffAfterwards,
            Accident::ServerError => Bad::Broken,
            // It says so itself, or is not heard: there is no third.
            Accident::ServerErrorAfterwards => return Ordered::NotHere,
            Accident::NoMoney => Bad::TillEmpty,
            Accident::Unsigned => Bad::Unsigned,
            Accident::ForeignSignature => Bad::ForeignSignature,
            Accident::Altered => Bad::Lie("number", json!("P2026112300AAAAAAAAAAAAAAAAAAAA")),
            Accident::TurnedAway => Bad::Busy,
            Accident::OtherAmount => Bad::Lie("minor_units", json!(1)),
            Accident::OtherCurrency => Bad::Lie("currency", json!("USD")),
            Accident::OtherPayee => Bad::Lie("shop", json!("elsewhere")),
        });
        Ordered::Yes
    }

    fn own_forgeries() -> &'static [&'static str] {
        &[]
    }

    /// It never calls back; a stranger who does is refused.
    async fn forge(&self, attempt: &Attempt, forgery: Forgery) -> Ordered {
        if forgery != Forgery::WrongKey {
            return Ordered::NotHere;
        }
        let body = json!({"number": attempt.request.payment_no.as_str(), "state": "paid"});
        let sent = reqwest::Client::new().post(attempt.request.notify_url.clone()).json(&body).send().await;
        assert!(sent.unwrap().status().is_success(), "the receiver keeps it");
        Ordered::Yes
    }

    async fn notify_again(&self, _: &Attempt, _: &str) {
        panic!("it never calls back");
    }

    fn stripped(&self, callback: &RawCallback) -> RawCallback {
        callback.clone()
    }

    fn unacknowledged(&self) -> usize {
        0
    }

    fn books(&self, attempt: &Attempt) -> Books {
        let (shop, number) = (Self::shop(attempt), attempt.request.payment_no.as_str());
        let Some(order) = self.app.order(shop, number) else { return Books::default() };
        let paid = order.state(self.clock.now()) == OrderState::Paid;
        let refunds = self.app.refunds(shop, number);
        Books {
            taken: if paid { order.minor_units() } else { 0 },
            given_back: refunds.iter().map(BadRefund::minor_units).sum(),
            refunds: refunds.len(),
        }
    }
}
