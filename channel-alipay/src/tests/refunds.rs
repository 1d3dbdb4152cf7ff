//! Refunds: asked for, repeated, refused, unknown, and asked about.

use payment_core::{
    gateway::{Gateway, GatewayError, RefundAnswer, RefundQueryRequest, RefundRequest, RefundStatus},
    identifiers::{ChannelTransactionNo, RefundNo},
    money::{Currency, Money},
    ports::{HttpError, HttpResponse},
};
use serde_json::{Value, json};

use super::{NUMBER, TRADE_NO, certainty, cny, open, payment_no, refused, signed};
use crate::{
    codes::Operation,
    test_channel::{NOW, World, done},
};

pub(super) fn refund_no() -> RefundNo {
    RefundNo::parse("R-1").expect("a number")
}

pub(super) fn refund_request() -> RefundRequest {
    RefundRequest {
        refund_no: refund_no(),
        payment_no: payment_no(),
        channel_transaction_no: None,
        amount: cny(888),
        paid_amount: cny(8888),
        reason: Some("partial".to_owned()),
        notify_url: "https://gw.example.com/v1/callbacks/alipay/main".parse().expect("a URL"),
    }
}

fn refund_with(
    world: &World,
    request: &RefundRequest,
    answer: Result<HttpResponse, HttpError>,
) -> Result<RefundAnswer, GatewayError> {
    world.http.will(answer);
    done(open_quietly(world).refund(request))
}

fn open_quietly(world: &World) -> crate::AlipayGateway {
    let settings = crate::test_channel::settings();
    crate::AlipayGateway::open(&crate::test_channel::account(settings), &world.ports()).expect("an account")
}

fn refund_node(fund_change: Value) -> Value {
    json!({"code": "10000", "msg": "Success", "fund_change": fund_change, "gmt_refund_pay": "2027-03-01 12:30:45",
        "out_trade_no": NUMBER, "trade_no": TRADE_NO, "refund_fee": "88.88", "send_back_fee": "8.88"})
}

#[test]
fn r17_section_6_4_4_a_refund_has_the_same_content_each_time_and_always_its_number() {
    let world = World::new();
    for _ in 0..2 {
        refund_with(&world, &refund_request(), signed(Operation::Refund, &refund_node(json!("Y"))))
            .expect("answered");
    }
    let expected = json!({"out_trade_no": NUMBER, "refund_amount": "8.88", "out_request_no": "R-1", "refund_reason": "partial"});
    assert_eq!((world.http.content(0), world.http.request(0).body), (expected, world.http.request(1).body));
    let mut request = refund_request();
    request.channel_transaction_no = Some(ChannelTransactionNo::parse(TRADE_NO).expect("a number"));
    refund_with(&world, &request, signed(Operation::Refund, &refund_node(json!("Y")))).expect("answered");
    assert_eq!(world.http.content(2)["trade_no"], json!(TRADE_NO));
    assert_eq!(world.http.content(2).get("out_trade_no"), None);
}

#[test]
fn f34_sections_6_4_1_6_4_6_only_a_fund_change_proves_that_money_moved_and_a_sum_is_no_amount() {
    for (fund_change, status) in [
        (json!("Y"), RefundStatus::Succeeded),
        (json!("N"), RefundStatus::Processing),
        (Value::Null, RefundStatus::Processing),
    ] {
        let answered = refund_with(
            &World::new(),
            &refund_request(),
            signed(Operation::Refund, &refund_node(fund_change)),
        );
        let finding = answered.expect("answered").finding;
        assert_eq!(finding.status, status);
        assert_eq!(finding.amount, None, "refund_fee is the sum so far and not this one");
        assert_eq!(finding.refunded_time.is_some(), status == RefundStatus::Succeeded);
    }
}

#[test]
fn f22_sections_6_4_3_to_6_4_10_a_refund_that_fails_says_how_certainly() {
    for (sub_code, expected) in [
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "refused: MERCHANT_BALANCE_INSUFFICIENT"),
        ("ACQ.REASON_TRADE_REFUND_FEE_ERR", "refused: CHANNEL_REFUND_EXCEEDS_PAID"),
        ("ACQ.DISCORDANT_REPEAT_REQUEST", "refused: CHANNEL_NUMBER_REUSED"),
        ("ACQ.TRADE_HAS_FINISHED", "refused: FORBIDDEN_BY_CHANNEL"),
        ("ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", "refused: FORBIDDEN_BY_CHANNEL"),
        ("ACQ.SYSTEM_ERROR", "unknown"),
    ] {
        let outcome = refund_with(&World::new(), &refund_request(), refused(Operation::Refund, sub_code));
        assert_eq!(certainty(outcome), Err(expected.to_owned()), "{sub_code}");
    }
    let mut foreign = refund_node(json!("Y"));
    foreign["out_trade_no"] = json!("P2");
    let outcome = refund_with(&World::new(), &refund_request(), signed(Operation::Refund, &foreign));
    assert_eq!(certainty(outcome), Err("unknown".to_owned()));
    let mut dollars = refund_request();
    dollars.amount = Money::new(Currency::parse("USD").expect("a code"), 1);
    assert_eq!(certainty(done(open(&World::new()).refund(&dollars))), Err("not sent".to_owned()));
}

