//! The control API over HTTP, and the end of a simulator.

use payment_sandbox::paypal::{Fault, Operation};
use serde_json::{Value, json};

use crate::stage::{ORDERS, Stage};

async fn control(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", stage.simulator.control_url());
    let request = reqwest::Client::new().request(method.parse().unwrap(), url);
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_payment_is_moved_over_http() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    let pending = json!({"funding": {"kind": "pending", "reason": "ECHECK"}});
    let (status, body) = control(&stage, "POST", &format!("/orders/{id}/approve"), pending).await;
    assert_eq!(status, 200);
    assert!(body["redirect"].as_str().unwrap().contains("PayerID="));
    let (_, made) = control(&stage, "POST", &format!("/orders/{id}/capture-elsewhere"), Value::Null).await;
    let capture = made["id"].as_str().unwrap();
    let path = format!("/captures/{capture}");
    let settle = json!({"settlement": "completed"});
    assert_eq!(control(&stage, "POST", &format!("{path}/settle"), settle.clone()).await.0, 200);
    assert_eq!(control(&stage, "POST", &format!("{path}/settle"), settle).await.0, 409);
    let refund = control(&stage, "POST", &format!("{path}/console-refund"), json!({"minor": 90})).await;
    assert!(refund.1["refund_id"].is_string());
    assert_eq!(control(&stage, "POST", &format!("{path}/dispute"), Value::Null).await.0, 200);
    assert_eq!(control(&stage, "DELETE", &format!("{path}/dispute"), Value::Null).await.0, 200);
    let (_, orders) = control(&stage, "GET", "/orders/invoice-one", Value::Null).await;
    assert_eq!((&orders[0]["taken"], &orders[0]["given_back"]), (&json!(2490), &json!(90)));
    let (_, told) = control(&stage, "GET", "/orders/one/deliveries", Value::Null).await;
    assert_eq!(told.as_array().unwrap().len(), 7);
    let forged = json!({"kind": "wrong_amount", "value": "1.00"});
    let (_, result) = control(&stage, "POST", &format!("/orders/{id}/forge-notification"), forged).await;
    assert_eq!(result["status"], 200);
    let resent = control(&stage, "POST", "/orders/one/resend-notification", json!({"copies": 2})).await;
    assert_eq!(resent.1.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn merchants_faults_and_time_are_moved_over_http() {
    let stage = Stage::new().await;
    let options = json!({"invoice_ids": "unique", "webhook_url": "http://127.0.0.1:1/hook"});
    let (_, merchant) = control(&stage, "POST", "/merchants", options).await;
    let client_id = merchant["client_id"].as_str().unwrap();
    let webhook = format!("/merchants/{client_id}/webhook");
    assert_eq!(control(&stage, "PUT", &webhook, json!({"url": stage.receiver.url})).await.0, 200);
    assert_eq!(control(&stage, "PUT", &webhook, json!({"url": "nowhere"})).await.0, 400);
    assert_eq!(
        control(&stage, "PUT", "/merchants/unknown/webhook", json!({"url": "http://a/"})).await.0,
        404
    );
    let rule = json!({"operation": "show_order", "times": 1, "fault": {"kind": "service_unavailable"}});
    assert_eq!(control(&stage, "POST", "/faults", rule).await.0, 200);
    assert_eq!(stage.control.faults()[0].fault, Fault::ServiceUnavailable);
    let rule = json!({"event_type": "CHECKOUT.ORDER.APPROVED", "fault": {"kind": "wrong_key"}});
    assert_eq!(control(&stage, "POST", "/notification-faults", rule).await.0, 200);
    assert_eq!(control(&stage, "POST", "/suppressed-notifications", json!({})).await.0, 200);
    assert_eq!(
        control(&stage, "GET", "/notification-faults", Value::Null).await.1.as_array().unwrap().len(),
        2
    );
    control(&stage, "DELETE", "/faults", Value::Null).await;
    assert!(stage.control.faults().is_empty() && stage.control.notification_faults().is_empty());
    assert_eq!(control(&stage, "POST", "/faults", json!({"fault": {"kind": "nonsense"}})).await.0, 400);
    let (_, now) = control(&stage, "POST", "/clock/advance", json!({"seconds": 15})).await;
    assert_eq!(now["now"], "2026-01-02T03:04:20Z");
    assert_eq!(control(&stage, "GET", "/clock", Value::Null).await.1, now);
}

#[tokio::test]
async fn every_request_is_on_record() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    stage.client.capture(&id, "c-1").await;
    let asked: Vec<_> =
        stage.control.requests().into_iter().map(|request| (request.operation, request.request_id)).collect();
    let expected = [
        (Operation::Token, None),
        (Operation::CreateOrder, Some("o-one".to_owned())),
        (Operation::CaptureOrder, Some("c-1".to_owned())),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_simulator_that_is_shut_down_answers_no_more_and_waits_for_no_clock() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    stage.control.add_order_fault(&id, 1, Fault::SlowAnswer { seconds: 3600 });
    let Stage { simulator, client, receiver, control } = stage;
    let shutdown = async {
        // The fault is used up as soon as its request is there.
        while !control.faults().is_empty() {
            tokio::task::yield_now().await;
        }
        simulator.shutdown().await;
    };
    let path = format!("{ORDERS}/{id}");
    let (answer, ()) = tokio::join!(client.get(&path), shutdown);
    assert_eq!(answer.status, 200, "what had come in was answered");
    drop(receiver);
    client.send("GET", &path, b"", crate::client::PLAIN).await.unwrap_err();
}
