//! The exact bytes of each request, and that they stay the same.

use super::*;
use crate::{
    options::{self, PaypalProduct},
    test_channel::NOW,
};
use payment_core::{
    identifiers::Product,
    money::{Currency, Money},
    payment::ChannelHandle,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NUMBER: &str = "P202701050000000000000000000000";

fn payment_no() -> PaymentNo {
    PaymentNo::parse(NUMBER).expect("a number")
}

fn id() -> ResourceId {
    ResourceId::parse("4TX1").expect("an id")
}

fn money(code: &str, units: i64) -> Money {
    Money::new(Currency::parse(code).expect("a code"), units)
}

fn create_call(amount: Money, options: &Value) -> Call {
    let options = options::read(PaypalProduct::Sdk, options).expect("options");
    let request = CreateRequest {
        payment_no: payment_no(),
        product: Product::parse("sdk").expect("a product"),
        amount,
        description: "Order 4711".to_owned(),
        expire_time: NOW,
        notify_url: "https://gw.example/v1/callbacks/paypal/main".parse().expect("a URL"),
        options: Value::Null,
        payer_ip: None,
    };
    create(&options, &request).expect("a call")
}

fn refund_request(refund_no: &str) -> RefundRequest {
    RefundRequest {
        refund_no: RefundNo::parse(refund_no).expect("a number"),
        payment_no: payment_no(),
        channel_transaction_no: None,
        amount: money("EUR", 1000),
        paid_amount: money("EUR", 2490),
        reason: Some("Item out of stock".to_owned()),
        notify_url: "https://gw.example/".parse().expect("a URL"),
    }
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.body).expect("JSON")
}

#[test]
fn a_create_has_the_documented_form() {
    let options = json!({"return_url": "https://shop.example/paid", "cancel_url": "https://shop.example/no",
        "brand_name": "Shop", "locale": "de-DE", "landing_page": "LOGIN", "soft_descriptor": "SHOP"});
    let call = create_call(money("EUR", 2490), &options);
    assert_eq!((call.method, call.path.as_str()), (HttpMethod::Post, "/v2/checkout/orders"));
    assert_eq!(call.request_id.as_deref(), Some("o-P202701050000000000000000000000"));
    let expected = json!({"intent": "CAPTURE", "purchase_units": [{"reference_id": "default",
        "description": "Order 4711", "custom_id": NUMBER, "invoice_id": NUMBER, "soft_descriptor": "SHOP",
        "amount": {"currency_code": "EUR", "value": "24.90"}}],
        "payment_source": {"paypal": {"experience_context": {"return_url": "https://shop.example/paid",
            "cancel_url": "https://shop.example/no", "brand_name": "Shop", "locale": "de-DE",
            "landing_page": "LOGIN", "shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW",
            "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED"}}}});
    assert_eq!(body(&call), expected);
    let held = create_call(money("JPY", 1000), &json!({"intent": "AUTHORIZE"}));
    assert_eq!(body(&held)["intent"], "AUTHORIZE");
    assert_eq!(body(&held)["purchase_units"][0]["amount"], json!({"currency_code": "JPY", "value": "1000"}));
}

#[test]
fn f25_the_same_request_has_the_same_bytes_and_the_same_request_id() {
    assert_eq!(create_call(money("EUR", 1), &json!({})), create_call(money("EUR", 1), &json!({})));
    let twice = [(); 2].map(|()| refund(&id(), &refund_request("R-1")).expect("a call"));
    assert_eq!(twice[0], twice[1]);
}