#[test]
fn a_reason_is_cut_to_256_bytes_and_loses_its_emoji() {
    let sent = |reason: &str| {
        let world = World::new();
        let request = RefundRequest { reason: Some(reason.to_owned()), ..refund_request() };
        refund_with(&world, &request, signed(Operation::Refund, &refund_node(json!("Y")))).expect("answered");
        world.http.content(0).get("refund_reason").cloned()
    };
    assert_eq!(sent(&"退".repeat(100)), Some(json!("退".repeat(85))));
    assert_eq!(sent("cold 🥶 soup"), Some(json!("cold  soup")));
    assert_eq!((sent("🥶"), sent("")), (None, None));
}

fn asked(node: Result<HttpResponse, HttpError>) -> Result<RefundAnswer, GatewayError> {
    let world = World::new();
    let gateway = open(&world);
    world.http.will(node);
    let request =
        RefundQueryRequest { refund_no: refund_no(), payment_no: payment_no(), channel_refund_no: None };
    let answered = done(gateway.query_refund(&request));
    let expected =
        json!({"out_trade_no": NUMBER, "out_request_no": "R-1", "query_options": ["gmt_refund_pay"]});
    assert_eq!(world.http.content(0), expected);
    answered
}

fn refund_state(change: &[(&str, Value)]) -> Value {
    let mut node = json!({"code": "10000", "msg": "Success", "gmt_refund_pay": "2027-03-01 12:30:45", "out_request_no": "R-1",
        "out_trade_no": NUMBER, "refund_amount": "8.88", "refund_status": "REFUND_SUCCESS", "total_amount": "88.88"});
    for (field, value) in change {
        node[*field] = value.clone();
    }
    node
}

/// Each field there, absent and strange.
#[test]
fn f34_section_5_12_a_refund_succeeded_when_the_word_says_so_and_not_sooner() {
    let null = || Value::Null;
    for (change, expected) in [
        (vec![], RefundStatus::Succeeded),
        (vec![("refund_amount", null())], RefundStatus::Succeeded),
        (vec![("refund_status", null())], RefundStatus::Processing),
        (vec![("refund_status", json!(""))], RefundStatus::Processing),
        (vec![("refund_status", json!("REFUND_PROCESSING"))], RefundStatus::Processing),
        (vec![("refund_status", json!("INVENTED_LATER"))], RefundStatus::Processing),
        (vec![("refund_status", json!("REFUND_FAIL"))], RefundStatus::NeedsPerson),
        (vec![("refund_status", null()), ("error_code", json!("REFUND_FAIL"))], RefundStatus::NeedsPerson),
        (vec![("refund_status", null()), ("error_code", json!(""))], RefundStatus::Processing),
        (vec![("error_code", json!("REFUND_FAIL"))], RefundStatus::Succeeded),
        (vec![("refund_status", null()), ("refund_amount", null())], RefundStatus::NotFound),
        (
            vec![("refund_status", null()), ("refund_amount", null()), ("out_request_no", null())],
            RefundStatus::NotFound,
        ),
    ] {
        let finding =
            asked(signed(Operation::QueryRefund, &refund_state(&change))).expect("answered").finding;
        assert_eq!(finding.status, expected, "{change:?}");
    }
    let finding = asked(signed(Operation::QueryRefund, &refund_state(&[]))).expect("answered").finding;
    assert_eq!((finding.amount, finding.refunded_time), (Some(cny(888)), Some(NOW)));
    let empty = asked(signed(Operation::QueryRefund, &json!({"code": "10000", "msg": "Success"})));
    assert_eq!(empty.expect("answered").finding.status, RefundStatus::NotFound);
    for sub_code in ["ACQ.TRADE_NOT_EXIST", "TRADE_NOT_EXIST"] {
        let absent = asked(refused(Operation::QueryRefund, sub_code)).expect("answered");
        assert_eq!(absent.finding.status, RefundStatus::NotFound);
    }
}

#[test]
fn a_refund_answer_about_something_else_is_no_answer() {
    for change in [
        ("out_request_no", json!("R-2")),
        ("out_request_no", Value::Null),
        ("out_trade_no", json!("P2")),
        ("refund_amount", json!("8.888")),
    ] {
        let outcome = asked(signed(Operation::QueryRefund, &refund_state(std::slice::from_ref(&change))));
        assert_eq!(certainty(outcome), Err("unknown".to_owned()), "{change:?}");
    }
    assert_eq!(
        certainty(asked(refused(Operation::QueryRefund, "ACQ.SYSTEM_ERROR"))),
        Err("unknown".to_owned())
    );
}
