//! Requests for refunds as callers write them, right and wrong.

use ::time::macros::datetime;
use payment_core::{
    identifiers::RefundNo,
    money::{Currency, Money},
    refund::{RefundPart, RefundReason, reserve::Split, state::RefundState},
};
use payment_proto::v1::create_refund_request::{Extent, Payment};

use super::*;
use crate::app::command::{ListRefunds, PaymentChoice, RefundPage};

fn money(currency_code: &str, minor_units: i64) -> v1::Money {
    v1::Money { currency_code: currency_code.to_owned(), minor_units }
}

fn part(order_no: &str, minor_units: i64) -> v1::RefundPart {
    v1::RefundPart { order_no: order_no.to_owned(), amount: Some(money("CNY", minor_units)) }
}

fn split(parts: Vec<v1::RefundPart>) -> Extent {
    Extent::Split(v1::RefundSplit { parts })
}

fn request(payment: Payment, extent: Extent) -> v1::CreateRefundRequest {
    v1::CreateRefundRequest {
        refund_no: "RET-7".to_owned(),
        payment: Some(payment),
        extent: Some(extent),
        reason: v1::RefundReason::Return.into(),
        description: "退货".to_owned(),
    }
}

fn of_payment(extent: Extent) -> v1::CreateRefundRequest {
    request(Payment::PaymentNo(PAYMENT_NO.to_owned()), extent)
}

fn of_order(extent: Extent) -> v1::CreateRefundRequest {
    request(Payment::OrderNo("B".to_owned()), extent)
}

fn domain_part(order_no: &str, fen: i64) -> RefundPart {
    let order_no = payment_core::identifiers::OrderNo::parse(order_no).expect("an order number");
    RefundPart { order_no, amount: Money::new(Currency::CNY, fen) }
}

#[test]
fn a_right_request_becomes_a_command_with_its_parts_in_the_order_that_is_recorded() {
    let command =
        create_refund(of_payment(split(vec![part("B", 40), part("A", 60)]))).expect("a right request");
    assert_eq!((command.refund_no.as_str(), command.reason), ("RET-7", RefundReason::Return));
    assert_eq!(command.description, "退货");
    assert!(matches!(&command.payment, PaymentChoice::Payment(no) if no.as_str() == PAYMENT_NO));
    assert_eq!(command.split, Split::Parts(vec![domain_part("A", 60), domain_part("B", 40)]));
    let split_of = |request| create_refund(request).expect("a right request").split;
    let everything = Extent::Everything(v1::RefundEverything {});
    assert_eq!(split_of(of_payment(everything)), Split::Everything);
    let amount = Extent::Amount(money("CNY", 5));
    assert_eq!(split_of(of_payment(amount)), Split::OfOnlyOrder(Money::new(Currency::CNY, 5)));
}

#[test]
fn r15_what_is_asked_for_one_order_touches_no_other_order_of_its_payment() {
    let everything = create_refund(of_order(Extent::Everything(v1::RefundEverything {}))).expect("right");
    assert!(matches!(&everything.payment, PaymentChoice::OfOrder(no) if no.as_str() == "B"));
    assert!(matches!(&everything.split, Split::EverythingOf(no) if no.as_str() == "B"));
    let amount = create_refund(of_order(Extent::Amount(money("CNY", 5)))).expect("right");
    assert_eq!(amount.split, Split::Parts(vec![domain_part("B", 5)]));
    assert_eq!(refused(create_refund(of_order(split(vec![part("A", 1)])))), ["split"]);
}

