//! What the gateway answers instead of a result: public code, `sub_code`, and the fields that come along.

use serde_json::{Map, Value, json};

use super::amount;

/// A refusal. Nothing was executed, unless a fault was ordered to pretend so.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) sub_code: String,
    pub(super) sub_msg: String,
    /// Fields that stand beside the codes, zero amounts for instance.
    pub(super) fields: Map<String, Value>,
}

impl Failure {
    pub(super) fn new(code: &str, sub_code: &str, sub_msg: impl Into<String>) -> Self {
        let (code, sub_code) = (code.to_owned(), sub_code.to_owned());
        Self { code, sub_code, sub_msg: sub_msg.into(), fields: Map::new() }
    }

    /// `40001`
    pub(super) fn missing(sub_code: &str) -> Self {
        Self::new("40001", sub_code, "缺少必选参数")
    }

    /// `40002`
    pub(super) fn invalid(sub_code: &str, sub_msg: impl Into<String>) -> Self {
        Self::new("40002", sub_code, sub_msg)
    }

    /// `40004`; `sub_code` is written without its prefix.
    pub(super) fn business(sub_code: &str, sub_msg: impl Into<String>) -> Self {
        Self::new("40004", &format!("ACQ.{sub_code}"), sub_msg)
    }

    /// `ACQ.INVALID_PARAMETER` with all violations in words.
    pub(super) fn parameters(violations: &[String]) -> Self {
        Self::business("INVALID_PARAMETER", format!("参数无效: {}", violations.join("; ")))
    }

    pub(super) fn trade_not_exist() -> Self {
        Self::business("TRADE_NOT_EXIST", "交易不存在")
    }

    pub(super) fn trade_status() -> Self {
        Self::business("TRADE_STATUS_ERROR", "交易状态不合法")
    }

    pub(super) fn already_paid() -> Self {
        Self::business("TRADE_HAS_SUCCESS", "交易已被支付")
    }

    pub(super) fn already_closed() -> Self {
        Self::business("TRADE_HAS_CLOSE", "交易已经关闭")
    }

    /// The simulator itself stumbled.
    pub(super) fn system() -> Self {
        Self::new("20000", "aop.ACQ.SYSTEM_ERROR", "系统异常")
    }

    /// Adds the zero amounts that a failed call carries, which are no totals.
    pub(super) fn with_zero_amounts(mut self, names: &[&str]) -> Self {
        self.fields.extend(names.iter().map(|name| ((*name).to_owned(), json!(amount::text(0)))));
        self
    }

    /// Echoes a field of the request.
    pub(super) fn with_field(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.fields.insert(name.to_owned(), json!(value));
        }
        self
    }
}

/// The text that goes with a public code.
pub(super) fn message(code: &str) -> &'static str {
    match code {
        "10000" => "Success",
        "10003" => "order success pay inprocess",
        "20000" => "Service Currently Unavailable",
        "20001" => "Insufficient Token Permissions",
        "40001" => "Missing Required Arguments",
        "40002" => "Invalid Arguments",
        "40003" => "Insufficient Conditions",
        "40004" => "Business Failed",
        "40005" => "Call Limited",
        "40006" => "Insufficient Permissions",
        _ => "Unknown",
    }
}
