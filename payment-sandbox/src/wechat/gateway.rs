//! The HTTP face of the API: a request comes in, is checked, runs into its faults or is executed, and gets its
//! signed answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::authorization::{self, Caller, Received};
use super::delivery::DeliveryState;
use super::engine::Engine;
use super::error::{ApiError, sub_code};
use super::fault::{self, Execution, Fault};
use super::identifiers;
use super::operation::{Operation, Route};
use super::order::OrderKey;
use super::payment::{self, Entrance, PayOptions};
use super::refund::RefundKey;
use super::signature::{self, Defect};
use super::world::{Call, World};
use super::{certificates, close, prepay, query, refund, schema};
use crate::simulator::wait_by_clock;

/// The largest body that is read; the API's own bodies are far smaller.
const BODY_LIMIT: usize = 1 << 20;

/// What an operation produced.
enum Outcome {
    Document(Value),
    NoContent,
    Refused(ApiError),
}

/// An answer before it is signed.
struct Answer {
    status: u16,
    body: Vec<u8>,
    sub_code: u32,
}

/// Every path of the API.
pub(super) async fn entry(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    let received = match read(request).await {
        Ok(received) => received,
        Err(error) => return unsigned(&error),
    };
    let Some(route) = Route::find(&received.method, received.path()) else {
        return unsigned(&ApiError::new(404, "NOT_FOUND", "请求的接口不存在", sub_code::ILLEGAL_PARAMETER));
    };
    // Refusals of these first checks come from the gateway in front, which does not sign.
    match engine.with_world(|world, now| authorization::authorize(world, &received, now)) {
        Ok(caller) => serve(&engine, &received, &route, &caller).await,
        Err(error) => unsigned(&error),
    }
}

async fn read(request: Request) -> Result<Received, ApiError> {
    let (parts, body) = request.into_parts();
    let too_large = |_| ApiError::new(413, "PARAM_ERROR", "请求体过大", sub_code::OUT_OF_RANGE);
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(too_large)?;
    Ok(Received {
        method: parts.method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: parts.headers,
        body: body.to_vec(),
    })
}

async fn serve(engine: &Arc<Engine>, received: &Received, route: &Route, caller: &Caller) -> Response {
    let order = engine.with_world(|world, _| subject(world, route, caller, &received.body));
    let number = order.as_ref().map(|key| key.out_trade_no.as_str());
    let fault = engine.with_world(|world, _| world.faults.take(route.operation(), number));
    match &fault {
        Some(Fault::BadGateway) => return bad_gateway(),
        Some(Fault::ConnectionDropped { execution: Execution::Skipped }) => return dropped_connection(),
        Some(_) | None => {}
    }
    let outcome = match refused_by(engine, fault.as_ref(), route.operation(), order.as_ref()) {
        Some(error) => Outcome::Refused(error),
        None => execute(engine, received, route, caller, fault.as_ref()),
    };
    match &fault {
        Some(Fault::ConnectionDropped { execution: Execution::Done }) => return dropped_connection(),
        Some(Fault::SlowAnswer { seconds }) => wait_by_clock(engine, *seconds).await,
        Some(Fault::PaidBeforeAnswer) => pay_and_notify(engine, order.as_ref()).await,
        Some(_) | None => {}
    }
    signed(engine, caller, render(outcome, fault.as_ref()), fault.as_ref().and_then(Defect::of_answer))
}

/// The order that a request is about, for matching faults.
fn subject(world: &World, route: &Route, caller: &Caller, body: &[u8]) -> Option<OrderKey> {
    let mchid = caller.mchid.clone();
    let by_number = |number: &str| OrderKey { mchid: mchid.clone(), out_trade_no: number.to_owned() };
    match route {
        Route::Prepay(_) | Route::CreateRefund => {
            let body = schema::parse(body).ok()?;
            let transaction = body.get("transaction_id").and_then(Value::as_str);
            let number = body.get("out_trade_no").and_then(Value::as_str);
            transaction.and_then(|id| world.paid_order_key(&mchid, id)).or_else(|| number.map(by_number))
        }
        Route::QueryByOutTradeNo(number) | Route::Close(number) => Some(by_number(number)),
        Route::QueryByTransactionId(id) => world.paid_order_key(&mchid, id),
        Route::QueryRefund(number) => {
            let key = RefundKey { mchid: mchid.clone(), out_refund_no: number.clone() };
            world.refunds.get(&key).map(|refund| refund.order.clone())
        }
        Route::ApplyAbnormalRefund(id) => world
            .refund_of_id
            .get(id)
            .and_then(|key| world.refunds.get(key))
            .map(|refund| refund.order.clone()),
        Route::DownloadCertificates => None,
    }
}

