//! The checks on requests: headers, signature, body.

use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::wechat::{KeyMode, MerchantOptions, NotifyUrlPolicy, Product, SimulatorOptions};
use serde_json::{Value, json};

use crate::client::{Request, Wants};
use crate::stage::{START, Stage};

const PREPAY: &str = "/v3/pay/transactions/app";

fn prepay_request(stage: &Stage) -> Request {
    stage.client.request("POST", PREPAY, stage.body("ORDER0001").to_string().as_bytes())
}

async fn refusal(stage: &Stage, request: &Request) -> (u16, String, String) {
    let answer = stage.client.send(request).await.unwrap();
    let body = answer.json();
    (answer.status, body["code"].as_str().unwrap().to_owned(), body["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn each_broken_header_has_its_own_refusal() {
    let stage = Stage::new().await;
    let good = prepay_request(&stage);
    let scheme = good.authorization().replace("WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3");
    let serial = good.authorization().replace(&stage.client.merchant.merchant_serial, &"A".repeat(40));
    let merchant = good.authorization().replace(stage.mchid(), "1999999999");
    let cases = [
        (good.clone().with("accept", ""), 400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent"),
        (good.clone().without("user-agent"), 400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent"),
        (good.clone().with("content-type", "text/plain"), 400, "PARAM_ERROR", "application/json"),
        (good.clone().without("authorization"), 401, "SIGN_ERROR", "Authorization值格式错误"),
        (
            good.clone().with("authorization", "WECHATPAY2-SHA256-RSA2048 mchid=1"),
            401,
            "SIGN_ERROR",
            "值格式错误",
        ),
        (good.clone().with("authorization", &scheme), 401, "SIGN_ERROR", "认证类型不正确"),
        (good.clone().with("authorization", &serial), 401, "SIGN_ERROR", "证书序列号有误"),
        (good.clone().with("authorization", &merchant), 401, "SIGN_ERROR", "商户号不存在"),
    ];
    for (request, status, code, message) in cases {
        let (actual_status, actual_code, text) = refusal(&stage, &request).await;
        assert_eq!((actual_status, actual_code.as_str()), (status, code), "{text}");
        assert!(text.contains(message), "{text}");
    }
    assert_eq!(stage.client.send(&good).await.unwrap().status, 200);
    assert_eq!(stage.client.send(&good).await.unwrap().status, 200, "a replay within the window is accepted");
    let charset = good.clone().with("content-type", "application/json; charset=utf-8");
    assert_eq!(stage.client.send(&charset).await.unwrap().status, 200);
    let lower = good.authorization().replace(
        &stage.client.merchant.merchant_serial,
        &stage.client.merchant.merchant_serial.to_lowercase(),
    );
    assert_eq!(stage.client.send(&good.with("authorization", &lower)).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_clock_may_differ_by_five_minutes_and_no_more() {
    let stage = Stage::new().await;
    let now = START.unix_timestamp();
    let body = stage.body("ORDER0001").to_string();
    for (offset, status) in [(-300, 200), (300, 200), (-301, 401), (301, 401)] {
        let request = stage.client.request_at("POST", PREPAY, body.as_bytes(), now + offset);
        assert_eq!(stage.client.send(&request).await.unwrap().status, status, "{offset}");
    }
}

#[tokio::test]
async fn the_signature_covers_the_raw_bytes_and_is_checked_before_the_body() {
    let stage = Stage::new().await;
    let mut request = prepay_request(&stage);
    request.body.push(b' ');
    let answer = stage.client.send(&request).await.unwrap();
    assert_eq!(answer.refusal(), (401, "SIGN_ERROR".to_owned()));
    let detail = answer.json()["detail"].clone();
    assert_eq!(detail["detail"]["issue"], "sign not match");
    assert_eq!(detail["sign_information"]["url"], PREPAY);
    assert!(!answer.headers.contains_key("wechatpay-signature"), "refusals of the gateway are not signed");

    let nonsense = stage.client.request("POST", PREPAY, b"{\"amount\":");
    assert_eq!(refusal(&stage, &nonsense).await.1, "PARAM_ERROR");
    let mut unsigned_nonsense = nonsense;
    unsigned_nonsense.body.push(b'}');
    assert_eq!(refusal(&stage, &unsigned_nonsense).await.1, "SIGN_ERROR");

    let target = format!("/v3/pay/transactions/out-trade-no/NOSUCHORDER?mchid={}", stage.mchid());
    let mut request = stage.client.request("GET", &target, b"");
    request.target.push_str("&x=1");
    assert_eq!(refusal(&stage, &request).await.1, "SIGN_ERROR", "the query string is signed");
}

#[tokio::test]
async fn a_number_with_reserved_characters_is_signed_as_it_is_sent() {
    let stage = Stage::new().await;
    stage.order("A|B*C_D-1").await;
    let target = format!("/v3/pay/transactions/out-trade-no/A%7CB*C_D-1?mchid={}", stage.mchid());
    let answer = stage.client.call("GET", &target, &Value::Null).await;
    assert_eq!(answer.json()["out_trade_no"], "A|B*C_D-1");
}

/// The body with one value changed.
fn changed(stage: &Stage, pointer: &str, value: Value) -> Value {
    let mut body = stage.body("ORDER0001");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

#[tokio::test]
async fn bodies_are_checked_strictly() {
    let stage = Stage::new().await;
    let refused = [
        ("/amount/total", json!(0), "值低于最小值 1"),
        ("/amount/total", json!(100.0), "类型错误"),
        ("/amount/total", json!("100"), "类型错误"),
        ("/amount/currency", json!("USD"), "格式不正确"),
        ("/description", json!("月".repeat(43)), "字节数 129，大于最大值 127"),
        ("/description", json!("plan \u{1F600}"), "UTF-8"),
        ("/attach", Value::Null, "类型错误"),
        ("/time_expire", json!(""), "字节数 0"),
        ("/time_expire", json!("2025-10-09 17:00:00"), "格式不正确"),
        ("/out_trade_no", json!("A1"), "格式不正确"),
        ("/out_trade_no", json!("ORDER 0001"), "格式不正确"),
        ("/notify_url", json!("https://gw.example.com/n?order=1"), "不能携带参数"),
        ("/notify_url", json!("http://192.168.0.2/n"), "外网"),
        ("/surprise", json!(1), "非法的多余字段"),
        ("/amount/surprise", json!(1), "非法的多余字段"),
        ("/limit_pay", json!(["no_cash"]), "格式不正确"),
    ];
    for (pointer, value, message) in refused {
        let answer = stage.client.call("POST", PREPAY, &changed(&stage, pointer, value.clone())).await;
        assert_eq!(answer.refusal(), (400, "PARAM_ERROR".to_owned()), "{pointer} {value}");
        let text = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(text.contains(message), "{pointer}: {text}");
    }
    let extra = stage.client.call("POST", PREPAY, &changed(&stage, "/surprise", json!(1))).await;
    assert_eq!(extra.sub_code(), "270924358");
    let mut missing = stage.body("ORDER0001");
    missing.as_object_mut().unwrap().remove("appid");
    let answer = stage.client.call("POST", PREPAY, &missing).await;
    let wanted = "输入源“/body/appid”映射到字段“公众号ID”必填性规则校验失败，此字段为必填项";
    assert_eq!(answer.json()["message"], wanted);
    let fits = changed(&stage, "/description", json!("月".repeat(42)));
    assert_eq!(stage.client.call("POST", PREPAY, &fits).await.status, 200);
}

#[tokio::test]
async fn f46_another_merchants_numbers_do_not_pass() {
    let stage = Stage::new().await;
    let body = changed(&stage, "/mchid", json!("1900000001"));
    let answer = stage.client.call("POST", PREPAY, &body).await;
    assert_eq!((answer.status, answer.sub_code().as_str()), (400, "268447843"));
    let body = changed(&stage, "/appid", json!("wx0000000000000000"));
    let answer = stage.client.call("POST", PREPAY, &body).await;
    assert_eq!(answer.refusal(), (400, "APPID_MCHID_NOT_MATCH".to_owned()));

    stage.order("ORDER0001").await;
    let query = "/v3/pay/transactions/out-trade-no/ORDER0001";
    let answer = stage.client.call("GET", &format!("{query}?mchid=1900000001"), &Value::Null).await;
    assert_eq!(answer.sub_code(), "268447843");
    assert_eq!(stage.client.call("GET", query, &Value::Null).await.refusal().1, "PARAM_ERROR");

    let mut options = MerchantOptions::new(KeyMode::PublicKey);
    options.products = vec![Product::Native];
    let other = stage.control.create_merchant(options).await.unwrap();
    let other = crate::client::Client::new(
        &stage.client.base_url,
        other,
        stage.client.clock.clone(),
        Wants::PublicKey,
    );
    assert_eq!(other.query("ORDER0001").await.refusal(), (404, "ORDER_NOT_EXIST".to_owned()));
    let mut body = stage.body("ORDER0001");
    body["mchid"] = json!(other.merchant.mchid);
    body["appid"] = json!(other.merchant.appids[0]);
    assert_eq!(other.call("POST", PREPAY, &body).await.refusal(), (403, "NO_AUTH".to_owned()));
}

#[tokio::test]
async fn the_strict_policy_refuses_loopback_notifications() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.notify_urls = NotifyUrlPolicy::PublicOnly;
    let stage = Stage::open(options, KeyMode::PublicKey, Wants::PublicKey).await;
    let answer = stage.client.call("POST", PREPAY, &stage.body("ORDER0001")).await;
    assert_eq!(answer.refusal(), (400, "PARAM_ERROR".to_owned()));
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let stage = Stage::new().await;
    let answer = stage.client.call("GET", "/v3/nothing", &Value::Null).await;
    assert_eq!(answer.refusal(), (404, "NOT_FOUND".to_owned()));
}
