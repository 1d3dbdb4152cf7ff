//! The gateway from outside: scripted answers in, requests and verdicts out.

mod callbacks;
mod captures;
mod certificates;
mod payments;
mod postback;
mod refunds;
mod tokens;

use payment_core::{
    gateway::{CaptureRequest, CreateRequest, GatewayError, QueryRequest, TransactionReference},
    identifiers::{PaymentNo, Product},
    money::{Currency, Money},
    payment::ChannelHandle,
    ports::HttpRequest,
};
use serde_json::{Map, Value, json};
use time::Duration;

use crate::{
    PaypalGateway,
    test_channel::{MERCHANT_ID, NOW, World, account, settings},
};

const NUMBER: &str = "P202701050000000000000000000000";
const ORDER: &str = "4TX1234567890123A";
const CAPTURE: &str = "7AB12345CD678901E";
const LINK: &str = "https://www.sandbox.paypal.com/checkoutnow?token=4TX1234567890123A";
const ORDER_PATH: &str = "/v2/checkout/orders/4TX1234567890123A";
const CAPTURE_PATH: &str = "/v2/checkout/orders/4TX1234567890123A/capture";

fn payment_no() -> PaymentNo {
    PaymentNo::parse(NUMBER).expect("a number")
}

fn product(name: &str) -> Product {
    Product::parse(name).expect("a product")
}

fn euros(units: i64) -> Money {
    Money::new(Currency::parse("EUR").expect("a code"), units)
}

fn open_with(world: &World, settings: Map<String, Value>) -> PaypalGateway {
    PaypalGateway::open(&account(settings), &world.ports()).expect("an account")
}

fn open(world: &World) -> PaypalGateway {
    open_with(world, settings())
}

fn handle(intent: &str) -> ChannelHandle {
    let value = json!({"order_id": ORDER, "approve_url": LINK, "intent": intent}).to_string();
    ChannelHandle { value, expire_time: NOW + Duration::hours(1) }
}

fn create_request(name: &str, options: Value) -> CreateRequest {
    CreateRequest {
        payment_no: payment_no(),
        product: product(name),
        amount: euros(2490),
        description: "Order 4711".to_owned(),
        expire_time: NOW + Duration::hours(1),
        notify_url: "https://gw.example/v1/callbacks/paypal/main".parse().expect("a URL"),
        options,
        payer_ip: None,
    }
}

fn query_request() -> QueryRequest {
    QueryRequest {
        reference: TransactionReference::PaymentNo(payment_no()),
        product: product("checkout"),
        handle: Some(handle("CAPTURE")),
    }
}

fn capture_request(intent: &str) -> CaptureRequest {
    CaptureRequest {
        payment_no: payment_no(),
        product: product("checkout"),
        handle: handle(intent),
        amount: euros(2490),
        intend_time: NOW,
    }
}

fn capture_body(status: &str) -> Value {
    json!({"id": CAPTURE, "status": status, "amount": {"currency_code": "EUR", "value": "24.90"},
        "custom_id": NUMBER, "invoice_id": NUMBER, "create_time": "2027-01-05T11:50:00Z",
        "supplementary_data": {"related_ids": {"order_id": ORDER}},
        "links": [{"rel": "up", "method": "GET",
            "href": "https://api-m.sandbox.paypal.com/v2/checkout/orders/4TX1234567890123A"}]})
}

fn order_of(status: &str, payments: Value) -> Value {
    json!({"id": ORDER, "intent": "CAPTURE", "status": status, "payer": {"email_address": "b@example.com"},
        "purchase_units": [{"reference_id": "default", "custom_id": NUMBER, "invoice_id": NUMBER,
            "amount": {"currency_code": "EUR", "value": "24.90"}, "payee": {"merchant_id": MERCHANT_ID},
            "payments": payments}]})
}

/// A completed order with one capture.
fn captured(status: &str) -> Value {
    order_of("COMPLETED", json!({"captures": [capture_body(status)]}))
}

fn order(status: &str) -> Value {
    order_of(status, json!({}))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
}

/// The kind of certainty, in a word.
fn certainty<T>(answer: Result<T, GatewayError>) -> Result<(), String> {
    answer.map(drop).map_err(|error| match error {
        GatewayError::NotSent(_) => "not sent".to_owned(),
        GatewayError::Unknown(_) => "unknown".to_owned(),
        GatewayError::Refused { reason, .. } => format!("refused: {}", reason.as_str()),
    })
}
