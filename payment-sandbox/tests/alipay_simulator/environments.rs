//! Alipay's own sandbox, which is narrower than production.

use payment_sandbox::alipay::{Environment, KeyMode, MerchantOptions, SimulatorOptions};
use payment_sandbox::clock::SimulatorClock;
use serde_json::{Value, json};

use crate::stage::{START, Stage};

async fn stage(environment: Environment) -> Stage {
    let options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    let merchant = MerchantOptions::new(KeyMode::PublicKey);
    Stage::open(SimulatorOptions { environment, ..options }, merchant).await
}

async fn refund(stage: &Stage, amount: &str) -> Value {
    let content = json!({"out_trade_no": "ORDER1", "out_request_no": "R1", "refund_amount": amount});
    stage.client.call("alipay.trade.refund", &content).await.node()
}

#[tokio::test]
async fn section_6_4_12_the_sandbox_gives_back_whole_trades_only() {
    let stage = stage(Environment::Sandbox).await;
    stage.paid_order("ORDER1").await;
    assert_eq!(refund(&stage, "8.88").await["sub_code"], "ACQ.NOT_ALLOW_PARTIAL_REFUND");
    assert_eq!(refund(&stage, "88.88").await["fund_change"], "Y");
}

#[tokio::test]
async fn section_5_1_the_sandbox_gives_fifteen_hours_to_pay_at_most() {
    for (environment, timeout, code) in [
        (Environment::Sandbox, "15h", "10000"),
        (Environment::Sandbox, "16h", "40004"),
        (Environment::Production, "16h", "10000"),
    ] {
        let stage = stage(environment).await;
        let mut content = Stage::content("ORDER1");
        content["timeout_express"] = json!(timeout);
        let node = stage.client.call("alipay.trade.precreate", &content).await.node();
        assert_eq!(node["code"], code, "{environment:?} {timeout}: {node}");
    }
}

#[tokio::test]
async fn section_5_7_the_sandbox_wants_a_password_above_2000_yuan_only() {
    for (environment, code) in [(Environment::Sandbox, "10000"), (Environment::Production, "10003")] {
        let stage = stage(environment).await;
        let content = json!({"out_trade_no": "ORDER1", "total_amount": "1500.00", "subject": "barcode",
            "scene": "bar_code", "auth_code": "280000000000000001"});
        assert_eq!(
            stage.client.call("alipay.trade.pay", &content).await.node()["code"],
            code,
            "{environment:?}"
        );
    }
}