#[test]
fn f25_pitfall_03_each_operation_has_its_own_request_ids_within_paypal_s_lengths() {
    let number = payment_no();
    let orders = Attempt::ALL.into_iter().flat_map(|attempt| {
        [capture(&id(), &number, attempt), authorize(&id(), &number, attempt)]
            .map(|call| call.expect("a call"))
    });
    let voided = void(&id(), &number).expect("a call");
    let refunds = ["R-1", "R-2"].map(|no| refund(&id(), &refund_request(no)).expect("a call"));
    let calls: Vec<_> =
        orders.chain([create_call(money("EUR", 1), &json!({})), voided]).chain(refunds).collect();
    let ids: BTreeSet<_> = calls.iter().filter_map(|call| call.request_id.clone()).collect();
    assert_eq!(ids.len(), calls.len());
    assert!(ids.contains("c-P202701050000000000000000000000"), "{ids:?}");
    assert!(ids.iter().all(|id| id.len() <= 38 && id.is_ascii()), "{ids:?}");
}

#[test]
fn refund_request_ids_differ_between_payments_and_fit_for_the_longest_number() {
    let other = PaymentNo::parse("P202701050000000000000000000001").expect("a number");
    let long = RefundNo::parse("R".repeat(64)).expect("a number");
    assert_ne!(refund_request_id(&payment_no(), &long), refund_request_id(&other, &long));
    assert_eq!(refund_request_id(&payment_no(), &long).len(), 34);
    // printf 'P202701050000000000000000000000 R-1' | openssl dgst -sha256
    let one = RefundNo::parse("R-1").expect("a number");
    assert_eq!(refund_request_id(&payment_no(), &one), include_str!("../../testdata/refund.request-id"));
}

#[test]
fn pitfall_19_a_refund_always_says_how_much() {
    let call = refund(&id(), &refund_request("R-1")).expect("a call");
    assert_eq!(call.path, "/v2/payments/captures/4TX1/refund");
    let expected = json!({"amount": {"currency_code": "EUR", "value": "10.00"}, "custom_id": "R-1",
        "invoice_id": format!("{NUMBER}-R-1"), "note_to_payer": "Item out of stock"});
    assert_eq!(body(&call), expected);
    let mut long = refund_request(&"R".repeat(64));
    long.reason = Some("\u{1}".to_owned());
    let sent = body(&refund(&id(), &long).expect("a call"));
    assert!(sent["invoice_id"].as_str().is_some_and(|text| text.len() <= 127));
    assert_eq!(sent.get("note_to_payer"), None);
    long.reason = Some("ü".repeat(300));
    let sent = body(&refund(&id(), &long).expect("a call"));
    assert!(sent["note_to_payer"].as_str().is_some_and(|text| text.chars().count() == 255));
    long.amount = money("KWD", 1000);
    assert!(matches!(refund(&id(), &long), Err(GatewayError::NotSent(_))));
}

#[test]
fn held_money_is_captured_whole_and_finally() {
    let request = CaptureRequest {
        payment_no: payment_no(),
        product: Product::parse("sdk").expect("a product"),
        handle: ChannelHandle { value: String::new(), expire_time: NOW },
        amount: money("EUR", 2490),
        intend_time: NOW,
    };
    let call = capture_authorization(&id(), &request).expect("a call");
    assert_eq!(call.path, "/v2/payments/authorizations/4TX1/capture");
    let expected = json!({"amount": {"currency_code": "EUR", "value": "24.90"}, "invoice_id": NUMBER,
        "final_capture": true});
    assert_eq!(body(&call), expected);
}

#[test]
fn f44_pitfall_14_a_postback_carries_the_very_bytes() {
    let event = include_bytes!("../../testdata/event.json");
    let fields = PostbackFields {
        auth_algo: "SHA256withRSA",
        cert_url: "https://api.paypal.com/x",
        transmission_id: "1",
        transmission_sig: "s",
        transmission_time: "t",
        webhook_id: "W",
    };
    let call = verify_webhook(&fields, event).expect("a call");
    let found = call.body.windows(event.len()).any(|window| window == event);
    assert!(found && call.request_id.is_none());
    assert_eq!(body(&call)["webhook_event"], serde_json::from_slice::<Value>(event).expect("JSON"));
    assert_eq!(body(&call)["webhook_id"], "W");
}
