//! V3: the same operations under REST paths, signed in headers. Only what SDKs need whose first choice it is; of the
//! faults that spoil an answer's form, `wrong_key` and `missing_signature` apply.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::answer::Node;
use super::authorization::{self, Caller};
use super::engine::Engine;
use super::execution::{self, Executed, Request};
use super::failure::Failure;
use super::fault::{AnswerDefect, Fault, RefusalSignature};
use super::merchant::Merchant;
use super::operation::Operation;
use super::world::World;
use super::{content, identifiers, request};

const BODY_LIMIT: usize = 1 << 20;

/// A request may be this old or early.
const WINDOW: time::Duration = time::Duration::minutes(10);

/// What stands before the members of the header.
const SCHEME: &str = "ALIPAY-SHA256withRSA ";

/// A request as received.
struct Received {
    method: String,
    target: String,
    headers: HeaderMap,
    body: String,
}

/// Every path below `/v3/`.
pub(super) async fn entry(State(engine): State<Arc<Engine>>, http: HttpRequest) -> Response {
    let (parts, body) = http.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let received = Received {
        method: parts.method.as_str().to_owned(),
        target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let operation = Operation::of_v3_path(parts.uri.path());
    let admitted = engine.with_world(|world, now| admit(world, &received, operation, now));
    match admitted {
        Ok(request) => serve(&engine, &received, request).await,
        Err(failure) => refuse(&failure),
    }
}

async fn serve(engine: &Arc<Engine>, received: &Received, request: Request) -> Response {
    match execution::execute(engine, &request).await {
        Executed::Raw(response) => response,
        Executed::Node { node, signature: RefusalSignature::Unsigned, .. } => refuse_node(&node),
        Executed::Node { node, .. } if !node.is_result => refuse_node(&node),
        Executed::Node { node, fault, .. } => {
            let encrypted = header(&received.headers, "alipay-encrypt-type").is_some();
            let defect = fault.as_ref().and_then(Fault::defect);
            succeed(engine, &request.caller.app_id, &node, encrypted, defect)
                .unwrap_or_else(|| refuse(&Failure::system()))
        }
    }
}

/// The members of the `Authorization` header.
struct Credentials<'a> {
    /// Everything before `,sign=`, which is what is signed.
    text: &'a str,
    sign: &'a str,
}

impl<'a> Credentials<'a> {
    fn read(headers: &'a HeaderMap) -> Result<Self, Failure> {
        let missing = || Failure::missing("isv.missing-timestamp");
        let value = header(headers, "authorization").ok_or_else(missing)?;
        let members = value.strip_prefix(SCHEME).ok_or_else(missing)?;
        let (text, sign) =
            members.split_once(",sign=").ok_or_else(|| Failure::missing("isv.missing-signature"))?;
        Ok(Self { text, sign })
    }

