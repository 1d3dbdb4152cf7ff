//! Alipay: app payments that it does not know before their payer opens them, QR codes, refunds that move at once.

use payment_proto::v1::{
    AlipayApp, AlipayOptions, AlipayPrecreate, alipay_options::Product,
    create_payment_request::ChannelOptions, payment_data::Kind,
};
use payment_sandbox::{
    alipay::{
        self, AlipayControl, AlipaySimulator, Execution, Fault as Trouble, FaultRule, Forgery,
        GeneratedMerchant, InvokeOptions, KeyMode, MerchantOptions, NotificationFault, NotificationFaultRule,
        Operation, PayOptions, RefusalSignature, SimulatorOptions, SystemErrorSpelling,
    },
    clock::SimulatorClock,
    wechat::AttemptResult,
};
use payment_tests::accounts::alipay_section;
use serde::Deserialize;
use serde_json::json;

use super::{
    BookedRefund, Channel, Claim, Entry, Landing, MERCHANT, Misbehaviour, RefundStage, Ticket, booked,
    sections,
};

pub(crate) struct Alipay {
    simulator: AlipaySimulator,
    control: AlipayControl,
    merchants: Vec<GeneratedMerchant>,
}

impl Alipay {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let simulator = AlipaySimulator::start(SimulatorOptions::loopback(clock.clone())).await.unwrap();
        let control = simulator.control();
        let mut merchants = Vec::new();
        for _ in 0..2 {
            let options = MerchantOptions::new(KeyMode::PublicKey).with_talkative_triggers();
            let merchant = control.create_merchant(options).await.unwrap();
            control.set_balance(&merchant.app_id, 1_000_000_000).unwrap();
            merchants.push(merchant);
        }
        Self { simulator, control, merchants }
    }
}

#[async_trait::async_trait]
impl Channel for Alipay {
    fn name(&self) -> &'static str {
        "alipay"
    }

    fn sections(&self, base_url: &str) -> String {
        let gateway = format!("{base_url}/gateway.do");
        sections(self.name(), &self.merchants, |account, merchant| {
            alipay_section(MERCHANT, account, merchant, &gateway) + "request_timeout_seconds = 2\n"
        })
    }

    fn own_url(&self) -> String {
        self.simulator.base_url().to_owned()
    }

    fn notified_at(&self, _: &str) {}

    fn currency(&self) -> &'static str {
        "CNY"
    }

    fn options(&self, chance: u64) -> ChannelOptions {
        let product = match chance % 2 {
            0 => Product::App(AlipayApp {}),
            _ => Product::Precreate(AlipayPrecreate {}),
        };
        ChannelOptions::Alipay(AlipayOptions { product: Some(product), ..AlipayOptions::default() })
    }

    fn pay(&self, ticket: &Ticket, landing: Landing) {
        let landing = match landing {
            Landing::InTime => alipay::Landing::InTime,
            Landing::Late => alipay::Landing::Late,
        };
        let pay = PayOptions { landing, ..PayOptions::default() };
        // Whoever may not pay is told so.
        if let Kind::SdkText(order_string) = &ticket.data {
            let _ = self.control.invoke(order_string, &InvokeOptions { pay, ..InvokeOptions::default() });
        } else {
            let _ = self.control.pay(&self.merchants[ticket.account].app_id, &ticket.payment_no, &pay);
        }
    }

    fn misbehave(&self, how: Misbehaviour, chance: u64) {
        let execution = if chance.is_multiple_of(2) { Execution::Done } else { Execution::Skipped };
        let fault = match how {
            Misbehaviour::Fails => match chance % 3 {
                0 => Trouble::SystemError { execution, spelling: SystemErrorSpelling::Unavailable },
                1 => Trouble::SystemError { execution, spelling: SystemErrorSpelling::Business },
                _ => Trouble::HttpError { status: 503, execution },
            },
            Misbehaviour::Throttles => Trouble::Refused {
                code: "40005".to_owned(),
                sub_code: "isv.app-call-limited".to_owned(),
                execution: Execution::Skipped,
                signature: RefusalSignature::Signed,
            },
            Misbehaviour::AnswersHtml => Trouble::HttpError { status: 502, execution },
            Misbehaviour::IsSilent => Trouble::ConnectionDropped { execution },
        };
        self.control.add_fault(FaultRule { operation: None, out_trade_no: None, times: Some(1), fault });
    }

    fn lie(&self, payment_no: &str, chance: u64) {
        let replaced = |pointer: &str, value| Trouble::ReplacedField { pointer: pointer.to_owned(), value };
        let fault = match chance % 6 {
            0 => replaced("/total_amount", json!("0.01")),
            1 => replaced("/trade_status", json!("WAIT_BUYER_PAY")),
            2 => replaced("/trade_status", json!("TRADE_CLOSED")),
            3 => Trouble::WrongKey,
            4 => Trouble::TruncatedBody,
            _ => Trouble::MissingSignature,
        };
        let out_trade_no = Some(payment_no.to_owned());
        let operation = Some(Operation::Query);
        self.control.add_fault(FaultRule { operation, out_trade_no, times: Some(1), fault });
    }

    fn delay_callback(&self, seconds: u64) {
        self.control.add_notification_fault(NotificationFaultRule {
            notification: None,
            out_trade_no: None,
            times: Some(1),
            fault: NotificationFault::Delayed { seconds },
        });
    }

    async fn claim(&self, payment_no: &str, account: usize, claim: Claim) -> bool {
        let forgery = match claim {
            Claim::WrongAmount => Forgery::WrongAmount { total: 1 },
            Claim::ForeignPayee => Forgery::ForeignSeller,
        };
        let app_id = &self.merchants[account].app_id;
        self.control.forge_notification(app_id, payment_no, &forgery).await.is_ok()
    }

    async fn forge(&self, payment_no: &str, account: usize) -> Vec<AttemptResult> {
        let mut results = Vec::new();
        for forgery in [Forgery::WrongKey, Forgery::Unsigned, Forgery::EmptySignature] {
            let app_id = &self.merchants[account].app_id;
            results.extend(self.control.forge_notification(app_id, payment_no, &forgery).await.ok());
        }
        results
    }

    /// By the protocol a key of Alipay's is configured, not fetched.
    async fn rotate_keys(&self) -> bool {
        false
    }

    fn forget_troubles(&self) {
        self.control.clear_faults();
    }

    async fn books(&self) -> Vec<Entry> {
        booked::<Order>(&self.simulator.control_url()).await
    }
}

#[derive(Deserialize)]
struct Order {
    out_trade_no: String,
    taken: i64,
    trade_no: Option<String>,
    refunds: Vec<Refund>,
}

#[derive(Deserialize)]
struct Refund {
    out_request_no: String,
    amount: i64,
    status: String,
}

impl From<Order> for Entry {
    fn from(order: Order) -> Self {
        let refunds = order.refunds.into_iter().map(|refund| BookedRefund {
            number: refund.out_request_no,
            amount: refund.amount,
            stage: match refund.status.to_lowercase().as_str() {
                "success" | "refund_success" => RefundStage::Arrived,
                "failed" | "refund_fail" => RefundStage::Dead,
                _ => RefundStage::UnderWay,
            },
        });
        let transactions = if order.taken > 0 { order.trade_no.into_iter().collect() } else { Vec::new() };
        Self { number: order.out_trade_no, taken: order.taken, refunds: refunds.collect(), transactions }
    }
}
