//! Every state of an answer, and every field missing in turn.

use super::*;
use crate::test_channel::{APP_ID, MCHID};
use proptest::prelude::*;
use serde_json::json;
use time::macros::datetime;

const NUMBER: &str = "P202601050000000000000000000000";

fn paid() -> Value {
    json!({"appid": APP_ID, "mchid": MCHID, "out_trade_no": NUMBER, "transaction_id": "4200002900202601059999999999",
        "trade_type": "APP", "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
        "attach": "", "success_time": "2026-01-05T20:00:01.120+08:00", "payer": {},
        "amount": {"total": 100, "payer_total": 90, "currency": "CNY", "payer_currency": "CNY"}})
}

fn read(value: &Value) -> Result<Finding, Unreadable> {
    json::<Transaction>(value.to_string().as_bytes())?.finding()
}

fn with(field: &str, to: Value) -> Value {
    let mut value = paid();
    value[field] = to;
    value
}

fn without(field: &str) -> Value {
    let mut value = paid();
    value.as_object_mut().expect("an object").remove(field);
    value
}

fn finding() -> PaidFinding {
    match read(&paid()) {
        Ok(Finding::Paid(paid)) => paid,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r08_a_success_has_wechats_own_figures_and_the_price_before_coupons() {
    let paid = finding();
    assert_eq!(paid.transaction_no.as_str(), "4200002900202601059999999999");
    assert_eq!(paid.amount, Money::new(Currency::CNY, 100));
    assert_eq!(paid.payee.as_str(), "1234567891/wxd678efh567hg6787");
    let paid_time = paid.paid_time.expect("a time");
    assert_eq!((paid_time, paid_time.offset()), (datetime!(2026-01-05 12:00:01.12 UTC), UtcOffset::UTC));
}

#[test]
fn f46_a_foreign_payee_is_told_as_it_is() {
    let Ok(Finding::Paid(paid)) = read(&with("appid", json!("wxforeign"))) else { panic!("not paid") };
    assert_eq!(paid.payee.as_str(), "1234567891/wxforeign");
}

#[test]
fn f32_every_trade_state_ends_what_it_may_end() {
    let table = [
        ("NOTPAY", Finding::AwaitingPayer),
        ("USERPAYING", Finding::AwaitingPayer),
        ("ACCEPT", Finding::AwaitingPayer),
        ("PAYERROR", Finding::AwaitingPayer),
        ("INVENTED_LATER", Finding::AwaitingPayer),
        ("CLOSED", Finding::Closed),
        ("REVOKED", Finding::Closed),
        ("SUCCESS", Finding::Paid(finding())),
        ("REFUND", Finding::Paid(finding())),
    ];
    for (state, expected) in table {
        assert_eq!(read(&with("trade_state", json!(state))), Ok(expected), "{state}");
    }
}

#[test]
fn f48_an_unpaid_answer_has_few_fields() {
    let sparse = json!({"appid": APP_ID, "mchid": MCHID, "out_trade_no": NUMBER, "trade_state": "NOTPAY",
        "trade_state_desc": "订单未支付"});
    assert_eq!(read(&sparse), Ok(Finding::AwaitingPayer));
}

#[test]
fn f48_what_a_success_needs_is_never_guessed() {
    for field in ["appid", "mchid", "transaction_id", "trade_state", "amount"] {
        assert!(read(&without(field)).is_err(), "{field} missing");
        assert!(read(&with(field, Value::Null)).is_err(), "{field} null");
    }
    for amount in
        [json!({}), json!({"total": 1.5}), json!({"total": "100"}), json!({"total": 1, "currency": "元"})]
    {
        assert!(read(&with("amount", amount.clone())).is_err(), "{amount}");
    }
    assert!(read(&with("transaction_id", json!(""))).is_err());
}

#[test]
fn f48_what_a_success_does_not_need_may_be_missing_or_strange() {
    for field in ["success_time", "payer", "attach", "bank_type", "trade_type", "trade_state_desc"] {
        assert!(matches!(read(&without(field)), Ok(Finding::Paid(_))), "{field}");
    }
    let strange = [
        json!("yesterday"),
        json!(7),
        Value::Null,
        json!("2026-01-05 20:00:01"),
        json!("9999-12-31T23:59:59-01:00"),
    ];
    for time in strange {
        let Ok(Finding::Paid(paid)) = read(&with("success_time", time)) else { panic!("not paid") };
        assert_eq!(paid.paid_time, None);
    }
    let Ok(Finding::Paid(paid)) = read(&with("amount", json!({"total": 100}))) else { panic!("not paid") };
    assert_eq!(paid.amount, Money::new(Currency::CNY, 100));
    assert!(matches!(read(&with("new_field", json!({"a": [1]}))), Ok(Finding::Paid(_))));
}

#[test]
fn combined_orders_are_refused_and_not_taken_for_plain_ones() {
    for field in ["combine_out_trade_no", "sub_orders"] {
        let transaction: Transaction =
            serde_json::from_value(with(field, json!(["x"]))).expect("a transaction");
        assert!(transaction.payment_no().is_err(), "{field}");
    }
}

#[test]
fn handles_are_found_by_product() {
    let app = br#"{"prepay_id":"wx05200000000000000000000000000001"}"#;
    let native = br#"{"code_url":"weixin://wxpay/bizpayurl?pr=abc"}"#;
    let h5 = br#"{"h5_url":"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx05&package=1"}"#;
    assert_eq!(handle(WeChatProduct::App, app).as_deref(), Ok("wx05200000000000000000000000000001"));
    assert_eq!(handle(WeChatProduct::Native, native).as_deref(), Ok("weixin://wxpay/bizpayurl?pr=abc"));
    assert!(handle(WeChatProduct::H5, h5).is_ok());
    assert!(handle(WeChatProduct::Jsapi, native).is_err());
    for wrong in ["{}", "", r#"{"prepay_id":""}"#, r#"{"prepay_id":"a\nb"}"#, r#"{"prepay_id":null}"#] {
        assert!(handle(WeChatProduct::App, wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(handle(WeChatProduct::H5, br#"{"h5_url":"javascript:alert(1)"}"#).is_err());
}

fn refund(value: &Value) -> Result<RefundFinding, Unreadable> {
    let refund: Refund = json(value.to_string().as_bytes())?;
    let refund_no = RefundNo::parse(refund.refund_no()?).expect("a number");
    let payment_no = PaymentNo::parse(refund.payment_no()?).expect("a number");
    refund.finding(refund_no, payment_no)
}

fn refunded(status: &str) -> Value {
    json!({"refund_id": "50302909102026010512345678901", "out_refund_no": "R-1", "out_trade_no": NUMBER,
        "channel": "ORIGINAL", "status": status, "amount": {"total": 100, "refund": 40, "currency": "CNY"}})
}

#[test]
fn f34_every_refund_status_says_what_it_says_and_no_more() {
    let table = [
        ("PROCESSING", RefundStatus::Processing),
        ("SUCCESS", RefundStatus::Succeeded),
        ("CLOSED", RefundStatus::Dead),
        ("ABNORMAL", RefundStatus::NeedsPerson),
        ("INVENTED_LATER", RefundStatus::Processing),
    ];
    for (word, status) in table {
        assert_eq!(refund(&refunded(word)).map(|finding| finding.status), Ok(status), "{word}");
    }
}

#[test]
fn f34_a_refund_without_its_status_is_unreadable_and_the_rest_is_optional() {
    let mut missing = refunded("SUCCESS");
    missing.as_object_mut().expect("an object").remove("status");
    assert!(refund(&missing).is_err());
    let sparse = json!({"out_refund_no": "R-1", "out_trade_no": NUMBER, "status": "SUCCESS"});
    let finding = refund(&sparse).expect("a refund");
    assert_eq!((finding.amount, finding.channel_refund_no, finding.refunded_time), (None, None, None));
    assert_eq!(refund(&refunded("SUCCESS")).expect("a refund").amount, Some(Money::new(Currency::CNY, 40)));
}

#[test]
fn error_bodies_may_be_anything() {
    for wrong in ["", "<html>502</html>", "[]", r#"{"code":7}"#, "null"] {
        assert_eq!(ErrorBody::read(wrong.as_bytes()).code, "", "{wrong}");
    }
    let long = json!({"code": format!("ORDER{}PAID", "_".repeat(64))}).to_string();
    assert_eq!(ErrorBody::read(long.as_bytes()).code, "");
    let detailed = r#"{"code":"PARAM_ERROR","message":"m","detail":[{"a":{}}]}"#;
    assert_eq!(ErrorBody::read(detailed.as_bytes()).code, "PARAM_ERROR");
}

proptest! {
    #[test]
    fn r28_f49_every_amount_comes_back_as_the_whole_number_that_it_is(fen in 0_i64..=i64::MAX) {
        let amount = json!({"total": fen, "currency": "CNY"});
        let Ok(Finding::Paid(paid)) = read(&with("amount", amount)) else { panic!("{fen}: not paid") };
        prop_assert_eq!(paid.amount, Money::new(Currency::CNY, fen));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = handle(WeChatProduct::App, &bytes);
        let _ = ErrorBody::read(&bytes);
        prop_assert!(json::<Transaction>(&bytes).is_err());
        prop_assert!(json::<Refund>(&bytes).is_err());
    }

    #[test]
    fn no_values_panic_or_prove_money_without_an_amount(
        state in "[A-Z]{0,12}", total: Option<i64>, time in ".{0,30}", id in ".{0,70}", appid in ".{0,40}",
    ) {
        let value = json!({"trade_state": state, "out_trade_no": id, "transaction_id": id, "appid": appid,
            "mchid": id, "success_time": time, "amount": {"total": total}});
        if let Ok(Finding::Paid(paid)) = read(&value) {
            prop_assert_eq!(Some(paid.amount.minor_units()), total);
        }
        let refund_value = json!({"status": state, "out_refund_no": "R", "out_trade_no": NUMBER, "refund_id": id,
            "success_time": time, "amount": {"refund": total, "currency": appid}});
        let _ = refund(&refund_value);
    }
}
