//! Capture of approved orders: success, pending, refusal, duplicates.

use payment_sandbox::paypal::{
    ApproveOptions, CaptureSettlement, CaptureStatus, Funding, InvoiceIds, MerchantOptions, OrderStatus,
};
use serde_json::json;

use crate::client::{PLAIN, WHOLE, key};
use crate::stage::{ORDERS, Stage};

#[tokio::test]
async fn an_approved_order_is_captured_once() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    assert_eq!(stage.client.capture(&id, "c-0").await.refusal(), (422, "ORDER_NOT_APPROVED".to_owned()));
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    assert_eq!(stage.line(&id).taken, 0, "approval moves no money");
    let captured = stage.client.capture(&id, "c-1").await;
    assert_eq!(captured.status, 201);
    let body = captured.json();
    assert_eq!(body["status"], "COMPLETED");
    assert!(body["purchase_units"][0].get("amount").is_none(), "minimal");
    let capture = &body["purchase_units"][0]["payments"]["captures"][0];
    assert_eq!((capture["status"].as_str(), capture["custom_id"].as_str()), (Some("COMPLETED"), Some("one")));
    assert_eq!(capture["seller_receivable_breakdown"]["net_amount"]["value"], "23.77");
    let capture_id = capture["id"].as_str().unwrap();
    let shown = stage.client.get(&format!("/v2/payments/captures/{capture_id}")).await.json();
    assert_eq!(shown["supplementary_data"]["related_ids"]["order_id"], id.as_str());
    let again = stage.client.capture(&id, "c-2").await;
    assert_eq!(again.refusal(), (422, "ORDER_ALREADY_CAPTURED".to_owned()));
    let line = stage.line(&id);
    assert_eq!((line.status, line.taken, line.captures.len()), (OrderStatus::Completed, 2490, 1));
}

#[tokio::test]
async fn every_form_of_an_empty_capture_body_is_taken() {
    let stage = Stage::new().await;
    for (index, body) in ["", "{}", "null"].into_iter().enumerate() {
        let id = stage.approved(&format!("n{index}"), Funding::Balance).await;
        let path = format!("{ORDERS}/{id}/capture");
        let answer = stage.client.send("POST", &path, body.as_bytes(), PLAIN).await.unwrap();
        assert_eq!(answer.status, 201, "{body}");
    }
}

#[tokio::test]
async fn a_completed_order_may_hold_a_pending_capture_that_ends_either_way() {
    let stage = Stage::new().await;
    let ends = [
        (CaptureSettlement::Completed, CaptureStatus::Completed, "PAYMENT.CAPTURE.COMPLETED", 2490),
        (CaptureSettlement::Declined, CaptureStatus::Declined, "PAYMENT.CAPTURE.DECLINED", 0),
        (CaptureSettlement::Denied, CaptureStatus::Declined, "PAYMENT.CAPTURE.DENIED", 0),
    ];
    for (index, (settlement, status, event, taken)) in ends.into_iter().enumerate() {
        let funding = if index == 0 { Funding::echeck() } else { Funding::review() };
        let (id, capture_id) = stage.captured(&format!("n{index}"), funding).await;
        let shown = stage.client.show(&id).await;
        let capture = &shown["purchase_units"][0]["payments"]["captures"][0];
        assert_eq!(
            (shown["status"].as_str(), capture["status"].as_str()),
            (Some("COMPLETED"), Some("PENDING"))
        );
        assert!(capture.get("seller_receivable_breakdown").is_none());
        let reason = if index == 0 { "ECHECK" } else { "PENDING_REVIEW" };
        assert_eq!(capture["status_details"]["reason"], reason);
        assert_eq!((stage.line(&id).taken, stage.line(&id).being_taken), (0, 2490));
        stage.control.settle_capture(&capture_id, settlement).unwrap();
        stage.control.settle_capture(&capture_id, settlement).unwrap_err();
        let line = stage.line(&id);
        assert_eq!((line.captures[0].status, line.taken, line.being_taken), (status, taken, 0));
        let told = stage.control.deliveries_of(&id);
        assert_eq!(told.last().unwrap().event_type, event);
    }
}

#[tokio::test]
async fn a_refused_source_brings_the_buyer_back_and_its_key_repeats_the_refusal() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Refused).await;
    let refused = stage.client.capture(&id, "c-1").await;
    assert_eq!(refused.refusal(), (422, "INSTRUMENT_DECLINED".to_owned()));
    assert_eq!(refused.link("redirect"), Some(stage.simulator.approve_url(&id)));
    assert_eq!(stage.client.show(&id).await["status"], "PAYER_ACTION_REQUIRED");
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    assert_eq!(stage.client.capture(&id, "c-1").await.refusal().1, "INSTRUMENT_DECLINED");
    assert_eq!(stage.client.capture(&id, "c-2").await.status, 201);
    assert_eq!((stage.line(&id).declines, stage.line(&id).taken), (1, 2490));
}

