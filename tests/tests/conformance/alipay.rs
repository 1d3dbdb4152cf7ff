//! Alipay in the suite.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use channel_alipay::AlipayFactory;
use payment_core::gateway::{GatewayFactory, PaymentData, RawCallback};
use payment_sandbox::{
    alipay::{
        AlipayControl, AlipaySimulator, DeliveryState, Execution, Fault, FaultRule, Forgery as Forged,
        GeneratedMerchant, InvokeOptions, KeyMode, MerchantOptions, Operation, PayOptions, RefundStatus,
        RefusalSignature, SimulatorOptions, SystemErrorSpelling,
    },
    clock::SimulatorClock,
};
use payment_tests::conformance::{
    Accident, Attempt, Books, ChannelUnderTest, Forgery, Habits, Notifies, Ordered, Proof, Verb, Whose,
};
use serde_json::{Map, Value, json};

/// The simulator with two merchants.
pub(crate) struct Alipay {
    simulator: AlipaySimulator,
    control: AlipayControl,
    ours: GeneratedMerchant,
    neighbour: GeneratedMerchant,
    /// A payer's code is good once.
    codes: AtomicU32,
}

impl Alipay {
    fn app_id(&self, attempt: &Attempt) -> &str {
        match attempt.whose {
            Whose::Neighbours => &self.neighbour.app_id,
            Whose::Ours | Whose::OursWithAForeignKey | Whose::OursBelievingAForeignKey => &self.ours.app_id,
        }
    }
}

#[async_trait::async_trait]
impl ChannelUnderTest for Alipay {
    fn habits() -> Habits {
        Habits {
            answers: Proof::Signature,
            notifies: Notifies::PaymentsAndRefunds,
            main_product: "precreate",
            currency: "CNY",
        }
    }

    fn factory() -> Arc<dyn GatewayFactory> {
        Arc::new(AlipayFactory::new().unwrap())
    }

    async fn start(clock: &SimulatorClock, _: &str) -> Self {
        let simulator = AlipaySimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let ours = control.create_merchant(MerchantOptions::new(KeyMode::PublicKey)).await.unwrap();
        let neighbour = control.create_merchant(MerchantOptions::new(KeyMode::PublicKey)).await.unwrap();
        Self { simulator, control, ours, neighbour, codes: AtomicU32::new(0) }
    }

    fn account(&self, whose: Whose) -> Option<Map<String, Value>> {
        let (merchant, signs, believes) = match whose {
            Whose::Ours => (&self.ours, &self.ours, &self.ours),
            Whose::Neighbours => (&self.neighbour, &self.neighbour, &self.neighbour),
            Whose::OursWithAForeignKey => (&self.ours, &self.neighbour, &self.ours),
            Whose::OursBelievingAForeignKey => (&self.ours, &self.ours, &self.neighbour),
        };
        let settings = json!({
            "app_id": merchant.app_id,
            "seller_id": merchant.seller_id,
            "app_private_key": signs.app_private_key_pem,
            "alipay_public_key": believes.alipay_public_key_pem,
            "gateway_url": self.simulator.gateway_url(),
        });
        settings.as_object().cloned()
    }

    fn secrets(&self) -> Vec<String> {
        let lines = self.ours.app_private_key_pem.lines().filter(|line| line.len() == 64);
        lines.map(str::to_owned).collect()
    }

    fn options(&self, product: &str) -> Value {
        match product {
            "wap" => json!({"quit_url": "https://shop.example/quit"}),
            "barcode" => {
                // `02`: the payer is asked for the password and takes the time that the test needs.
                let code = self.codes.fetch_add(1, Ordering::Relaxed);
                json!({"auth_code": format!("2802{code:014}")})
            }
            _ => json!({}),
        }
    }

    fn options_to_hold(&self, _: &str) -> Option<Value> {
        None
    }

    async fn appear(&self, attempt: &Attempt) {
        let number = attempt.request.payment_no.as_str();
        self.control.open_cashier(self.app_id(attempt), number).unwrap();
    }

    async fn consent(&self, attempt: &Attempt) -> Result<(), String> {
        match &attempt.data {
            PaymentData::SdkText(order_string) if !order_string.is_empty() => {
                let paid = self.control.invoke(order_string, &InvokeOptions::default());
                return paid.map(drop).map_err(|error| error.to_string());
            }
            // The payer's browser brings the order.
            PaymentData::RedirectUrl(url) => {
                let page = reqwest::get(url).await.unwrap();
                if !page.status().is_success() {
                    return Err(format!("the cashier answers {}", page.status()));
                }
            }
            PaymentData::SdkText(_) | PaymentData::QrCode(_) | PaymentData::SdkParameters(_) => {}
        }
        let number = attempt.request.payment_no.as_str();
        let paid = self.control.pay(self.app_id(attempt), number, &PayOptions::default());
        paid.map(drop).map_err(|error| error.to_string())
    }

