//! `gateway.do`: merges query and body, checks, executes, and writes the signed answer. Browsers that bring a page
//! product are led to the cashier.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::answer::{self, Node, Seal};
use super::authorization::{self, Caller, Rejection};
use super::engine::Engine;
use super::execution::{self, Executed, Request};
use super::failure::Failure;
use super::fault::{AnswerDefect, Fault, RefusalSignature};
use super::operation::Operation;
use super::parameters::{Parameters, ParametersRefused};
use super::{cashier, content, identifiers, request};
use crate::rsa::KeyError;

/// The largest body that is read; the protocol's own bodies are far smaller.
const BODY_LIMIT: usize = 1 << 20;

/// Whether the content of a request came encrypted, and its answer goes so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    None,
    Aes,
}

/// GET and POST of `/gateway.do`.
pub(super) async fn entry(State(engine): State<Arc<Engine>>, http: HttpRequest) -> Response {
    let parameters = match read(http).await {
        Ok(parameters) => parameters,
        Err(error) => {
            let failure = Failure::invalid("isv.invalid-parameter", error.to_string());
            return unsigned("error_response", failure);
        }
    };
    let authorized = engine.with_world(|world, now| {
        authorization::authorize(world, &parameters, now, engine.settings.timestamp_window)
    });
    let visited = parameters.get("method").and_then(Operation::of_method);
    match (authorized, visited) {
        (Ok(caller), Some(Operation::PagePay | Operation::WapPay)) => {
            cashier::enter(&engine, &caller, &parameters)
        }
        (Err(rejection), Some(Operation::PagePay | Operation::WapPay)) => {
            cashier::error_page(&rejection.failure)
        }
        (Ok(caller), _) => serve(&engine, caller, &parameters).await,
        (Err(rejection), _) => reject(&engine, rejection),
    }
}

async fn read(http: HttpRequest) -> Result<Parameters, ParametersRefused> {
    let (parts, body) = http.into_parts();
    let unreadable = |_| ParametersRefused::NotUtf8("(body)".to_owned());
    let body: Bytes = axum::body::to_bytes(body, BODY_LIMIT).await.map_err(unreadable)?;
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.filter(|kind| kind.starts_with("multipart/form-data"));
    match boundary.and_then(|kind| kind.split("boundary=").nth(1)) {
        Some(boundary) => {
            let mut parameters = Parameters::merge(&[query])?;
            parameters.add_multipart(boundary.trim_matches('"'), &body)?;
            Ok(parameters)
        }
        None => Parameters::merge(&[query, &body]),
    }
}

async fn serve(engine: &Arc<Engine>, caller: Caller, parameters: &Parameters) -> Response {
    let (app_id, node_name) = (caller.app_id.clone(), caller.operation.node());
    let (encryption, content) = match read_content(engine, &app_id, parameters) {
        Ok(content) => content,
        Err(failure) => {
            let failure = Box::new(failure);
            return reject(engine, Rejection { signed_for: Some(app_id), node: node_name, failure });
        }
    };
    let request = Request {
        caller,
        content,
        notify_url: parameters.get("notify_url").map(str::to_owned),
        return_url: parameters.get("return_url").map(str::to_owned),
    };
    match execution::execute(engine, &request).await {
        Executed::Raw(response) => response,
        Executed::Node { node, signature: RefusalSignature::Unsigned, .. } => {
            respond(answer::unsigned(&node_name, &node))
        }
        Executed::Node { node, signature: RefusalSignature::Signed, fault } => {
            let defect = fault.as_ref().and_then(Fault::defect);
            signed(engine, &app_id, &node_name, &node, encryption, defect)
                .map_or_else(|_| unsigned(&node_name, Failure::system()), respond)
        }
    }
}

type Content = serde_json::Map<String, serde_json::Value>;

/// `biz_content`, decrypted if `encrypt_type` says so.
fn read_content(
    engine: &Engine,
    app_id: &str,
    parameters: &Parameters,
) -> Result<(Encryption, Content), Failure> {
    let text = parameters.get("biz_content");
    match parameters.get("encrypt_type") {
        None => Ok((Encryption::None, request::content(text)?)),
        Some("AES") => {
            let key = engine.with_world(|world, _| world.merchants.get(app_id).map(|m| m.aes_key));
            let key = key.ok_or_else(Failure::system)?;
            let wrong = |_| Failure::new("40003", "isv.decryption-error-unknown", "解密出错, 未知错误");
            let plain = content::decrypt(&key, text.unwrap_or_default()).map_err(wrong)?;
            Ok((Encryption::Aes, request::content(Some(&plain))?))
        }
        Some(_) => Err(Failure::invalid("isv.invalid-encrypt-type", "无效的加密类型")),
    }
}

fn signed(
    engine: &Engine,
    app_id: &str,
    node_name: &str,
    node: &Node,
    encryption: Encryption,
    defect: Option<AnswerDefect>,
) -> Result<String, KeyError> {
    let keys = engine
        .with_world(|world, _| world.merchants.get(app_id).map(|m| (m.signer.clone(), m.aes_key)))
        .ok_or_else(KeyError::no_signing_key)?;
    // Signing takes a fifth of a millisecond, so others get at the world meanwhile.
    let (signer, aes_key) = keys;
    let aes_key = (encryption == Encryption::Aes).then_some(&aes_key);
    let seal = Seal { signer: &signer, foreign: &engine.foreign_key, aes_key };
    answer::signed(node_name, node, &seal, defect)
}

fn reject(engine: &Engine, rejection: Rejection) -> Response {
    let Rejection { signed_for, node: node_name, failure } = rejection;
    let Some(app_id) = signed_for else { return unsigned(&node_name, *failure) };
    let node = Node::of(Err(*failure));
    signed(engine, &app_id, &node_name, &node, Encryption::None, None)
        .map_or_else(|_| unsigned(&node_name, Failure::system()), respond)
}

fn unsigned(node_name: &str, failure: Failure) -> Response {
    respond(answer::unsigned(node_name, &Node::of(Err(failure))))
}

/// HTTP 200 and `text/html` for JSON, as the real gateway has it.
fn respond(body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html;charset=utf-8"));
    if let Ok(id) = HeaderValue::from_str(&identifiers::trace_id()) {
        headers.insert("trace_id", id);
    }
    response
}
