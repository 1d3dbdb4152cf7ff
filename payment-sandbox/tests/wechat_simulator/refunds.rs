//! Refunds and their rules.

use std::time::Duration;

use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::wechat::{
    Balance, ControlError, Fault, KeyMode, PayOptions, RefundSettlement, RefundStatus, SimulatorOptions,
};
use serde_json::{Value, json};

use crate::client::Wants;
use crate::stage::{START, Stage};

fn refund_body(stage: &Stage, order: &str, refund: &str, amount: i64) -> Value {
    json!({
        "out_trade_no": order, "out_refund_no": refund, "reason": "customer request",
        "notify_url": stage.receiver.url, "amount": {"refund": amount, "total": 100, "currency": "CNY"},
    })
}

#[tokio::test]
async fn a_refund_turns_the_order_at_once_and_its_notification_has_its_own_names() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    let coupon = PayOptions { coupon: 10, ..PayOptions::default() };
    let transaction_id = stage.control.pay(stage.mchid(), "ORDER0001", &coupon).unwrap();
    let created = stage.client.refund(&refund_body(&stage, "ORDER0001", "REFUND1", 40)).await.json();
    assert_eq!(created["status"], "PROCESSING");
    assert_eq!(created["amount"]["payer_refund"], 36);
    assert_eq!(created["amount"]["discount_refund"], 4);
    assert_eq!(stage.state("ORDER0001").await, "REFUND");

    stage.control.settle_refund(stage.mchid(), "REFUND1", RefundStatus::Success).unwrap();
    stage.control.settled().await;
    let target = "/v3/refund/domestic/refunds/REFUND1";
    let queried = stage.client.call("GET", target, &Value::Null).await.json();
    assert_eq!(
        (&queried["status"], &queried["success_time"]),
        (&json!("SUCCESS"), &json!("2025-10-09T16:54:19+08:00"))
    );
    let told = stage.client.open_notification(&stage.receiver.arrived()[1].body);
    assert_eq!(
        told,
        json!({
            "mchid": stage.mchid(), "out_trade_no": "ORDER0001", "transaction_id": transaction_id,
            "out_refund_no": "REFUND1", "refund_id": created["refund_id"], "refund_status": "SUCCESS",
            "success_time": "2025-10-09T16:54:19+08:00", "user_received_account": "支付用户零钱",
            "amount": {"total": 100, "refund": 40, "payer_total": 90, "payer_refund": 36},
        })
    );

    stage.client.refund(&refund_body(&stage, "ORDER0001", "REFUND2", 60)).await;
    stage.control.settle_refund(stage.mchid(), "REFUND2", RefundStatus::Success).unwrap();
    let line = stage.line("ORDER0001");
    assert_eq!((line.taken, line.given_back, line.being_given_back), (100, 100, 0));
    assert_eq!(
        line.refunds.iter().map(|r| r.payer_refund).sum::<i64>(),
        90,
        "parts add up to what the payer paid"
    );
}

#[tokio::test]
async fn r16_a_refund_number_is_the_idempotency_key() {
    let stage = Stage::new().await;
    let transaction_id = stage.paid_order("ORDER0001").await;
    let body = refund_body(&stage, "ORDER0001", "REFUND1", 40);
    let first = stage.client.refund(&body).await.json();
    assert_eq!(stage.client.refund(&body).await.json(), first);
    let mut by_transaction = body.clone();
    by_transaction.as_object_mut().unwrap().remove("out_trade_no");
    by_transaction["transaction_id"] = json!(transaction_id);
    assert_eq!(
        stage.client.refund(&by_transaction).await.json(),
        first,
        "named by the channel's number it is the same"
    );
    assert_eq!(stage.line("ORDER0001").refunds.len(), 1);
    let other = stage.client.refund(&refund_body(&stage, "ORDER0001", "REFUND1", 41)).await;
    assert_eq!(other.refusal(), (400, "INVALID_REQUEST".to_owned()));
}

