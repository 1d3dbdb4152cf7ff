//! The gateway from outside: scripted answers in, requests and verdicts out.

mod callbacks;
mod certificates;
mod payments;
mod refunds;

use payment_core::{
    identifiers::PaymentNo,
    ports::{HttpError, HttpResponse},
};
use serde_json::{Map, Value, json};

use crate::{
    WeChatGateway,
    test_channel::{APP_ID, MCHID, NOW, Signer, World, account, done, settings},
};

const NUMBER: &str = "P202601050000000000000000000000";

fn payment_no() -> PaymentNo {
    PaymentNo::parse(NUMBER).expect("a number")
}

fn open_with(world: &World, settings: Map<String, Value>) -> WeChatGateway {
    done(WeChatGateway::open(&account(settings), &world.ports())).expect("an account")
}

/// An account in public-key mode, whose opening makes no call.
fn open(world: &World) -> WeChatGateway {
    let gateway = open_with(world, settings());
    assert_eq!(world.http.count(), 0);
    gateway
}

/// An answer that WeChat signs with its public key.
fn signed(status: u16, body: &Value) -> Result<HttpResponse, HttpError> {
    Ok(Signer::public_key().answer(NOW, status, body.to_string().as_bytes()))
}

/// An answer that nobody signs, as errors often are.
fn unsigned(status: u16, code: &str) -> Result<HttpResponse, HttpError> {
    let body = json!({"code": code, "message": "说明", "detail": {"field": "x"}}).to_string().into_bytes();
    Ok(HttpResponse { status, headers: vec![("request-id".to_owned(), "08F7-268435461".to_owned())], body })
}

fn transaction(state: &str) -> Value {
    json!({"appid": APP_ID, "mchid": MCHID, "out_trade_no": NUMBER, "transaction_id": "4200002900202601059999999999",
        "trade_type": "APP", "trade_state": state, "trade_state_desc": "", "success_time": "2026-01-05T20:00:00+08:00",
        "payer": {"openid": "oUpF8uMuAJO"}, "amount": {"total": 100, "payer_total": 90, "currency": "CNY"}})
}
