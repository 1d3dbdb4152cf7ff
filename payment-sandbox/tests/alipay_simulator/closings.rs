//! Close and cancel.

use payment_sandbox::alipay::{CloseOfClosed, KeyMode, MerchantOptions, PayOptions, SimulatorOptions};
use payment_sandbox::clock::SimulatorClock;
use serde_json::{Value, json};
use std::time::Duration;

use crate::stage::{START, Stage};

async fn call(stage: &Stage, verb: &str, number: &str) -> Value {
    stage.client.call(&format!("alipay.trade.{verb}"), &json!({"out_trade_no": number})).await.node()
}

#[tokio::test]
async fn f31_close_cannot_reach_an_order_without_a_trade_and_the_code_stays_payable() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    assert_eq!(call(&stage, "close", "ORDER1").await["sub_code"], "ACQ.TRADE_NOT_EXIST");
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS");
}

#[tokio::test]
async fn close_ends_an_unpaid_trade_only() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    let trade_no = stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    let node = call(&stage, "close", "ORDER1").await;
    assert_eq!((&node["code"], &node["trade_no"]), (&json!("10000"), &json!(trade_no)));
    assert_eq!(stage.state("ORDER1").await, "TRADE_CLOSED");
    assert_eq!(call(&stage, "close", "ORDER1").await["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap_err();
    let answer = stage.client.call("alipay.trade.precreate", &Stage::content("ORDER1")).await;
    assert_eq!(answer.refusal().1, "ACQ.TRADE_HAS_CLOSE");
    stage.paid_order("ORDER2").await;
    assert_eq!(call(&stage, "close", "ORDER2").await["sub_code"], "ACQ.TRADE_STATUS_ERROR");
    assert_eq!(stage.state("ORDER2").await, "TRADE_SUCCESS");
}

#[tokio::test]
async fn some_products_close_a_closed_trade_again() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.close_of_closed = CloseOfClosed::Succeeds;
    let stage = Stage::open(options, MerchantOptions::new(KeyMode::PublicKey)).await;
    stage.precreate(&Stage::content("ORDER1")).await;
    stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    for _ in 0..2 {
        assert_eq!(call(&stage, "close", "ORDER1").await["code"], "10000");
    }
}

#[tokio::test]
async fn cancel_of_no_trade_succeeds_without_an_action() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    let node = call(&stage, "cancel", "ORDER1").await;
    assert_eq!((&node["code"], &node["retry_flag"]), (&json!("10000"), &json!("N")));
    assert!(node.get("action").is_none() && node.get("trade_no").is_none(), "{node}");
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
}

#[tokio::test]
async fn cancel_closes_what_is_unpaid_and_gives_back_what_is_paid() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    assert_eq!(call(&stage, "cancel", "ORDER1").await["action"], "close");
    assert_eq!(stage.state("ORDER1").await, "TRADE_CLOSED");
    stage.paid_order("ORDER2").await;
    for _ in 0..2 {
        assert_eq!(call(&stage, "cancel", "ORDER2").await["action"], "refund");
    }
    let line = stage.line("ORDER2");
    assert_eq!((line.taken, line.given_back), (8888, 8888));
}

#[tokio::test]
async fn cancel_is_for_face_to_face_products_within_a_day() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    stage.control.advance(Duration::from_secs(86_401)).await.unwrap();
    assert_eq!(call(&stage, "cancel", "ORDER1").await["sub_code"], "ACQ.TRADE_CANCEL_TIME_OUT");
    let string = stage.client.order_string(&stage.receiver.url, &Stage::content("ORDER2"));
    stage.control.invoke(&string, &payment_sandbox::alipay::InvokeOptions::default()).unwrap();
    assert_eq!(call(&stage, "cancel", "ORDER2").await["sub_code"], "ACQ.CANCEL_NOT_ALLOWED");
}
