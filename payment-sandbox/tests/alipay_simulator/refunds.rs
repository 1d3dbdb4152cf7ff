//! Refund arithmetic: running totals, repeats, refusals, delays.

use payment_sandbox::alipay::{
    KeyMode, MerchantOptions, PayOptions, RefundSettlement, RefundStatus, SimulatorOptions,
};
use payment_sandbox::clock::SimulatorClock;
use serde_json::{Value, json};
use std::time::Duration;

use crate::stage::{START, Stage};

async fn refund(stage: &Stage, order: &str, number: Option<&str>, amount: &str) -> Value {
    let mut content = json!({"out_trade_no": order, "refund_amount": amount, "refund_reason": "partial"});
    if let Some(number) = number {
        content["out_request_no"] = json!(number);
    }
    stage.client.call("alipay.trade.refund", &content).await.node()
}

async fn refund_query(stage: &Stage, order: &str, number: &str) -> Value {
    let content =
        json!({"out_trade_no": order, "out_request_no": number, "query_options": ["gmt_refund_pay"]});
    stage.client.call("alipay.trade.fastpay.refund.query", &content).await.node()
}

#[tokio::test]
async fn partial_refunds_add_up_and_the_last_closes_the_trade() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let first = refund(&stage, "ORDER1", Some("R1"), "8.88").await;
    assert_eq!((&first["fund_change"], &first["refund_fee"]), (&json!("Y"), &json!("8.88")));
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS", "a partial refund does not show");
    let second = refund(&stage, "ORDER1", Some("R2"), "80.00").await;
    assert_eq!((&second["fund_change"], &second["refund_fee"]), (&json!("Y"), &json!("88.88")));
    assert_eq!(second["send_back_fee"], "80.00");
    assert_eq!(stage.state("ORDER1").await, "TRADE_CLOSED");
    let line = stage.line("ORDER1");
    assert_eq!((line.taken, line.given_back), (8888, 8888));
}

#[tokio::test]
async fn a_repeat_moves_nothing_and_says_fund_change_n_also_after_the_end() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    for (index, change) in ["Y", "N", "N"].into_iter().enumerate() {
        let node = refund(&stage, "ORDER1", Some("R1"), "88.88").await;
        assert_eq!((&node["code"], &node["fund_change"]), (&json!("10000"), &json!(change)), "{index}");
    }
    assert_eq!(stage.line("ORDER1").given_back, 8888);
    let other = refund(&stage, "ORDER1", Some("R1"), "8.88").await;
    assert_eq!(other["sub_code"], "ACQ.DISCORDANT_REPEAT_REQUEST");
    let next = refund(&stage, "ORDER1", Some("R2"), "0.01").await;
    assert_eq!(next["sub_code"], "ACQ.TRADE_HAS_CLOSE");
}

