//! PayPal in the suite.

use std::{sync::Arc, time::Duration};

use channel_paypal::PaypalFactory;
use payment_core::gateway::{GatewayFactory, RawCallback};
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{
        ApproveOptions, DeliveryState, Execution, Fault, FaultRule, Forgery as Forged, Funding,
        GeneratedMerchant, LedgerOrder, MerchantOptions, Operation, PaypalControl, PaypalSimulator,
        RefundStatus, SimulatorOptions,
    },
};
use payment_tests::conformance::{
    Accident, Attempt, Books, ChannelUnderTest, Forgery, Habits, Notifies, Ordered, Proof, Verb, Whose,
};
use serde_json::{Map, Value, json};

/// The simulator with two merchants.
pub(crate) struct Paypal {
    simulator: PaypalSimulator,
    control: PaypalControl,
    ours: GeneratedMerchant,
    neighbour: GeneratedMerchant,
}

impl Paypal {
    /// PayPal's order of a payment; a repeated create must not have made a second one.
    fn order(&self, attempt: &Attempt) -> LedgerOrder {
        let mut orders = self.control.orders_of(attempt.request.payment_no.as_str());
        assert_eq!(orders.len(), 1, "{orders:?}");
        orders.remove(0)
    }

    /// Ends a refund that is on its way.
    fn settle(&self, attempt: &Attempt, refund_no: &str, status: RefundStatus) {
        let order = self.order(attempt);
        let mut refunds = order.captures.iter().flat_map(|capture| &capture.refunds);
        let named = |refund: &&payment_sandbox::paypal::LedgerRefund| {
            refund.custom_id.as_deref().is_some_and(|name| name.contains(refund_no))
        };
        let refund = refunds.find(named).unwrap();
        self.control.settle_refund(&refund.refund_id, status).unwrap();
    }
}

#[async_trait::async_trait]
impl ChannelUnderTest for Paypal {
    fn habits() -> Habits {
        Habits {
            answers: Proof::Connection,
            notifies: Notifies::PaymentsAndRefunds,
            main_product: "sdk",
            currency: "EUR",
        }
    }

    fn factory() -> Arc<dyn GatewayFactory> {
        Arc::new(PaypalFactory::new().unwrap())
    }

    async fn start(clock: &SimulatorClock, notify_url: &str) -> Self {
        let simulator = PaypalSimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let options =
            || MerchantOptions { webhook_url: Some(notify_url.to_owned()), ..MerchantOptions::standard() };
        let ours = control.create_merchant(options()).unwrap();
        let neighbour = control.create_merchant(options()).unwrap();
        Self { simulator, control, ours, neighbour }
    }

