//! Giving money back, once for each number.

use payment_core::{
    gateway::{Gateway, RefundQueryRequest, RefundRequest, RefundStatus},
    identifiers::{ChannelRefundNo, ChannelTransactionNo, RefundNo},
    ports::HttpError,
};
use serde_json::{Value, json};
use time::Duration;

use super::{CAPTURE, capture_body, certainty, euros, header, open, order_of, payment_no};
use crate::test_channel::{World, answer, done, gone, raw, unprocessable};

const REFUND_PATH: &str = "POST /v2/payments/captures/7AB12345CD678901E/refund";

fn refund_no() -> RefundNo {
    RefundNo::parse("R-1").expect("a number")
}

fn request() -> RefundRequest {
    RefundRequest {
        refund_no: refund_no(),
        payment_no: payment_no(),
        channel_transaction_no: Some(ChannelTransactionNo::parse(CAPTURE).expect("a number")),
        amount: euros(1000),
        paid_amount: euros(2490),
        reason: None,
        notify_url: "https://gw.example/".parse().expect("a URL"),
    }
}

fn query_of(channel_refund_no: Option<&str>) -> RefundQueryRequest {
    let channel_refund_no = channel_refund_no.map(|text| ChannelRefundNo::parse(text).expect("a number"));
    RefundQueryRequest { refund_no: refund_no(), payment_no: payment_no(), channel_refund_no }
}

fn refund_body(status: &str, custom_id: &str) -> Value {
    json!({"id": "1RF23456GH789012J", "status": status, "custom_id": custom_id,
        "amount": {"currency_code": "EUR", "value": "10.00"}, "update_time": "2027-01-05T03:59:00-08:00",
        "links": [{"rel": "up", "href": format!("https://api.paypal.com/v2/payments/captures/{CAPTURE}")}]})
}

/// The order with the refunds that were made of it.
fn refunded(refunds: &[Value]) -> Value {
    order_of("COMPLETED", json!({"captures": [capture_body("PARTIALLY_REFUNDED")], "refunds": refunds}))
}

#[test]
fn a_refund_names_its_capture_its_amount_and_its_number() {
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(answer(200, &capture_body("COMPLETED")))
        .will(answer(201, &refund_body("COMPLETED", "R-1")));
    let answered = done(gateway.refund(&request())).expect("an answer");
    assert_eq!(answered.finding.status, RefundStatus::Succeeded);
    assert_eq!(answered.finding.amount, Some(euros(1000)));
    assert_eq!(
        answered.finding.channel_refund_no.as_ref().map(ChannelRefundNo::as_str),
        Some("1RF23456GH789012J")
    );
    assert_eq!(world.http.asked()[1], REFUND_PATH);
    let request_id = header(&world.http.request(1), "paypal-request-id").map(str::to_owned);
    assert_eq!(request_id.as_deref(), Some(include_str!("../../testdata/refund.request-id")));
}

#[test]
fn a_minimal_answer_is_enough() {
    let world = World::new();
    let gateway = open(&world);
    let minimal = json!({"id": "1RF23456GH789012J", "status": "PENDING", "links": []});
    world.http.will(answer(200, &capture_body("COMPLETED"))).will(answer(200, &minimal));
    let answered = done(gateway.refund(&request())).expect("an answer");
    assert_eq!((answered.finding.status, answered.finding.amount), (RefundStatus::Processing, None));
}

#[test]
fn f25_pitfall_04_a_refund_is_repeated_as_it_is_while_paypal_remembers_it() {
    let world = World::new();
    let gateway = open(&world);
    world.clock.advance(Duration::days(43));
    for reply in [Err(HttpError::Unknown("cut".to_owned())), raw(503, b""), raw(409, b"{}")] {
        world.http.will(answer(200, &capture_body("COMPLETED"))).will(reply);
        assert_eq!(certainty(done(gateway.refund(&request()))), Err("unknown".to_owned()));
    }
    world
        .http
        .will(answer(200, &capture_body("PARTIALLY_REFUNDED")))
        .will(answer(200, &refund_body("COMPLETED", "R-1")));
    assert!(done(gateway.refund(&request())).is_ok());
    let (first, last) = (world.http.request(1), world.http.request(7));
    assert_eq!((&first.body, &first.headers), (&last.body, &last.headers));
}

#[test]
fn pitfall_04_after_45_days_a_refund_is_looked_for_before_it_is_sent() {
    let world = World::new();
    let gateway = open(&world);
    world.clock.advance(Duration::days(44));
    let other = refund_body("COMPLETED", "R-0");
    let made = refunded(&[other.clone(), refund_body("COMPLETED", "R-1")]);
    world.http.will(answer(200, &capture_body("PARTIALLY_REFUNDED"))).will(answer(200, &made));
    let answered = done(gateway.refund(&request())).expect("an answer");
    assert_eq!(answered.finding.status, RefundStatus::Succeeded);
    assert!(!world.http.asked().contains(&REFUND_PATH.to_owned()));
    world
        .http
        .will(answer(200, &capture_body("PARTIALLY_REFUNDED")))
        .will(answer(200, &refunded(&[other])))
        .will(answer(201, &refund_body("COMPLETED", "R-1")));
    assert!(done(gateway.refund(&request())).is_ok());
    assert_eq!(world.http.asked().last().map(String::as_str), Some(REFUND_PATH));
}

