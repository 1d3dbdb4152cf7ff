//! Precreate and the life of a trade.

use std::time::Duration;

use payment_sandbox::alipay::{KeyMode, Landing, MerchantOptions, PayOptions, SimulatorOptions, TradeStatus};
use payment_sandbox::clock::SimulatorClock;
use serde_json::json;

use crate::stage::{START, Stage};

const PRECREATE: &str = "alipay.trade.precreate";

#[tokio::test]
async fn f31_a_precreated_order_has_no_trade_until_somebody_scans() {
    let stage = Stage::new().await;
    let qr_code = stage.precreate(&Stage::content("ORDER1")).await;
    assert!(qr_code.starts_with("https://qr.alipay.com/bax"));
    assert_eq!(stage.state("ORDER1").await, "ACQ.TRADE_NOT_EXIST");
    let trade_no = stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    assert_eq!((trade_no.len(), &trade_no[..13]), (28, "2026030122001"));
    let node = stage.query("ORDER1").await;
    assert_eq!(
        (&node["trade_status"], &node["buyer_pay_amount"]),
        (&json!("WAIT_BUYER_PAY"), &json!("0.00"))
    );
    assert_eq!(stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap(), trade_no);
    let node = stage.query("ORDER1").await;
    for (name, value) in [
        ("trade_status", "TRADE_SUCCESS"),
        ("trade_no", &trade_no),
        ("total_amount", "88.88"),
        ("buyer_pay_amount", "88.88"),
        ("send_pay_date", "2026-03-01 12:30:45"),
    ] {
        assert_eq!(node[name], value, "{name}");
    }
    let by_trade = stage.client.call("alipay.trade.query", &json!({"trade_no": trade_no})).await;
    assert_eq!(by_trade.node(), node);
}

#[tokio::test]
async fn slashes_are_escaped_and_the_node_comes_first() {
    let stage = Stage::new().await;
    let answer = stage.client.call(PRECREATE, &Stage::content("ORDER1")).await;
    assert!(
        answer
            .body
            .starts_with("{\"alipay_trade_precreate_response\":{\"code\":\"10000\",\"msg\":\"Success\",")
    );
    assert!(answer.body.contains("\"qr_code\":\"https:\\/\\/qr.alipay.com\\/bax"), "{}", answer.body);
}

#[tokio::test]
async fn a_repeated_number_continues_the_order_unless_something_changed() {
    let stage = Stage::new().await;
    let first = stage.precreate(&Stage::content("ORDER1")).await;
    let second = stage.precreate(&Stage::content("ORDER1")).await;
    assert_ne!(first, second);
    for code in [&first, &second] {
        assert_eq!(stage.client.get(&stage.simulator.wallet_url(code)).await.status, 200);
    }
    assert_eq!(stage.line("ORDER1").qr_codes, [first, second]);
    for (name, value) in [("total_amount", "88.89"), ("subject", "another")] {
        let mut content = Stage::content("ORDER1");
        content[name] = json!(value);
        let answer = stage.client.call(PRECREATE, &content).await;
        assert_eq!(answer.refusal().1, "ACQ.CONTEXT_INCONSISTENT", "{name}");
    }
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap();
    let answer = stage.client.call(PRECREATE, &Stage::content("ORDER1")).await;
    assert_eq!(answer.refusal().1, "ACQ.TRADE_HAS_SUCCESS");
}

#[tokio::test]
async fn a_qr_code_lives_two_hours_and_a_new_one_helps() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    stage.control.advance(Duration::from_secs(2 * 3600)).await.unwrap();
    let refused = stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap_err();
    assert!(refused.to_string().contains("QR code is too old"), "{refused}");
    stage.precreate(&Stage::content("ORDER1")).await;
    stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
}

