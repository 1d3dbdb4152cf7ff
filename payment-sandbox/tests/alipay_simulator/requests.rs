//! The gateway's checks, one by one and in their order.

use std::time::Duration;

use payment_sandbox::alipay::{KeyMode, MerchantOptions, Product, SimulatorOptions};
use payment_sandbox::clock::SimulatorClock;
use serde_json::json;

use crate::client::{answer, encoded};
use crate::stage::{START, Stage};

const QUERY: &str = "alipay.trade.query";

#[tokio::test]
async fn every_way_of_splitting_parameters_over_query_and_body_is_taken() {
    let stage = Stage::new().await;
    let client = &stage.client;
    let pairs = client.signed(client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"})));
    let form = "application/x-www-form-urlencoded;charset=utf-8";
    let url = &client.gateway_url;
    let get = client.http.get(format!("{url}?{}", encoded(&pairs)));
    let post = client.http.post(url).header("content-type", form).body(encoded(&pairs));
    let parts: String = pairs
        .iter()
        .map(|(name, value)| {
            format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();
    let multipart = client
        .http
        .post(url)
        .header("content-type", "multipart/form-data; boundary=X")
        .body(format!("{parts}--X--\r\n"));
    for request in [get, post, multipart] {
        let answer = answer(request.send().await.unwrap()).await.unwrap();
        client.verify(&answer).unwrap();
        assert_eq!(answer.refusal(), ("40004".to_owned(), "ACQ.TRADE_NOT_EXIST".to_owned()));
    }
}

#[tokio::test]
async fn errors_come_with_status_200_as_text_html_and_a_trace_id() {
    let stage = Stage::new().await;
    let answer = stage.client.call(QUERY, &json!({"out_trade_no": "ORDER1"})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "text/html;charset=utf-8");
    assert!(!answer.headers["trace_id"].is_empty());
    let node = answer.node();
    assert_eq!(node["buyer_pay_amount"], "0.00", "a failed query carries zero amounts");
    assert_eq!(node["out_trade_no"], "ORDER1");
}

#[tokio::test]
async fn each_wrong_parameter_has_its_code() {
    let stage = Stage::new().await;
    let client = &stage.client;
    for (name, value, code, sub_code) in [
        ("app_id", "", "40001", "isv.missing-app-id"),
        ("app_id", "2021999999999999", "40002", "isv.invalid-app-id"),
        ("method", "", "40001", "isv.missing-method"),
        ("method", "alipay.trade.nothing", "40002", "isv.invalid-method"),
        ("timestamp", "2026-03-01T12:30:45", "40002", "isv.invalid-timestamp"),
        ("timestamp", "2026-02-27 12:30:45", "40002", "isv.invalid-timestamp"),
        ("format", "XML", "40002", "isv.invalid-format"),
        ("charset", "gbk", "40002", "isv.invalid-charset"),
        ("version", "", "40001", "isv.missing-version"),
        ("sign_type", "", "40001", "isv.missing-signature-type"),
        ("sign_type", "RSA", "40002", "isv.invalid-signature-type"),
        ("biz_content", "{", "40002", "isv.illegal-json"),
        ("biz_content", "{}", "40004", "ACQ.INVALID_PARAMETER"),
        ("encrypt_type", "SM4", "40002", "isv.invalid-encrypt-type"),
    ] {
        let mut pairs = client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"}));
        pairs.insert(name.to_owned(), value.to_owned());
        let answer = client.send(&client.signed(pairs)).await.unwrap();
        assert_eq!(answer.refusal(), (code.to_owned(), sub_code.to_owned()), "{name}={value}");
    }
}

#[tokio::test]
async fn f43_no_signature_and_an_empty_one_and_a_wrong_one_are_refused() {
    let stage = Stage::new().await;
    let client = &stage.client;
    let unsigned = client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"}));
    assert_eq!(client.send(&unsigned).await.unwrap().refusal().1, "isv.missing-signature");
    let mut pairs = unsigned.clone();
    pairs.insert("sign".to_owned(), String::new());
    assert_eq!(client.send(&pairs).await.unwrap().refusal().1, "isv.missing-signature");
    pairs.insert("sign".to_owned(), client.sign(b"something else"));
    let answer = client.send(&pairs).await.unwrap();
    assert_eq!(answer.refusal().1, "isv.invalid-signature");
    client.verify(&answer).unwrap();
    let message = answer.node()["sub_msg"].as_str().unwrap().to_owned();
    assert!(message.contains("{&quot;out_trade_no&quot;:&quot;ORDER1&quot;}"), "{message}");
    assert!(message.contains("app_id=") && message.contains("&amp;biz_content="), "{message}");
}

#[tokio::test]
async fn refusals_from_in_front_of_the_keys_are_unsigned_and_unknown_methods_have_the_error_node() {
    let stage = Stage::new().await;
    let client = &stage.client;
    let mut pairs = client.parameters("alipay.trade.nothing", &json!({}));
    let answer = client.send(&client.signed(pairs.clone())).await.unwrap();
    assert!(answer.body.starts_with("{\"error_response\":{\"code\":\"40002\""), "{}", answer.body);
    assert_eq!(answer.signature(), None);
    pairs.insert("app_id".to_owned(), "2021999999999999".to_owned());
    assert_eq!(client.send(&client.signed(pairs)).await.unwrap().signature(), None);
}

#[tokio::test]
async fn a_parameter_in_query_and_body_and_bytes_that_are_not_utf8_are_refused() {
    let stage = Stage::new().await;
    let client = &stage.client;
    let pairs = client.signed(client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"})));
    for body in ["app_id=1", "note=%B2%E2"] {
        let request = client.http.post(format!("{}?{}", client.gateway_url, encoded(&pairs)));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = answer(request.send().await.unwrap()).await.unwrap();
        assert_eq!(answer.refusal().1, "isv.invalid-parameter", "{body}");
    }
}

#[tokio::test]
async fn extra_parameters_take_part_in_the_signature() {
    let stage = Stage::new().await;
    let client = &stage.client;
    let mut pairs = client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"}));
    pairs.insert("alipay_sdk".to_owned(), "test a+b&c=d 测试".to_owned());
    let signed = client.signed(pairs.clone());
    assert_eq!(client.send(&signed).await.unwrap().refusal().1, "ACQ.TRADE_NOT_EXIST");
    let mut forgotten = client.signed(client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"})));
    forgotten.insert("alipay_sdk".to_owned(), "added later".to_owned());
    assert_eq!(client.send(&forgotten).await.unwrap().refusal().1, "isv.invalid-signature");
}

#[tokio::test]
async fn times_are_beijings_and_the_strict_window_is_kept() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.timestamp_window = Duration::from_secs(600);
    let stage = Stage::open(options, MerchantOptions::new(KeyMode::PublicKey)).await;
    let client = &stage.client;
    for (timestamp, sub_code) in [
        ("2026-03-01 12:20:45", "ACQ.TRADE_NOT_EXIST"),
        ("2026-03-01 12:20:44", "isv.invalid-timestamp"),
        ("2026-03-01 04:30:45", "isv.invalid-timestamp"),
    ] {
        let mut pairs = client.parameters(QUERY, &json!({"out_trade_no": "ORDER1"}));
        pairs.insert("timestamp".to_owned(), timestamp.to_owned());
        assert_eq!(client.send(&client.signed(pairs)).await.unwrap().refusal().1, sub_code, "{timestamp}");
    }
}

#[tokio::test]
async fn a_product_that_was_not_signed_up_for_is_refused() {
    let mut merchant = MerchantOptions::new(KeyMode::PublicKey);
    merchant.products = vec![Product::App];
    let stage = Stage::with(merchant).await;
    let answer = stage.client.call("alipay.trade.precreate", &Stage::content("ORDER1")).await;
    assert_eq!(answer.refusal(), ("40006".to_owned(), "isv.insufficient-isv-permissions".to_owned()));
}

#[tokio::test]
async fn aes_content_is_answered_in_kind_and_errors_plainly() {
    let stage = Stage::new().await;
    stage.paid_order("ORDER1").await;
    let client = &stage.client;
    // Made by OpenSSL, so that the simulator's AES is not checked against itself.
    let sealed =
        crate::certificates::openssl_aes(&client.merchant.aes_key, "-e", b"{\"out_trade_no\":\"ORDER1\"}");
    let mut pairs = client.parameters(QUERY, &json!({}));
    pairs.insert("biz_content".to_owned(), String::from_utf8(sealed).unwrap());
    pairs.insert("encrypt_type".to_owned(), "AES".to_owned());
    let answer = client.send(&client.signed(pairs.clone())).await.unwrap();
    client.verify(&answer).unwrap();
    assert!(answer.signed_text().starts_with('"'), "the quotes are signed too");
    let node = answer.node();
    let opened =
        crate::certificates::openssl_aes(&client.merchant.aes_key, "-d", node.as_str().unwrap().as_bytes());
    let opened: serde_json::Value = serde_json::from_slice(&opened).unwrap();
    assert_eq!(opened["trade_status"], "TRADE_SUCCESS");
    pairs.insert("biz_content".to_owned(), "bm90IGVuY3J5cHRlZA==".to_owned());
    let answer = client.send(&client.signed(pairs)).await.unwrap();
    assert_eq!(answer.refusal(), ("40003".to_owned(), "isv.decryption-error-unknown".to_owned()));
}
