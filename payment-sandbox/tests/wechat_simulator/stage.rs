//! What most tests stand on: a simulator on a manual clock, a merchant, its client and its callback endpoint.

use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::wechat::{
    KeyMode, LedgerOrder, MerchantOptions, PayOptions, SimulatorOptions, WechatControl, WechatSimulator,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::client::{Client, Wants};
use crate::receiver::Receiver;

pub(crate) const START: OffsetDateTime = datetime!(2025-10-09 16:54:19 +8);

pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) control: WechatControl,
    pub(crate) receiver: Receiver,
    pub(crate) simulator: WechatSimulator,
}

impl Stage {
    /// A merchant with a certificate and a public key; the client asks for the public key.
    pub(crate) async fn new() -> Self {
        Self::with(KeyMode::Both, Wants::PublicKey).await
    }

    pub(crate) async fn with(key_mode: KeyMode, wants: Wants) -> Self {
        Self::open(SimulatorOptions::loopback(SimulatorClock::manual(START)), key_mode, wants).await
    }

    pub(crate) async fn open(options: SimulatorOptions, key_mode: KeyMode, wants: Wants) -> Self {
        let clock = options.clock.clone();
        let simulator = WechatSimulator::start(options).await.unwrap();
        let control = simulator.control();
        let merchant = control.create_merchant(MerchantOptions::new(key_mode)).await.unwrap();
        let client = Client::new(simulator.base_url(), merchant, clock, wants);
        Self { client, control, receiver: Receiver::start().await, simulator }
    }

    pub(crate) fn mchid(&self) -> &str {
        &self.client.merchant.mchid
    }

    /// A prepay body over one yuan.
    pub(crate) fn body(&self, out_trade_no: &str) -> Value {
        json!({
            "appid": self.client.merchant.appids[0], "mchid": self.mchid(), "description": "Monthly plan",
            "out_trade_no": out_trade_no, "attach": "order=1", "notify_url": self.receiver.url,
            "amount": {"total": 100, "currency": "CNY"},
        })
    }

    /// Makes an APP order over one yuan and returns its prepay_id.
    pub(crate) async fn order(&self, out_trade_no: &str) -> String {
        let answer = self.client.call("POST", "/v3/pay/transactions/app", &self.body(out_trade_no)).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()["prepay_id"].as_str().unwrap().to_owned()
    }

    /// Makes an order, pays it and lets its notification arrive.
    pub(crate) async fn paid_order(&self, out_trade_no: &str) -> String {
        self.order(out_trade_no).await;
        let transaction_id = self.control.pay(self.mchid(), out_trade_no, &PayOptions::default()).unwrap();
        self.control.settled().await;
        transaction_id
    }

    pub(crate) fn line(&self, out_trade_no: &str) -> LedgerOrder {
        self.control.order(self.mchid(), out_trade_no).unwrap()
    }

    pub(crate) async fn state(&self, out_trade_no: &str) -> String {
        self.client.query(out_trade_no).await.json()["trade_state"].as_str().unwrap().to_owned()
    }
}
