//! App pay: order strings through the wallet.

use payment_sandbox::alipay::{
    InvokeOptions, InvokeRefused, PayOptions, PaymentRefused, Product, WalletChoice,
};
use serde_json::{Value, json};
use std::time::Duration;

use crate::stage::Stage;

fn choosing(choice: WalletChoice) -> InvokeOptions {
    InvokeOptions { choice, ..InvokeOptions::default() }
}

#[tokio::test]
async fn an_order_string_is_paid_and_gives_a_signed_result() {
    let stage = Stage::new().await;
    let mut content = Stage::content("ORDER1");
    content["passback_params"] = json!("a%3D1%26b%3D2");
    let string = stage.client.order_string(&stage.receiver.url, &content);
    let result = stage.control.invoke(&string, &InvokeOptions::default()).unwrap();
    assert_eq!(result.result_status, "9000");
    let (before, after) = result.result.split_once(",\"sign\":\"").unwrap();
    let node = before.strip_prefix("{\"alipay_trade_app_pay_response\":").unwrap();
    let (signature, end) = after.split_once('"').unwrap();
    assert_eq!(end, ",\"sign_type\":\"RSA2\"}");
    stage.client.verify_text(node, signature).unwrap();
    let node: Value = serde_json::from_str(node).unwrap();
    let line = stage.line("ORDER1");
    assert_eq!((line.product, line.taken), (Product::App, 8888));
    for (name, value) in [
        ("app_id", stage.app_id()),
        ("seller_id", &stage.client.merchant.seller_id),
        ("out_trade_no", "ORDER1"),
        ("total_amount", "88.88"),
        ("trade_no", line.trade_no.as_deref().unwrap()),
    ] {
        assert_eq!(node[name], value, "{name}");
    }
    stage.control.settled().await;
    let told = stage.told();
    assert_eq!((&*told["trade_status"], &*told["subject"]), ("TRADE_SUCCESS", "测试订单 A+B 50%"));
    assert_eq!(told["passback_params"], "a%3D1%26b%3D2", "byte for byte as it was sent");
    assert_eq!(stage.query("ORDER1").await["passback_params"], "a%3D1%26b%3D2");
}

#[tokio::test]
async fn either_encoding_of_a_space_and_any_order_of_parameters_are_taken() {
    let stage = Stage::new().await;
    let string = stage.client.order_string(&stage.receiver.url, &Stage::content("ORDER1"));
    let other: Vec<String> = string.split('&').rev().map(|part| part.replace('+', "%20")).collect();
    assert_ne!(string, other.join("&"));
    stage.control.invoke(&other.join("&"), &InvokeOptions::default()).unwrap();
}

#[tokio::test]
async fn f31_an_order_string_makes_no_trade_until_the_password_was_entered() {
    let stage = Stage::new().await;
    let string = stage.client.order_string(&stage.receiver.url, &Stage::content("ORDER1"));
    assert_eq!(stage.state("ORDER1").await, "ACQ.TRADE_NOT_EXIST");
    assert!(stage.control.order(stage.app_id(), "ORDER1").is_none(), "nobody brought the string");
    let result = stage.control.invoke(&string, &choosing(WalletChoice::Cancel)).unwrap();
    assert_eq!((&*result.result_status, &*result.result), ("6001", ""));
    assert_eq!(stage.state("ORDER1").await, "ACQ.TRADE_NOT_EXIST");
    let result = stage.control.invoke(&string, &choosing(WalletChoice::FailAfterPassword)).unwrap();
    assert_eq!(result.result_status, "4000");
    assert_eq!(stage.state("ORDER1").await, "WAIT_BUYER_PAY");
    assert_eq!(stage.control.invoke(&string, &InvokeOptions::default()).unwrap().result_status, "9000");
    assert_eq!(stage.state("ORDER1").await, "TRADE_SUCCESS");
    let again = stage.control.invoke(&string, &InvokeOptions::default()).unwrap_err();
    assert!(matches!(again, InvokeRefused::Gateway { sub_code, .. } if sub_code == "ACQ.TRADE_HAS_SUCCESS"));
}

#[tokio::test]
async fn the_wallet_refuses_strings_that_were_spoiled() {
    let stage = Stage::new().await;
    let string = stage.client.order_string(&stage.receiver.url, &Stage::content("ORDER1"));
    let decoded: String = crate::client::joined(&crate::client::decoded(&string), &[]);
    let twice = string.replace('%', "%25");
    let cheaper = string.replace("88.88", "00.01");
    for spoiled in [decoded, twice, cheaper, String::new(), string.replace("&sign=", "&signature=")] {
        stage.control.invoke(&spoiled, &InvokeOptions::default()).unwrap_err();
    }
    assert!(stage.control.order(stage.app_id(), "ORDER1").is_none());
}

#[tokio::test]
async fn r11_time_expire_binds_the_order_string_itself() {
    let stage = Stage::new().await;
    let mut content = Stage::content("ORDER1");
    content["time_expire"] = json!("2026-03-01 12:45:45");
    let string = stage.client.order_string(&stage.receiver.url, &content);
    stage.control.advance(Duration::from_secs(899)).await.unwrap();
    stage.control.invoke(&string, &choosing(WalletChoice::Cancel)).unwrap();
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    let refused = stage.control.invoke(&string, &InvokeOptions::default()).unwrap_err();
    let expired = "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR";
    assert!(matches!(refused, InvokeRefused::Gateway { sub_code, .. } if sub_code == expired));
    let pay = stage.control.pay(stage.app_id(), "ORDER1", &PayOptions::default()).unwrap_err();
    assert_eq!(pay.to_string(), PaymentRefused::OrderClosed.to_string());
}

#[tokio::test]
async fn synchronous_results_can_lie_and_be_silent() {
    let stage = Stage::new().await;
    let string = |number: &str| stage.client.order_string(&stage.receiver.url, &Stage::content(number));
    let parts = |result: &str| {
        let (node, rest) = result.split_once(",\"sign\":\"").unwrap();
        let node = node.strip_prefix("{\"alipay_trade_app_pay_response\":").unwrap().to_owned();
        (node, rest.split_once('"').unwrap().0.to_owned())
    };
    let pretended = stage.control.invoke(&string("ORDER1"), &choosing(WalletChoice::Pretend)).unwrap();
    assert_eq!(pretended.result_status, "9000");
    let (node, signature) = parts(&pretended.result);
    stage.client.verify_text(&node, &signature).unwrap_err();
    assert_eq!(stage.line("ORDER1").taken, 0);
    let altered = InvokeOptions { altered_result: true, ..InvokeOptions::default() };
    let (node, signature) = parts(&stage.control.invoke(&string("ORDER2"), &altered).unwrap().result);
    assert!(node.contains("\"total_amount\":\"988.88\""));
    stage.client.verify_text(&node, &signature).unwrap_err();
    let unknown = InvokeOptions { result_status: Some("8000".to_owned()), ..InvokeOptions::default() };
    let result = stage.control.invoke(&string("ORDER3"), &unknown).unwrap();
    assert_eq!((&*result.result_status, &*result.result), ("8000", ""));
    assert_eq!(stage.state("ORDER3").await, "TRADE_SUCCESS", "paid although the app does not know");
}
