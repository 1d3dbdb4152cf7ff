//! Requests as callers write them, right and wrong, and whatever a fuzzer sends.

use payment_core::{
    gateway::ClientResultHint,
    identifiers::{ApiKeyId, MerchantId, PaymentNo},
    payment::state::PaymentState,
};
use payment_proto::v1::{self, create_payment_request::ChannelOptions, we_chat_pay_options::Product};
use proptest::prelude::*;
use prost_types::{Struct, Value as ProtoValue, value::Kind};
use serde_json::json;

use super::*;
use crate::app::{
    command::{AccountChoice, Caller, EarlierAttemptPolicy, ListPayments, PaymentPage},
    error::AppError,
};

mod arbitrary;
mod refunds;

const PAYMENT_NO: &str = "P202601050001234567890ABCDEFGHJ";

fn order(order_no: &str, currency_code: &str, minor_units: i64) -> v1::OrderToPay {
    let amount = v1::Money { currency_code: currency_code.to_owned(), minor_units };
    v1::OrderToPay { order_no: order_no.to_owned(), amount: Some(amount) }
}

fn wechat_pay(product: Product) -> ChannelOptions {
    ChannelOptions::WechatPay(v1::WeChatPayOptions { product: Some(product), goods_tag: String::new() })
}

fn create_request() -> v1::CreatePaymentRequest {
    v1::CreatePaymentRequest {
        request_id: "r-1".to_owned(),
        orders: vec![order("A", "CNY", 60), order("B", "CNY", 40)],
        channel_account: "main".to_owned(),
        description: "两本书".to_owned(),
        channel_options: Some(wechat_pay(Product::App(v1::WeChatPayApp {}))),
        time_to_pay: Some(prost_types::Duration { seconds: 900, nanos: 0 }),
        payer_client_ip: "2001:db8::1".to_owned(),
        earlier_attempt_policy: v1::EarlierAttemptPolicy::Proceed.into(),
    }
}

/// The refused fields in order.
fn refused<T: std::fmt::Debug>(result: Result<T, AppError>) -> Vec<String> {
    match result {
        Err(AppError::InvalidFields(violations)) => violations.into_iter().map(|one| one.field).collect(),
        other => panic!("not refused for its fields: {other:?}"),
    }
}

#[test]
fn a_right_request_becomes_a_command() {
    let command = create_payment(create_request()).expect("right");
    assert_eq!(command.request_id.as_str(), "r-1");
    assert_eq!(command.orders.iter().map(|order| order.amount.minor_units()).collect::<Vec<_>>(), [60, 40]);
    assert!(matches!(&command.account, AccountChoice::Named { account, channel: Some(channel) }
        if account.as_str() == "main" && channel.as_str() == "wechat"));
    assert_eq!((command.product.as_str(), &command.options), ("app", &json!({})));
    assert_eq!(command.time_to_pay, Some(::time::Duration::minutes(15)));
    assert_eq!(command.payer_client_ip, "2001:db8::1".parse().ok());
    assert_eq!(command.earlier_attempt_policy, Some(EarlierAttemptPolicy::Proceed));
}

#[test]
fn what_is_optional_may_be_left_out() {
    let request = v1::CreatePaymentRequest {
        channel_account: String::new(),
        time_to_pay: None,
        payer_client_ip: String::new(),
        earlier_attempt_policy: 0,
        ..create_request()
    };
    let command = create_payment(request).expect("right");
    assert!(matches!(&command.account, AccountChoice::OnlyOneAt(channel) if channel.as_str() == "wechat"));
    assert_eq!(
        (command.time_to_pay, command.payer_client_ip, command.earlier_attempt_policy),
        (None, None, None)
    );
}