    async fn advance(&self, step: Duration) {
        self.control.advance(step).await.unwrap();
    }

    async fn settled(&self) {
        self.control.settled().await;
    }

    fn hold_next_refund(&self) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::Refund),
            out_trade_no: None,
            times: Some(1),
            fault: Fault::RefundDelayed,
        });
    }

    fn refund_dies(&self, attempt: &Attempt, refund_no: &str) {
        let number = attempt.request.payment_no.as_str();
        self.control.settle_refund(self.app_id(attempt), number, refund_no, RefundStatus::Failed).unwrap();
    }

    fn refund_arrives(&self, attempt: &Attempt, refund_no: &str) {
        // A refund whose money moved at once answers a repeat with `fund_change=N`, and has arrived.
        let number = attempt.request.payment_no.as_str();
        let _ = self.control.settle_refund(self.app_id(attempt), number, refund_no, RefundStatus::Success);
    }

    fn accident(&self, verb: Verb, accident: Accident) -> Ordered {
        let operation = match verb {
            Verb::Create => Operation::Precreate,
            Verb::Query => Operation::Query,
            Verb::Close => Operation::Close,
            Verb::Refund => Operation::Refund,
            Verb::QueryRefund => Operation::RefundQuery,
            Verb::Capture => return Ordered::NotHere,
        };
        let replaced =
            |pointer: &str, value: Value| Fault::ReplacedField { pointer: pointer.to_owned(), value };
        let system_error = |execution, spelling| Fault::SystemError { execution, spelling };
        let fault = match accident {
            Accident::LostRequest => Fault::ConnectionDropped { execution: Execution::Skipped },
            Accident::LostAnswer => Fault::ConnectionDropped { execution: Execution::Done },
            Accident::ServerError => system_error(Execution::Skipped, SystemErrorSpelling::Business),
            Accident::ServerErrorAfterwards => {
                system_error(Execution::Done, SystemErrorSpelling::UnknowError)
            }
            Accident::Unsigned => Fault::MissingSignature,
            Accident::ForeignSignature => Fault::WrongKey,
            Accident::Altered => Fault::AlteredBody,
            Accident::TurnedAway => Fault::Refused {
                code: "40005".to_owned(),
                sub_code: "isv.app-call-limited".to_owned(),
                execution: Execution::Skipped,
                signature: RefusalSignature::Unsigned,
            },
            Accident::NoMoney => Fault::Refused {
                code: "40004".to_owned(),
                sub_code: "ACQ.SELLER_BALANCE_NOT_ENOUGH".to_owned(),
                execution: Execution::Skipped,
                signature: RefusalSignature::Signed,
            },
            Accident::OtherAmount => replaced("/total_amount", json!("0.01")),
            // Domestic answers name neither.
            Accident::OtherCurrency => return Ordered::NotHere,
            Accident::OtherPayee => replaced("/seller_id", json!("2088000000000001")),
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
        &["foreign_application", "unsigned", "empty_signature"]
    }

    async fn forge(&self, attempt: &Attempt, forgery: Forgery) -> Ordered {
        let forged = match forgery {
            Forgery::WrongKey => Forged::WrongKey,
            Forgery::WrongAmount => Forged::WrongAmount { total: 1 },
            Forgery::ForeignPayee => Forged::ForeignSeller,
            Forgery::UnknownPayment => Forged::UnknownOrder,
            Forgery::Own("foreign_application") => Forged::ForeignApp,
            Forgery::Own("unsigned") => Forged::Unsigned,
            Forgery::Own(_) => Forged::EmptySignature,
        };
        let number = attempt.request.payment_no.as_str();
        self.control.forge_notification(self.app_id(attempt), number, &forged).await.unwrap();
        Ordered::Yes
    }

    async fn notify_again(&self, attempt: &Attempt, _: &str) {
        let number = attempt.request.payment_no.as_str();
        self.control.resend_notification(self.app_id(attempt), number, 1).await.unwrap();
    }

    fn stripped(&self, callback: &RawCallback) -> RawCallback {
        let pairs = url::form_urlencoded::parse(&callback.body).filter(|(name, _)| name != "sign");
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        RawCallback { body: body.into_bytes(), ..callback.clone() }
    }

    fn unacknowledged(&self) -> usize {
        let deliveries = self.control.deliveries();
        deliveries.iter().filter(|delivery| delivery.state != DeliveryState::Acknowledged).count()
    }

    fn books(&self, attempt: &Attempt) -> Books {
        let order = self.control.order(self.app_id(attempt), attempt.request.payment_no.as_str());
        order.map_or_else(Books::default, |order| Books {
            taken: order.taken,
            given_back: order.given_back + order.being_given_back,
            refunds: order.refunds.len(),
        })
    }
}
