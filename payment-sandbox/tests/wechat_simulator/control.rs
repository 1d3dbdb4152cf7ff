//! The control API over HTTP, the app's SDK, and the wallet pages.

use payment_sandbox::wechat::{Fault, InvokeRefused, PayOptions};
use serde_json::{Map, Value, json};

use crate::stage::Stage;

async fn control(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", stage.simulator.control_url());
    let request = reqwest::Client::new().request(method.parse().unwrap(), url);
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn everything_can_be_done_from_another_process() {
    let stage = Stage::new().await;
    stage.order("ORDER0001").await;
    let order = format!("/merchants/{}/orders/ORDER0001", stage.mchid());
    let fault =
        json!({"operation": "close", "times": 1, "fault": {"kind": "system_error", "execution": "skipped"}});
    assert_eq!(control(&stage, "POST", "/faults", fault).await.0, 200);
    assert_eq!(control(&stage, "GET", "/faults", Value::Null).await.1[0]["fault"]["kind"], "system_error");
    assert_eq!(stage.client.close("ORDER0001").await.status, 500);
    let quiet = json!({"times": 1, "fault": {"kind": "delayed", "seconds": 15}});
    assert_eq!(control(&stage, "POST", "/notification-faults", quiet).await.0, 200);

    let forged =
        control(&stage, "POST", &format!("{order}/forge-notification"), json!({"kind": "wrong_key"})).await;
    assert_eq!(forged.1["status"], 200);
    let (status, paid) = control(&stage, "POST", &format!("{order}/pay"), json!({"coupon": 10})).await;
    assert_eq!((status, paid["transaction_id"].as_str().unwrap().len()), (200, 28));
    let (status, refused) = control(&stage, "POST", &format!("{order}/pay"), json!({})).await;
    assert_eq!((status, refused), (409, json!({"error": "the order is paid already"})));
    assert_eq!(
        control(&stage, "POST", "/clock/advance", json!({"seconds": 15})).await.1["now"],
        "2025-10-09T16:54:34+08:00"
    );
    let (_, resent) =
        control(&stage, "POST", &format!("{order}/resend-notification"), json!({"copies": 3})).await;
    assert_eq!(resent.as_array().unwrap().len(), 3);
    let (_, deliveries) = control(&stage, "GET", &format!("{order}/deliveries"), Value::Null).await;
    assert_eq!(deliveries[0]["state"], "acknowledged");
    assert_eq!(deliveries[0]["attempts"].as_array().unwrap().len(), 4);

    let refund = json!({"out_trade_no": "ORDER0001", "out_refund_no": "R1",
        "amount": {"refund": 40, "total": 100, "currency": "CNY"}});
    stage.client.refund(&refund).await;
    let settle = format!("/merchants/{}/refunds/R1/settle", stage.mchid());
    assert_eq!(control(&stage, "POST", &settle, json!({"status": "SUCCESS"})).await.0, 200);
    let (_, ledger) = control(&stage, "GET", "/ledger", Value::Null).await;
    assert_eq!(
        (&ledger["orders"][0]["taken"], &ledger["orders"][0]["given_back"]),
        (&json!(100), &json!(40))
    );

    let (status, merchant) = control(&stage, "POST", "/merchants", json!({"key_mode": "public_key"})).await;
    assert_eq!((status, merchant["platform_certificates"].clone()), (200, json!([])));
    let (status, error) = control(&stage, "POST", "/merchants", json!({"key_mode": "none"})).await;
    assert_eq!(status, 400);
    assert!(
        error["error"].as_str().unwrap().contains("public_key"),
        "the refusal names what is allowed: {error}"
    );
    assert_eq!(control(&stage, "GET", "/merchants/1/orders/2", Value::Null).await.0, 404);
}

fn parameters(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The seven APP parameters as a right server makes them.
fn app_parameters(stage: &Stage, prepay_id: &str) -> Map<String, Value> {
    let appid = &stage.client.merchant.appids[0];
    let sign = stage.client.sign(format!("{appid}\n1760000000\nnonce1\n{prepay_id}\n").as_bytes());
    parameters(json!({
        "appid": appid, "partnerid": stage.mchid(), "prepayid": prepay_id, "package": "Sign=WXPay",
        "noncestr": "nonce1", "timestamp": "1760000000", "sign": sign,
    }))
}

#[tokio::test]
async fn the_app_pays_with_the_seven_signed_parameters_and_stumbles_over_each_that_is_wrong() {
    let stage = Stage::new().await;
    let prepay_id = stage.order("ORDER0001").await;
    let good = app_parameters(&stage, &prepay_id);
    let invoke = |p: &Map<String, Value>| stage.control.invoke(p, &PayOptions::default());
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed.insert(name.to_owned(), value);
        changed
    };
    assert_eq!(invoke(&with("noncestr", json!("nonce2"))), Err(InvokeRefused::Signature));
    assert_eq!(invoke(&with("partnerid", json!("1900000001"))), Err(InvokeRefused::ForeignPrepay));
    assert_eq!(invoke(&with("prepayid", json!("wx0"))), Err(InvokeRefused::UnknownPrepay));
    let prefixed = app_parameters(&stage, &format!("prepay_id={prepay_id}"));
    assert_eq!(invoke(&prefixed), Err(InvokeRefused::UnknownPrepay), "APP takes the bare prepay_id");
    for (name, value) in
        [("package", json!("prepay_id=x")), ("timestamp", json!(1_760_000_000)), ("signType", json!("RSA"))]
    {
        let refused = invoke(&with(name, value)).unwrap_err();
        assert!(
            matches!(&refused, InvokeRefused::Parameter { name: named, .. } if named == name),
            "{refused}"
        );
    }
    let transaction_id = invoke(&good).unwrap();
    assert_eq!(stage.line("ORDER0001").transaction_id, Some(transaction_id));
}

#[tokio::test]
async fn a_mini_program_signs_the_package_with_its_prefix() {
    let stage = Stage::new().await;
    let mut body = stage.body("ORDER0001");
    body["payer"] = json!({"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"});
    let answer = stage.client.call("POST", "/v3/pay/transactions/jsapi", &body).await.json();
    let prepay_id = answer["prepay_id"].as_str().unwrap();
    let appid = &stage.client.merchant.appids[0];
    let six = |signed: &str| {
        let message = format!("{appid}\n1760000000\nnonce1\n{signed}\n");
        parameters(json!({
            "appId": appid, "timeStamp": "1760000000", "nonceStr": "nonce1", "signType": "RSA",
            "package": format!("prepay_id={prepay_id}"), "paySign": stage.client.sign(message.as_bytes()),
        }))
    };
    let bare = stage.control.invoke(&six(prepay_id), &PayOptions::default());
    assert_eq!(bare, Err(InvokeRefused::Signature), "the bare prepay_id is what APP signs");
    let body = json!({"parameters": six(&format!("prepay_id={prepay_id}"))});
    assert_eq!(control(&stage, "POST", "/invoke", body).await.0, 200);
    assert_eq!(stage.state("ORDER0001").await, "SUCCESS");
}

#[tokio::test]
async fn a_person_pays_or_refuses_in_a_browser() {
    let stage = Stage::new().await;
    let mut body = stage.body("ORDER0001");
    body["description"] = json!("<b>Plan</b>");
    let answer = stage.client.call("POST", "/v3/pay/transactions/native", &body).await.json();
    let code = answer["code_url"].as_str().unwrap().rsplit('=').next().unwrap();
    let page = async |url: &str| reqwest::get(url).await.unwrap().text().await.unwrap();
    let shown = page(&stage.simulator.wallet_url(code)).await;
    assert!(shown.contains("¥1.00") && shown.contains(code) && shown.contains("&lt;b&gt;Plan"), "{shown}");

    let choose = async |form: &[(&str, &str)]| {
        let url = stage.simulator.wallet_url("ORDER0001");
        let encoded: String =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request =
            reqwest::Client::new().post(url).header("content-type", "application/x-www-form-urlencoded");
        request.body(encoded).send().await.unwrap()
    };
    choose(&[("action", "refuse")]).await;
    assert_eq!(stage.line("ORDER0001").failed_tries, 1);
    let paid = choose(&[("action", "pay"), ("coupon", "10")]).await.text().await.unwrap();
    assert!(paid.contains("<dd id=\"state\">SUCCESS"));
    assert_eq!(stage.line("ORDER0001").payer_total, 90);
    assert_eq!(choose(&[("action", "pay")]).await.status().as_u16(), 409);
    assert!(page(&format!("{}/wallet", stage.client.base_url)).await.contains("ORDER0001"));
}

#[tokio::test]
async fn a_simulator_that_is_shut_down_answers_no_more_and_waits_for_no_clock() {
    let stage = Stage::new().await;
    stage.control.add_order_fault("ORDER0001", 1, Fault::SlowAnswer { seconds: 3600 });
    let Stage { simulator, client, receiver, control } = stage;
    let target = format!("/v3/pay/transactions/out-trade-no/ORDER0001?mchid={}", client.merchant.mchid);
    let slow = client.request("GET", &target, b"");
    let shutdown = async {
        // The fault is used up as soon as its request is there.
        while !control.faults().is_empty() {
            tokio::task::yield_now().await;
        }
        simulator.shutdown().await;
    };
    let (answer, ()) = tokio::join!(client.send(&slow), shutdown);
    assert_eq!(answer.unwrap().status, 404, "what had come in was answered");
    drop(receiver);
    client.send(&client.request("GET", "/v3/certificates", b"")).await.unwrap_err();
}