#[test]
fn all_violations_are_told_at_once_by_their_paths() {
    let jsapi = Product::Jsapi(v1::WeChatPayJsapi { openid: String::new() });
    let options = v1::WeChatPayOptions { product: Some(jsapi), goods_tag: "x".repeat(33) };
    let request = v1::CreatePaymentRequest {
        request_id: "r 1".to_owned(),
        orders: vec![
            order("A", "cny", 0),
            v1::OrderToPay { order_no: String::new(), amount: None },
            order("B", "CNY", 1),
            order("B", "USD", 1),
        ],
        channel_account: "Main".to_owned(),
        description: "🎁".to_owned(),
        channel_options: Some(ChannelOptions::WechatPay(options)),
        time_to_pay: Some(prost_types::Duration { seconds: 0, nanos: 1 }),
        payer_client_ip: "localhost".to_owned(),
        earlier_attempt_policy: 77,
    };
    let expected = [
        "request_id",
        "orders[0].amount.currency_code",
        "orders[0].amount.minor_units",
        "orders[1].order_no",
        "orders[1].amount",
        "orders[3].order_no",
        "orders[3].amount.currency_code",
        "description",
        "channel_account",
        "wechat_pay.goods_tag",
        "wechat_pay.jsapi.openid",
        "time_to_pay",
        "payer_client_ip",
        "earlier_attempt_policy",
    ];
    assert_eq!(refused(create_payment(request)), expected);
    let nothing = refused(create_payment(v1::CreatePaymentRequest::default()));
    assert_eq!(nothing, ["request_id", "orders", "description", "channel_options"]);
}

#[test]
fn r28_a_sum_beyond_64_bits_is_refused() {
    let orders = vec![order("A", "CNY", i64::MAX), order("B", "CNY", 1)];
    let request = v1::CreatePaymentRequest { orders, ..create_request() };
    assert_eq!(refused(create_payment(request)), ["orders"]);
}

#[test]
fn wechat_options_become_the_words_of_the_channel() {
    let read = |options| {
        let request = v1::CreatePaymentRequest { channel_options: Some(options), ..create_request() };
        create_payment(request).map(|command| (command.product.to_string(), command.options))
    };
    let h5 = |scene: v1::WeChatPayH5Scene| {
        read(wechat_pay(Product::H5(v1::WeChatPayH5 { scene: scene.into() }))).map(|(_, options)| options)
    };
    let jsapi = wechat_pay(Product::Jsapi(v1::WeChatPayJsapi { openid: "o1".to_owned() }));
    assert_eq!(read(jsapi).expect("right"), ("jsapi".to_owned(), json!({"openid": "o1"})));
    let native = Some(Product::Native(v1::WeChatPayNative {}));
    let tagged = v1::WeChatPayOptions { product: native, goods_tag: "WXG".to_owned() };
    let tagged = read(ChannelOptions::WechatPay(tagged)).expect("right");
    assert_eq!(tagged, ("native".to_owned(), json!({"goods_tag": "WXG"})));
    assert_eq!(h5(v1::WeChatPayH5Scene::Ios).expect("right"), json!({"type": "iOS"}));
    assert_eq!(h5(v1::WeChatPayH5Scene::Android).expect("right"), json!({"type": "Android"}));
    assert_eq!(h5(v1::WeChatPayH5Scene::Wap).expect("right"), json!({"type": "Wap"}));
    assert_eq!(refused(h5(v1::WeChatPayH5Scene::Unspecified)), ["wechat_pay.h5.scene"]);
}

