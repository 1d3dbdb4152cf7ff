//! WeChat Pay: every answer and every notification is signed, orders can be closed, late money happens.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use payment_proto::v1::{
    WeChatPayApp, WeChatPayOptions, create_payment_request::ChannelOptions, payment_data::Kind,
    we_chat_pay_options::Product,
};
use payment_sandbox::{
    clock::SimulatorClock,
    wechat::{
        Execution, Fault, FaultRule, Forgery, GeneratedMerchant, KeyMode, Landing, MerchantOptions,
        NotificationFault, NotificationFaultRule, NotificationKind, Operation, PayOptions, RefundSettlement,
        SimulatorOptions, WechatControl, WechatSimulator,
    },
};
use serde_json::{Value, json};
use toml::Table;

use super::{Ability, ByHand, Channel, Entry, Forged, settings, status};
use crate::{
    commands::Failure,
    demo::{
        promise::{Broken, Kept},
        scene::Attempt,
    },
};

/// How long accepted refunds take to arrive: as quick as a wallet.
const REFUNDS_TAKE: Duration = Duration::from_millis(200);

/// An answer that a killed server does not live to see, and a notification that the next one does.
const SLOW: u64 = 5;
const LATER: u64 = 2;

/// The simulator with one merchant that has both kinds of key, as one that moves from certificates to the public key.
struct Wechat {
    simulator: WechatSimulator,
    control: WechatControl,
    merchant: GeneratedMerchant,
}

pub(super) async fn start() -> Result<Arc<dyn Channel>, Failure> {
    let mut options = SimulatorOptions::loopback(SimulatorClock::real());
    options.refund_settlement = RefundSettlement::After(REFUNDS_TAKE);
    let simulator = WechatSimulator::start(options).await.map_err(Failure::new)?;
    let control = simulator.control();
    let merchant =
        control.create_merchant(MerchantOptions::new(KeyMode::Both)).await.map_err(Failure::new)?;
    Ok(Arc::new(Wechat { simulator, control, merchant }))
}

impl Wechat {
    fn order_fault(&self, operation: Operation, payment_no: &str, fault: Fault) {
        let (operation, out_trade_no) = (Some(operation), Some(payment_no.to_owned()));
        self.control.add_fault(FaultRule { operation, out_trade_no, times: Some(1), fault });
    }

    fn notification_fault(&self, notification: NotificationKind, payment_no: &str, fault: NotificationFault) {
        let (notification, out_trade_no) = (Some(notification), Some(payment_no.to_owned()));
        let rule = NotificationFaultRule { notification, out_trade_no, times: Some(1), fault };
        self.control.add_notification_fault(rule);
    }

    async fn forged(&self, payment_no: &str, forgery: &Forgery) -> Kept<u16> {
        let sent = self.control.forge_notification(&self.merchant.mchid, payment_no, forgery).await;
        status(&sent.map_err(broken)?)
    }
}

