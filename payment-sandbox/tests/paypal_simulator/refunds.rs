//! Refunds: arithmetic, limits, pending ones, those that no API call asked for.

use std::time::Duration;

use payment_sandbox::paypal::{CaptureStatus, Fault, Funding, RefundOrigin, RefundStatus};
use serde_json::{Value, json};

use crate::client::{key, link};
use crate::stage::Stage;

fn eur(value: &str) -> Value {
    json!({"amount": {"currency_code": "EUR", "value": value}})
}

#[tokio::test]
async fn refunds_never_exceed_their_capture() {
    let stage = Stage::new().await;
    let (id, capture) = stage.captured("one", Funding::Balance).await;
    let body = json!({
        "amount": {"currency_code": "EUR", "value": "10.00"}, "invoice_id": "r-88", "custom_id": "rf-1",
        "note_to_payer": "Item out of stock",
    });
    let first = stage.client.refund(&capture, &body, "r-1").await;
    let refund = first.json();
    assert_eq!((first.status, refund["status"].as_str()), (201, Some("COMPLETED")));
    assert_eq!(refund["seller_payable_breakdown"]["total_refunded_amount"]["value"], "10.00");
    assert!(refund["create_time"].as_str().unwrap().ends_with("-07:00"), "an offset that is not UTC");
    assert!(link(&refund, "up").unwrap().ends_with(&format!("/v2/payments/captures/{capture}")));
    assert_eq!(stage.line(&id).captures[0].status, CaptureStatus::PartiallyRefunded);
    let shown = stage.client.get(&format!("/v2/payments/refunds/{}", refund["id"].as_str().unwrap())).await;
    assert_eq!(shown.json()["custom_id"], "rf-1");
    assert_eq!(
        stage.client.refund(&capture, &eur("14.91"), "r-2").await.refusal().1,
        "REFUND_AMOUNT_EXCEEDED"
    );
    assert_eq!(stage.client.refund(&capture, &body, "r-3").await.refusal().1, "DUPLICATE_INVOICE_ID");
    let rest = stage.client.refund(&capture, &json!({}), "r-4").await.json();
    assert_eq!(rest["amount"]["value"], "14.90", "no amount means all that is left");
    let more = stage.client.refund(&capture, &eur("0.01"), "r-5").await;
    assert_eq!(more.refusal(), (422, "CAPTURE_FULLY_REFUNDED".to_owned()));
    let line = stage.line(&id);
    assert_eq!((line.captures[0].status, line.taken, line.given_back), (CaptureStatus::Refunded, 2490, 2490));
    let shown = stage.client.show(&id).await;
    assert_eq!(shown["purchase_units"][0]["payments"]["refunds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_paypal_refuses_in_a_refund_is_refused_with_its_issue() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let (_, pending) = stage.captured("two", Funding::echeck()).await;
    let (_, declined) = stage.captured("three", Funding::DeclinedCapture).await;
    let usd = json!({"amount": {"currency_code": "USD", "value": "1.00"}});
    let long = json!({"note_to_payer": "x".repeat(256)});
    for (index, (capture, body, issue)) in [
        (&capture, eur("0.00"), "CANNOT_BE_ZERO_OR_NEGATIVE"),
        (&capture, eur("1.001"), "DECIMALS_NOT_SUPPORTED"),
        (&capture, usd, "REFUND_CAPTURE_CURRENCY_MISMATCH"),
        (&capture, long, "INVALID_STRING_LENGTH"),
        (&pending, eur("1.00"), "PENDING_CAPTURE"),
        (&declined, eur("1.00"), "REFUND_NOT_ALLOWED"),
        (&"7AB12345CD678901E".to_owned(), eur("1.00"), "INVALID_RESOURCE_ID"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = stage.client.refund(capture, &body, &format!("r-{index}")).await;
        assert_eq!(answer.refusal().1, issue);
    }
}

#[tokio::test]
async fn a_payment_can_be_refunded_for_180_days() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    stage.control.advance(Duration::from_secs(180 * 86400)).await.unwrap();
    stage.client.forget_token().await;
    assert_eq!(stage.client.refund(&capture, &eur("1.00"), "r-1").await.status, 201);
    stage.control.advance(Duration::from_secs(1)).await.unwrap();
    let late = stage.client.refund(&capture, &eur("1.00"), "r-2").await;
    assert_eq!(late.refusal(), (422, "REFUND_TIME_LIMIT_EXCEEDED".to_owned()));
}

#[tokio::test]
async fn a_pending_refund_reserves_its_amount_until_it_ends() {
    let stage = Stage::new().await;
    for (index, (end, event, back)) in [
        (RefundStatus::Completed, "PAYMENT.CAPTURE.REFUNDED", 2490),
        (RefundStatus::Failed, "PAYMENT.REFUND.FAILED", 0),
        (RefundStatus::Cancelled, "PAYMENT.REFUND.FAILED", 0),
    ]
    .into_iter()
    .enumerate()
    {
        let (id, capture) = stage.captured(&format!("n{index}"), Funding::Balance).await;
        stage.control.add_order_fault(&id, 1, Fault::RefundPending);
        let refund = stage.client.refund(&capture, &eur("24.90"), &format!("r-{index}")).await.json();
        assert_eq!(
            (&refund["status"], &refund["status_details"]["reason"]),
            (&json!("PENDING"), &json!("ECHECK"))
        );
        let second = stage.client.refund(&capture, &eur("0.01"), &format!("s-{index}")).await;
        assert_eq!(second.refusal().0, 422);
        assert_eq!((stage.line(&id).being_given_back, stage.line(&id).given_back), (2490, 0));
        let refund_id = refund["id"].as_str().unwrap();
        stage.control.settle_refund(refund_id, end).unwrap();
        stage.control.settle_refund(refund_id, end).unwrap_err();
        assert_eq!((stage.line(&id).being_given_back, stage.line(&id).given_back), (0, back));
        let types: Vec<_> =
            stage.control.deliveries_of(&id).into_iter().map(|told| told.event_type).collect();
        assert_eq!(types[types.len() - 2..], ["PAYMENT.REFUND.PENDING", event]);
    }
}

#[tokio::test]
async fn money_goes_back_without_the_api_too() {
    let stage = Stage::new().await;
    let (id, capture) = stage.captured("one", Funding::Balance).await;
    let refund = stage.control.console_refund(&capture, Some(490)).unwrap();
    stage.control.console_refund(&capture, Some(2001)).unwrap_err();
    let reversal = stage.control.reverse_capture(&capture, None).unwrap();
    let events = stage.events().await;
    let find = |name: &str| events.iter().find(|(event, _)| event == name).unwrap().1["resource"].clone();
    let refunded = find("PAYMENT.CAPTURE.REFUNDED");
    assert_eq!((&refunded["id"], &refunded["amount"]["value"]), (&json!(refund), &json!("4.90")));
    assert!(link(&refunded, "up").unwrap().ends_with(&capture), "the capture is in the link only");
    assert_eq!(find("PAYMENT.CAPTURE.REVERSED")["id"], reversal.as_str());
    let origins: Vec<_> = stage.line(&id).captures[0].refunds.iter().map(|refund| refund.origin).collect();
    assert_eq!(origins, [RefundOrigin::Console, RefundOrigin::Reversal]);
}

#[tokio::test]
async fn an_open_case_forbids_partial_refunds() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let dispute = stage.control.open_dispute(&capture).unwrap();
    assert_eq!(stage.client.refund(&capture, &eur("1.00"), "r-1").await.refusal().1, "TRANSACTION_DISPUTED");
    stage.control.close_dispute(&capture).unwrap();
    assert_eq!(stage.client.refund(&capture, &eur("1.00"), "r-2").await.status, 201);
    let events = stage.events().await;
    let case = events.iter().find(|(event, _)| event == "CUSTOMER.DISPUTE.CREATED").unwrap();
    let resource = &case.1["resource"];
    assert_eq!(resource["dispute_id"], dispute.as_str());
    assert_eq!(resource["disputed_transactions"][0]["seller_transaction_id"], capture.as_str());
}

#[tokio::test]
async fn a_minimal_refund_shows_little() {
    let stage = Stage::new().await;
    let (_, capture) = stage.captured("one", Funding::Balance).await;
    let path = format!("/v2/payments/captures/{capture}/refund");
    let refund = stage.client.post(&path, &eur("1.00"), key("r-1")).await.json();
    let names: Vec<_> = refund.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["id", "links", "status"]);
}
