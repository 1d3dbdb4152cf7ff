//! Alipay: app payments are signed by us without a call, and exist there only once their payer has opened them.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use payment_proto::v1::{
    AlipayApp, AlipayOptions, alipay_options::Product, create_payment_request::ChannelOptions,
    payment_data::Kind,
};
use payment_sandbox::{
    alipay::{
        AlipayControl, AlipaySimulator, Execution, Fault, FaultRule, Forgery, GeneratedMerchant,
        InvokeOptions, KeyMode, Landing, MerchantOptions, NotificationFault, NotificationFaultRule,
        Operation, PayOptions, RefusalSignature, SimulatorOptions, SystemErrorSpelling, WalletChoice,
    },
    clock::SimulatorClock,
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

/// An answer that a killed server does not live to see, and a notification that the next one does.
const SLOW: u64 = 5;
const LATER: u64 = 2;

/// The simulator with one merchant in key mode.
struct Alipay {
    simulator: AlipaySimulator,
    control: AlipayControl,
    merchant: GeneratedMerchant,
}

pub(super) async fn start() -> Result<Arc<dyn Channel>, Failure> {
    let options = SimulatorOptions::loopback(SimulatorClock::real());
    let simulator = AlipaySimulator::start(options).await.map_err(Failure::new)?;
    let control = simulator.control();
    let options = MerchantOptions::new(KeyMode::PublicKey).with_talkative_triggers();
    let merchant = control.create_merchant(options).await.map_err(Failure::new)?;
    Ok(Arc::new(Alipay { simulator, control, merchant }))
}

impl Alipay {
    fn order_fault(&self, operation: Operation, payment_no: &str, fault: Fault) {
        let (operation, out_trade_no) = (Some(operation), Some(payment_no.to_owned()));
        self.control.add_fault(FaultRule { operation, out_trade_no, times: Some(1), fault });
    }

    fn notification_fault(&self, payment_no: &str, fault: NotificationFault) {
        let out_trade_no = Some(payment_no.to_owned());
        let rule = NotificationFaultRule { notification: None, out_trade_no, times: Some(1), fault };
        self.control.add_notification_fault(rule);
    }

    /// Hands the order string to Alipay's app, as the shop's app does.
    fn invoke(&self, attempt: &Attempt<'_>, choice: WalletChoice) -> Kept<()> {
        let Some(Kind::SdkText(order_string)) = attempt.payment_data() else {
            return Err(Broken::new("CreatePayment gave no order string to pay with"));
        };
        let options = InvokeOptions { choice, ..InvokeOptions::default() };
        self.control.invoke(order_string, &options).map(drop).map_err(broken)
    }

    async fn forged(&self, payment_no: &str, forgery: &Forgery) -> Kept<u16> {
        let sent = self.control.forge_notification(&self.merchant.app_id, payment_no, forgery).await;
        status(&sent.map_err(broken)?)
    }
}

#[async_trait]
impl Channel for Alipay {
    fn name(&self) -> &'static str {
        "Alipay"
    }

    fn account(&self) -> &'static str {
        "alipay-main"
    }

    fn settings(&self) -> Table {
        let merchant = &self.merchant;
        settings([
            ("channel", "alipay"),
            ("gateway_url", self.simulator.gateway_url().as_str()),
            ("app_id", &merchant.app_id),
            ("seller_id", &merchant.seller_id),
            ("app_private_key", &merchant.app_private_key_pem),
            ("alipay_public_key", &merchant.alipay_public_key_pem),
        ])
    }

    fn currency(&self) -> &'static str {
        "CNY"
    }

    fn options(&self) -> ChannelOptions {
        let product = Some(Product::App(AlipayApp {}));
        ChannelOptions::Alipay(AlipayOptions { product, ..AlipayOptions::default() })
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
            request: json!({"alipay": {"precreate": {}}}),
            control_url: Some(self.simulator.control_url()),
        }
    }

    fn lacks(&self, ability: Ability) -> Option<&'static str> {
        match ability {
            Ability::CallToCreate => Some("no call to lose"),
            Ability::Holds => Some("holds no money"),
            Ability::Callbacks | Ability::LateMoney => None,
        }
    }

    /// Each order string names its address.
    fn call_back_to(&self, _: &str) -> Kept<()> {
        Ok(())
    }

    fn open(&self, attempt: &Attempt<'_>) -> Kept<()> {
        self.invoke(attempt, WalletChoice::FailAfterPassword)
    }

    fn pay(&self, attempt: &Attempt<'_>) -> Kept<&'static str> {
        self.invoke(attempt, WalletChoice::Pay)?;
        Ok("pays in Alipay's app with the signed order string")
    }

    fn pay_late(&self, payment_no: &str) -> Kept<()> {
        let options = PayOptions { landing: Landing::Late, ..PayOptions::default() };
        self.control.pay(&self.merchant.app_id, payment_no, &options).map(drop).map_err(broken)
    }

    /// Its SDK's `9000` comes with words that Alipay signed, so a liar says nothing of it.
    fn false_report(&self) -> &'static [u8] {
        b""
    }

    fn lose_callbacks(&self, payment_no: &str) {
        self.control.suppress_notifications(Some(payment_no));
    }

    fn spoil_next_callback(&self, payment_no: &str) -> &'static str {
        self.notification_fault(payment_no, NotificationFault::AlteredBody);
        "calls back, and a proxy on the way changes the body"
    }

    /// Never asked for: [`Ability::CallToCreate`] is lacking.
    fn lose_next_announcement(&self) {}

    fn lose_next_question(&self, payment_no: &str) {
        let (execution, spelling) = (Execution::Skipped, SystemErrorSpelling::UnknowError);
        self.order_fault(Operation::Query, payment_no, Fault::SystemError { execution, spelling });
    }

    fn deny_next_question(&self, payment_no: &str) {
        let denied =
            Fault::ReplacedField { pointer: "/trade_status".to_owned(), value: json!("WAIT_BUYER_PAY") };
        self.order_fault(Operation::Query, payment_no, denied);
    }

    fn refuse_next_refund(&self, payment_no: &str) {
        let refused = Fault::Refused {
            code: "40004".to_owned(),
            sub_code: "ACQ.SELLER_BALANCE_NOT_ENOUGH".to_owned(),
            execution: Execution::Skipped,
            signature: RefusalSignature::Signed,
        };
        self.order_fault(Operation::Refund, payment_no, refused);
    }

    fn hold_next_refund(&self, payment_no: &str) {
        self.order_fault(Operation::Refund, payment_no, Fault::SlowAnswer { seconds: SLOW });
        self.notification_fault(payment_no, NotificationFault::Delayed { seconds: LATER });
    }

    async fn claim_wrong_amount(&self, payment_no: &str) -> Kept<Option<u16>> {
        self.forged(payment_no, &Forgery::WrongAmount { total: 1 }).await.map(Some)
    }

    async fn call_back(&self, payment_no: &str, copies: u32) -> Kept<Vec<u16>> {
        let sent = self.control.resend_notification(&self.merchant.app_id, payment_no, copies).await;
        sent.map_err(broken)?.iter().map(|attempt| status(&attempt.result)).collect()
    }

    fn answers(&self, payment_no: &str) -> Kept<Vec<u16>> {
        let deliveries = self.control.deliveries_of(&self.merchant.app_id, payment_no);
        let attempts = deliveries.iter().flat_map(|delivery| &delivery.attempts);
        attempts.map(|attempt| status(&attempt.result)).collect()
    }

    async fn forge(&self, payment_no: &str) -> Kept<Vec<Forged>> {
        let signed = self.forged(payment_no, &Forgery::WrongKey).await?;
        let unsigned = self.forged(payment_no, &Forgery::Unsigned).await?;
        Ok(vec![
            Forged { what: "calls back \"paid\", signed by a key of his own", status: signed },
            Forged { what: "calls back \"paid\" without any signature", status: unsigned },
        ])
    }

    fn entry(&self, payment_no: &str) -> Entry {
        let order = self.control.order(&self.merchant.app_id, payment_no);
        order.map_or_else(Entry::default, |order| Entry {
            announced: 1,
            taken: order.taken,
            held: 0,
            given_back: order.given_back,
            refunds: order.refunds.iter().map(|refund| refund.amount).collect(),
        })
    }

    fn books(&self) -> BTreeMap<String, i64> {
        let orders = self.control.ledger().orders.into_iter();
        orders.map(|order| (order.out_trade_no, order.taken - order.given_back)).collect()
    }
}

fn broken(error: impl std::fmt::Display) -> Broken {
    Broken::new(format!("Alipay: {error}"))
}
