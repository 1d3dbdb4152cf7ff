//! The merchant scans the payer's code.

use std::time::Duration;

use payment_sandbox::alipay::{Fault, FaultRule, Operation, PayOptions};
use serde_json::{Value, json};

use crate::stage::Stage;

async fn pay(stage: &Stage, number: &str, total: &str, code: &str) -> Value {
    let content = json!({
        "out_trade_no": number, "total_amount": total, "subject": "barcode", "scene": "bar_code", "auth_code": code,
    });
    stage.client.call("alipay.trade.pay", &content).await.node()
}

#[tokio::test]
async fn a_small_amount_is_paid_at_once() {
    let stage = Stage::new().await;
    let node = pay(&stage, "ORDER1", "15.00", "280000000000000001").await;
    assert_eq!((&node["code"], &node["buyer_pay_amount"]), (&json!("10000"), &json!("15.00")));
    assert_eq!(node["gmt_payment"], "2026-03-01 12:30:45");
    assert_eq!(node["fund_bill_list"], json!([{"amount": "15.00", "fund_channel": "ALIPAYACCOUNT"}]));
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS");
}

#[tokio::test]
async fn f32_a_password_keeps_the_trade_waiting() {
    let stage = Stage::new().await;
    let node = pay(&stage, "ORDER1", "1500.00", "280000000000000001").await;
    assert_eq!((&node["code"], &node["msg"]), (&json!("10003"), &json!("order success pay inprocess")));
    assert_eq!(node["trade_no"].as_str().unwrap().len(), 28);
    assert_eq!(stage.state("ORDER1").await, "WAIT_BUYER_PAY");
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS");
}

#[tokio::test]
async fn the_payers_code_decides_what_happens() {
    let stage = Stage::new().await;
    assert_eq!(pay(&stage, "ORDER1", "1.00", "280100000000000001").await["code"], "10003");
    stage.control.advance(Duration::from_secs(10)).await.unwrap();
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS", "the password came after ten seconds");
    assert_eq!(pay(&stage, "ORDER2", "1.00", "280200000000000001").await["code"], "10003");
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(stage.state("ORDER2").await, "WAIT_BUYER_PAY", "it never comes");
    let node = pay(&stage, "ORDER3", "1.00", "280300000000000001").await;
    assert_eq!(node["sub_code"], "ACQ.BUYER_BALANCE_NOT_ENOUGH");
    let node = pay(&stage, "ORDER4", "1.00", "280400000000000001").await;
    assert_eq!((&node["code"], &node["sub_code"]), (&json!("20000"), &json!("aop.ACQ.SYSTEM_ERROR")));
    assert_eq!(stage.state("ORDER4").await, "TRADE_SUCCESS", "unknown, but paid");
    for code in ["280500000000000001", "240000000000000001", "310000000000000001", "28", "28000000000000000x"]
    {
        assert_eq!(
            pay(&stage, "ORDER5", "1.00", code).await["sub_code"],
            "ACQ.PAYMENT_AUTH_CODE_INVALID",
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_code_serves_one_order_only() {
    let stage = Stage::new().await;
    pay(&stage, "ORDER1", "1.00", "280000000000000001").await;
    let other = pay(&stage, "ORDER2", "1.00", "280000000000000001").await;
    assert_eq!(other["sub_code"], "ACQ.PAYMENT_AUTH_CODE_INVALID");
    let same = pay(&stage, "ORDER1", "1.00", "280000000000000001").await;
    assert_eq!(same["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
}

#[tokio::test]
async fn a_password_can_be_ordered_for_any_payment() {
    let stage = Stage::new().await;
    stage.control.add_fault(FaultRule {
        operation: Some(Operation::Pay),
        out_trade_no: None,
        times: Some(1),
        fault: Fault::PasswordNeeded,
    });
    assert_eq!(pay(&stage, "ORDER1", "1.00", "280000000000000001").await["code"], "10003");
    assert_eq!(pay(&stage, "ORDER2", "1.00", "280000000000000002").await["code"], "10000");
}