fn plugin(fields: impl IntoIterator<Item = (&'static str, Kind)>) -> v1::CreatePaymentRequest {
    let fields = fields.into_iter().map(|(key, kind)| (key.to_owned(), ProtoValue { kind: Some(kind) }));
    let options = Some(Struct { fields: fields.collect() });
    let plugin = v1::PluginOptions { product: "card".to_owned(), options };
    v1::CreatePaymentRequest { channel_options: Some(ChannelOptions::Plugin(plugin)), ..create_request() }
}

#[test]
fn plugin_options_keep_whole_numbers_whole_and_refuse_the_rest() {
    let nested = Kind::ListValue(prost_types::ListValue { values: vec![Kind::NumberValue(1.0).into()] });
    let fields = [
        ("large", Kind::NumberValue(9_007_199_254_740_991.0)),
        ("list", nested),
        ("minus", Kind::NumberValue(-3.0)),
        ("none", Kind::NullValue(0)),
        ("text", Kind::StringValue("0.5".to_owned())),
        ("yes", Kind::BoolValue(true)),
        ("zero", Kind::NumberValue(-0.0)),
    ];
    let command = create_payment(plugin(fields)).expect("right");
    let expected = json!({
        "large": 9_007_199_254_740_991_i64, "list": [1], "minus": -3, "none": null, "text": "0.5", "yes": true, "zero": 0
    });
    assert_eq!(command.options, expected);
    for number in [0.5, 9_007_199_254_740_992.0, 1e300, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE] {
        let request = plugin([("number", Kind::NumberValue(number))]);
        assert_eq!(refused(create_payment(request)), ["plugin.options.number"], "{number}");
    }
}

#[test]
fn plugin_options_are_bounded() {
    let large = plugin([("text", Kind::StringValue("x".repeat(16 * 1024)))]);
    assert_eq!(refused(create_payment(large)), ["plugin.options"]);
    let nul = plugin([("text", Kind::StringValue("a\0".to_owned()))]);
    assert_eq!(refused(create_payment(nul)), ["plugin.options.text"]);
    let deep = (0..40).fold(Kind::NullValue(0), |inner, _| {
        Kind::ListValue(prost_types::ListValue { values: vec![ProtoValue { kind: Some(inner) }] })
    });
    let path = refused(create_payment(plugin([("deep", deep)])));
    assert!(path[0].starts_with("plugin.options.deep[0]"), "{path:?}");
    let unnamed = v1::CreatePaymentRequest { channel_account: String::new(), ..plugin([]) };
    assert_eq!(refused(create_payment(unnamed)), ["channel_account"]);
}

#[test]
fn a_confirmation_needs_a_word_or_the_sdks_own() {
    let read = |result, sdk_result: &[u8]| {
        let payment_no = PAYMENT_NO.to_owned();
        confirm_payment(v1::ConfirmPaymentRequest { payment_no, result, sdk_result: sdk_result.to_vec() })
    };
    assert_eq!(read(1, b"").expect("right").hint, Some(ClientResultHint::Paid));
    assert_eq!(read(0, b"{}").expect("right").hint, None);
    assert_eq!(refused(read(0, b"")), ["result"]);
    assert_eq!(refused(read(9, b"{}")), ["result"]);
    assert_eq!(refused(read(1, &[0; 65_537])), ["sdk_result"]);
}

fn caller(merchant: &str) -> Caller {
    Caller {
        merchant_id: MerchantId::parse(merchant).expect("a merchant"),
        api_key_id: ApiKeyId::parse("shop").expect("a key"),
    }
}

fn list(merchant: &str, page_token: &str, order_no: &str) -> Result<ListPayments, AppError> {
    let states = vec![v1::PaymentState::Failed.into(), v1::PaymentState::Succeeded.into()];
    let request = v1::ListPaymentsRequest {
        page_token: page_token.to_owned(),
        order_no: order_no.to_owned(),
        states,
        ..v1::ListPaymentsRequest::default()
    };
    list_payments(&caller(merchant), request)
}

fn token() -> String {
    let command = list("acme", "", "A").expect("right");
    let next = Some(PaymentNo::parse(PAYMENT_NO).expect("a payment number"));
    next_page_token(&caller("acme").merchant_id, &command, &PaymentPage { payments: Vec::new(), next })
}

#[test]
fn a_page_token_goes_on_where_the_page_ended() {
    let command = list("acme", &token(), "A").expect("right");
    assert_eq!(command.after.map(|no| no.to_string()).as_deref(), Some(PAYMENT_NO));
    assert_eq!(
        (command.page_size, command.states),
        (50, vec![PaymentState::Succeeded, PaymentState::Failed])
    );
}

#[test]
fn a_page_token_of_other_filters_or_merchants_is_refused() {
    assert_eq!(refused(list("acme", &token(), "B")), ["page_token"]);
    assert_eq!(refused(list("acme", &token(), "")), ["page_token"]);
    assert_eq!(refused(list("other", &token(), "A")), ["page_token"]);
}

#[test]
fn a_page_token_changed_anywhere_is_refused() {
    let token = token();
    // From 1: nothing is left of it at 0, which asks for the first page.
    for position in 1..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(refused(list("acme", &changed, "A")), ["page_token"], "{position}");
        assert_eq!(refused(list("acme", &token[..position], "A")).len(), 1, "{position}");
    }
}