#[tokio::test]
async fn a_refund_has_its_limits() {
    let stage = Stage::new().await;
    stage.order("UNPAID01").await;
    stage.paid_order("ORDER0001").await;
    let refused = async |body: &Value| stage.client.refund(body).await.refusal();
    let invalid = (400, "INVALID_REQUEST".to_owned());
    assert_eq!(refused(&refund_body(&stage, "UNPAID01", "R1", 40)).await, invalid);
    assert_eq!(
        refused(&refund_body(&stage, "NOSUCHORDER", "R1", 40)).await,
        (404, "RESOURCE_NOT_EXISTS".to_owned())
    );
    let mut wrong_total = refund_body(&stage, "ORDER0001", "R1", 40);
    wrong_total["amount"]["total"] = json!(99);
    assert_eq!(refused(&wrong_total).await, invalid);
    assert_eq!(stage.client.refund(&refund_body(&stage, "ORDER0001", "R1", 60)).await.status, 200);
    assert_eq!(refused(&refund_body(&stage, "ORDER0001", "R2", 41)).await, invalid, "only 40 are left");

    stage.paid_order("ORDER0002").await;
    for number in 0..50 {
        let body = refund_body(&stage, "ORDER0002", &format!("PART{number}"), 1);
        assert_eq!(stage.client.refund(&body).await.status, 200);
    }
    assert_eq!(refused(&refund_body(&stage, "ORDER0002", "PART50", 1)).await, invalid, "fifty parts at most");

    stage.paid_order("ORDER0003").await;
    stage.control.advance(Duration::from_secs(365 * 24 * 3600 + 1)).await.unwrap();
    assert_eq!(refused(&refund_body(&stage, "ORDER0003", "R3", 1)).await, invalid, "a year at most");
}

#[tokio::test]
async fn a_merchant_without_money_cannot_refund_until_it_has_some() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER0001").await;
    stage.control.set_balance(stage.mchid(), Balance { available: 0, unsettled: 39 }).unwrap();
    let body = refund_body(&stage, "ORDER0001", "REFUND1", 40);
    assert_eq!(stage.client.refund(&body).await.refusal(), (403, "NOT_ENOUGH".to_owned()));
    stage.control.set_balance(stage.mchid(), Balance { available: 1, unsettled: 39 }).unwrap();
    assert_eq!(stage.client.refund(&body).await.status, 200, "the same number goes through");
    assert_eq!(stage.control.ledger().merchants[0].balance.available, 0);
}

#[tokio::test]
async fn a_closed_refund_gives_the_money_back_to_the_merchant() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER0001").await;
    stage.client.refund(&refund_body(&stage, "ORDER0001", "REFUND1", 100)).await;
    stage.control.settle_refund(stage.mchid(), "REFUND1", RefundStatus::Closed).unwrap();
    let again = stage.control.settle_refund(stage.mchid(), "REFUND1", RefundStatus::Success).unwrap_err();
    assert!(matches!(again, ControlError::Settlement { .. }), "closed is final");
    assert_eq!(stage.client.refund(&refund_body(&stage, "ORDER0001", "REFUND2", 100)).await.status, 200);
    assert_eq!(stage.state("ORDER0001").await, "REFUND");
}

#[tokio::test]
async fn an_abnormal_refund_is_driven_on_by_its_own_call() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.refund_settlement = RefundSettlement::After(Duration::from_secs(60));
    let stage = Stage::open(options, KeyMode::Both, Wants::PublicKey).await;
    stage.paid_order("ORDER0001").await;
    stage.control.add_order_fault("ORDER0001", 1, Fault::RefundOutcome { status: RefundStatus::Abnormal });
    let refund = stage.client.refund(&refund_body(&stage, "ORDER0001", "REFUND1", 40)).await.json();
    let target = format!(
        "/v3/refund/domestic/refunds/{}/apply-abnormal-refund",
        refund["refund_id"].as_str().unwrap()
    );
    let to_merchant = json!({"out_refund_no": "REFUND1", "type": "MERCHANT_BANK_CARD"});
    let early = stage.client.call("POST", &target, &to_merchant).await;
    assert_eq!(early.refusal(), (400, "INVALID_REQUEST".to_owned()), "only an abnormal refund");

    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    let told = stage.client.open_notification(&stage.receiver.arrived()[1].body);
    assert_eq!(told["refund_status"], "ABNORMAL");
    let to_card = json!({"out_refund_no": "REFUND1", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
        "bank_account": "bm90IGVuY3J5cHRlZA==", "real_name": "bm90IGVuY3J5cHRlZA=="});
    assert_eq!(
        stage.client.call("POST", &target, &to_card).await.refusal().1,
        "PARAM_ERROR",
        "not encrypted"
    );
    let accepted = stage.client.call("POST", &target, &to_merchant).await;
    assert_eq!(accepted.json()["status"], "PROCESSING");
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(stage.line("ORDER0001").given_back, 40);
    assert_eq!(stage.receiver.arrived().len(), 3);
}

#[tokio::test]
async fn an_unknown_refund_is_not_found() {
    let stage = Stage::new().await;
    let answer = stage.client.call("GET", "/v3/refund/domestic/refunds/NOSUCH", &Value::Null).await;
    assert_eq!(answer.refusal(), (404, "RESOURCE_NOT_EXISTS".to_owned()));
}
