//! PayPal: the payer approves, and the service captures. Its certificates are rotated.

use payment_proto::v1::{
    PaypalCheckout, PaypalOptions, create_payment_request::ChannelOptions, payment_data::Kind,
    paypal_options::Product,
};
use payment_sandbox::{
    clock::SimulatorClock,
    paypal::{
        ApproveOptions, Execution, Fault as Trouble, FaultRule, Forgery, Funding, GeneratedMerchant,
        MerchantOptions, NotificationFault, NotificationFaultRule, Operation, PaypalControl, PaypalSimulator,
        SimulatorOptions,
    },
    wechat::AttemptResult,
};
use payment_tests::accounts::paypal_section;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{
    BookedRefund, Channel, Claim, Entry, Landing, MERCHANT, Misbehaviour, RefundStage, Ticket, account,
    booked, sections,
};

pub(crate) struct Paypal {
    simulator: PaypalSimulator,
    control: PaypalControl,
    merchants: Vec<GeneratedMerchant>,
}

impl Paypal {
    /// It is known by the address of the wire: its links and the addresses of its certificates are checked.
    pub(crate) async fn open(clock: &SimulatorClock, known_as: String) -> Self {
        let options =
            SimulatorOptions { known_as: Some(known_as), ..SimulatorOptions::loopback(clock.clone()) };
        let simulator = PaypalSimulator::start(options).await.unwrap();
        let control = simulator.control();
        let merchant = |_| control.create_merchant(MerchantOptions::standard()).unwrap();
        let merchants = (0..2).map(merchant).collect();
        Self { simulator, control, merchants }
    }

    fn order_of(&self, payment_no: &str) -> Option<String> {
        self.control.orders_of(payment_no).first().map(|order| order.order_id.clone())
    }
}

#[async_trait::async_trait]
impl Channel for Paypal {
    fn name(&self) -> &'static str {
        "paypal"
    }

    fn sections(&self, base_url: &str) -> String {
        sections(self.name(), &self.merchants, |account, merchant| {
            paypal_section(MERCHANT, account, merchant, base_url) + "request_timeout_seconds = 5\n"
        })
    }

    fn own_url(&self) -> String {
        format!("http://{}", self.simulator.address())
    }

    fn notified_at(&self, office: &str) {
        for (index, merchant) in self.merchants.iter().enumerate() {
            let url = format!("{office}/v1/callbacks/paypal/{}", account(self.name(), index));
            self.control.set_webhook_url(&merchant.client_id, &url).unwrap();
        }
    }

    fn currency(&self) -> &'static str {
        "USD"
    }

    fn options(&self, _: u64) -> ChannelOptions {
        let product = Some(Product::Checkout(PaypalCheckout {
            return_url: "https://shop.example/back".to_owned(),
            cancel_url: "https://shop.example/cart".to_owned(),
        }));
        ChannelOptions::Paypal(PaypalOptions { product, ..PaypalOptions::default() })
    }

    fn pay(&self, ticket: &Ticket, _: Landing) {
        let Kind::RedirectUrl(url) = &ticket.data else { return };
        let url: Url = url.parse().unwrap();
        let (_, order_id) = url.query_pairs().find(|(name, _)| name == "token").unwrap();
        // Whoever may not approve is told so.
        let _ = self.control.approve(&order_id, &ApproveOptions::with(Funding::Balance));
    }

    fn misbehave(&self, how: Misbehaviour, chance: u64) {
        let execution = if chance.is_multiple_of(2) { Execution::Done } else { Execution::Skipped };
        let fault = match how {
            Misbehaviour::Fails if chance.is_multiple_of(3) => Trouble::ServiceUnavailable,
            Misbehaviour::Fails => Trouble::ServerError { execution },
            Misbehaviour::Throttles => Trouble::RateLimited { retry_after: None },
            Misbehaviour::AnswersHtml => Trouble::HtmlPage { execution },
            Misbehaviour::IsSilent => Trouble::ConnectionDropped { execution },
        };
        self.control.add_fault(FaultRule { operation: None, reference: None, times: Some(1), fault });
    }

    fn lie(&self, payment_no: &str, chance: u64) {
        let replaced = |pointer: &str, value| Trouble::ReplacedField { pointer: pointer.to_owned(), value };
        let fault = match chance % 3 {
            0 => replaced("/purchase_units/0/payments/captures/0/amount/value", json!("0.01")),
            1 => replaced("/status", json!("CREATED")),
            _ => Trouble::TruncatedBody,
        };
        let reference = Some(payment_no.to_owned());
        let operation = Some(Operation::ShowOrder);
        self.control.add_fault(FaultRule { operation, reference, times: Some(1), fault });
    }

    fn delay_callback(&self, seconds: u64) {
        self.control.add_notification_fault(NotificationFaultRule {
            event_type: None,
            reference: None,
            times: Some(1),
            fault: NotificationFault::Delayed { seconds },
        });
    }

    async fn claim(&self, payment_no: &str, _: usize, claim: Claim) -> bool {
        let forgery = match claim {
            Claim::WrongAmount => Forgery::WrongAmount { value: "0.01".to_owned() },
            Claim::ForeignPayee => Forgery::ForeignMerchant,
        };
        let Some(order_id) = self.order_of(payment_no) else { return false };
        self.control.forge_notification(&order_id, &forgery).await.is_ok()
    }

    async fn forge(&self, payment_no: &str, _: usize) -> Vec<AttemptResult> {
        let Some(order_id) = self.order_of(payment_no) else { return Vec::new() };
        let mut results = Vec::new();
        for forgery in [Forgery::WrongKey, Forgery::ForeignCertificate, Forgery::DashboardWebhookId] {
            results.extend(self.control.forge_notification(&order_id, &forgery).await.ok());
        }
        results
    }

    async fn rotate_keys(&self) -> bool {
        self.control.rotate_certificate().await.is_ok()
    }

    fn forget_troubles(&self) {
        self.control.clear_faults();
    }

    async fn books(&self) -> Vec<Entry> {
        booked::<Order>(&format!("{}/_control", self.own_url())).await
    }
}

#[derive(Deserialize)]
struct Order {
    custom_id: Option<String>,
    taken: i64,
    captures: Vec<Capture>,
}

#[derive(Deserialize)]
struct Capture {
    capture_id: String,
    refunds: Vec<Refund>,
}

#[derive(Deserialize)]
struct Refund {
    custom_id: Option<String>,
    status: String,
    amount: Amount,
}

#[derive(Deserialize)]
struct Amount {
    minor: i64,
}

impl From<Order> for Entry {
    fn from(order: Order) -> Self {
        let refunds = order.captures.iter().flat_map(|capture| &capture.refunds).map(|refund| BookedRefund {
            number: refund.custom_id.clone().unwrap_or_default(),
            amount: refund.amount.minor,
            stage: match refund.status.to_uppercase().as_str() {
                "COMPLETED" => RefundStage::Arrived,
                "FAILED" | "CANCELLED" => RefundStage::Dead,
                _ => RefundStage::UnderWay,
            },
        });
        Self {
            number: order.custom_id.clone().unwrap_or_default(),
            taken: order.taken,
            refunds: refunds.collect(),
            transactions: order.captures.iter().map(|capture| capture.capture_id.clone()).collect(),
        }
    }
}