#[tokio::test]
async fn every_refusal_has_its_code_and_zero_amounts() {
    let stage = Stage::new().await;
    assert_eq!(refund(&stage, "NOTHING", Some("R1"), "1.00").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    stage.precreate(&Stage::content("ORDER1")).await;
    assert_eq!(refund(&stage, "ORDER1", Some("R1"), "1.00").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    assert_eq!(refund(&stage, "ORDER1", Some("R1"), "1.00").await["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
    let partial = refund(&stage, "ORDER1", None, "8.88").await;
    assert_eq!(partial["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    assert_eq!((&partial["refund_fee"], &partial["send_back_fee"]), (&json!("0.00"), &json!("0.00")));
    let large = refund(&stage, "ORDER1", Some("R1"), "88.89").await;
    assert_eq!(large["sub_code"], "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    stage.control.set_balance(stage.app_id(), 887).unwrap();
    let poor = refund(&stage, "ORDER1", Some("R1"), "8.88").await;
    assert_eq!(poor["sub_code"], "ACQ.SELLER_BALANCE_NOT_ENOUGH");
    stage.control.set_balance(stage.app_id(), 888).unwrap();
    assert_eq!(
        refund(&stage, "ORDER1", Some("R1"), "8.88").await["fund_change"],
        "Y",
        "nothing had happened"
    );
    stage.control.finish(stage.app_id(), "ORDER1").unwrap();
    assert_eq!(refund(&stage, "ORDER1", Some("R2"), "1.00").await["sub_code"], "ACQ.TRADE_HAS_FINISHED");
    assert_eq!(stage.line("ORDER1").given_back, 888);
}

#[tokio::test]
async fn a_full_refund_without_a_number_takes_the_orders() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    assert_eq!(refund(&stage, "ORDER1", None, "88.88").await["fund_change"], "Y");
    assert_eq!(refund_query(&stage, "ORDER1", "ORDER1").await["refund_status"], "REFUND_SUCCESS");
}

#[tokio::test]
async fn f34_a_wrong_refund_number_is_a_success_without_fields() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    refund(&stage, "ORDER1", Some("R1"), "8.88").await;
    refund(&stage, "ORDER1", Some("R2"), "1.12").await;
    let node = refund_query(&stage, "ORDER1", "R1").await;
    for (name, value) in [
        ("refund_amount", "8.88"),
        ("total_amount", "88.88"),
        ("refund_status", "REFUND_SUCCESS"),
        ("gmt_refund_pay", "2026-03-01 12:30:45"),
        ("refund_reason", "partial"),
    ] {
        assert_eq!(node[name], value, "{name}");
    }
    assert_eq!(refund_query(&stage, "ORDER1", "R9").await, json!({"code": "10000", "msg": "Success"}));
    let unknown = refund_query(&stage, "NOTHING", "R1").await;
    assert_eq!(unknown["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_delayed_refund_has_no_status_until_the_money_moves() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.refund_settlement = RefundSettlement::After(Duration::from_secs(10));
    let stage = Stage::open(options, MerchantOptions::new(KeyMode::PublicKey)).await;
    stage.paid_order("ORDER1").await;
    let node = refund(&stage, "ORDER1", Some("R1"), "88.88").await;
    assert_eq!((&node["fund_change"], &node["refund_fee"]), (&json!("N"), &json!("88.88")));
    assert!(refund_query(&stage, "ORDER1", "R1").await.get("refund_status").is_none());
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS");
    stage.control.advance(Duration::from_secs(10)).await.unwrap();
    assert_eq!(refund_query(&stage, "ORDER1", "R1").await["refund_status"], "REFUND_SUCCESS");
    assert_eq!(stage.state("ORDER1").await, "TRADE_CLOSED");
}

#[tokio::test]
async fn a_failed_refund_gives_the_money_back_to_the_merchant_and_frees_the_amount() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.refund_settlement = RefundSettlement::ByControl;
    let stage = Stage::open(options, MerchantOptions::new(KeyMode::PublicKey)).await;
    stage.paid_order("ORDER1").await;
    refund(&stage, "ORDER1", Some("R1"), "88.88").await;
    assert_eq!(stage.line("ORDER1").being_given_back, 8888);
    let busy = refund(&stage, "ORDER1", Some("R2"), "0.01").await;
    assert_eq!(busy["sub_code"], "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    let settle = |status| stage.control.settle_refund(stage.app_id(), "ORDER1", "R1", status);
    settle(RefundStatus::Failed).unwrap();
    settle(RefundStatus::Success).unwrap_err();
    let node = refund_query(&stage, "ORDER1", "R1").await;
    assert_eq!((&node["error_code"], node.get("refund_status")), (&json!("REFUND_FAIL"), None));
    assert_eq!(stage.control.ledger().merchants[0].balance, 8888);
    assert_eq!(refund(&stage, "ORDER1", Some("R2"), "0.01").await["code"], "10000");
}

#[tokio::test]
async fn refunds_at_the_same_time_never_exceed_the_total() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let numbers: Vec<String> = (0..20).map(|index| format!("R{index}")).collect();
    let all = numbers.iter().map(|number| refund(&stage, "ORDER1", Some(number), "10.00"));
    let answers = futures::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|node| node["code"] == "10000").count(), 8);
    assert_eq!(stage.line("ORDER1").given_back, 8000);
}
