//! The gateway from outside: scripted answers in, requests and verdicts out.

mod barcode;
mod callbacks;
mod certificates;
mod client_results;
mod closing;
mod payments;
mod pitfalls;
mod refunds;

use payment_core::{
    gateway::{CreateRequest, GatewayError},
    identifiers::{PaymentNo, Product},
    money::{Currency, Money},
    ports::{HttpError, HttpResponse},
};
use serde_json::{Map, Value, json};
use time::Duration;

use crate::{
    AlipayGateway,
    codes::Operation,
    test_channel::{NOW, PLATFORM_KEY, World, account, answer, ok, settings},
};

const NUMBER: &str = "P202703010000000000000000000000";
const TRADE_NO: &str = "2027030122001400000000000001";

fn payment_no() -> PaymentNo {
    PaymentNo::parse(NUMBER).expect("a number")
}

fn product(name: &str) -> Product {
    Product::parse(name).expect("a product")
}

fn cny(fen: i64) -> Money {
    Money::new(Currency::CNY, fen)
}

fn open_with(world: &World, settings: Map<String, Value>) -> AlipayGateway {
    let gateway = AlipayGateway::open(&account(settings), &world.ports()).expect("an account");
    assert_eq!(world.http.count(), 0, "opening calls nobody");
    gateway
}

fn open(world: &World) -> AlipayGateway {
    open_with(world, settings())
}

/// An answer that Alipay signs.
fn signed(operation: Operation, node: &Value) -> Result<HttpResponse, HttpError> {
    ok(answer(operation, node, PLATFORM_KEY, None))
}

/// A business refusal: signed, with our number and zeros in it.
fn refused(operation: Operation, sub_code: &str) -> Result<HttpResponse, HttpError> {
    signed(
        operation,
        &json!({"code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "说明",
            "out_trade_no": NUMBER, "buyer_pay_amount": "0.00", "receipt_amount": "0.00", "refund_fee": "0.00"}),
    )
}

fn trade(status: &str) -> Value {
    json!({"code": "10000", "msg": "Success", "buyer_logon_id": "tes***@sandbox.com", "buyer_pay_amount": "0.00",
        "buyer_user_id": "2088000000000002", "invoice_amount": "0.00", "out_trade_no": NUMBER,
        "point_amount": "0.00", "receipt_amount": "0.00", "total_amount": "88.88", "trade_no": TRADE_NO,
        "trade_status": status})
}

fn paid_trade(status: &str) -> Value {
    let mut trade = trade(status);
    trade["send_pay_date"] = json!("2027-03-01 12:31:10");
    trade["receipt_amount"] = json!("80.00");
    trade["buyer_pay_amount"] = json!("70.00");
    trade
}

fn create_request(name: &str, options: Value) -> CreateRequest {
    CreateRequest {
        payment_no: payment_no(),
        product: product(name),
        amount: cny(8888),
        description: "测试订单 A+B 50%".to_owned(),
        expire_time: NOW + Duration::minutes(15),
        notify_url: "https://gw.example.com/v1/callbacks/alipay/main".parse().expect("a URL"),
        options,
        payer_ip: None,
    }
}

/// A name for each certainty, so that tables can be compared.
fn certainty<T>(outcome: Result<T, GatewayError>) -> Result<(), String> {
    outcome.map(drop).map_err(|error| match error {
        GatewayError::NotSent(_) => "not sent".to_owned(),
        GatewayError::Unknown(_) => "unknown".to_owned(),
        GatewayError::Refused { reason, .. } => format!("refused: {}", reason.as_str()),
    })
}
