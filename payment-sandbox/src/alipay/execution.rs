//! Carries out a request that has passed the gateway's checks, under the faults that were ordered for it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Node};
use super::authorization::Caller;
use super::delivery::DeliveryState;
use super::engine::Engine;
use super::failure::Failure;
use super::fault::{Execution, Fault, RefusalSignature};
use super::operation::Operation;
use super::order::OrderKey;
use super::payer::{self, PayOptions};
use super::world::{Call, World};
use super::{barcode, closing, placing, query, refund, request};
use crate::simulator::wait_by_clock;

/// A request, whichever of the two protocols brought it.
pub(super) struct Request {
    pub(super) caller: Caller,
    pub(super) content: Map<String, Value>,
    pub(super) notify_url: Option<String>,
    pub(super) return_url: Option<String>,
}

/// What goes back to the caller.
pub(super) enum Executed {
    /// An answer in the protocol's form.
    Node { node: Node, signature: RefusalSignature, fault: Option<Fault> },
    /// Something else.
    Raw(Response),
}

/// Runs the request into its faults, executes it, and lets them spoil the result.
pub(super) async fn execute(engine: &Arc<Engine>, request: &Request) -> Executed {
    let order = engine.with_world(|world, _| subject(world, request));
    let number = order.as_ref().map(|key| key.out_trade_no.as_str());
    let fault = engine.with_world(|world, _| world.faults.take(request.caller.operation, number));
    let execution = fault.as_ref().map_or(Execution::Done, Fault::execution);
    let result = match execution {
        Execution::Done => run(engine, request, fault.as_ref()),
        Execution::Skipped => Err(Failure::system()),
    };
    let result = match &fault {
        Some(Fault::ConnectionDropped { .. }) => return Executed::Raw(dropped_connection()),
        Some(Fault::HttpError { status, .. }) => return Executed::Raw(error_page(*status)),
        Some(Fault::SystemError { spelling, .. }) => {
            let (code, sub_code) = spelling.codes();
            Err(Failure::new(code, sub_code, "系统异常"))
        }
        Some(Fault::Refused { code, sub_code, .. }) => Err(Failure::new(code, sub_code, "ordered refusal")),
        Some(Fault::SlowAnswer { seconds }) => {
            wait_by_clock(engine, *seconds).await;
            result
        }
        Some(Fault::PaidBeforeAnswer) => {
            pay_and_notify(engine, order.as_ref()).await;
            result
        }
        Some(_) | None => result,
    };
    let signature = match &fault {
        Some(Fault::Refused { signature, .. }) => *signature,
        Some(_) | None => RefusalSignature::Signed,
    };
    let mut node = Node::of(result);
    node.distort(fault.as_ref());
    Executed::Node { node, signature, fault }
}

/// The order that a request is about, for matching faults.
fn subject(world: &World, request: &Request) -> Option<OrderKey> {
    let name = request::trade_name(&request.content).ok()?;
    world.key_of(&request.caller.app_id, &name)
}

fn run(engine: &Engine, request: &Request, fault: Option<&Fault>) -> Result<Answer, Failure> {
    engine.with_world(|world, now| {
        let call = Call {
            now,
            settings: &engine.settings,
            app_id: &request.caller.app_id,
            content: &request.content,
            notify_url: request.notify_url.as_deref(),
            return_url: request.return_url.as_deref(),
            fault,
        };
        match request.caller.operation {
            Operation::Precreate => placing::precreate(world, &call).map(Answer::success),
            Operation::Pay => barcode::pay(world, &call),
            Operation::Query => query::query(world, &call),
            Operation::Close => closing::close(world, &call),
            Operation::Cancel => closing::cancel(world, &call),
            Operation::Refund => refund::create(world, &call),
            Operation::RefundQuery => refund::query(world, &call),
            Operation::CertificateDownload => download_certificate(world, &call).map(Answer::success),
            Operation::AppPay | Operation::WapPay | Operation::PagePay => {
                Err(Failure::invalid("isv.invalid-method", "该接口只能由用户的设备发起"))
            }
        }
    })
}

/// `alipay.open.app.alipaycert.download`
fn download_certificate(world: &World, call: &Call<'_>) -> Result<Map<String, Value>, Failure> {
    let sn = request::required(call.content, "alipay_cert_sn", 32)?;
    let merchant = world.merchants.get(call.app_id).ok_or_else(Failure::system)?;
    let unknown = || Failure::invalid("isv.alipay-cert-not-exist", "支付宝公钥证书不存在");
    let pem = merchant.downloadable.get(&sn).ok_or_else(unknown)?;
    Ok(Map::from_iter([("alipay_cert_content".to_owned(), json!(BASE64.encode(pem)))]))
}

/// Pays the order and waits until the merchant has had the notification once.
async fn pay_and_notify(engine: &Engine, order: Option<&OrderKey>) {
    let Some(key) = order else { return };
    let paid =
        engine.with_world(|world, now| payer::pay(world, key, &PayOptions::default(), now, &engine.settings));
    if paid.is_err() {
        return;
    }
    engine
        .wait_until(|world, _| {
            let mut told = world.deliveries.iter().filter(|delivery| delivery.order == *key).peekable();
            // An order without a notify_url is told nothing.
            told.peek().is_none()
                || told.any(|told| {
                    !told.progress.attempts.is_empty() || told.progress.state == DeliveryState::Suppressed
                })
        })
        .await;
}

/// What a proxy in front of the gateway answers when nobody is behind it.
fn error_page(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// A body that fails at once: the server closes the connection before it has written anything.
fn dropped_connection() -> Response {
    let broken =
        futures::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("ordered to break")) });
    Response::new(Body::from_stream(broken))
}
