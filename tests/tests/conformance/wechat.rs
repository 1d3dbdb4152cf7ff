//! WeChat Pay in the suite.

use std::{sync::Arc, time::Duration};

use channel_wechat::WeChatFactory;
use payment_core::gateway::{GatewayFactory, PaymentData, RawCallback};
use payment_sandbox::{
    clock::SimulatorClock,
    wechat::{
        DeliveryState, Execution, Fault, FaultRule, Forgery as Forged, GeneratedMerchant, KeyMode,
        MerchantOptions, Operation, PayOptions, RefundStatus, SimulatorOptions, WechatControl,
        WechatSimulator,
    },
};
use payment_tests::conformance::{
    Accident, Attempt, Books, ChannelUnderTest, Forgery, Habits, Notifies, Ordered, Proof, Verb, Whose,
};
use serde_json::{Map, Value, json};

/// The simulator with two merchants.
pub(crate) struct Wechat {
    simulator: WechatSimulator,
    control: WechatControl,
    ours: GeneratedMerchant,
    neighbour: GeneratedMerchant,
}

impl Wechat {
    fn mchid(&self, attempt: &Attempt) -> &str {
        match attempt.whose {
            Whose::Neighbours => &self.neighbour.mchid,
            Whose::Ours | Whose::OursWithAForeignKey | Whose::OursBelievingAForeignKey => &self.ours.mchid,
        }
    }
}

#[async_trait::async_trait]
impl ChannelUnderTest for Wechat {
    fn habits() -> Habits {
        Habits {
            answers: Proof::Signature,
            notifies: Notifies::PaymentsAndRefunds,
            main_product: "app",
            currency: "CNY",
        }
    }

    fn factory() -> Arc<dyn GatewayFactory> {
        Arc::new(WeChatFactory::new().unwrap())
    }

    async fn start(clock: &SimulatorClock, _: &str) -> Self {
        let simulator = WechatSimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let ours = control.create_merchant(MerchantOptions::new(KeyMode::PublicKey)).await.unwrap();
        let neighbour = control.create_merchant(MerchantOptions::new(KeyMode::PublicKey)).await.unwrap();
        Self { simulator, control, ours, neighbour }
    }

    fn account(&self, whose: Whose) -> Option<Map<String, Value>> {
        let (merchant, signs, believes) = match whose {
            Whose::Ours => (&self.ours, &self.ours, &self.ours),
            Whose::Neighbours => (&self.neighbour, &self.neighbour, &self.neighbour),
            Whose::OursWithAForeignKey => (&self.ours, &self.neighbour, &self.ours),
            Whose::OursBelievingAForeignKey => (&self.ours, &self.ours, &self.neighbour),
        };
        let settings = json!({
            "mchid": merchant.mchid,
            "app_id": merchant.appids[0],
            "merchant_certificate_serial": merchant.merchant_serial,
            "merchant_private_key": signs.merchant_private_key_pem,
            "api_v3_key": merchant.apiv3_key,
            // Under the right name, so that it is the signature which decides.
            "wechatpay_public_key_id": merchant.public_key.as_ref().unwrap().id,
            "wechatpay_public_key": believes.public_key.as_ref().unwrap().pem,
            "base_url": self.simulator.base_url(),
        });
        settings.as_object().cloned()
    }

    fn secrets(&self) -> Vec<String> {
        let key_lines = self.ours.merchant_private_key_pem.lines().filter(|line| line.len() == 64);
        key_lines.map(str::to_owned).chain([self.ours.apiv3_key.clone()]).collect()
    }

    fn options(&self, product: &str) -> Value {
        match product {
            "jsapi" => json!({"openid": "oPayer123"}),
            "h5" => json!({"type": "Wap"}),
            _ => json!({}),
        }
    }

    fn options_to_hold(&self, _: &str) -> Option<Value> {
        None
    }

    async fn appear(&self, _: &Attempt) {}

