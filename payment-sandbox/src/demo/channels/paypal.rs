//! PayPal: the payer approves, and our capture moves the money; nothing is signed but a checksum, and nothing closes.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use payment_proto::v1::{
    PaypalIntent, PaypalOptions, PaypalSdk, create_payment_request::ChannelOptions, payment_data::Kind,
    paypal_options::Product,
};
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{
        ApproveOptions, AuthorizationStatus, Execution, Fault, FaultRule, Forgery, Funding,
        GeneratedMerchant, LedgerOrder, MerchantOptions, NotificationFault, NotificationFaultRule, Operation,
        PaypalControl, PaypalSimulator, SimulatorOptions,
    },
};
use serde_json::json;
use toml::Table;

use super::{Ability, ByHand, Channel, Entry, Forged, settings, status};
use crate::{
    commands::Failure,
    demo::{
        promise::{Broken, Kept},
        scene::Attempt,
    },
};

/// An answer that a killed server does not live to see, and a webhook that the next one does.
const SLOW: u64 = 5;
const LATER: u64 = 2;

/// Where the payer's browser goes afterwards.
const RETURN_URL: &str = "https://shop.example/back";
const CANCEL_URL: &str = "https://shop.example/cart";

/// The simulator with one merchant.
struct Paypal {
    simulator: PaypalSimulator,
    control: PaypalControl,
    merchant: GeneratedMerchant,
}

pub(super) async fn start() -> Result<Arc<dyn Channel>, Failure> {
    let options = SimulatorOptions::loopback(SimulatorClock::real());
    let simulator = PaypalSimulator::start(options).await.map_err(Failure::new)?;
    let control = simulator.control();
    let merchant = control.create_merchant(MerchantOptions::standard()).map_err(Failure::new)?;
    Ok(Arc::new(Paypal { simulator, control, merchant }))
}

fn options(intent: PaypalIntent) -> ChannelOptions {
    let (return_url, cancel_url) = (RETURN_URL.to_owned(), CANCEL_URL.to_owned());
    let product = Some(Product::Sdk(PaypalSdk { return_url, cancel_url }));
    ChannelOptions::Paypal(PaypalOptions { product, intent: intent.into(), ..PaypalOptions::default() })
}

impl Paypal {
    fn order_fault(&self, operation: Operation, payment_no: &str, fault: Fault) {
        let (operation, reference) = (Some(operation), Some(payment_no.to_owned()));
        self.control.add_fault(FaultRule { operation, reference, times: Some(1), fault });
    }

    fn webhook_fault(&self, payment_no: &str, fault: NotificationFault) {
        let reference = Some(payment_no.to_owned());
        let rule = NotificationFaultRule { event_type: None, reference, times: Some(1), fault };
        self.control.add_notification_fault(rule);
    }

    async fn forged(&self, payment_no: &str, forgery: &Forgery) -> Kept<u16> {
        let orders = self.control.orders_of(payment_no);
        let order = orders.first().ok_or_else(|| broken("there is no such order"))?;
        let sent = self.control.forge_notification(&order.order_id, forgery).await;
        status(&sent.map_err(broken)?)
    }
}

