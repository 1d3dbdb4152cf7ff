//! Requests that tests begin from, and the payer's part.

use payment_proto::v1::{
    CreatePaymentRequest, CreatePaymentResponse, CreateRefundRequest, Money, OrderToPay, PaymentData,
    RefundEverything, RefundReason, WeChatPayApp, WeChatPayOptions,
    create_payment_request::ChannelOptions,
    create_refund_request::{Extent, Payment},
    payment_data::Kind,
    we_chat_pay_options::Product,
};
use serde_json::{Map, Value};

/// A WeChat Pay app payment of one order over `fen`.
#[must_use]
pub fn app_payment(request_id: &str, order_no: &str, fen: i64) -> CreatePaymentRequest {
    app_payment_of(request_id, &[(order_no, fen)])
}

/// A WeChat Pay app payment of several orders.
#[must_use]
pub fn app_payment_of(request_id: &str, orders: &[(&str, i64)]) -> CreatePaymentRequest {
    CreatePaymentRequest {
        request_id: request_id.to_owned(),
        orders: orders.iter().map(|(order_no, fen)| order(order_no, *fen)).collect(),
        description: "two books".to_owned(),
        channel_options: Some(options(Product::App(WeChatPayApp {}))),
        ..CreatePaymentRequest::default()
    }
}

/// A WeChat Pay payment of one order by any product.
#[must_use]
pub fn wechat_payment(request_id: &str, order_no: &str, fen: i64, product: Product) -> CreatePaymentRequest {
    CreatePaymentRequest { channel_options: Some(options(product)), ..app_payment(request_id, order_no, fen) }
}

fn options(product: Product) -> ChannelOptions {
    ChannelOptions::WechatPay(WeChatPayOptions { product: Some(product), goods_tag: String::new() })
}

/// An order to be paid in CNY.
#[must_use]
pub fn order(order_no: &str, fen: i64) -> OrderToPay {
    let amount = Money { currency_code: "CNY".to_owned(), minor_units: fen };
    OrderToPay { order_no: order_no.to_owned(), amount: Some(amount) }
}

/// What the payer's app hands to WeChat's SDK: exactly the parameters of the answer.
#[must_use]
pub fn sdk_parameters(data: &PaymentData) -> Map<String, Value> {
    match data.kind.as_ref().unwrap() {
        Kind::SdkParameters(sdk) => {
            sdk.parameters.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect()
        }
        Kind::SdkText(_) | Kind::QrCode(_) | Kind::RedirectUrl(_) => panic!("not for an SDK: {data:?}"),
    }
}

/// The number of the payment in an answer.
#[must_use]
pub fn payment_no(created: &CreatePaymentResponse) -> String {
    created.payment.as_ref().unwrap().payment_no.clone()
}

/// A refund of everything that is left of a payment.
#[must_use]
pub fn refund_all(refund_no: &str, payment_no: &str) -> CreateRefundRequest {
    CreateRefundRequest {
        refund_no: refund_no.to_owned(),
        payment: Some(Payment::PaymentNo(payment_no.to_owned())),
        extent: Some(Extent::Everything(RefundEverything {})),
        reason: RefundReason::Return.into(),
        description: "came back".to_owned(),
    }
}