#[test]
fn list_filters_are_judged_together() {
    let request = v1::ListPaymentsRequest {
        page_size: 201,
        page_token: String::new(),
        order_no: "A B".to_owned(),
        states: vec![1, 0],
        create_time_from: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
        create_time_before: Some(prost_types::Timestamp { seconds: 0, nanos: -1 }),
    };
    let expected = ["page_size", "order_no", "states[1]", "create_time_from", "create_time_before"];
    assert_eq!(refused(list_payments(&caller("acme"), request)), expected);
    let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
    let empty = v1::ListPaymentsRequest {
        create_time_from: at(1),
        create_time_before: at(1),
        ..v1::ListPaymentsRequest::default()
    };
    assert_eq!(refused(list_payments(&caller("acme"), empty)), ["create_time_before"]);
}

#[test]
fn f44_a_notification_keeps_bytes_and_order_and_lowers_names_only() {
    let header = |name: &str, value: &[u8]| v1::HttpHeader { name: name.to_owned(), value: value.to_vec() };
    let request = v1::HandleNotificationRequest {
        channel: "wechat".to_owned(),
        channel_account: "main".to_owned(),
        method: "POST".to_owned(),
        target: "/v1/callbacks/wechat/main?x=1".to_owned(),
        headers: vec![header("X-One", b"1"), header("x-one", b"\xff")],
        body: vec![0, 255],
    };
    let read = notification(request.clone(), 2).map(|read| read.callback).expect("right");
    assert_eq!(read.headers, [("x-one".to_owned(), b"1".to_vec()), ("x-one".to_owned(), b"\xff".to_vec())]);
    assert_eq!(read.body, [0, 255]);
    let wrong = v1::HandleNotificationRequest {
        channel: String::new(),
        method: "post".to_owned(),
        target: "callbacks".to_owned(),
        headers: vec![header("a b", b""), header("", b"")],
        ..request
    };
    let refused = refused(notification(wrong, 1).map(|_| ()));
    assert_eq!(refused, ["channel", "method", "target", "headers[0].name", "headers[1].name", "body"]);
}

proptest! {
    /// Whatever is decoded is read or refused with at least one violation; nothing panics.
    #[test]
    fn no_bytes_make_a_request_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        use prost::Message as _;
        if let Ok(request) = v1::CreatePaymentRequest::decode(bytes.as_slice()) {
            judged(create_payment(request))?;
        }
        if let Ok(request) = v1::ConfirmPaymentRequest::decode(bytes.as_slice()) {
            judged(confirm_payment(request))?;
        }
        if let Ok(request) = v1::ListPaymentsRequest::decode(bytes.as_slice()) {
            judged(list_payments(&caller("acme"), request))?;
        }
        if let Ok(request) = v1::HandleNotificationRequest::decode(bytes.as_slice()) {
            judged(notification(request, 100))?;
        }
    }

    #[test]
    fn no_message_makes_a_create_panic(request in arbitrary::create_payment_request()) {
        judged(create_payment(request))?;
    }

    #[test]
    fn no_message_makes_a_list_panic(request in arbitrary::list_payments_request()) {
        judged(list_payments(&caller("acme"), request))?;
    }

    #[test]
    fn no_text_is_a_page_token(text in ".{1,80}") {
        prop_assert_eq!(refused(list("acme", &text, "A")), ["page_token"]);
    }

    /// What a double holds exactly comes out as the same integer.
    #[test]
    fn whole_numbers_survive_a_struct(number in -9_007_199_254_740_991_i64..=9_007_199_254_740_991) {
        let kind = Kind::NumberValue(number as f64);
        let command = create_payment(plugin([("number", kind)])).expect("right");
        prop_assert_eq!(command.options, json!({ "number": number }));
    }
}

fn judged<T>(result: Result<T, AppError>) -> Result<(), TestCaseError> {
    match result {
        Ok(_) => Ok(()),
        Err(AppError::InvalidFields(violations)) => {
            prop_assert!(!violations.is_empty());
            Ok(())
        }
        Err(other) => Err(TestCaseError::fail(format!("{other}"))),
    }
}
