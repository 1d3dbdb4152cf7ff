//! What most tests stand on: a simulator on a manual clock, a merchant, its client and its callback endpoint.

use payment_sandbox::alipay::{
    AlipayControl, AlipaySimulator, KeyMode, LedgerOrder, MerchantOptions, PayOptions, SimulatorOptions,
};
use payment_sandbox::clock::SimulatorClock;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::client::{Client, Pairs};
use crate::receiver::Receiver;

pub(crate) const START: OffsetDateTime = datetime!(2026-03-01 12:30:45 +8);

pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) control: AlipayControl,
    pub(crate) receiver: Receiver,
    pub(crate) simulator: AlipaySimulator,
}

impl Stage {
    /// A merchant in key mode.
    pub(crate) async fn new() -> Self {
        Self::with(MerchantOptions::new(KeyMode::PublicKey)).await
    }

    pub(crate) async fn with(merchant: MerchantOptions) -> Self {
        Self::open(SimulatorOptions::loopback(SimulatorClock::manual(START)), merchant).await
    }

    pub(crate) async fn open(options: SimulatorOptions, merchant: MerchantOptions) -> Self {
        let clock = options.clock.clone();
        let simulator = AlipaySimulator::start(options).await.unwrap();
        let control = simulator.control();
        let merchant = control.create_merchant(merchant).await.unwrap();
        let client = Client::new(&simulator.gateway_url(), merchant, clock);
        Self { client, control, receiver: Receiver::start().await, simulator }
    }

    pub(crate) fn app_id(&self) -> &str {
        &self.client.merchant.app_id
    }

    /// An order over 88.88 yuan.
    pub(crate) fn content(out_trade_no: &str) -> Value {
        json!({"out_trade_no": out_trade_no, "total_amount": "88.88", "subject": "测试订单 A+B 50%"})
    }

    /// A precreate call with the receiver as `notify_url`; returns the QR code.
    pub(crate) async fn precreate(&self, content: &Value) -> String {
        let mut pairs = self.client.parameters("alipay.trade.precreate", content);
        pairs.insert("notify_url".to_owned(), self.receiver.url.clone());
        let answer = self.client.send(&self.client.signed(pairs)).await.unwrap();
        self.client.verify(&answer).unwrap();
        let node = answer.node();
        assert_eq!(node["code"], "10000", "{node}");
        node["qr_code"].as_str().unwrap().to_owned()
    }

    /// A precreated order that was paid and whose notification arrived; returns the trade's number.
    pub(crate) async fn paid_order(&self, out_trade_no: &str) -> String {
        self.precreate(&Self::content(out_trade_no)).await;
        let trade_no = self.control.pay(self.app_id(), out_trade_no, &PayOptions::default()).unwrap();
        self.control.settled().await;
        trade_no
    }

    pub(crate) fn line(&self, out_trade_no: &str) -> LedgerOrder {
        self.control.order(self.app_id(), out_trade_no).unwrap()
    }

    /// The node of a query.
    pub(crate) async fn query(&self, out_trade_no: &str) -> Value {
        self.client.call("alipay.trade.query", &json!({"out_trade_no": out_trade_no})).await.node()
    }

    /// The trade's status by query, or the `sub_code`.
    pub(crate) async fn state(&self, out_trade_no: &str) -> String {
        let node = self.query(out_trade_no).await;
        node["trade_status"].as_str().or(node["sub_code"].as_str()).unwrap().to_owned()
    }

    /// The newest notification, verified.
    pub(crate) fn told(&self) -> Pairs {
        let arrived = self.receiver.arrived().pop().expect("a notification");
        self.client.verify_form(&String::from_utf8(arrived.body).unwrap()).unwrap()
    }
}
