//! Faults to order: what goes wrong, for which request, and whether it was carried out.

use payment_sandbox::paypal::{Execution, Fault, FaultRule, Funding, Operation, OrderStatus};
use serde_json::json;

use crate::client::key;
use crate::stage::{ORDERS, Stage};

#[tokio::test]
async fn a_failing_capture_was_carried_out_or_was_not() {
    let stage = Stage::new().await;
    let both = [Execution::Done, Execution::Skipped];
    let faults = both.into_iter().flat_map(|execution| {
        [
            (Fault::ServerError { execution }, Some(500), execution),
            (Fault::HtmlPage { execution }, Some(502), execution),
            (Fault::ConnectionDropped { execution }, None, execution),
        ]
    });
    for (index, (fault, status, execution)) in faults.enumerate() {
        let id = stage.approved(&format!("n{index}"), Funding::Balance).await;
        stage.control.add_order_fault(&id, 1, fault.clone());
        let path = format!("{ORDERS}/{id}/capture");
        let answer = stage.client.send("POST", &path, b"{}", key(&format!("c-{index}"))).await;
        assert_eq!(answer.ok().map(|answer| answer.status), status, "{fault:?}");
        let expected = match execution {
            Execution::Done => OrderStatus::Completed,
            Execution::Skipped => OrderStatus::Approved,
        };
        assert_eq!(stage.line(&id).status, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn answers_that_have_no_effect_say_so() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    for (fault, refusal) in [
        (Fault::ServiceUnavailable, (503, "SERVICE_UNAVAILABLE")),
        (Fault::RateLimited { retry_after: Some(7) }, (429, "RATE_LIMIT_REACHED")),
        (Fault::TokenRejected, (401, "invalid_token")),
        (Fault::Refused { issue: "PAYER_CANNOT_PAY".to_owned() }, (422, "PAYER_CANNOT_PAY")),
    ] {
        stage.control.add_order_fault("invoice-one", 1, fault.clone());
        let answer = stage.client.capture(&id, "c-1").await;
        assert_eq!(answer.refusal(), (refusal.0, refusal.1.to_owned()));
        let wait = answer.headers.get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(wait, matches!(fault, Fault::RateLimited { .. }).then_some("7"));
    }
    assert_eq!(stage.line(&id).taken, 0);
    assert_eq!(stage.client.capture(&id, "c-1").await.status, 201);
}

#[tokio::test]
async fn a_lying_answer_lies_and_the_books_do_not() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    let pointer = "/purchase_units/0/payments/captures/0/amount/value";
    let lie = Fault::ReplacedField { pointer: pointer.to_owned(), value: json!("9999.00") };
    stage.control.add_order_fault(&id, 1, lie);
    let answer = stage.client.capture(&id, "c-1").await.json();
    assert_eq!(answer.pointer(pointer), Some(&json!("9999.00")));
    assert_eq!(stage.line(&id).taken, 2490);
    stage.control.add_order_fault(&id, 1, Fault::RemovedField { pointer: "/status".to_owned() });
    assert!(stage.client.show(&id).await.get("status").is_none());
    stage.control.add_order_fault(&id, 1, Fault::ExtraFields);
    assert!(stage.client.show(&id).await.get("undocumented_field").is_some());
}

#[tokio::test]
async fn an_answer_may_stop_half_way() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    stage.control.add_order_fault(&id, 1, Fault::TruncatedBody);
    let answer = stage.client.capture(&id, "c-1").await;
    assert_eq!(answer.status, 201);
    serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap_err();
    assert_eq!(stage.line(&id).taken, 2490);
}

#[tokio::test]
async fn webhooks_may_be_there_before_the_answer() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    stage.control.add_order_fault(&id, 1, Fault::NotifiedBeforeAnswer);
    stage.client.capture(&id, "c-1").await;
    assert_eq!(stage.receiver.arrived().len(), 3);
}

#[tokio::test]
async fn a_fresh_resource_may_not_be_seen_at_once() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let path = format!("/v2/payments/captures/{capture}");
    stage.control.add_order_fault(&capture, 2, Fault::NotVisibleYet { seconds: 5 });
    assert_eq!(stage.client.get(&path).await.refusal().0, 404);
    stage.control.advance(std::time::Duration::from_secs(5)).await.unwrap();
    assert_eq!(stage.client.get(&path).await.status, 200);
}

#[tokio::test]
async fn the_token_endpoint_fails_to_order_too() {
    let stage = Stage::new().await;
    stage.control.add_fault(FaultRule {
        operation: Some(Operation::Token),
        reference: None,
        times: Some(1),
        fault: Fault::RateLimited { retry_after: None },
    });
    let secret = stage.client.merchant.client_secret.clone();
    let ask = async || stage.client.ask_token(&secret, "grant_type=client_credentials").await.status;
    assert_eq!((ask().await, ask().await), (429, 200));
}