    fn account(&self, whose: Whose) -> Option<Map<String, Value>> {
        let (merchant, secret_of) = match whose {
            Whose::Ours => (&self.ours, &self.ours),
            Whose::Neighbours => (&self.neighbour, &self.neighbour),
            Whose::OursWithAForeignKey => (&self.ours, &self.neighbour),
            // PayPal is known by its name in certificates.
            Whose::OursBelievingAForeignKey => return None,
        };
        let authorities =
            format!("{}{}", merchant.root_certificate_pem, merchant.intermediate_certificate_pem);
        let settings = json!({
            "environment": "sandbox",
            "client_id": merchant.client_id,
            "client_secret": secret_of.client_secret,
            "merchant_id": merchant.merchant_id,
            "webhook_ids": [merchant.webhook_id],
            "webhook_certificate_authorities": authorities,
            "base_url": self.simulator.base_url(),
        });
        settings.as_object().cloned()
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.ours.client_secret.clone()]
    }

    fn options(&self, _: &str) -> Value {
        json!({"return_url": "https://shop.example/back", "cancel_url": "https://shop.example/cancelled"})
    }

    fn options_to_hold(&self, product: &str) -> Option<Value> {
        let mut options = self.options(product);
        options["intent"] = json!("AUTHORIZE");
        Some(options)
    }

    async fn appear(&self, _: &Attempt) {}

    async fn consent(&self, attempt: &Attempt) -> Result<(), String> {
        let order_id = self.order(attempt).order_id;
        let approved = self.control.approve(&order_id, &ApproveOptions::with(Funding::Balance));
        approved.map(drop).map_err(|error| error.to_string())
    }

    async fn advance(&self, step: Duration) {
        self.control.advance(step).await.unwrap();
    }

    async fn settled(&self) {
        self.control.settled().await;
    }

    fn hold_next_refund(&self) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::RefundCapture),
            reference: None,
            times: Some(1),
            fault: Fault::RefundPending,
        });
    }

    fn refund_dies(&self, attempt: &Attempt, refund_no: &str) {
        self.settle(attempt, refund_no, RefundStatus::Failed);
    }

    fn refund_arrives(&self, attempt: &Attempt, refund_no: &str) {
        self.settle(attempt, refund_no, RefundStatus::Completed);
    }

    fn accident(&self, verb: Verb, accident: Accident) -> Ordered {
        let operation = match verb {
            Verb::Create => Operation::CreateOrder,
            Verb::Query => Operation::ShowOrder,
            Verb::Capture => Operation::CaptureOrder,
            Verb::Refund => Operation::RefundCapture,
            Verb::QueryRefund => Operation::ShowRefund,
            Verb::Close => return Ordered::NotHere,
        };
        const CAPTURE: &str = "/purchase_units/0/payments/captures/0";
        let replaced =
            |field: &str, value: Value| Fault::ReplacedField { pointer: format!("{CAPTURE}{field}"), value };
        let fault = match accident {
            Accident::LostRequest => Fault::ConnectionDropped { execution: Execution::Skipped },
            Accident::LostAnswer => Fault::ConnectionDropped { execution: Execution::Done },
            Accident::ServerError => Fault::ServerError { execution: Execution::Skipped },
            Accident::ServerErrorAfterwards => Fault::HtmlPage { execution: Execution::Done },
            Accident::Altered => Fault::TruncatedBody,
            Accident::Unsigned | Accident::ForeignSignature => return Ordered::NotHere,
            Accident::TurnedAway => Fault::RateLimited { retry_after: None },
            Accident::NoMoney => Fault::Refused { issue: "REFUND_FAILED_INSUFFICIENT_FUNDS".to_owned() },
            Accident::OtherAmount => replaced("/amount/value", json!("0.01")),
            Accident::OtherCurrency => replaced("/amount/currency_code", json!("USD")),
            Accident::OtherPayee => replaced("/payee", json!({"merchant_id": "NOBODYSACCOUN"})),
        };
        self.control.add_fault(FaultRule {
            operation: Some(operation),
            reference: None,
            times: Some(1),
            fault,
        });
        Ordered::Yes
    }

    fn own_forgeries() -> &'static [&'static str] {
        &[
            "wrong_currency",
            "unpaid_order",
            "foreign_certificate",
            "dashboard_webhook_id",
            "certificate_url",
            "crc_collision",
        ]
    }

    async fn forge(&self, attempt: &Attempt, forgery: Forgery) -> Ordered {
        let forged = match forgery {
            Forgery::WrongKey => Forged::WrongKey,
            Forgery::WrongAmount => Forged::WrongAmount { value: "0.01".to_owned() },
            Forgery::ForeignPayee => Forged::ForeignMerchant,
            Forgery::UnknownPayment => Forged::UnknownOrder,
            Forgery::Own("wrong_currency") => Forged::WrongCurrency { currency_code: "JPY".to_owned() },
            Forgery::Own("unpaid_order") => Forged::UnpaidOrder,
            Forgery::Own("foreign_certificate") => Forged::ForeignCertificate,
            Forgery::Own("dashboard_webhook_id") => Forged::DashboardWebhookId,
            // Where the forger would see who comes.
            Forgery::Own("certificate_url") => {
                Forged::CertificateUrl { url: format!("{}/cert", attempt.request.notify_url) }
            }
            Forgery::Own(_) => Forged::CrcCollision,
        };
        let order_id = self.order(attempt).order_id;
        if forged == Forged::CrcCollision {
            // The forger needs a genuine delivery to take the headers from: that of the approval.
            self.consent(attempt).await.unwrap();
            self.control.settled().await;
        }
        self.control.forge_notification(&order_id, &forged).await.unwrap();
        Ordered::Yes
    }

    async fn notify_again(&self, _: &Attempt, notification_id: &str) {
        self.control.resend_notification(notification_id, 1).await.unwrap();
    }

    fn stripped(&self, callback: &RawCallback) -> RawCallback {
        let mut stripped = callback.clone();
        stripped.headers.retain(|(name, _)| name != "paypal-transmission-sig");
        stripped
    }

    fn unacknowledged(&self) -> usize {
        let deliveries = self.control.deliveries();
        deliveries.iter().filter(|delivery| delivery.state != DeliveryState::Acknowledged).count()
    }

    fn books(&self, attempt: &Attempt) -> Books {
        let order = self.order(attempt);
        Books {
            taken: order.taken,
            given_back: order.given_back + order.being_given_back,
            refunds: order.captures.iter().map(|capture| capture.refunds.len()).sum(),
        }
    }
}
