//! Bad Pay's HTTP: one door, five operations, and the accidents on the way out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what it says itself it can write")]

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
    routing::get,
};
use futures::stream;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    app::{Accident, BadOrder, BadRefund, Engine, OrderState, Shop},
    page,
    protocol::{self, Excuse, PaymentWords, RefundWords, Refusal, Ticket},
};

pub(crate) fn router(engine: Arc<Engine>) -> Router {
    let page = get(page::show).post(page::pay);
    Router::new().route("/page/{ticket}", page).fallback(entry).with_state(engine)
}

/// An answer before anything goes wrong with it.
struct Reply {
    status: u16,
    body: Value,
    key: String,
    nonce: String,
}

async fn entry(
    State(engine): State<Arc<Engine>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (reply, accident) = {
        let now = engine.clock.now();
        let mut world = engine.world();
        let refunds_become = world.refunds_become;
        let accident = world.next_accident(method.as_str(), uri.path(), &body);
        let instead = accident.as_ref().and_then(instead);
        let header = |name: &str| {
            headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (shop_name, nonce) = (header(protocol::SHOP), header(protocol::NONCE));
        let shop = world.shops.get_mut(&shop_name).filter(|shop| shop.key == header(protocol::KEY));
        let reply = match shop {
            None => Reply { status: 401, body: refusal(Excuse::WrongKey), key: String::new(), nonce },
            Some(shop) => {
                let key = shop.key.clone();
                let (status, body) = instead.unwrap_or_else(|| {
                    let mut desk = Desk { shop, shop_name: &shop_name, refunds_become, now };
                    match desk.carry_out(&method, uri.path(), &body) {
                        Ok(body) => (200, body),
                        Err(excuse) => (excuse.status(), refusal(excuse)),
                    }
                });
                Reply { status, body, key, nonce }
            }
        };
        (reply, accident)
    };
    suffer(&engine, reply, accident).await
}

/// What is answered in place of doing anything, where the accident comes first.
fn instead(accident: &Accident) -> Option<(u16, Value)> {
    match accident {
        Accident::BrokenOff => Some((200, Value::Null)),
        Accident::Broken => Some((500, Value::Null)),
        Accident::Busy => Some((Excuse::Busy.status(), refusal(Excuse::Busy))),
        Accident::TillEmpty => Some((Excuse::TillEmpty.status(), refusal(Excuse::TillEmpty))),
        Accident::NotYet
        | Accident::BrokenOffAfterwards
        | Accident::Silence
        | Accident::Held
        | Accident::Unsigned
        | Accident::ForeignSignature
        | Accident::Lie(..) => None,
    }
}

/// Lets the accident happen to the answer.
async fn suffer(engine: &Engine, mut reply: Reply, accident: Option<Accident>) -> Response {
    match accident {
        None | Some(Accident::NotYet | Accident::Busy | Accident::TillEmpty | Accident::Broken) => {
            signed(reply)
        }
        Some(Accident::BrokenOff | Accident::BrokenOffAfterwards) => broken_off(),
        Some(Accident::Silence) => {
            engine.world().unanswered += 1;
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        Some(Accident::Held) => {
            let mut releases = engine.releases();
            engine.world().unanswered += 1;
            // The sender lives in the engine, so the channel cannot close while this waits.
            let _ = releases.changed().await;
            engine.world().unanswered -= 1;
            signed(reply)
        }
        Some(Accident::Unsigned) => answer(reply.status, &bytes(&reply.body), None),
        Some(Accident::ForeignSignature) => {
            "another shop's key".clone_into(&mut reply.key);
            signed(reply)
        }
        Some(Accident::Lie(word, value)) => {
            reply.body[word] = value;
            signed(reply)
        }
    }
}

fn signed(reply: Reply) -> Response {
    let body = bytes(&reply.body);
    let signature = protocol::signature(&reply.key, &reply.nonce, &body);
    answer(reply.status, &body, Some(signature))
}

fn answer(status: u16, body: &[u8], signature: Option<String>) -> Response {
    let mut response = Response::new(Body::from(body.to_vec()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(signature) = signature {
        response.headers_mut().insert(protocol::SIGNATURE, signature.parse().unwrap());
    }
    response
}

fn broken_off() -> Response {
    let parts = [Ok(Bytes::from_static(b"{\"numb")), Err(std::io::Error::other("gone"))];
    Response::new(Body::from_stream(stream::iter(parts)))
}

/// Where one request of a shop is carried out.
struct Desk<'a> {
    shop: &'a mut Shop,
    shop_name: &'a str,
    /// What becomes of an accepted refund.
    refunds_become: &'static str,
    now: OffsetDateTime,
}

impl Desk<'_> {
    fn carry_out(&mut self, method: &Method, path: &str, body: &[u8]) -> Result<Value, Excuse> {
        let segments: Vec<_> = path.split('/').skip(1).collect();
        let Self { shop, shop_name, refunds_become, now } = self;
        match (method.as_str(), segments.as_slice()) {
            ("POST", ["payments"]) => {
                let content: protocol::NewPayment = read(body)?;
                let number = content.number.clone();
                Ok(value(&Ticket { number, ticket: shop.announce(content, *now)? }))
            }
            ("POST", ["payments", number, "close"]) => {
                Ok(value(&payment_words(shop.close(number, *now)?, shop_name, *now)))
            }
            ("GET", ["payments", number]) => {
                let named = |order: &&mut BadOrder| {
                    order.content.number == *number || order.transaction().as_deref() == Some(number)
                };
                let order = shop.orders.values_mut().find(named).ok_or(Excuse::NeverHeardOfIt)?;
                Ok(value(&payment_words(order, shop_name, *now)))
            }
            ("POST", ["refunds"]) => {
                Ok(value(&refund_words(shop.refund(read(body)?, refunds_become, *now)?)))
            }
            ("GET", ["refunds", number]) => {
                let refund = shop.refunds.get(*number);
                refund.map(|refund| value(&refund_words(refund))).ok_or(Excuse::NeverHeardOfIt)
            }
            _ => Err(Excuse::Nonsense),
        }
    }
}

fn payment_words(order: &mut BadOrder, shop: &str, now: OffsetDateTime) -> PaymentWords {
    let told = order.told(now);
    let paid = told == OrderState::Paid;
    let state = match told {
        OrderState::Unpaid => "unpaid",
        OrderState::Paid => "paid",
        OrderState::Closed => "closed",
    };
    PaymentWords {
        number: order.content.number.clone(),
        state: state.to_owned(),
        shop: shop.to_owned(),
        minor_units: order.content.minor_units,
        currency: order.content.currency.clone(),
        transaction: order.transaction().filter(|_| paid),
        paid_at: order.paid_at.filter(|_| paid).map(OffsetDateTime::unix_timestamp),
    }
}

fn refund_words(refund: &BadRefund) -> RefundWords {
    RefundWords {
        refund: refund.content.refund.clone(),
        number: refund.content.number.clone(),
        minor_units: refund.content.minor_units,
        currency: refund.currency.clone(),
        state: refund.state.to_owned(),
        receipt: format!("BADR{}", refund.content.refund),
        done_at: refund.done_at.map(OffsetDateTime::unix_timestamp),
    }
}

fn refusal(excuse: Excuse) -> Value {
    value(&Refusal { excuse })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Excuse> {
    serde_json::from_slice(body).map_err(|_| Excuse::Nonsense)
}

fn value(content: &impl Serialize) -> Value {
    serde_json::to_value(content).unwrap()
}

fn bytes(body: &Value) -> Vec<u8> {
    serde_json::to_vec(body).unwrap()
}