#[tokio::test]
async fn times_out_by_time_expire_by_timeout_and_by_default() {
    let stage = Stage::new().await;
    let with = |number: &str, name: &str, value: &str| {
        let mut content = Stage::content(number);
        content[name] = json!(value);
        content
    };
    for (content, number, closes_after) in [
        (with("ORDER1", "time_expire", "2026-03-01 12:45:45"), "ORDER1", 900),
        (with("ORDER2", "timeout_express", "10m"), "ORDER2", 600),
        (Stage::content("ORDER3"), "ORDER3", 3 * 3600),
    ] {
        stage.precreate(&content).await;
        stage.control.open_cashier(stage.app_id(), number).unwrap();
        let closes_at = stage.line(number).closes_at.unwrap();
        assert_eq!((closes_at - START).whole_seconds(), closes_after, "{number}");
    }
    stage.control.advance(Duration::from_secs(900)).await.unwrap();
    assert_eq!(stage.state("ORDER1").await, "TRADE_CLOSED");
    assert_eq!(stage.state("ORDER3").await, "WAIT_BUYER_PAY");
    let past = with("ORDER4", "time_expire", "2026-03-01 12:30:00");
    let answer = stage.client.call(PRECREATE, &past).await;
    assert_eq!(answer.refusal().1, "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR");
}

#[tokio::test]
async fn an_unscanned_code_ends_with_the_order_and_not_with_a_close() {
    let stage = Stage::new().await;
    let mut content = Stage::content("ORDER1");
    content["timeout_express"] = json!("5m");
    stage.precreate(&content).await;
    stage.control.advance(Duration::from_secs(300)).await.unwrap();
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap_err();
    assert_eq!(stage.state("ORDER1").await, "ACQ.TRADE_NOT_EXIST", "it never came into being");
}

#[tokio::test]
async fn a_payment_may_land_after_the_end() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    stage.client.call("alipay.trade.close", &json!({"out_trade_no": "ORDER1"})).await;
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap_err();
    stage.control.pay(stage.app_id(), "ORDER1", &late).unwrap();
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_coupon_changes_what_the_buyer_pays_and_not_the_order() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    let options = PayOptions { coupon: 888, ..PayOptions::default() };
    stage.control.pay(stage.app_id(), "ORDER1", &options).unwrap();
    let node = stage.query("ORDER1").await;
    assert_eq!(
        (&node["total_amount"], &node["receipt_amount"], &node["buyer_pay_amount"]),
        (&json!("88.88"), &json!("88.88"), &json!("80.00"))
    );
    let content = json!({"out_trade_no": "ORDER1", "query_options": ["fund_bill_list"]});
    let bills = stage.client.call("alipay.trade.query", &content).await.node()["fund_bill_list"].clone();
    assert_eq!(bills[1], json!({"amount": "8.88", "fund_channel": "COUPON"}));
}

#[tokio::test]
async fn f7_a_product_without_refunds_finishes_at_once() {
    let stage = Stage::new().await;
    stage.precreate(&Stage::content("ORDER1")).await;
    let options = PayOptions { finished: true, ..PayOptions::default() };
    stage.control.pay(stage.app_id(), "ORDER1", &options).unwrap();
    stage.control.settled().await;
    assert_eq!(stage.told()["trade_status"], "TRADE_FINISHED");
    assert_eq!(stage.state("ORDER1").await, "TRADE_FINISHED");
}

#[tokio::test]
async fn a_channel_that_closes_late_still_takes_no_money_late() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.expiry_lag = Duration::from_secs(60);
    let stage = Stage::open(options, MerchantOptions::new(KeyMode::PublicKey)).await;
    let mut content = Stage::content("ORDER1");
    content["time_expire"] = json!("2026-03-01 12:31:45");
    stage.precreate(&content).await;
    stage.control.open_cashier(stage.app_id(), "ORDER1").unwrap();
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(stage.line("ORDER1").status, Some(TradeStatus::WaitBuyerPay));
    stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap_err();
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(stage.line("ORDER1").status, Some(TradeStatus::Closed));
}

#[tokio::test]
async fn each_wrong_field_of_an_order_is_named() {
    let stage = Stage::new().await;
    for (name, value) in [
        ("out_trade_no", json!("ORDER-1")),
        ("out_trade_no", json!("x".repeat(65))),
        ("total_amount", json!("0.001")),
        ("total_amount", json!("100000000.01")),
        ("subject", json!("a=b")),
        ("subject", json!(7)),
        ("timeout_express", json!("16d")),
        ("time_expire", json!("tomorrow")),
        ("product_code", json!("QUICK_WAP_WAY")),
        ("passback_params", json!("x".repeat(513))),
    ] {
        let mut content = Stage::content("ORDER1");
        content[name] = value;
        let node = stage.client.call(PRECREATE, &content).await.node();
        assert_eq!(node["sub_code"], "ACQ.INVALID_PARAMETER", "{content}");
        assert!(node["sub_msg"].as_str().unwrap().contains(name), "{node}");
    }
}
