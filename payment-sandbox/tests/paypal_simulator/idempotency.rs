//! `PayPal-Request-Id`: repetitions, their memory, requests that run side by side.

use std::time::Duration;

use payment_sandbox::paypal::{
    Execution, Fault, FaultRule, Funding, MerchantOptions, ORDERS_MEMORY, Operation, PAYMENTS_MEMORY,
    ReusedRequestId, SimulatorOptions,
};
use serde_json::{Value, json};

use crate::client::{PLAIN, key};
use crate::stage::{ORDERS, Stage};

fn eur(value: &str) -> Value {
    json!({"amount": {"currency_code": "EUR", "value": value}})
}

#[tokio::test]
async fn a_repeated_create_answers_200_with_the_order_as_it_is_now() {
    let stage = Stage::new().await;
    let body = Stage::body("one", "1");
    let first = stage.create(&body, "o-1").await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    stage.control.capture_elsewhere(&id).unwrap_err();
    let again = stage.create(&body, "o-1").await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(again.json()["id"], id.as_str());
    assert_ne!(stage.create(&body, "o-2").await.json()["id"], id.as_str());
    assert_eq!(stage.control.ledger().orders.len(), 2);
}

#[tokio::test]
async fn a_lost_capture_is_found_again_under_its_key() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    stage.control.add_fault(FaultRule {
        operation: Some(Operation::CaptureOrder),
        reference: Some("one".to_owned()),
        times: Some(1),
        fault: Fault::ConnectionDropped { execution: Execution::Done },
    });
    let path = format!("{ORDERS}/{id}/capture");
    stage.client.send("POST", &path, b"{}", key("c-1")).await.unwrap_err();
    let found = stage.client.send("POST", &path, b"{}", key("c-1")).await.unwrap();
    assert_eq!((found.status, found.json()["status"].as_str()), (200, Some("COMPLETED")));
    assert_eq!(stage.line(&id).captures.len(), 1);
}

#[tokio::test]
async fn an_orders_key_is_forgotten_after_six_hours() {
    let stage = Stage::new().await;
    let body = Stage::body("one", "1");
    stage.create(&body, "o-1").await;
    stage.control.advance(ORDERS_MEMORY.unsigned_abs() - Duration::from_secs(1)).await.unwrap();
    assert_eq!(stage.create(&body, "o-1").await.status, 200);
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(stage.create(&body, "o-1").await.status, 201);
    assert_eq!(stage.control.ledger().orders.len(), 2);
}

#[tokio::test]
async fn a_refund_repeated_after_45_days_pays_again() {
    let stage = Stage::new().await;
    let (id, capture) = stage.captured("one", Funding::Balance).await;
    let first = stage.client.refund(&capture, &eur("1.00"), "r-1").await.json();
    stage.control.advance(PAYMENTS_MEMORY.unsigned_abs() - Duration::from_secs(1)).await.unwrap();
    stage.client.forget_token().await;
    let again = stage.client.refund(&capture, &eur("1.00"), "r-1").await;
    assert_eq!((again.status, &again.json()["id"]), (200, &first["id"]));
    assert_eq!(stage.line(&id).given_back, 100);
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    let late = stage.client.refund(&capture, &eur("1.00"), "r-1").await;
    assert_eq!(late.status, 201);
    assert_eq!(stage.line(&id).given_back, 200);
}

#[tokio::test]
async fn without_a_key_paypal_executes_again() {
    let stage = Stage::new().await;
    let (id, capture) = stage.captured("one", Funding::Balance).await;
    let path = format!("/v2/payments/captures/{capture}/refund");
    for _ in 0..2 {
        assert_eq!(stage.client.post(&path, &eur("1.00"), PLAIN).await.status, 201);
    }
    assert_eq!(stage.line(&id).given_back, 200);
}

#[tokio::test]
async fn a_second_request_while_the_first_runs_is_a_conflict() {
    let stage = Stage::new().await;
    let (id, capture) = stage.captured("one", Funding::Balance).await;
    stage.control.add_order_fault(&id, 1, Fault::SlowAnswer { seconds: 20 });
    let body = eur("1.00");
    let second = async {
        while stage.line(&id).given_back == 0 {
            tokio::task::yield_now().await;
        }
        let conflict = stage.client.refund(&capture, &body, "r-1").await;
        stage.control.clock().advance(Duration::from_secs(20)).unwrap();
        conflict
    };
    let (first, conflict) = tokio::join!(stage.client.refund(&capture, &body, "r-1"), second);
    assert_eq!(conflict.refusal(), (409, "PREVIOUS_REQUEST_IN_PROGRESS".to_owned()));
    assert_eq!(first.status, 201);
    assert_eq!(stage.client.refund(&capture, &body, "r-1").await.status, 200);
}

#[tokio::test]
async fn another_request_under_a_used_key_gets_the_first_result_or_is_refused() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    stage.client.refund(&capture, &eur("1.00"), "r-1").await;
    let other = stage.client.refund(&capture, &eur("2.00"), "r-1").await;
    assert_eq!((other.status, &other.json()["amount"]["value"]), (200, &json!("1.00")));

    let options = SimulatorOptions { reused_request_ids: ReusedRequestId::Refused, ..Stage::options() };
    let strict = Stage::open(options, MerchantOptions::standard()).await;
    let (_, capture) = strict.captured("one", Funding::Balance).await;
    strict.client.refund(&capture, &eur("1.00"), "r-1").await;
    let other = strict.client.refund(&capture, &eur("2.00"), "r-1").await;
    assert_eq!(other.refusal().1, "PAYPAL_REQUEST_ID_PREVIOUSLY_USED");
}