/// The refusal that a fault puts in place of the operation, if it does.
fn refused_by(
    engine: &Engine,
    fault: Option<&Fault>,
    operation: Operation,
    order: Option<&OrderKey>,
) -> Option<ApiError> {
    match fault? {
        Fault::SystemError { execution: Execution::Skipped } => Some(ApiError::system()),
        Fault::RateLimited => Some(ApiError::frequency()),
        Fault::PayerIsPaying => Some(close::payer_is_paying()),
        Fault::NotEnoughBalance => {
            let message = "基本账户余额不足，请充值后重新发起";
            Some(ApiError::new(403, "NOT_ENOUGH", message, sub_code::ILLEGAL_PARAMETER))
        }
        Fault::NotVisibleYet { seconds } => engine
            .with_world(|world, now| hidden(world, order?, operation, now, Duration::from_secs(*seconds))),
        Fault::SystemError { execution: Execution::Done }
        | Fault::ConnectionDropped { .. }
        | Fault::SignatureProbe
        | Fault::WrongKey
        | Fault::UnknownSerial
        | Fault::MissingSignatureHeaders
        | Fault::StaleTimestamp
        | Fault::AlteredBody
        | Fault::BadGateway
        | Fault::StrayBody
        | Fault::ExtraFields
        | Fault::ReplacedField { .. }
        | Fault::RemovedField { .. }
        | Fault::OldCodeSpelling
        | Fault::SlowAnswer { .. }
        | Fault::PaidBeforeAnswer
        | Fault::RefundOutcome { .. } => None,
    }
}

/// The refusal while the order, or for a refund its payment, is younger than `age`. A prepay call makes orders, so it
/// needs to see none.
fn hidden(
    world: &World,
    order: &OrderKey,
    operation: Operation,
    now: OffsetDateTime,
    age: Duration,
) -> Option<ApiError> {
    let order = world.orders.get(order)?;
    let (since, error) = match operation {
        Operation::CreateRefund => {
            (order.payment.as_ref()?.succeeded_at, ApiError::resource_not_exists("订单不存在"))
        }
        Operation::QueryByOutTradeNo | Operation::QueryByTransactionId | Operation::Close => {
            (order.created_at, ApiError::order_not_exist())
        }
        Operation::Prepay
        | Operation::QueryRefund
        | Operation::ApplyAbnormalRefund
        | Operation::DownloadCertificates => return None,
    };
    (now < since + age).then_some(error)
}

fn execute(
    engine: &Engine,
    received: &Received,
    route: &Route,
    caller: &Caller,
    fault: Option<&Fault>,
) -> Outcome {
    let refund_outcome = match fault {
        Some(Fault::RefundOutcome { status }) => Some(*status),
        Some(_) | None => None,
    };
    let result = engine.with_world(|world, now| {
        let call = Call {
            now,
            settings: &engine.settings,
            mchid: &caller.mchid,
            query: received.query(),
            body: &received.body,
            key_id: caller.key_id.as_deref(),
            refund_outcome,
        };
        run_operation(world, &call, route)
    });
    match (result, fault) {
        (_, Some(Fault::SystemError { execution: Execution::Done })) => Outcome::Refused(ApiError::system()),
        (Ok(outcome), _) => outcome,
        (Err(error), _) => Outcome::Refused(error),
    }
}

