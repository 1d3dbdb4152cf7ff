//! The exact bytes of each request.

use super::*;
use crate::test_channel::{APP_ID, MCHID};
use serde_json::{Value, json};
use time::macros::datetime;

fn number() -> PaymentNo {
    PaymentNo::parse("P202601050000000000000000000000").expect("a number")
}

fn cny(fen: i64) -> Money {
    Money::new(payment_core::money::Currency::CNY, fen)
}

fn payment(product: &str) -> CreateRequest {
    CreateRequest {
        payment_no: number(),
        product: payment_core::identifiers::Product::parse(product).expect("a product"),
        amount: cny(100),
        description: "月度会员 \"A\"".to_owned(),
        expire_time: datetime!(2026-01-05 16:30:00.987 UTC),
        notify_url: "https://gw.example.com/v1/callbacks/wechat/main".parse().expect("a URL"),
        options: Value::Null,
        payer_ip: None,
    }
}

fn body(call: &Call) -> &str {
    std::str::from_utf8(&call.body).expect("UTF-8")
}

#[test]
fn an_app_payment_has_these_bytes_each_time() {
    let options = Options::default();
    let call = create(MCHID, APP_ID, WeChatProduct::App, &options, &payment("app")).expect("a call");
    assert_eq!(call.path, "/v3/pay/transactions/app");
    let expected = concat!(
        r#"{"appid":"wxd678efh567hg6787","mchid":"1234567891","description":"月度会员 \"A\"","#,
        r#""out_trade_no":"P202601050000000000000000000000","time_expire":"2026-01-06T00:30:00+08:00","#,
        r#""notify_url":"https://gw.example.com/v1/callbacks/wechat/main","amount":{"total":100,"currency":"CNY"}}"#
    );
    assert_eq!(body(&call), expected);
    assert_eq!(create(MCHID, APP_ID, WeChatProduct::App, &options, &payment("app")).expect("a call"), call);
}

#[test]
fn jsapi_names_its_payer_and_options_stand_where_wechat_has_them() {
    let given = json!({"openid": "oUpF8uMuAJO", "goods_tag": "winter", "limit_pay": ["no_credit"],
        "profit_sharing": true, "support_fapiao": true});
    let options = crate::options::read(WeChatProduct::Jsapi, &given).expect("options");
    let mut request = payment("jsapi");
    request.payer_ip = Some("2001:db8::1".parse().expect("an address"));
    let call = create(MCHID, APP_ID, WeChatProduct::Jsapi, &options, &request).expect("a call");
    let sent: Value = serde_json::from_slice(&call.body).expect("JSON");
    assert_eq!(call.path, "/v3/pay/transactions/jsapi");
    assert_eq!(sent["payer"], json!({"openid": "oUpF8uMuAJO"}));
    assert_eq!(sent["scene_info"], json!({"payer_client_ip": "2001:db8::1"}));
    assert_eq!(sent["settle_info"], json!({"profit_sharing": true}));
    assert_eq!((&sent["goods_tag"], &sent["limit_pay"]), (&json!("winter"), &json!(["no_credit"])));
    assert_eq!(sent["support_fapiao"], json!(true));
}

#[test]
fn h5_names_its_scene() {
    let given = json!({"type": "iOS", "app_name": "Shop", "bundle_id": "com.example.shop"});
    let options = crate::options::read(WeChatProduct::H5, &given).expect("options");
    let mut request = payment("h5");
    request.payer_ip = Some("203.0.113.9".parse().expect("an address"));
    let call = create(MCHID, APP_ID, WeChatProduct::H5, &options, &request).expect("a call");
    let sent: Value = serde_json::from_slice(&call.body).expect("JSON");
    let info = json!({"type": "iOS", "app_name": "Shop", "bundle_id": "com.example.shop"});
    assert_eq!(sent["scene_info"], json!({"payer_client_ip": "203.0.113.9", "h5_info": info}));
    assert!(!body(&call).contains("null"));
}

#[test]
fn queries_name_the_merchant_and_closes_have_a_body() {
    let query = query_by_payment_no(MCHID, &number());
    assert_eq!(query.path, "/v3/pay/transactions/out-trade-no/P202601050000000000000000000000");
    assert_eq!(query.query.as_deref(), Some("mchid=1234567891"));
    let hostile = ChannelTransactionNo::parse("42/../x?y=1#z%").expect("a number");
    let query = query_by_transaction_no(MCHID, &hostile);
    assert_eq!(query.path, "/v3/pay/transactions/id/42%2F..%2Fx%3Fy%3D1%23z%25");
    let close = close(MCHID, &number()).expect("a call");
    assert_eq!(close.path, "/v3/pay/transactions/out-trade-no/P202601050000000000000000000000/close");
    assert_eq!(body(&close), r#"{"mchid":"1234567891"}"#);
}

fn refund_request() -> RefundRequest {
    RefundRequest {
        refund_no: RefundNo::parse("R-1").expect("a number"),
        payment_no: number(),
        channel_transaction_no: None,
        amount: cny(40),
        paid_amount: cny(100),
        reason: Some("customer request".to_owned()),
        notify_url: "https://gw.example.com/v1/callbacks/wechat/main".parse().expect("a URL"),
    }
}

#[test]
fn r17_a_refund_has_the_same_bytes_each_time_and_one_number_of_its_payment() {
    let call = refund(&refund_request()).expect("a call");
    let expected = concat!(
        r#"{"out_trade_no":"P202601050000000000000000000000","out_refund_no":"R-1","reason":"customer request","#,
        r#""notify_url":"https://gw.example.com/v1/callbacks/wechat/main","#,
        r#""amount":{"refund":40,"total":100,"currency":"CNY"}}"#
    );
    assert_eq!((body(&call), &call), (expected, &refund(&refund_request()).expect("a call")));
    let mut request = refund_request();
    request.channel_transaction_no = Some(ChannelTransactionNo::parse("4200000000").expect("a number"));
    let call = refund(&request).expect("a call");
    assert!(body(&call).starts_with(r#"{"transaction_id":"4200000000","out_refund_no""#), "{}", body(&call));
}

#[test]
fn a_reason_is_cut_to_80_bytes_and_loses_its_emoji() {
    let sent = |reason: &str| {
        let request = RefundRequest { reason: Some(reason.to_owned()), ..refund_request() };
        let call = refund(&request).expect("a call");
        let sent: Value = serde_json::from_slice(&call.body).expect("JSON");
        sent.get("reason").cloned()
    };
    assert_eq!(sent(&"退".repeat(40)), Some(json!("退".repeat(26))));
    assert_eq!(sent("cold 🥶 soup"), Some(json!("cold  soup")));
    assert_eq!(sent("🥶"), None);
    assert_eq!(sent(""), None);
}

proptest::proptest! {
    #[test]
    fn r28_f49_every_amount_is_sent_as_the_whole_number_that_it_is(fen in 1_i64..=i64::MAX) {
        let request = CreateRequest { amount: cny(fen), ..payment("app") };
        let call = create(MCHID, APP_ID, WeChatProduct::App, &Options::default(), &request).expect("a call");
        let sent: Value = serde_json::from_slice(&call.body).expect("JSON");
        proptest::prop_assert_eq!(sent["amount"]["total"].as_i64(), Some(fen));
    }
}
