//! Orders from prepay to their end.

use std::time::Duration;

use payment_sandbox::clock::SimulatorClock;
use payment_sandbox::wechat::{
    ControlError, KeyMode, Landing, PayOptions, PaymentRefused, SimulatorOptions, TradeState,
};
use serde_json::{Value, json};

use crate::client::Wants;
use crate::stage::{START, Stage};

#[tokio::test]
async fn an_app_order_is_paid_and_told_in_the_same_words_as_its_query() {
    let stage = Stage::new().await;
    let prepay_id = stage.order("ORDER0001").await;
    assert!(prepay_id.starts_with("wx20251009165419"));
    assert_eq!(
        stage.client.query("ORDER0001").await.json(),
        json!({
            "appid": stage.client.merchant.appids[0], "mchid": stage.mchid(), "out_trade_no": "ORDER0001",
            "trade_state": "NOTPAY", "trade_state_desc": "订单未支付", "amount": {"total": 100, "currency": "CNY"},
        })
    );

    let options = PayOptions { coupon: 10, ..PayOptions::default() };
    let transaction_id = stage.control.pay(stage.mchid(), "ORDER0001", &options).unwrap();
    stage.control.settled().await;

    let paid = stage.client.query("ORDER0001").await.json();
    assert_eq!(paid["trade_state"], "SUCCESS");
    assert_eq!(paid["transaction_id"], transaction_id.as_str());
    assert_eq!(paid["trade_type"], "APP");
    assert_eq!(paid["attach"], "order=1");
    assert_eq!(paid["success_time"], "2025-10-09T16:54:19+08:00");
    assert_eq!(
        paid["amount"],
        json!({"total": 100, "payer_total": 90, "currency": "CNY", "payer_currency": "CNY"})
    );
    assert_eq!(paid["promotion_detail"][0]["amount"], 10);
    let by_id = format!("/v3/pay/transactions/id/{transaction_id}?mchid={}", stage.mchid());
    assert_eq!(stage.client.call("GET", &by_id, &Value::Null).await.json(), paid);

    let arrived = stage.receiver.arrived();
    assert_eq!(arrived.len(), 1);
    stage.client.verify(&arrived[0].headers, &arrived[0].body).unwrap();
    assert_eq!(arrived[0].headers["user-agent"], "Mozilla/4.0");
    assert_eq!(stage.client.open_notification(&arrived[0].body), paid);
    let envelope: Value = serde_json::from_slice(&arrived[0].body).unwrap();
    assert_eq!(envelope["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(envelope["resource"]["original_type"], "transaction");
}

#[tokio::test]
async fn each_product_hands_out_what_its_payer_needs() {
    let stage = Stage::with(KeyMode::PlatformCertificate, Wants::Certificate).await;
    let prepay = async |product: &str, extra: Value| {
        let mut body = stage.body(&format!("ORDER-{product}"));
        for (name, value) in extra.as_object().unwrap() {
            body[name] = value.clone();
        }
        stage.client.call("POST", &format!("/v3/pay/transactions/{product}"), &body).await
    };
    let jsapi = prepay("jsapi", json!({"payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}})).await;
    assert_eq!(jsapi.json()["prepay_id"].as_str().unwrap().len(), 36);
    let native = prepay("native", json!({})).await;
    assert!(native.json()["code_url"].as_str().unwrap().starts_with("weixin://wxpay/bizpayurl?pr="));
    let scene = json!({"payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"}});
    let h5 = prepay("h5", json!({"scene_info": scene})).await;
    let page = reqwest::get(h5.json()["h5_url"].as_str().unwrap()).await.unwrap();
    assert!(page.text().await.unwrap().contains("ORDER-h5"));

    assert_eq!(
        prepay("h5", json!({})).await.refusal(),
        (400, "PARAM_ERROR".to_owned()),
        "h5 needs scene_info"
    );
    let without_payer = prepay("jsapi", json!({})).await;
    assert_eq!(without_payer.sub_code(), "268501013", "jsapi needs the payer");

    stage.control.pay(stage.mchid(), "ORDER-h5", &PayOptions::default()).unwrap();
    assert_eq!(stage.client.query("ORDER-h5").await.json()["trade_type"], "MWEB");
    let options = PayOptions::default();
    stage.control.pay(stage.mchid(), "ORDER-jsapi", &options).unwrap();
    assert_eq!(
        stage.client.query("ORDER-jsapi").await.json()["payer"]["openid"],
        "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    );
}

#[tokio::test]
async fn f30_the_same_number_may_only_repeat_the_same_request() {
    let stage = Stage::new().await;
    let first = stage.order("ORDER0001").await;
    let second = stage.order("ORDER0001").await;
    assert_ne!(first, second, "a repeated prepay renews the prepay_id");
    assert_eq!(stage.line("ORDER0001").prepays, 2);

    let prepay = async |product: &str, body: Value| {
        stage.client.call("POST", &format!("/v3/pay/transactions/{product}"), &body).await
    };
    let mut other_amount = stage.body("ORDER0001");
    other_amount["amount"]["total"] = json!(101);
    assert_eq!(prepay("app", other_amount).await.refusal(), (400, "INVALID_REQUEST".to_owned()));
    let mut other_text = stage.body("ORDER0001");
    other_text["description"] = json!("Yearly plan");
    let refused = prepay("app", other_text).await;
    assert_eq!((refused.status, refused.json()["message"].clone()), (400, json!("201 商户订单号重复")));
    assert_eq!(
        prepay("native", stage.body("ORDER0001")).await.refusal(),
        (403, "OUT_TRADE_NO_USED".to_owned())
    );
    let mut other_expiry = stage.body("ORDER0001");
    other_expiry["time_expire"] = json!("2025-10-09T18:00:00+08:00");
    assert_eq!(prepay("app", other_expiry).await.status, 200, "only the first time_expire counts");

    stage.control.pay(stage.mchid(), "ORDER0001", &PayOptions::default()).unwrap();
    let paid = prepay("app", stage.body("ORDER0001")).await;
    assert_eq!((paid.refusal(), paid.sub_code().as_str()), ((400, "ORDERPAID".to_owned()), "268498689"));
    stage.order("ORDER0002").await;
    assert_eq!(stage.client.close("ORDER0002").await.status, 204);
    assert_eq!(prepay("app", stage.body("ORDER0002")).await.refusal(), (400, "ORDER_CLOSED".to_owned()));
}

#[tokio::test]
async fn close_answers_204_again_and_again_but_never_on_a_paid_order() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    for _ in 0..2 {
        let closed = stage.client.close("ORDER0001").await;
        assert_eq!((closed.status, closed.body.len()), (204, 0));
    }
    assert_eq!(stage.state("ORDER0001").await, "CLOSED");
    let refused = stage.control.pay(stage.mchid(), "ORDER0001", &PayOptions::default()).unwrap_err();
    assert!(matches!(refused, ControlError::Payment(PaymentRefused::OrderClosed)));
    assert_eq!(stage.client.close("NOSUCHORDER").await.refusal(), (404, "ORDER_NOT_EXIST".to_owned()));
    stage.paid_order("ORDER0002").await;
    assert_eq!(stage.client.close("ORDER0002").await.refusal(), (400, "ORDERPAID".to_owned()));
}

#[tokio::test]
async fn f29_a_payment_in_flight_cannot_be_closed_and_lands_after_expiry() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    stage.control.begin_payment(stage.mchid(), "ORDER0001").unwrap();
    assert_eq!(stage.client.close("ORDER0001").await.refusal(), (429, "FREQUENCY_LIMITED".to_owned()));
    stage.control.advance(Duration::from_secs(8 * 24 * 3600)).await.unwrap();
    assert_eq!(stage.state("ORDER0001").await, "NOTPAY");
    stage.control.pay(stage.mchid(), "ORDER0001", &PayOptions::default()).unwrap();
    assert_eq!(stage.state("ORDER0001").await, "SUCCESS");
}

#[tokio::test]
async fn f1_a_late_payment_wins_over_a_close() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    assert_eq!(stage.client.close("ORDER0001").await.status, 204);
    let late = PayOptions { landing: Landing::Late, ..PayOptions::default() };
    stage.control.pay(stage.mchid(), "ORDER0001", &late).unwrap();
    stage.control.settled().await;
    assert_eq!(stage.state("ORDER0001").await, "SUCCESS");
    assert_eq!(stage.receiver.arrived().len(), 1);
    assert_eq!(stage.line("ORDER0001").taken, 100);
}

#[tokio::test]
async fn an_order_closes_by_its_own_time_and_a_prepay_grows_too_old() {
    let mut options = SimulatorOptions::loopback(SimulatorClock::manual(START));
    options.expiry_lag = Duration::from_secs(60);
    let stage = Stage::open(options, KeyMode::PublicKey, Wants::PublicKey).await;
    let mut body = stage.body("ORDER0001");
    body["time_expire"] = json!("2025-10-09T17:04:19+08:00");
    assert_eq!(stage.client.call("POST", "/v3/pay/transactions/app", &body).await.status, 200);
    stage.order("ORDER0002").await;

    let pay = |number: &str| stage.control.pay(stage.mchid(), number, &PayOptions::default());
    stage.control.advance(Duration::from_secs(600)).await.unwrap();
    assert_eq!(stage.state("ORDER0001").await, "NOTPAY", "the channel takes a while to close it");
    assert!(matches!(pay("ORDER0001").unwrap_err(), ControlError::Payment(PaymentRefused::OrderClosed)));
    stage.control.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(stage.state("ORDER0001").await, "CLOSED");

    stage.control.advance(Duration::from_secs(2 * 3600)).await.unwrap();
    assert!(matches!(pay("ORDER0002").unwrap_err(), ControlError::Payment(PaymentRefused::PrepayExpired)));
    stage.order("ORDER0002").await;
    pay("ORDER0002").unwrap();
}

#[tokio::test]
async fn a_failed_try_leaves_the_order_payable_and_tells_nobody() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    stage.control.fail_payment(stage.mchid(), "ORDER0001").unwrap();
    stage.control.settled().await;
    assert_eq!(stage.state("ORDER0001").await, "NOTPAY");
    assert!(stage.receiver.arrived().is_empty());
    let line = stage.line("ORDER0001");
    assert_eq!((line.failed_tries, line.taken, line.state), (1, 0, TradeState::NotPay));
}