    fn member(&self, name: &str) -> Option<&'a str> {
        let members = self.text.split(',').filter_map(|member| member.split_once('='));
        members.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// The gateway's checks, in V2's order.
fn admit(
    world: &mut World,
    received: &Received,
    operation: Option<Operation>,
    now: OffsetDateTime,
) -> Result<Request, Failure> {
    let credentials = Credentials::read(&received.headers)?;
    let app_id = credentials.member("app_id").unwrap_or_default();
    let unknown = || Failure::invalid("isv.invalid-app-id", "无效的AppID参数");
    let merchant = world.merchants.get(app_id).ok_or_else(unknown)?;
    check_time(&credentials, now)?;
    let nonce = credentials.member("nonce").unwrap_or_default().to_owned();
    let root = header(&received.headers, "alipay-root-cert-sn");
    authorization::check_serials(world, merchant, (credentials.member("app_cert_sn"), root))?;
    check_signature(merchant, &credentials, received)?;
    let operation = operation.ok_or_else(|| Failure::invalid("isv.invalid-method", "不存在的方法名"))?;
    authorization::check_contract(merchant, operation)?;
    let content = read_content(merchant, received)?;
    if nonce.is_empty() || !world.used_nonces.insert(nonce) {
        return Err(Failure::invalid("isv.invalid-parameter", "nonce缺失或已被使用"));
    }
    let notify_url = content.get("notify_url").and_then(Value::as_str).map(str::to_owned);
    let caller = Caller { app_id: app_id.to_owned(), operation };
    Ok(Request { caller, content, notify_url, return_url: None })
}

fn check_time(credentials: &Credentials<'_>, now: OffsetDateTime) -> Result<(), Failure> {
    let milliseconds = credentials.member("timestamp").and_then(|text| text.parse::<i128>().ok());
    let missing = || Failure::missing("isv.missing-timestamp");
    let instant = OffsetDateTime::from_unix_timestamp_nanos(milliseconds.ok_or_else(missing)? * 1_000_000);
    let near = instant.is_ok_and(|instant| (now - instant).abs() <= WINDOW);
    if near { Ok(()) } else { Err(Failure::invalid("isv.illegal-timestamp", "时间戳超出允许范围")) }
}

/// Members, method, target and body, each on its own line, and the token of a service provider if there is one.
fn check_signature(
    merchant: &Merchant,
    credentials: &Credentials<'_>,
    received: &Received,
) -> Result<(), Failure> {
    let Received { method, target, headers, body } = received;
    let mut text = format!("{}\n{method}\n{target}\n{body}\n", credentials.text);
    if let Some(token) = header(headers, "alipay-app-auth-token") {
        text.push_str(&format!("{token}\n"));
    }
    merchant.verify(text.as_bytes(), credentials.sign).map_err(|_| {
        let words = format!("验签出错，网关生成的验签字符串为：{}", authorization::escape(&text));
        Failure::invalid("isv.invalid-signature", words)
    })
}

fn read_content(merchant: &Merchant, received: &Received) -> Result<Map<String, Value>, Failure> {
    match header(&received.headers, "alipay-encrypt-type") {
        None => request::content(Some(&received.body)),
        Some("AES") => {
            let wrong = |_| Failure::new("40003", "isv.decryption-error-unknown", "解密出错, 未知错误");
            let plain = content::decrypt(&merchant.aes_key, &received.body).map_err(wrong)?;
            request::content(Some(&plain))
        }
        Some(_) => Err(Failure::invalid("isv.invalid-encrypt-type", "无效的加密类型")),
    }
}

/// The node's fields without the codes, signed over `timestamp`, `nonce` and body.
fn succeed(
    engine: &Engine,
    app_id: &str,
    node: &Node,
    encrypted: bool,
    defect: Option<AnswerDefect>,
) -> Option<Response> {
    let (signer, aes_key) =
        engine.with_world(|world, _| world.merchants.get(app_id).map(|m| (m.signer.clone(), m.aes_key)))?;
    let plain = node.fields.to_string();
    let body = if encrypted { content::encrypt(&aes_key, &plain).ok()? } else { plain };
    let timestamp = (engine.clock.now().unix_timestamp_nanos() / 1_000_000).to_string();
    let nonce = identifiers::nonce();
    let key = if defect == Some(AnswerDefect::WrongKey) { &*engine.foreign_key } else { &*signer.key };
    let signature = key.sign(format!("{timestamp}\n{nonce}\n{body}\n").as_bytes()).ok()?;
    let mut response = respond(StatusCode::OK, body);
    let mut headers = vec![("alipay-timestamp", timestamp), ("alipay-nonce", nonce)];
    if defect != Some(AnswerDefect::MissingSignature) {
        headers.push(("alipay-signature", signature));
    }
    headers.extend(signer.certificate_sn.map(|sn| ("alipay-sn", sn)));
    for (name, value) in headers {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?);
    }
    Some(response)
}

fn refuse(failure: &Failure) -> Response {
    refuse_codes(&failure.sub_code, &failure.sub_msg)
}

fn refuse_node(node: &Node) -> Response {
    let code = |name: &str| node.codes.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    refuse_codes(code("sub_code").unwrap_or_default(), code("sub_msg").unwrap_or_default())
}

/// 400 for everything, unsigned, the gateway's codes without their prefix. Switching on the status would be a mistake.
fn refuse_codes(sub_code: &str, message: &str) -> Response {
    let prefixes = ["isv.", "aop.", "isp."];
    let code = prefixes.iter().find_map(|prefix| sub_code.strip_prefix(prefix)).unwrap_or(sub_code);
    let link = json!([{"link": "https://open.alipay.com/api/errCheck", "desc": "解决方案"}]);
    let status = if code.ends_with("SYSTEM_ERROR") {
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::BAD_REQUEST
    };
    respond(status, json!({"code": code, "message": message, "links": link}).to_string())
}

fn respond(status: StatusCode, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=utf-8"));
    if let Ok(id) = HeaderValue::from_str(&identifiers::trace_id()) {
        headers.insert("alipay-trace-id", id);
    }
    response
}