    async fn consent(&self, attempt: &Attempt) -> Result<(), String> {
        let options = PayOptions::default();
        match &attempt.data {
            PaymentData::SdkParameters(parameters) => {
                let parameters =
                    parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
                self.control.invoke(&parameters, &options).map(drop).map_err(|error| error.to_string())
            }
            PaymentData::QrCode(_) | PaymentData::RedirectUrl(_) | PaymentData::SdkText(_) => {
                let paid =
                    self.control.pay(self.mchid(attempt), attempt.request.payment_no.as_str(), &options);
                paid.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    async fn advance(&self, step: Duration) {
        self.control.advance(step).await.unwrap();
    }

    async fn settled(&self) {
        self.control.settled().await;
    }

    /// Every refund is.
    fn hold_next_refund(&self) {}

    fn refund_dies(&self, attempt: &Attempt, refund_no: &str) {
        self.control.settle_refund(self.mchid(attempt), refund_no, RefundStatus::Closed).unwrap();
    }

    fn refund_arrives(&self, attempt: &Attempt, refund_no: &str) {
        self.control.settle_refund(self.mchid(attempt), refund_no, RefundStatus::Success).unwrap();
    }

    fn accident(&self, verb: Verb, accident: Accident) -> Ordered {
        let operation = match verb {
            Verb::Create => Operation::Prepay,
            Verb::Query => Operation::QueryByOutTradeNo,
            Verb::Close => Operation::Close,
            Verb::Refund => Operation::CreateRefund,
            Verb::QueryRefund => Operation::QueryRefund,
            Verb::Capture => return Ordered::NotHere,
        };
        let replaced =
            |pointer: &str, value: Value| Fault::ReplacedField { pointer: pointer.to_owned(), value };
        let fault = match accident {
            Accident::LostRequest => Fault::ConnectionDropped { execution: Execution::Skipped },
            Accident::LostAnswer => Fault::ConnectionDropped { execution: Execution::Done },
            Accident::ServerError => Fault::SystemError { execution: Execution::Skipped },
            Accident::ServerErrorAfterwards => Fault::SystemError { execution: Execution::Done },
            Accident::Unsigned => Fault::MissingSignatureHeaders,
            Accident::ForeignSignature => Fault::WrongKey,
            // A close answers 204 without a body.
            Accident::Altered if verb == Verb::Close => return Ordered::NotHere,
            Accident::Altered => Fault::AlteredBody,
            Accident::TurnedAway => Fault::RateLimited,
            Accident::NoMoney => Fault::NotEnoughBalance,
            Accident::OtherAmount => replaced("/amount/total", json!(1)),
            Accident::OtherCurrency => replaced("/amount/currency", json!("USD")),
            Accident::OtherPayee => replaced("/mchid", json!("1900000001")),
        };
        self.control.add_fault(FaultRule {
            operation: Some(operation),
            out_trade_no: None,
            times: Some(1),
            fault,
        });
        Ordered::Yes
    }

    fn own_forgeries() -> &'static [&'static str] {
        &["wrong_api_v3_key"]
    }

    async fn forge(&self, attempt: &Attempt, forgery: Forgery) -> Ordered {
        let forged = match forgery {
            Forgery::WrongKey => Forged::WrongKey,
            Forgery::WrongAmount => Forged::WrongAmount { total: 1 },
            Forgery::ForeignPayee => Forged::ForeignMerchant,
            Forgery::UnknownPayment => Forged::UnknownOrder,
            Forgery::Own(_) => Forged::WrongApiKey,
        };
        let number = attempt.request.payment_no.as_str();
        self.control.forge_notification(self.mchid(attempt), number, &forged).await.unwrap();
        Ordered::Yes
    }

    async fn notify_again(&self, attempt: &Attempt, _: &str) {
        let number = attempt.request.payment_no.as_str();
        self.control.resend_notification(self.mchid(attempt), number, 1).await.unwrap();
    }

    fn stripped(&self, callback: &RawCallback) -> RawCallback {
        let mut stripped = callback.clone();
        stripped.headers.retain(|(name, _)| name != "wechatpay-signature");
        stripped
    }

    fn unacknowledged(&self) -> usize {
        let deliveries = self.control.deliveries();
        deliveries.iter().filter(|delivery| delivery.state != DeliveryState::Acknowledged).count()
    }

    fn books(&self, attempt: &Attempt) -> Books {
        let order = self.control.order(self.mchid(attempt), attempt.request.payment_no.as_str());
        order.map_or_else(Books::default, |order| Books {
            taken: order.taken,
            given_back: order.given_back + order.being_given_back,
            refunds: order.refunds.len(),
        })
    }
}