fn run_operation(world: &mut World, call: &Call<'_>, route: &Route) -> Result<Outcome, ApiError> {
    match route {
        Route::Prepay(product) => prepay::prepay(world, call, *product).map(Outcome::Document),
        Route::QueryByOutTradeNo(number) => {
            query::by_out_trade_no(world, call, number).map(Outcome::Document)
        }
        Route::QueryByTransactionId(id) => query::by_transaction_id(world, call, id).map(Outcome::Document),
        Route::Close(number) => close::close(world, call, number).map(|()| Outcome::NoContent),
        Route::CreateRefund => refund::create(world, call).map(Outcome::Document),
        Route::QueryRefund(number) => refund::query(world, call, number).map(Outcome::Document),
        Route::ApplyAbnormalRefund(id) => refund::apply_abnormal(world, call, id).map(Outcome::Document),
        Route::DownloadCertificates => certificates::download(world, call).map(Outcome::Document),
    }
}

/// Pays the order and waits until the merchant has had the notification once.
async fn pay_and_notify(engine: &Engine, order: Option<&OrderKey>) {
    let Some(key) = order else { return };
    let paid = engine.with_world(|world, now| {
        payment::pay(world, key, Entrance::Order, &PayOptions::default(), now, &engine.settings)
    });
    if paid.is_err() {
        return;
    }
    engine
        .wait_until(|world, _| {
            let mut told = world.deliveries.iter().filter(|delivery| delivery.order == *key);
            told.any(|delivery| {
                !delivery.progress.attempts.is_empty() || delivery.progress.state == DeliveryState::Suppressed
            })
        })
        .await;
}

fn render(outcome: Outcome, fault: Option<&Fault>) -> Answer {
    match (outcome, fault) {
        (Outcome::Document(mut body), fault) => {
            distort(&mut body, fault);
            Answer { status: 200, body: body.to_string().into_bytes(), sub_code: sub_code::OK }
        }
        (Outcome::NoContent, Some(Fault::StrayBody)) => Answer {
            status: 200,
            body: json!({"stray": true}).to_string().into_bytes(),
            sub_code: sub_code::OK,
        },
        (Outcome::NoContent, _) => Answer { status: 204, body: Vec::new(), sub_code: sub_code::OK },
        (Outcome::Refused(error), Some(Fault::OldCodeSpelling)) => refusal(&error.old_spelling()),
        (Outcome::Refused(error), _) => refusal(&error),
    }
}

fn distort(body: &mut Value, fault: Option<&Fault>) {
    match fault {
        Some(Fault::ExtraFields) => fault::add_unknown_fields(body),
        Some(Fault::ReplacedField { pointer, value }) => fault::replace_field(body, pointer, value),
        Some(Fault::RemovedField { pointer }) => fault::remove_field(body, pointer),
        Some(_) | None => {}
    }
}

fn refusal(error: &ApiError) -> Answer {
    Answer { status: error.status, body: error.body().to_string().into_bytes(), sub_code: error.sub_code }
}

/// The answer with the signature of the key that the request asked for.
fn signed(engine: &Engine, caller: &Caller, answer: Answer, defect: Option<Defect>) -> Response {
    let Answer { status, body, sub_code } = answer;
    let key = engine.with_world(|world, _| {
        world.merchants.get(&caller.mchid)?.answer_key(caller.key_id.as_deref()).cloned()
    });
    // Signing takes a fifth of a millisecond, so others get at the world meanwhile.
    let now = engine.clock.now();
    let message = key.and_then(|key| signature::sign(&key, &engine.foreign_key, now, body, defect).ok());
    let Some(message) = message else {
        return unsigned(&ApiError::system());
    };
    let mut response = response(status, sub_code, message.body);
    for (name, value) in message.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

fn unsigned(error: &ApiError) -> Response {
    let Answer { status, body, sub_code } = refusal(error);
    response(status, sub_code, body)
}

fn response(status: u16, sub_code: u32, body: Vec<u8>) -> Response {
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&identifiers::request_id(sub_code)) {
        headers.insert("request-id", id);
    }
    if has_body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    response
}

/// What a proxy in front of the API answers when nobody is behind it.
fn bad_gateway() -> Response {
    let page =
        "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>";
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// A body that fails at once: the server closes the connection before it has written anything.
fn dropped_connection() -> Response {
    let broken =
        futures::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("ordered to break")) });
    Response::new(Body::from_stream(broken))
}