#[test]
fn every_wrong_field_of_a_refund_is_told_at_once() {
    let wrong = v1::CreateRefundRequest {
        refund_no: "RET 7".to_owned(),
        description: "🎁".to_owned(),
        reason: 9,
        ..of_payment(split(vec![
            part("A", 0),
            part("A", 1),
            v1::RefundPart { order_no: "B C".to_owned(), amount: None },
        ]))
    };
    let expected = [
        "refund_no",
        "split.parts[0].amount.minor_units",
        "split.parts[1].order_no",
        "split.parts[2].order_no",
        "split.parts[2].amount",
        "reason",
        "description",
    ];
    assert_eq!(refused(create_refund(wrong)), expected);
    let nothing = refused(create_refund(v1::CreateRefundRequest::default()));
    assert_eq!(nothing, ["refund_no", "payment", "extent", "reason"]);
    assert_eq!(refused(create_refund(of_payment(split(Vec::new())))), ["split.parts"]);
    let mixed =
        vec![part("A", 1), v1::RefundPart { order_no: "B".to_owned(), amount: Some(money("USD", 1)) }];
    assert_eq!(refused(create_refund(of_payment(split(mixed)))), ["split.parts"]);
    let long = v1::CreateRefundRequest {
        description: "x".repeat(81),
        ..of_payment(Extent::Amount(money("CNY", 1)))
    };
    assert_eq!(refused(create_refund(long)), ["description"]);
}

#[test]
fn r16_a_caller_cannot_take_a_number_that_the_service_would_need() {
    let of_number = |refund_no: String| {
        create_refund(v1::CreateRefundRequest { refund_no, ..of_payment(Extent::Amount(money("CNY", 1))) })
    };
    assert!(of_number("x".repeat(58)).is_ok());
    let taken = ["x".repeat(59), "RET-7-S2".to_owned(), format!("{PAYMENT_NO}-D0")];
    for no in taken {
        assert_eq!(refused(of_number(no)), ["refund_no"]);
    }
}

fn list(merchant: &str, page_token: &str, order_no: &str) -> Result<ListRefunds, AppError> {
    let states = vec![v1::RefundState::Succeeded.into(), v1::RefundState::Pending.into()];
    let request = v1::ListRefundsRequest {
        page_token: page_token.to_owned(),
        order_no: order_no.to_owned(),
        states,
        ..v1::ListRefundsRequest::default()
    };
    list_refunds(&caller(merchant), request)
}

fn token() -> String {
    let command = list("acme", "", "A").expect("right");
    let refund_no = RefundNo::parse("RET-7").expect("a refund number");
    let next = Some((datetime!(2026-11-23 08:00:00.123456 UTC), refund_no));
    next_refund_page_token(&caller("acme").merchant_id, &command, &RefundPage { refunds: Vec::new(), next })
}

#[test]
fn a_refund_page_token_goes_on_where_the_page_ended() {
    let command = list("acme", &token(), "A").expect("right");
    let (created, refund_no) = command.after.expect("a place");
    assert_eq!((created, refund_no.as_str()), (datetime!(2026-11-23 08:00:00.123456 UTC), "RET-7"));
    assert_eq!(command.states, [RefundState::Pending, RefundState::Succeeded]);
}

#[test]
fn a_refund_page_token_of_others_or_changed_anywhere_is_refused() {
    for (merchant, order_no) in [("acme", "B"), ("acme", ""), ("other", "A")] {
        assert_eq!(refused(list(merchant, &token(), order_no)), ["page_token"]);
    }
    assert_eq!(refused(list("acme", &super::token(), "A")), ["page_token"], "a token of payments");
    let token = token();
    for position in 1..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(refused(list("acme", &changed, "A")), ["page_token"], "{position}");
    }
}

#[test]
fn refund_filters_are_judged_together() {
    let request = v1::ListRefundsRequest {
        page_size: -1,
        page_token: String::new(),
        payment_no: "P".to_owned(),
        order_no: "A B".to_owned(),
        states: vec![1, 0],
    };
    let expected = ["page_size", "payment_no", "order_no", "states[1]"];
    assert_eq!(refused(list_refunds(&caller("acme"), request)), expected);
}

proptest! {
    /// Whatever is decoded is read or refused with at least one violation; nothing panics.
    #[test]
    fn no_bytes_make_a_refund_request_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        use prost::Message as _;
        if let Ok(request) = v1::CreateRefundRequest::decode(bytes.as_slice()) {
            judged(create_refund(request))?;
        }
        if let Ok(request) = v1::ListRefundsRequest::decode(bytes.as_slice()) {
            judged(list_refunds(&caller("acme"), request))?;
        }
    }
}