#[async_trait]
impl Channel for Paypal {
    fn name(&self) -> &'static str {
        "PayPal"
    }

    fn account(&self) -> &'static str {
        "paypal-main"
    }

    fn settings(&self) -> Table {
        let merchant = &self.merchant;
        let authorities =
            format!("{}{}", merchant.root_certificate_pem, merchant.intermediate_certificate_pem);
        let mut table = settings([
            ("channel", "paypal"),
            ("environment", "sandbox"),
            ("base_url", self.simulator.base_url()),
            ("client_id", &merchant.client_id),
            ("client_secret", &merchant.client_secret),
            ("merchant_id", &merchant.merchant_id),
            ("webhook_certificate_authorities", &authorities),
        ]);
        table.insert("webhook_ids".to_owned(), vec![merchant.webhook_id.clone()].into());
        table
    }

    fn currency(&self) -> &'static str {
        "USD"
    }

    fn options(&self) -> ChannelOptions {
        options(PaypalIntent::Capture)
    }

    fn options_to_hold(&self) -> ChannelOptions {
        options(PaypalIntent::Authorize)
    }

    fn base_url(&self) -> &str {
        self.simulator.base_url()
    }

    fn by_hand(&self) -> ByHand {
        ByHand {
            page: self.simulator.orders_url(),
            how: "open the answer's redirect_url, or choose the order in the list",
            request: json!({"paypal": {"checkout": {"return_url": RETURN_URL, "cancel_url": CANCEL_URL}}}),
            control_url: Some(self.simulator.control_url()),
        }
    }

    fn lacks(&self, ability: Ability) -> Option<&'static str> {
        match ability {
            // What we close we never capture, so no money can come late.
            Ability::LateMoney => Some("never captured"),
            Ability::Callbacks | Ability::CallToCreate | Ability::Holds => None,
        }
    }

    fn call_back_to(&self, url: &str) -> Kept<()> {
        self.control.set_webhook_url(&self.merchant.client_id, url).map_err(broken)
    }

    /// Looking changes nothing here.
    fn open(&self, _: &Attempt<'_>) -> Kept<()> {
        Ok(())
    }

    fn pay(&self, attempt: &Attempt<'_>) -> Kept<&'static str> {
        let Some(Kind::SdkParameters(sdk)) = attempt.payment_data() else {
            return Err(Broken::new("CreatePayment gave no SDK parameters to pay with"));
        };
        let order_id = sdk.parameters.get("order_id").ok_or_else(|| broken("no order to approve"))?;
        self.control.approve(order_id, &ApproveOptions::with(Funding::Balance)).map_err(broken)?;
        Ok("approves in PayPal's app, which moves no money yet")
    }

    /// Never asked for: [`Ability::LateMoney`] is lacking.
    fn pay_late(&self, _: &str) -> Kept<()> {
        Err(broken("what is closed is never captured"))
    }

    fn false_report(&self) -> &'static [u8] {
        br#"{"orderID": "5O190127TN364715T", "payerID": "QYR5Z8XDVJNXQ"}"#
    }

    fn lose_callbacks(&self, payment_no: &str) {
        self.control.suppress_notifications(Some(payment_no));
    }

    fn spoil_next_callback(&self, payment_no: &str) -> &'static str {
        self.webhook_fault(payment_no, NotificationFault::AlteredBody);
        "calls back, and a proxy on the way changes the body"
    }

    fn lose_next_announcement(&self) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::CreateOrder),
            reference: None,
            times: Some(1),
            fault: Fault::ConnectionDropped { execution: Execution::Done },
        });
    }

    fn lose_next_question(&self, payment_no: &str) {
        self.order_fault(Operation::ShowOrder, payment_no, Fault::ServiceUnavailable);
    }

    fn deny_next_question(&self, payment_no: &str) {
        let denied =
            Fault::ReplacedField { pointer: "/status".to_owned(), value: json!("PAYER_ACTION_REQUIRED") };
        self.order_fault(Operation::ShowOrder, payment_no, denied);
    }

    fn refuse_next_refund(&self, payment_no: &str) {
        let refused = Fault::Refused { issue: "REFUND_FAILED_INSUFFICIENT_FUNDS".to_owned() };
        self.order_fault(Operation::RefundCapture, payment_no, refused);
    }

    fn hold_next_refund(&self, payment_no: &str) {
        self.order_fault(Operation::RefundCapture, payment_no, Fault::SlowAnswer { seconds: SLOW });
        self.webhook_fault(payment_no, NotificationFault::Delayed { seconds: LATER });
    }

    /// Its webhooks are never believed for money, so the lie must be an answer: that to our capture.
    async fn claim_wrong_amount(&self, payment_no: &str) -> Kept<Option<u16>> {
        let pointer = "/purchase_units/0/payments/captures/0/amount/value".to_owned();
        let lie = Fault::ReplacedField { pointer, value: json!("0.01") };
        self.order_fault(Operation::CaptureOrder, payment_no, lie);
        Ok(None)
    }

    async fn call_back(&self, payment_no: &str, copies: u32) -> Kept<Vec<u16>> {
        let sent = self.control.resend_notification(payment_no, copies).await;
        sent.map_err(broken)?.iter().map(|attempt| status(&attempt.result)).collect()
    }

    fn answers(&self, payment_no: &str) -> Kept<Vec<u16>> {
        let deliveries = self.control.deliveries_of(payment_no);
        let attempts = deliveries.iter().flat_map(|delivery| &delivery.attempts);
        attempts.map(|attempt| status(&attempt.result)).collect()
    }

    async fn forge(&self, payment_no: &str) -> Kept<Vec<Forged>> {
        let signed = self.forged(payment_no, &Forgery::WrongKey).await?;
        let unpaid = self.forged(payment_no, &Forgery::UnpaidOrder).await?;
        Ok(vec![
            Forged { what: "calls back \"captured\", signed by a key of his own", status: signed },
            Forged { what: "has PayPal's own signature under a capture that never was", status: unpaid },
        ])
    }

    fn entry(&self, payment_no: &str) -> Entry {
        let orders = self.control.orders_of(payment_no);
        let sum = |amount: fn(&LedgerOrder) -> i64| orders.iter().map(amount).sum();
        let refunds = orders.iter().flat_map(|order| &order.captures).flat_map(|capture| &capture.refunds);
        Entry {
            announced: orders.len(),
            taken: sum(|order| order.taken),
            held: sum(held),
            given_back: sum(|order| order.given_back),
            refunds: refunds.map(|refund| refund.amount.minor).collect(),
        }
    }

    fn books(&self) -> BTreeMap<String, i64> {
        let orders = self.control.ledger().orders.into_iter();
        let kept =
            |order: LedgerOrder| (order.custom_id.unwrap_or(order.order_id), order.taken - order.given_back);
        orders.map(kept).collect()
    }
}

/// What an order's authorizations hold that nobody has taken or let go.
fn held(order: &LedgerOrder) -> i64 {
    let held = order.authorizations.iter().filter(|held| held.status == AuthorizationStatus::Created);
    held.map(|held| held.amount.minor).sum()
}

fn broken(error: impl std::fmt::Display) -> Broken {
    Broken::new(format!("PayPal: {error}"))
}
