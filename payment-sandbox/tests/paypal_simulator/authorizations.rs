//! Held money: authorize, capture in parts, void, the end of its validity.

use std::time::Duration;

use payment_sandbox::paypal::{ApproveOptions, AuthorizationStatus, Funding, OrderStatus};
use serde_json::{Value, json};

use crate::client::{WHOLE, With, key};
use crate::stage::{ORDERS, Stage};

/// An order whose money is held; the ids of the order and the authorization.
async fn held(stage: &Stage) -> (String, String) {
    let mut body = Stage::body("one", "invoice-one");
    body["intent"] = json!("AUTHORIZE");
    let id = stage.create(&body, "o-1").await.json()["id"].as_str().unwrap().to_owned();
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    let wrong = stage.client.capture(&id, "c-1").await;
    assert_eq!(wrong.refusal(), (422, "ACTION_DOES_NOT_MATCH_INTENT".to_owned()));
    let answer = stage.client.post(&format!("{ORDERS}/{id}/authorize"), &Value::Null, key("a-1")).await;
    assert_eq!(answer.status, 201);
    let authorization = &answer.json()["purchase_units"][0]["payments"]["authorizations"][0];
    assert_eq!(authorization["status"], "CREATED");
    (id, authorization["id"].as_str().unwrap().to_owned())
}

fn eur(value: &str) -> Value {
    json!({"amount": {"currency_code": "EUR", "value": value}})
}

#[tokio::test]
async fn held_money_is_captured_in_parts_up_to_its_limit() {
    let stage = Stage::new().await;
    let (id, authorization) = held(&stage).await;
    assert_eq!((stage.line(&id).status, stage.line(&id).taken), (OrderStatus::Completed, 0));
    let path = format!("/v2/payments/authorizations/{authorization}/capture");
    let capture = async |body: Value, name: &str| {
        let with = With { request_id: Some(name), headers: WHOLE.headers };
        stage.client.post(&path, &body, with).await
    };
    let first = capture(eur("20.00"), "ac-1").await;
    assert_eq!((first.status, first.json()["status"].as_str()), (201, Some("COMPLETED")));
    assert_eq!(first.json()["supplementary_data"]["related_ids"]["authorization_id"], authorization.as_str());
    assert_eq!(capture(eur("20.00"), "ac-1").await.json()["id"], first.json()["id"], "the same key");
    // 115 % of 24.90 are 28.635.
    assert_eq!(capture(eur("8.64"), "ac-2").await.refusal().1, "MAX_CAPTURE_AMOUNT_EXCEEDED");
    let other = json!({"amount": {"currency_code": "USD", "value": "1.00"}});
    assert_eq!(capture(other, "ac-3").await.refusal().1, "AUTH_CAPTURE_CURRENCY_MISMATCH");
    let rest = capture(json!({"final_capture": true}), "ac-4").await.json();
    assert_eq!(rest["amount"]["value"], "4.90", "no amount means all that is left");
    assert_eq!(capture(eur("1.00"), "ac-5").await.refusal().1, "AUTHORIZATION_ALREADY_CAPTURED");
    let line = stage.line(&id);
    assert_eq!((line.taken, line.authorizations[0].status), (2490, AuthorizationStatus::Captured));
    let void = format!("/v2/payments/authorizations/{authorization}/void");
    assert_eq!(stage.client.post(&void, &Value::Null, key("v-1")).await.refusal().1, "PREVIOUSLY_CAPTURED");
}

#[tokio::test]
async fn held_money_is_released_by_void_with_two_answers() {
    let stage = Stage::new().await;
    let (id, authorization) = held(&stage).await;
    let path = format!("/v2/payments/authorizations/{authorization}");
    let voided = stage.client.post(&format!("{path}/void"), &Value::Null, key("v-1")).await;
    assert_eq!((voided.status, voided.body.len()), (204, 0));
    let with = With { request_id: Some("v-1"), headers: WHOLE.headers };
    let again = stage.client.post(&format!("{path}/void"), &Value::Null, with).await;
    assert_eq!((again.status, again.json()["status"].as_str()), (200, Some("VOIDED")));
    let other_key = stage.client.post(&format!("{path}/void"), &Value::Null, key("v-2")).await;
    assert_eq!(other_key.refusal().1, "PREVIOUSLY_VOIDED");
    let late = stage.client.post(&format!("{path}/capture"), &json!({}), key("ac-1")).await;
    assert_eq!(late.refusal().1, "AUTHORIZATION_VOIDED");
    assert_eq!(stage.client.show(&id).await["status"], "VOIDED");
    assert_eq!(stage.client.get(&path).await.json()["status"], "VOIDED");
}

#[tokio::test]
async fn held_money_is_released_by_itself_after_29_days() {
    let stage = Stage::new().await;
    let (id, _) = held(&stage).await;
    stage.control.advance(Duration::from_secs(29 * 86400 - 1)).await.unwrap();
    assert_eq!(stage.line(&id).authorizations[0].status, AuthorizationStatus::Created);
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(stage.line(&id).authorizations[0].status, AuthorizationStatus::Voided);
    let told = stage.control.deliveries_of(&id);
    assert_eq!(told.last().unwrap().event_type, "PAYMENT.AUTHORIZATION.VOIDED");
}