#[async_trait]
impl Channel for Wechat {
    fn name(&self) -> &'static str {
        "WeChat Pay"
    }

    fn account(&self) -> &'static str {
        "wechat-main"
    }

    fn settings(&self) -> Table {
        let merchant = &self.merchant;
        let pairs = [
            ("channel", "wechat"),
            ("base_url", self.simulator.base_url()),
            ("mchid", &merchant.mchid),
            ("merchant_certificate_serial", &merchant.merchant_serial),
            ("merchant_private_key", &merchant.merchant_private_key_pem),
            ("api_v3_key", &merchant.apiv3_key),
            ("platform_root_certificates", &merchant.root_certificate_pem),
        ];
        let app = merchant.appids.first().map(|app_id| ("app_id", app_id.as_str()));
        let public_key = merchant.public_key.iter().flat_map(|key| {
            [("wechatpay_public_key_id", key.id.as_str()), ("wechatpay_public_key", key.pem.as_str())]
        });
        settings(pairs.into_iter().chain(app).chain(public_key))
    }

    fn currency(&self) -> &'static str {
        "CNY"
    }

    fn options(&self) -> ChannelOptions {
        let product = Some(Product::App(WeChatPayApp {}));
        ChannelOptions::WechatPay(WeChatPayOptions { product, goods_tag: String::new() })
    }

    /// Never asked for: [`Ability::Holds`] is lacking.
    fn options_to_hold(&self) -> ChannelOptions {
        self.options()
    }

    fn base_url(&self) -> &str {
        self.simulator.base_url()
    }

    fn by_hand(&self) -> ByHand {
        ByHand {
            page: format!("{}/wallet", self.simulator.base_url()),
            how: "choose the payment in the list",
            request: json!({"wechat_pay": {"native": {}}}),
            control_url: Some(self.simulator.control_url()),
        }
    }

    fn lacks(&self, ability: Ability) -> Option<&'static str> {
        match ability {
            Ability::Holds => Some("holds no money"),
            Ability::Callbacks | Ability::CallToCreate | Ability::LateMoney => None,
        }
    }

    /// Each request names its address.
    fn call_back_to(&self, _: &str) -> Kept<()> {
        Ok(())
    }

    /// Looking changes nothing here.
    fn open(&self, _: &Attempt<'_>) -> Kept<()> {
        Ok(())
    }

    fn pay(&self, attempt: &Attempt<'_>) -> Kept<&'static str> {
        let Some(Kind::SdkParameters(sdk)) = attempt.payment_data() else {
            return Err(Broken::new("CreatePayment gave no SDK parameters to pay with"));
        };
        let text = |(name, value): (&String, &String)| (name.clone(), Value::String(value.clone()));
        let parameters = sdk.parameters.iter().map(text).collect();
        self.control.invoke(&parameters, &PayOptions::default()).map_err(broken)?;
        Ok("pays in WeChat's app with the signed SDK parameters")
    }

    fn pay_late(&self, payment_no: &str) -> Kept<()> {
        let options = PayOptions { landing: Landing::Late, ..PayOptions::default() };
        self.control.pay(&self.merchant.mchid, payment_no, &options).map(drop).map_err(broken)
    }

    fn false_report(&self) -> &'static [u8] {
        br#"{"errCode": 0}"#
    }

    fn lose_callbacks(&self, payment_no: &str) {
        self.control.suppress_notifications(Some(payment_no));
    }

    fn spoil_next_callback(&self, payment_no: &str) -> &'static str {
        self.notification_fault(NotificationKind::Payment, payment_no, NotificationFault::SignatureProbe);
        "probes the service with a signature that is wrong on purpose"
    }

    fn lose_next_announcement(&self) {
        self.control.add_fault(FaultRule {
            operation: Some(Operation::Prepay),
            out_trade_no: None,
            times: Some(1),
            fault: Fault::ConnectionDropped { execution: Execution::Done },
        });
    }

    fn lose_next_question(&self, payment_no: &str) {
        self.order_fault(Operation::QueryByOutTradeNo, payment_no, Fault::BadGateway);
    }

    fn deny_next_question(&self, payment_no: &str) {
        let denied = Fault::ReplacedField { pointer: "/trade_state".to_owned(), value: json!("NOTPAY") };
        self.order_fault(Operation::QueryByOutTradeNo, payment_no, denied);
    }

    fn refuse_next_refund(&self, payment_no: &str) {
        self.order_fault(Operation::CreateRefund, payment_no, Fault::NotEnoughBalance);
    }

    fn hold_next_refund(&self, payment_no: &str) {
        self.order_fault(Operation::CreateRefund, payment_no, Fault::SlowAnswer { seconds: SLOW });
        let later = NotificationFault::Delayed { seconds: LATER };
        self.notification_fault(NotificationKind::Refund, payment_no, later);
    }

    async fn claim_wrong_amount(&self, payment_no: &str) -> Kept<Option<u16>> {
        self.forged(payment_no, &Forgery::WrongAmount { total: 1 }).await.map(Some)
    }

    async fn call_back(&self, payment_no: &str, copies: u32) -> Kept<Vec<u16>> {
        let sent = self.control.resend_notification(&self.merchant.mchid, payment_no, copies).await;
        sent.map_err(broken)?.iter().map(|attempt| status(&attempt.result)).collect()
    }

    fn answers(&self, payment_no: &str) -> Kept<Vec<u16>> {
        let deliveries = self.control.deliveries_of(&self.merchant.mchid, payment_no);
        let attempts = deliveries.iter().flat_map(|delivery| &delivery.attempts);
        attempts.map(|attempt| status(&attempt.result)).collect()
    }

    async fn forge(&self, payment_no: &str) -> Kept<Vec<Forged>> {
        let status = self.forged(payment_no, &Forgery::WrongKey).await?;
        Ok(vec![Forged { what: "calls back \"paid\", signed by a key of his own", status }])
    }

    fn entry(&self, payment_no: &str) -> Entry {
        let order = self.control.order(&self.merchant.mchid, payment_no);
        order.map_or_else(Entry::default, |order| Entry {
            announced: order.prepays,
            taken: order.taken,
            held: 0,
            given_back: order.given_back,
            refunds: order.refunds.iter().map(|refund| refund.refund).collect(),
        })
    }

    fn books(&self) -> BTreeMap<String, i64> {
        let orders = self.control.ledger().orders.into_iter();
        orders.map(|order| (order.out_trade_no, order.taken - order.given_back)).collect()
    }
}

fn broken(error: impl std::fmt::Display) -> Broken {
    Broken::new(format!("WeChat Pay: {error}"))
}
