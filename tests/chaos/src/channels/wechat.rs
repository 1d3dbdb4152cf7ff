//! WeChat Pay: app and QR payments, money that lands late, refunds that take their time. One account verifies by downloaded
//! certificates, which are rotated, the other by a public key.

use std::time::Duration;

use payment_proto::v1::{
    WeChatPayApp, WeChatPayNative, WeChatPayOptions, create_payment_request::ChannelOptions,
    payment_data::Kind, we_chat_pay_options::Product,
};
use payment_sandbox::{
    clock::SimulatorClock,
    wechat::{
        self, AttemptResult, Balance, CertificateRotation, Execution, Fault as Trouble, FaultRule, Forgery,
        GeneratedMerchant, KeyMode, MerchantOptions, NotificationFault, NotificationFaultRule, Operation,
        PayOptions, RefundSettlement, SimulatorOptions, WechatControl, WechatSimulator,
    },
};
use payment_tests::accounts::wechat_section;
use serde::Deserialize;
use serde_json::json;

use super::{
    BookedRefund, Channel, Claim, Entry, Landing, MERCHANT, Misbehaviour, RefundStage, Ticket, booked,
    sections,
};

pub(crate) struct Wechat {
    simulator: WechatSimulator,
    control: WechatControl,
    merchants: Vec<GeneratedMerchant>,
}

impl Wechat {
    pub(crate) async fn open(clock: &SimulatorClock) -> Self {
        let options = SimulatorOptions {
            refund_settlement: RefundSettlement::After(Duration::from_secs(40)),
            ..SimulatorOptions::loopback(clock.clone())
        };
        let simulator = WechatSimulator::start(options).await.unwrap();
        let control = simulator.control();
        let mut merchants = Vec::new();
        for mode in [KeyMode::PlatformCertificate, KeyMode::PublicKey] {
            let merchant = control.create_merchant(MerchantOptions::new(mode)).await.unwrap();
            let balance = Balance { available: 1_000_000_000, unsettled: 0 };
            control.set_balance(&merchant.mchid, balance).unwrap();
            merchants.push(merchant);
        }
        Self { simulator, control, merchants }
    }
}

#[async_trait::async_trait]
impl Channel for Wechat {
    fn name(&self) -> &'static str {
        "wechat"
    }

    fn sections(&self, base_url: &str) -> String {
        sections(self.name(), &self.merchants, |account, merchant| {
            wechat_section(MERCHANT, account, merchant, base_url) + "request_timeout_seconds = 2\n"
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
            0 => Product::App(WeChatPayApp {}),
            _ => Product::Native(WeChatPayNative {}),
        };
        ChannelOptions::WechatPay(WeChatPayOptions { product: Some(product), goods_tag: String::new() })
    }

    fn pay(&self, ticket: &Ticket, landing: Landing) {
        let landing = match landing {
            Landing::InTime => wechat::Landing::InTime,
            Landing::Late => wechat::Landing::Late,
        };
        let options = PayOptions { landing, ..PayOptions::default() };
        // Whoever may not pay is told so.
        if let Kind::SdkParameters(sdk) = &ticket.data {
            let parameters = sdk.parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
            let _ = self.control.invoke(&parameters.collect(), &options);
        } else {
            let _ = self.control.pay(&self.merchants[ticket.account].mchid, &ticket.payment_no, &options);
        }
    }

    fn misbehave(&self, how: Misbehaviour, chance: u64) {
        let execution = if chance.is_multiple_of(2) { Execution::Done } else { Execution::Skipped };
        let fault = match how {
            Misbehaviour::Fails => Trouble::SystemError { execution },
            Misbehaviour::Throttles => Trouble::RateLimited,
            Misbehaviour::AnswersHtml => Trouble::BadGateway,
            Misbehaviour::IsSilent => Trouble::ConnectionDropped { execution },
        };
        self.control.add_fault(FaultRule { operation: None, out_trade_no: None, times: Some(1), fault });
    }

    fn lie(&self, payment_no: &str, chance: u64) {
        let replaced = |pointer: &str, value| Trouble::ReplacedField { pointer: pointer.to_owned(), value };
        let fault = match chance % 6 {
            0 => replaced("/amount/total", json!(1)),
            1 => replaced("/trade_state", json!("NOTPAY")),
            2 => replaced("/trade_state", json!("CLOSED")),
            3 => Trouble::WrongKey,
            4 => Trouble::AlteredBody,
            _ => Trouble::SignatureProbe,
        };
        let operation = Some(Operation::QueryByOutTradeNo);
        let out_trade_no = Some(payment_no.to_owned());
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
            Claim::ForeignPayee => Forgery::ForeignMerchant,
        };
        let mchid = &self.merchants[account].mchid;
        self.control.forge_notification(mchid, payment_no, &forgery).await.is_ok()
    }

    async fn forge(&self, payment_no: &str, account: usize) -> Vec<AttemptResult> {
        let mut results = Vec::new();
        for forgery in [Forgery::WrongKey, Forgery::WrongApiKey] {
            let mchid = &self.merchants[account].mchid;
            results.extend(self.control.forge_notification(mchid, payment_no, &forgery).await.ok());
        }
        results
    }

    async fn rotate_keys(&self) -> bool {
        let control = self.control.clone();
        let mchid = self.merchants[0].mchid.clone();
        let rotate = move || control.rotate_platform_certificate(&mchid, CertificateRotation::Activate);
        tokio::task::spawn_blocking(rotate).await.unwrap().is_ok()
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
    transaction_id: Option<String>,
    refunds: Vec<Refund>,
}

#[derive(Deserialize)]
struct Refund {
    out_refund_no: String,
    refund: i64,
    status: String,
}

impl From<Order> for Entry {
    fn from(order: Order) -> Self {
        let refunds = order.refunds.into_iter().map(|refund| BookedRefund {
            number: refund.out_refund_no,
            amount: refund.refund,
            stage: match refund.status.as_str() {
                "SUCCESS" => RefundStage::Arrived,
                "CLOSED" => RefundStage::Dead,
                _ => RefundStage::UnderWay,
            },
        });
        Self {
            number: order.out_trade_no,
            taken: order.taken,
            refunds: refunds.collect(),
            transactions: order.transaction_id.into_iter().collect(),
        }
    }
}
