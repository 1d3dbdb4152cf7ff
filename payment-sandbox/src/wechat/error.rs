//! The error answers of the API: status, code, message, optional detail, and the numeric code of `Request-ID`.

use serde_json::{Value, json};

/// Numeric result codes that follow the last dash of `Request-ID`.
pub(super) mod sub_code {
    pub(crate) const OK: u32 = 0;
    pub(crate) const ORDER_NOT_EXIST: u32 = 268_512_771;
    pub(crate) const RATE: u32 = 268_447_840;
    pub(crate) const ILLEGAL_PARAMETER: u32 = 268_435_461;
    pub(crate) const OUT_OF_RANGE: u32 = 268_435_464;
    pub(crate) const PAID_ON_CLOSE: u32 = 268_449_538;
    pub(crate) const PAID_ON_PREPAY: u32 = 268_498_689;
    pub(crate) const ILLEGAL_EXTRA_FIELD: u32 = 270_924_358;
    pub(crate) const MERCHANT_MISMATCH: u32 = 268_447_843;
    pub(crate) const ORDER_CLOSED: u32 = 268_447_914;
    pub(crate) const SIGN: u32 = 268_443_699;
    pub(crate) const OPENID_MISSING: u32 = 268_501_013;
    pub(crate) const REENTRY_MISMATCH: u32 = 268_498_688;
    pub(crate) const APPID_NOT_BOUND: u32 = 268_445_527;
    pub(crate) const SYSTEM: u32 = 268_435_456;
}

/// One refused request.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) detail: Option<Value>,
    pub(super) sub_code: u32,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>, sub_code: u32) -> Self {
        Self { status, code, message: message.into(), detail: None, sub_code }
    }

    pub(super) fn with_detail(mut self, detail: Value) -> Self {
        self.detail = Some(detail);
        self
    }

    /// 400 `PARAM_ERROR` that names the place of the offending value.
    pub(super) fn parameter(
        location: &str,
        pointer: &str,
        message: impl Into<String>,
        value: &Value,
    ) -> Self {
        Self::new(400, "PARAM_ERROR", message, sub_code::ILLEGAL_PARAMETER)
            .with_detail(json!({"location": location, "field": pointer, "value": value}))
    }

    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_REQUEST", message, sub_code::ILLEGAL_PARAMETER)
    }

    /// 401 `SIGN_ERROR`.
    pub(super) fn signature(message: impl Into<String>) -> Self {
        Self::new(401, "SIGN_ERROR", message, sub_code::SIGN)
    }

    pub(super) fn order_not_exist() -> Self {
        Self::new(404, "ORDER_NOT_EXIST", "订单不存在", sub_code::ORDER_NOT_EXIST)
    }

    pub(super) fn resource_not_exists(message: impl Into<String>) -> Self {
        Self::new(404, "RESOURCE_NOT_EXISTS", message, sub_code::ORDER_NOT_EXIST)
    }

    pub(super) fn system() -> Self {
        Self::new(500, "SYSTEM_ERROR", "系统异常，请稍后重试", sub_code::SYSTEM)
    }

    pub(super) fn frequency() -> Self {
        Self::new(429, "FREQUENCY_LIMITED", "频率超限，请降低请求频率", sub_code::RATE)
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({"code": self.code, "message": self.message});
        if let (Some(detail), Some(fields)) = (&self.detail, body.as_object_mut()) {
            fields.insert("detail".to_owned(), detail.clone());
        }
        body
    }

    /// The older spelling of the code, which live answers still use here and there.
    pub(super) fn old_spelling(mut self) -> Self {
        self.code = match self.code {
            "SYSTEM_ERROR" => "SYSTEMERROR",
            "ORDER_NOT_EXIST" => "ORDERNOTEXIST",
            "NO_AUTH" => "NOAUTH",
            "NOT_ENOUGH" => "NOTENOUGH",
            "RULE_LIMIT" => "RULELIMIT",
            "USERPAYING" => "USER_PAYING",
            "ORDERPAID" => "ORDER_PAID",
            "ORDER_CLOSED" => "ORDERCLOSED",
            "ACCOUNT_ERROR" => "ACCOUNTERROR",
            "FREQUENCY_LIMITED" => "RATELIMIT_EXCEEDED",
            "RESOURCE_NOT_EXISTS" => "REFUND_NOT_EXISTS",
            same => same,
        };
        self
    }
}
