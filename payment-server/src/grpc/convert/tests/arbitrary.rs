//! Messages of the contract with any content, half of it near to what is right.

use payment_proto::v1::{self, create_payment_request::ChannelOptions, we_chat_pay_options::Product};
use proptest::{collection, option, prelude::*};
use prost_types::{Duration, ListValue, Struct, Timestamp, Value, value::Kind};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9_-]{0,20}", ".{0,70}", Just("x".repeat(130))]
}

fn money() -> impl Strategy<Value = v1::Money> {
    let currency = prop_oneof![Just("CNY".to_owned()), text()];
    (currency, any::<i64>()).prop_map(|(currency_code, minor_units)| v1::Money { currency_code, minor_units })
}

fn orders() -> impl Strategy<Value = Vec<v1::OrderToPay>> {
    let order =
        (text(), option::of(money())).prop_map(|(order_no, amount)| v1::OrderToPay { order_no, amount });
    collection::vec(order, 0..60)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value { kind: None }),
        any::<f64>().prop_map(|number| Kind::NumberValue(number).into()),
        any::<i32>().prop_map(|number| Kind::NullValue(number).into()),
        text().prop_map(|text| Kind::StringValue(text).into()),
    ];
    leaf.prop_recursive(40, 80, 3, |inner| {
        let fields = collection::btree_map(text(), inner.clone(), 0..3);
        prop_oneof![
            collection::vec(inner, 0..3).prop_map(|values| Kind::ListValue(ListValue { values }).into()),
            fields
                .prop_map(|fields| Kind::StructValue(Struct { fields: fields.into_iter().collect() }).into()),
        ]
    })
}

fn channel_options() -> impl Strategy<Value = ChannelOptions> {
    let product = prop_oneof![
        Just(Product::App(v1::WeChatPayApp {})),
        Just(Product::Native(v1::WeChatPayNative {})),
        text().prop_map(|openid| Product::Jsapi(v1::WeChatPayJsapi { openid })),
        any::<i32>().prop_map(|scene| Product::H5(v1::WeChatPayH5 { scene })),
    ];
    let wechat_pay = (option::of(product), text()).prop_map(|(product, goods_tag)| {
        ChannelOptions::WechatPay(v1::WeChatPayOptions { product, goods_tag })
    });
    let fields = collection::btree_map(text(), value(), 0..4);
    let plugin = (text(), option::of(fields)).prop_map(|(product, fields)| {
        let options = fields.map(|fields| Struct { fields: fields.into_iter().collect() });
        ChannelOptions::Plugin(v1::PluginOptions { product, options })
    });
    prop_oneof![wechat_pay, plugin]
}

/// Any request for a payment.
pub(super) fn create_payment_request() -> impl Strategy<Value = v1::CreatePaymentRequest> {
    let duration = (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| Duration { seconds, nanos });
    let fields = (text(), orders(), text(), text(), option::of(channel_options()));
    (fields, option::of(duration), text(), any::<i32>()).prop_map(
        |(
            (request_id, orders, channel_account, description, channel_options),
            time_to_pay,
            payer_client_ip,
            policy,
        )| {
            v1::CreatePaymentRequest {
                request_id,
                orders,
                channel_account,
                description,
                channel_options,
                time_to_pay,
                payer_client_ip,
                earlier_attempt_policy: policy,
            }
        },
    )
}

/// Any request for a page.
pub(super) fn list_payments_request() -> impl Strategy<Value = v1::ListPaymentsRequest> {
    let instant = || (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos });
    let states = collection::vec(-1..9_i32, 0..10);
    (any::<i32>(), text(), text(), states, option::of(instant()), option::of(instant())).prop_map(
        |(page_size, page_token, order_no, states, create_time_from, create_time_before)| {
            v1::ListPaymentsRequest {
                page_size,
                page_token,
                order_no,
                states,
                create_time_from,
                create_time_before,
            }
        },
    )
}
