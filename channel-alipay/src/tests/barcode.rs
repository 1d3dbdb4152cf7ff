//! Payments by the payer's code: paid, waiting, refused, unknown, repeated.

use payment_core::gateway::{Created, Finding, Gateway, GatewayError, PaymentData};
use payment_core::ports::{HttpError, HttpResponse};
use serde_json::json;

use super::{
    NUMBER, TRADE_NO, certainty, cny, create_request, open, paid_trade, product, refused, signed, trade,
};
use crate::{
    codes::Operation,
    test_channel::{World, done},
};

const CODE: &str = "280000000000000001";

fn pay(world: &World, answers: Vec<Result<HttpResponse, HttpError>>) -> Result<Created, GatewayError> {
    let gateway = open(world);
    let expected = answers.len();
    for answer in answers {
        world.http.will(answer);
    }
    let created = done(gateway.create(&create_request("barcode", json!({"auth_code": CODE}))));
    assert_eq!(world.http.count(), expected, "every answer was asked for");
    created
}

fn waiting() -> Result<HttpResponse, HttpError> {
    let node = json!({"code": "10003", "msg": "order success pay inprocess", "out_trade_no": NUMBER, "trade_no": TRADE_NO});
    signed(Operation::Pay, &node)
}

fn closed() -> Result<HttpResponse, HttpError> {
    signed(Operation::Close, &json!({"code": "10000", "out_trade_no": NUMBER, "trade_no": TRADE_NO}))
}

#[test]
fn section_5_7_a_paid_code_is_created_with_evidence_and_needs_no_payment_data() {
    let world = World::new();
    let node = json!({"code": "10000", "msg": "Success", "out_trade_no": NUMBER, "trade_no": TRADE_NO,
        "total_amount": "88.88", "gmt_payment": "2027-03-01 12:31:10"});
    let created = pay(&world, vec![signed(Operation::Pay, &node)]).expect("created");
    assert!(created.evidence.expect("evidence").verified_by.is_some());
    let Some(Finding::Paid(paid)) = created.finding else { panic!("{:?}", created.finding) };
    assert_eq!((paid.transaction_no.as_str(), paid.amount), (TRADE_NO, cny(8888)));
    assert!(paid.paid_time.is_some());
    let content = world.http.content(0);
    assert_eq!((&content["auth_code"], &content["scene"]), (&json!(CODE), &json!("bar_code")));
    assert_eq!(content["product_code"], json!("FACE_TO_FACE_PAYMENT"));
    let data = open(&World::new()).payment_data(&product("barcode"), &created.handle);
    assert_eq!(data.expect("payment data"), PaymentData::SdkText(String::new()));
}

#[test]
fn f32_section_5_7_the_payer_at_the_password_is_no_failure() {
    assert_eq!(pay(&World::new(), vec![waiting()]).expect("created").finding, None);
}

#[test]
fn f48_a_paid_answer_without_its_figures_is_asked_about_and_not_guessed() {
    for missing in ["trade_no", "total_amount"] {
        let mut node =
            json!({"code": "10000", "out_trade_no": NUMBER, "trade_no": TRADE_NO, "total_amount": "88.88"});
        node.as_object_mut().expect("an object").remove(missing);
        let created = pay(&World::new(), vec![signed(Operation::Pay, &node)]).expect("created");
        assert_eq!(created.finding, None, "{missing}");
    }
}

#[test]
fn f21_sections_5_7_6_3_unknown_stays_unknown() {
    let unknown = Err("unknown".to_owned());
    let twenty = signed(Operation::Pay, &json!({"code": "20000", "sub_code": "aop.ACQ.SYSTEM_ERROR"}));
    for answer in
        [twenty, refused(Operation::Pay, "ACQ.SYSTEM_ERROR"), Err(HttpError::Unknown("timeout".to_owned()))]
    {
        assert_eq!(certainty(pay(&World::new(), vec![answer])), unknown);
    }
}

#[test]
fn section_5_7_a_refusal_is_believed_once_asking_finds_no_trade_to_be_paid() {
    let refusal = || refused(Operation::Pay, "ACQ.BUYER_BALANCE_NOT_ENOUGH");
    let query = |status| signed(Operation::Query, &trade(status));
    let unusable = Err("refused: PAYER_ACCOUNT_UNUSABLE".to_owned());
    let absent = refused(Operation::Query, "ACQ.TRADE_NOT_EXIST");
    assert_eq!(certainty(pay(&World::new(), vec![refusal(), absent])), unusable);
    assert_eq!(certainty(pay(&World::new(), vec![refusal(), query("TRADE_CLOSED")])), unusable);
    assert_eq!(certainty(pay(&World::new(), vec![refusal(), query("WAIT_BUYER_PAY"), closed()])), unusable);
    let kept_open =
        vec![refusal(), query("WAIT_BUYER_PAY"), refused(Operation::Close, "ACQ.TRADE_STATUS_ERROR")];
    assert!(pay(&World::new(), kept_open).is_ok(), "paid in between");
    let silent = vec![refusal(), Err(HttpError::Unknown("timeout".to_owned()))];
    assert_eq!(certainty(pay(&World::new(), silent)), Err("unknown".to_owned()));
}

#[test]
fn section_5_7_a_code_used_again_does_not_fail_what_its_first_use_began() {
    let used = || refused(Operation::Pay, "ACQ.PAYMENT_AUTH_CODE_INVALID");
    for status in ["WAIT_BUYER_PAY", "TRADE_SUCCESS"] {
        let query = signed(
            Operation::Query,
            &if status == "TRADE_SUCCESS" { paid_trade(status) } else { trade(status) },
        );
        assert!(pay(&World::new(), vec![used(), query]).is_ok(), "{status}");
    }
    let absent = refused(Operation::Query, "ACQ.TRADE_NOT_EXIST");
    let expected = Err("refused: PAYER_ACCOUNT_UNUSABLE".to_owned());
    assert_eq!(certainty(pay(&World::new(), vec![used(), absent])), expected);
    for (sub_code, expected) in [
        ("ACQ.TRADE_HAS_SUCCESS", "refused: CHANNEL_ALREADY_PAID"),
        ("ACQ.CONTEXT_INCONSISTENT", "refused: CHANNEL_NUMBER_REUSED"),
        ("ACQ.TRADE_HAS_CLOSE", "refused: CHANNEL_ALREADY_CLOSED"),
    ] {
        let outcome = certainty(pay(&World::new(), vec![refused(Operation::Pay, sub_code)]));
        assert_eq!(outcome, Err(expected.to_owned()), "the service asks by itself");
    }
}
