//! The control API over HTTP: the same hand as the Rust handle.

use payment_sandbox::alipay::{GeneratedMerchant, Ledger};
use serde_json::{Value, json};

use crate::client::Client;
use crate::stage::Stage;

async fn control(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", stage.simulator.control_url());
    let mut request = stage.client.http.request(method.parse().unwrap(), url);
    if !body.is_null() {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_whole_life_can_be_played_over_http() {
    let stage = Stage::new().await;
    let options = json!({"key_mode": "certificate", "triggers": {"app": ["TRADE_SUCCESS", "TRADE_CLOSED"]}});
    let (status, made) = control(&stage, "POST", "/merchants", options).await;
    assert_eq!(status, 200, "{made}");
    let merchant: GeneratedMerchant = serde_json::from_value(made).unwrap();
    let client = Client::new(&stage.client.gateway_url, merchant, stage.client.clock.clone());
    let orders = format!("/merchants/{}/orders/ORDER1", client.merchant.app_id);
    let string = client.order_string(&stage.receiver.url, &Stage::content("ORDER1"));
    let invocation = json!({"order_string": string, "options": {"choice": "pay"}});
    let (_, result) = control(&stage, "POST", "/invoke", invocation.clone()).await;
    assert_eq!(result["resultStatus"], "9000", "{result}");
    assert_eq!(control(&stage, "POST", "/invoke", invocation).await.0, 409);
    let console = json!({"out_request_no": "R1", "amount": 888});
    assert_eq!(control(&stage, "POST", &format!("{orders}/console-refunds"), console).await.0, 200);
    stage.control.settled().await;
    let (_, deliveries) = control(&stage, "GET", &format!("{orders}/deliveries"), Value::Null).await;
    assert_eq!(deliveries[0]["trade_status"], "TRADE_SUCCESS");
    assert_eq!((&deliveries[1]["kind"], &deliveries[1]["out_request_no"]), (&json!("refund"), &json!("R1")));
    let (_, copies) =
        control(&stage, "POST", &format!("{orders}/resend-notification"), json!({"copies": 3})).await;
    assert_eq!(copies.as_array().unwrap().len(), 3);
    let (_, forged) =
        control(&stage, "POST", &format!("{orders}/forge-notification"), json!({"kind": "wrong_key"})).await;
    assert_eq!(forged["status"], 200);
    let (_, line) = control(&stage, "GET", &orders, Value::Null).await;
    assert_eq!((&line["taken"], &line["given_back"]), (&json!(8888), &json!(888)));
    let (_, ledger) = control(&stage, "GET", "/ledger", Value::Null).await;
    assert_eq!(serde_json::from_value::<Ledger>(ledger).unwrap().orders.len(), 1);
    let certificates = format!("/merchants/{}/alipay-certificates", client.merchant.app_id);
    assert_eq!(control(&stage, "POST", &certificates, Value::Null).await.0, 200);
}

#[tokio::test]
async fn faults_time_and_the_payer_obey_over_http() {
    let stage = Stage::new().await;
    let fault = json!({"operation": "query", "times": 1, "fault": {"kind": "wrong_key"}});
    assert_eq!(control(&stage, "POST", "/faults", fault).await.0, 200);
    assert_eq!(control(&stage, "GET", "/faults", Value::Null).await.1.as_array().unwrap().len(), 1);
    assert_eq!(control(&stage, "POST", "/suppressed-notifications", json!({})).await.0, 200);
    let (_, rules) = control(&stage, "GET", "/notification-faults", Value::Null).await;
    assert_eq!(rules[0]["fault"]["kind"], "suppressed");
    assert_eq!(control(&stage, "DELETE", "/faults", Value::Null).await.0, 200);
    assert!(stage.control.notification_faults().is_empty());
    stage.precreate(&Stage::content("ORDER1")).await;
    let order = format!("/merchants/{}/orders/ORDER1", stage.app_id());
    assert_eq!(control(&stage, "POST", &format!("{order}/open-cashier"), Value::Null).await.0, 200);
    assert_eq!(control(&stage, "POST", &format!("{order}/fail-payment"), Value::Null).await.0, 200);
    let (_, paid) = control(&stage, "POST", &format!("{order}/pay"), json!({"coupon": 8})).await;
    assert_eq!(paid["trade_no"].as_str().unwrap().len(), 28);
    let balance = format!("/merchants/{}/balance", stage.app_id());
    assert_eq!(control(&stage, "PUT", &balance, json!({"balance": 0})).await.0, 200);
    assert_eq!(control(&stage, "POST", &format!("{order}/finish"), Value::Null).await.0, 200);
    let (_, moved) = control(&stage, "POST", "/clock/advance", json!({"seconds": 15})).await;
    assert_eq!(moved["now"], "2026-03-01 12:31:00");
    assert_eq!(control(&stage, "GET", "/deliveries", Value::Null).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn refusals_tell_what_is_wrong() {
    let stage = Stage::new().await;
    let order = format!("/merchants/{}/orders/NOTHING", stage.app_id());
    for (method, path, body, status) in [
        ("POST", "/merchants".to_owned(), json!({"key_mode": "both"}), 400),
        ("POST", "/merchants".to_owned(), json!({"key_mode": "public_key", "app_id": "abc"}), 400),
        ("POST", "/merchants".to_owned(), json!({"key_mode": "public_key", "app_id": stage.app_id()}), 409),
        ("GET", order.clone(), Value::Null, 404),
        ("POST", format!("{order}/pay"), json!({}), 409),
        ("POST", format!("{order}/finish"), Value::Null, 409),
        ("POST", format!("{order}/resend-notification"), json!({"copies": 0}), 400),
        ("POST", format!("{order}/refunds/R1/settle"), json!({"status": "success"}), 404),
        ("POST", format!("/merchants/{}/alipay-certificates", stage.app_id()), Value::Null, 404),
    ] {
        let (answered, body) = control(&stage, method, &path, body).await;
        assert_eq!(answered, status, "{path}: {body}");
        assert!(!body["error"].as_str().unwrap().is_empty());
    }
}
