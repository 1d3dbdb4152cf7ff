//! The checks on every API request, in the channel's order and over the raw bytes, before any business is done.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::error::{ApiError, sub_code};
use super::merchant::Merchant;
use super::schema;
use super::world::World;

/// A request as it came over the wire.
pub(super) struct Received {
    pub(super) method: String,
    /// Path and query with their percent-encoding as sent: this is what was signed.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    pub(super) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
    }
}

/// Who signed a request that passed all checks.
pub(super) struct Caller {
    pub(super) mchid: String,
    /// `Wechatpay-Serial` of the request.
    pub(super) key_id: Option<String>,
}

/// How far a request's timestamp may be from the channel's clock, in seconds.
const CLOCK_TOLERANCE: i64 = 300;

/// Steps 1 to 8 of the channel's checks. Repeated nonces pass: the service documents no replay check.
pub(super) fn authorize(world: &World, received: &Received, now: OffsetDateTime) -> Result<Caller, ApiError> {
    check_headers(received)?;
    let credentials = Credentials::parse(received)?;
    credentials.check_clock(now)?;
    let merchant =
        world.merchants.get(&credentials.mchid).ok_or_else(|| ApiError::signature("商户号不存在"))?;
    credentials.check_signature(merchant, received)?;
    check_body_merchant(&credentials.mchid, &received.body)?;
    Ok(Caller { mchid: credentials.mchid, key_id: received.header("wechatpay-serial").map(str::to_owned) })
}

fn check_headers(received: &Received) -> Result<(), ApiError> {
    if received.header("accept").is_none() || received.header("user-agent").is_none() {
        return Err(ApiError::invalid_request("Http头缺少Accept或User-Agent"));
    }
    let media_type = received.header("content-type").and_then(|value| value.split(';').next()).map(str::trim);
    let is_json = media_type.is_some_and(|value| value.eq_ignore_ascii_case("application/json"));
    if !received.body.is_empty() && !is_json {
        let message = "Http头Content-Type值必须为application/json";
        return Err(ApiError::parameter("header", "Content-Type", message, &Value::Null));
    }
    Ok(())
}

/// The five items of the `Authorization` header.
struct Credentials {
    mchid: String,
    nonce: String,
    timestamp: String,
    serial: String,
    signature: String,
}

fn malformed() -> ApiError {
    ApiError::signature("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
}

impl Credentials {
    fn parse(received: &Received) -> Result<Self, ApiError> {
        let header = received.header("authorization").ok_or_else(malformed)?;
        let (scheme, list) = header.split_once(' ').ok_or_else(malformed)?;
        if scheme != "WECHATPAY2-SHA256-RSA2048" {
            return Err(ApiError::signature("Http头Authorization认证类型不正确"));
        }
        let mut items = items(list)?;
        let mut take = |name: &str| items.remove(name).filter(|v| !v.is_empty()).ok_or_else(malformed);
        let credentials = Self {
            mchid: take("mchid")?,
            nonce: take("nonce_str")?,
            timestamp: take("timestamp")?,
            serial: take("serial_no")?,
            signature: take("signature")?,
        };
        let nonce_fits =
            credentials.nonce.len() <= 32 && credentials.nonce.chars().all(|c| c.is_ascii_alphanumeric());
        if items.is_empty() && nonce_fits { Ok(credentials) } else { Err(malformed()) }
    }

    fn check_clock(&self, now: OffsetDateTime) -> Result<(), ApiError> {
        let timestamp: i64 = self.timestamp.parse().map_err(|_| malformed())?;
        if now.unix_timestamp().saturating_sub(timestamp).saturating_abs() > CLOCK_TOLERANCE {
            return Err(ApiError::signature("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
        }
        Ok(())
    }

    fn check_signature(&self, merchant: &Merchant, received: &Received) -> Result<(), ApiError> {
        let unknown = || ApiError::signature("商户证书序列号有误，请使用签名私钥匹配的证书序列号");
        let key = merchant.certificates.get(&self.serial.to_ascii_uppercase()).ok_or_else(unknown)?;
        let message = self.message(received);
        key.verify(&message, &self.signature).map_err(|_| sign_not_match(received, &message))?;
        let mut used = merchant.certificates_used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(self.serial.to_ascii_uppercase());
        Ok(())
    }

    fn message(&self, received: &Received) -> Vec<u8> {
        let head = format!("{}\n{}\n{}\n{}\n", received.method, received.target, self.timestamp, self.nonce);
        [head.as_bytes(), &received.body, b"\n"].concat()
    }
}

/// `name="value"` items in any order, each name once.
fn items(list: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let mut items = BTreeMap::new();
    for item in list.split(',') {
        let (name, quoted) = item.trim().split_once('=').ok_or_else(malformed)?;
        let value = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(malformed)?;
        if items.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(malformed());
        }
    }
    Ok(items)
}

fn sign_not_match(received: &Received, message: &[u8]) -> ApiError {
    let beginning: String = String::from_utf8_lossy(message).chars().take(40).collect();
    ApiError::signature("错误的签名，验签失败").with_detail(json!({
        "detail": {"issue": "sign not match"},
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": received.method,
            "url": received.target,
            "sign_message_length": message.len(),
            "truncated_sign_message": beginning,
        },
    }))
}

/// The signer must be the merchant that the body names. A body that is no JSON object is refused later, by its schema.
fn check_body_merchant(mchid: &str, body: &[u8]) -> Result<(), ApiError> {
    let body = schema::parse(body).unwrap_or_default();
    match body.get("mchid") {
        Some(Value::String(named)) if named != mchid => {
            let message = "http header中的mchid与post payload中的mchid不匹配";
            let mut error = ApiError::parameter("body", "/body/mchid", message, &Value::from(named.as_str()));
            error.sub_code = sub_code::MERCHANT_MISMATCH;
            Err(error)
        }
        Some(_) | None => Ok(()),
    }
}