#[tokio::test]
async fn ten_refused_sources_are_the_end_of_an_order() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    for index in 0..10 {
        stage.control.approve(&id, &ApproveOptions::with(Funding::Refused)).unwrap();
        assert_eq!(stage.client.capture(&id, &format!("c-{index}")).await.refusal().1, "INSTRUMENT_DECLINED");
    }
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    let dead = stage.client.capture(&id, "c-10").await;
    assert_eq!(dead.refusal().1, "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED");
}

#[tokio::test]
async fn a_success_may_hold_a_declined_capture() {
    let stage = Stage::new().await;
    let (id, _) = stage.captured("one", Funding::DeclinedCapture).await;
    let line = stage.line(&id);
    assert_eq!((line.status, line.captures[0].status), (OrderStatus::Completed, CaptureStatus::Declined));
    assert_eq!(line.taken, 0);
}

#[tokio::test]
async fn one_invoice_is_paid_once_whatever_the_number_of_orders() {
    let stage = Stage::new().await;
    let mut ids = Vec::new();
    for name in ["one", "two"] {
        let answer = stage.create(&Stage::body(name, "invoice-7"), name).await;
        assert_eq!(answer.status, 201, "the check comes with the payment");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
        ids.push(id);
    }
    assert_eq!(stage.client.capture(&ids[0], "c-1").await.status, 201);
    let second = stage.client.capture(&ids[1], "c-2").await;
    assert_eq!(second.refusal(), (422, "DUPLICATE_INVOICE_ID".to_owned()));
    assert_eq!(stage.line(&ids[1]).status, OrderStatus::Approved, "it can be captured under another invoice");
}

#[tokio::test]
async fn a_merchant_can_switch_the_invoice_protection_off() {
    let merchant = MerchantOptions { webhook_url: None, invoice_ids: InvoiceIds::Repeatable };
    let stage = Stage::open(Stage::options(), merchant).await;
    for name in ["one", "two"] {
        let id =
            stage.create(&Stage::body(name, "same"), name).await.json()["id"].as_str().unwrap().to_owned();
        stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
        assert_eq!(stage.client.capture(&id, &format!("c-{name}")).await.status, 201);
    }
}

#[tokio::test]
async fn a_declined_payment_leaves_its_invoice_free() {
    let stage = Stage::new().await;
    let (_, capture_id) = stage.captured("one", Funding::review()).await;
    stage.control.settle_capture(&capture_id, CaptureSettlement::Declined).unwrap();
    let answer = stage.create(&Stage::body("two", "invoice-one"), "o-two").await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    assert_eq!(stage.client.capture(&id, "c-two").await.status, 201);
}

#[tokio::test]
async fn an_order_of_several_units_has_a_capture_for_each() {
    let stage = Stage::new().await;
    let unit = |name: &str, value: &str| json!({"reference_id": name, "custom_id": name, "amount": {"currency_code": "HUF", "value": value}});
    let body = json!({"intent": "CAPTURE", "purchase_units": [unit("a", "500"), unit("b", "700")]});
    let id = stage.client.post(ORDERS, &body, WHOLE).await.json()["id"].as_str().unwrap().to_owned();
    stage.control.approve(&id, &ApproveOptions::with(Funding::Balance)).unwrap();
    let captured = stage.client.post(&format!("{ORDERS}/{id}/capture"), &json!({}), WHOLE).await.json();
    let value = |index: usize| {
        captured["purchase_units"][index]["payments"]["captures"][0]["amount"]["value"].clone()
    };
    assert_eq!((value(0), value(1)), (json!("500"), json!("700")));
    assert_eq!(stage.line(&id).taken, 1200);
}

#[tokio::test]
async fn somebody_elses_capture_is_found_as_done_already() {
    let stage = Stage::new().await;
    let id = stage.approved("one", Funding::Balance).await;
    let capture_id = stage.control.capture_elsewhere(&id).unwrap();
    assert_eq!(stage.client.capture(&id, "c-1").await.refusal().1, "ORDER_ALREADY_CAPTURED");
    let shown = stage.client.show(&id).await;
    assert_eq!(shown["purchase_units"][0]["payments"]["captures"][0]["id"], capture_id.as_str());
    let refused = stage.control.capture_elsewhere(&id).unwrap_err();
    assert!(refused.to_string().contains("ORDER_ALREADY_CAPTURED"));
}

#[tokio::test]
async fn pay_waits_for_the_merchant_to_capture() {
    let stage = Stage::new().await;
    let id = stage.order("one").await;
    let approval = ApproveOptions::with(Funding::Balance);
    let merchant = async {
        stage.receiver.arrival().await;
        stage.client.post(&format!("{ORDERS}/{id}/capture"), &json!({}), key("c-1")).await
    };
    let (paid, captured) = tokio::join!(stage.control.pay(&id, &approval), merchant);
    let capture = &captured.json()["purchase_units"][0]["payments"]["captures"][0];
    assert_eq!(capture["id"], paid.unwrap().as_str());
}