#[test]
fn pitfall_04_an_old_refund_that_cannot_be_looked_for_is_not_sent() {
    for reply in [gone(), raw(503, b""), raw(200, b"{}")] {
        let world = World::new();
        let gateway = open(&world);
        let mut ageless = capture_body("COMPLETED");
        ageless.as_object_mut().expect("an object").remove("create_time");
        world.http.will(answer(200, &ageless)).will(reply);
        assert_eq!(certainty(done(gateway.refund(&request()))), Err("unknown".to_owned()));
        assert!(!world.http.asked().contains(&REFUND_PATH.to_owned()));
    }
}

#[test]
fn pitfall_09_a_duplicate_invoice_id_is_this_refund_made_before() {
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(answer(200, &capture_body("COMPLETED")))
        .will(unprocessable("DUPLICATE_INVOICE_ID"))
        .will(answer(200, &refunded(&[refund_body("PENDING", "R-1")])));
    let answered = done(gateway.refund(&request())).expect("an answer");
    assert_eq!(answered.finding.status, RefundStatus::Processing);
    world
        .http
        .will(answer(200, &capture_body("COMPLETED")))
        .will(unprocessable("DUPLICATE_INVOICE_ID"))
        .will(answer(200, &refunded(&[])));
    assert_eq!(certainty(done(gateway.refund(&request()))), Err("unknown".to_owned()));
}

#[test]
fn f46_money_goes_back_from_this_payment_s_capture_only() {
    for foreign in [json!("P202701050000000000000000000009"), Value::Null] {
        let world = World::new();
        let gateway = open(&world);
        let mut capture = capture_body("COMPLETED");
        capture["custom_id"] = foreign;
        world.http.will(answer(200, &capture));
        assert_eq!(certainty(done(gateway.refund(&request()))), Err("unknown".to_owned()));
    }
    let world = World::new();
    let gateway = open(&world);
    let unpaid = RefundRequest { channel_transaction_no: None, ..request() };
    assert_eq!(certainty(done(gateway.refund(&unpaid))), Err("not sent".to_owned()));
    assert_eq!(world.http.count(), 0);
}

#[test]
fn a_refund_that_is_refused_says_why() {
    let table = [
        ("REFUND_AMOUNT_EXCEEDED", "refused: CHANNEL_REFUND_EXCEEDS_PAID"),
        ("REFUND_FAILED_INSUFFICIENT_FUNDS", "refused: MERCHANT_BALANCE_INSUFFICIENT"),
        ("REFUND_TIME_LIMIT_EXCEEDED", "refused: FORBIDDEN_BY_CHANNEL"),
        ("PENDING_CAPTURE", "not sent"),
        ("INVENTED_LATER", "unknown"),
    ];
    for (name, expected) in table {
        let world = World::new();
        let gateway = open(&world);
        world.http.will(answer(200, &capture_body("COMPLETED"))).will(unprocessable(name));
        assert_eq!(certainty(done(gateway.refund(&request()))), Err(expected.to_owned()), "{name}");
    }
}

#[test]
fn a_refund_is_asked_about_by_paypal_s_number_or_sent_again() {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(answer(200, &refund_body("FAILED", "R-1"))).will(gone());
    let dead = done(gateway.query_refund(&query_of(Some("1RF23456GH789012J")))).expect("an answer");
    assert_eq!(dead.finding.status, RefundStatus::Dead);
    assert_eq!(world.http.asked(), ["GET /v2/payments/refunds/1RF23456GH789012J"]);
    let lost = done(gateway.query_refund(&query_of(Some("1RF23456GH789012J")))).expect("an answer");
    assert_eq!(lost.finding.status, RefundStatus::NotFound);
    let unasked = done(gateway.query_refund(&query_of(None))).expect("an answer");
    assert_eq!((unasked.finding.status, unasked.evidence.verified_by), (RefundStatus::NotFound, None));
    assert_eq!(world.http.count(), 2);
}

#[test]
fn an_answer_about_another_refund_is_unknown() {
    let world = World::new();
    let gateway = open(&world);
    world
        .http
        .will(answer(200, &capture_body("COMPLETED")))
        .will(answer(201, &refund_body("COMPLETED", "R-9")));
    assert_eq!(certainty(done(gateway.refund(&request()))), Err("unknown".to_owned()));
}
