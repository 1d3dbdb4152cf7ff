//! Reads `biz_content`: the fields of an order, checked all at once, and the names of a trade.

use serde_json::{Map, Value};
use time::macros::offset;
use time::{Duration, OffsetDateTime};

use super::failure::Failure;
use super::operation::Product;
use super::{amount, identifiers};

/// `timeout_express`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timeout {
    After(Duration),
    /// `1c`: until 00:00 in Beijing.
    Midnight,
}

impl Timeout {
    /// The default of face-to-face products.
    pub(super) const FACE_TO_FACE: Self = Self::After(Duration::hours(3));
    /// The longest, and the default of the others.
    pub(super) const LONGEST: Self = Self::After(Duration::days(15));

    /// `<n>m`, `<n>h`, `<n>d` from one minute to fifteen days, or `1c`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "1c" {
            return Some(Self::Midnight);
        }
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let number =
            number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse::<u16>().ok())??;
        let minutes = match unit {
            "m" => 1,
            "h" => 60,
            "d" => 24 * 60,
            _ => return None,
        };
        let length = Duration::minutes(i64::from(number) * minutes);
        (Duration::MINUTE..=Duration::days(15)).contains(&length).then_some(Self::After(length))
    }

    pub(super) fn ends_at(self, from: OffsetDateTime) -> OffsetDateTime {
        match self {
            Self::After(length) => from + length,
            Self::Midnight => {
                (from.to_offset(offset!(+8)) + Duration::DAY).replace_time(time::Time::MIDNIGHT)
            }
        }
    }
}

/// An order as a request describes it.
pub(super) struct OrderRequest {
    pub(super) out_trade_no: String,
    pub(super) total: i64,
    pub(super) subject: String,
    pub(super) body: Option<String>,
    pub(super) passback_params: Option<String>,
    pub(super) seller_id: Option<String>,
    pub(super) time_expire: Option<OffsetDateTime>,
    pub(super) timeout: Option<Timeout>,
    pub(super) quit_url: Option<String>,
    pub(super) qr_timeout: Option<Timeout>,
}

/// Collects what is wrong with the fields, so that the caller hears of all of it at once.
struct Reader<'a> {
    content: &'a Map<String, Value>,
    violations: Vec<String>,
}

impl Reader<'_> {
    fn complain(&mut self, name: &str, problem: &str) {
        self.violations.push(format!("{name} {problem}"));
    }

    /// Text of at most `longest` characters that is not empty.
    fn optional(&mut self, name: &str, longest: usize) -> Option<String> {
        match self.content.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) if text.chars().count() <= longest => Some(text.clone()),
            Some(Value::String(_)) => {
                self.complain(name, &format!("must have at most {longest} characters"));
                None
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.complain(name, "must be text");
                None
            }
        }
    }

    fn required(&mut self, name: &str, longest: usize) -> String {
        let complaints = self.violations.len();
        let value = self.optional(name, longest);
        if value.is_none() && complaints == self.violations.len() {
            self.complain(name, "is missing");
        }
        value.unwrap_or_default()
    }

    fn amount(&mut self, name: &str) -> i64 {
        let fen = self.content.get(name).and_then(amount::parse);
        if fen.is_none() {
            self.complain(name, "must be 0.01 to 100000000 with at most two decimals");
        }
        fen.unwrap_or_default()
    }

    fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>, problem: &str) -> Option<T> {
        let text = self.optional(name, 64)?;
        let value = parse(&text);
        if value.is_none() {
            self.complain(name, problem);
        }
        value
    }

    fn finish<T>(self, value: T) -> Result<T, Failure> {
        if self.violations.is_empty() { Ok(value) } else { Err(Failure::parameters(&self.violations)) }
    }
}

/// The JSON object in `biz_content`.
pub(super) fn content(text: Option<&str>) -> Result<Map<String, Value>, Failure> {
    let text = text.ok_or_else(|| Failure::invalid("isv.invalid-parameter", "缺少biz_content"))?;
    serde_json::from_str(text)
        .map_err(|_| Failure::invalid("isv.illegal-json", "biz_content不是合法的JSON对象"))
}

/// The fields that all order-creating methods share.
pub(super) fn order(
    content: &Map<String, Value>,
    product: Product,
    now: OffsetDateTime,
) -> Result<OrderRequest, Failure> {
    const TIMEOUT: &str = "must be <n>m, <n>h or <n>d from 1m to 15d, or 1c";
    let mut reader = Reader { content, violations: Vec::new() };
    let request = OrderRequest {
        out_trade_no: reader.required("out_trade_no", 64),
        total: reader.amount("total_amount"),
        subject: reader.required("subject", 256),
        body: reader.optional("body", 128),
        passback_params: reader.optional("passback_params", 512),
        seller_id: reader.optional("seller_id", 28),
        time_expire: reader.parsed("time_expire", identifiers::parse_time, "must be yyyy-MM-dd HH:mm:ss"),
        timeout: reader.parsed("timeout_express", Timeout::parse, TIMEOUT),
        quit_url: reader.optional("quit_url", 400),
        qr_timeout: reader.parsed("qr_code_timeout_express", Timeout::parse, TIMEOUT),
    };
    if !request.out_trade_no.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        reader.complain("out_trade_no", "may hold letters, digits and _ only");
    }
    if request.subject.contains(['/', '=', '&']) {
        reader.complain("subject", "must not hold /, = or &");
    }
    check_product_code(&mut reader, product);
    if content.contains_key("enable_pay_channels") && content.contains_key("disable_pay_channels") {
        reader.complain("enable_pay_channels", "excludes disable_pay_channels");
    }
    let request = reader.finish(request)?;
    if request.time_expire.is_some_and(|instant| instant <= now) {
        let message = "当前时间已超过交易过期时间";
        return Err(Failure::business("NOW_TIME_AFTER_EXPIRE_TIME_ERROR", message));
    }
    Ok(request)
}

fn check_product_code(reader: &mut Reader<'_>, product: Product) {
    let codes = product.product_codes();
    match reader.optional("product_code", 64) {
        None if product.product_code_is_optional() => {}
        None => reader.complain("product_code", "is missing"),
        Some(code) if codes.contains(&code.as_str()) => {}
        Some(_) => reader.complain("product_code", &format!("must be {}", codes.join(" or "))),
    }
}

/// What a barcode payment needs beside the order.
pub(super) fn auth_code(content: &Map<String, Value>) -> Result<String, Failure> {
    let mut reader = Reader { content, violations: Vec::new() };
    let scene = reader.required("scene", 32);
    let code = reader.required("auth_code", 64);
    if !["bar_code", "security_code", "wave_code"].contains(&scene.as_str()) {
        reader.complain("scene", "must be bar_code, security_code or wave_code");
    }
    reader.finish(code)
}

/// Which trade a request is about.
pub(super) struct TradeName {
    pub(super) trade_no: Option<String>,
    pub(super) out_trade_no: Option<String>,
}

/// `trade_no` or `out_trade_no`; the former wins.
pub(super) fn trade_name(content: &Map<String, Value>) -> Result<TradeName, Failure> {
    let mut reader = Reader { content, violations: Vec::new() };
    let name = TradeName {
        trade_no: reader.optional("trade_no", 64),
        out_trade_no: reader.optional("out_trade_no", 64),
    };
    if name.trade_no.is_none() && name.out_trade_no.is_none() {
        reader.complain("out_trade_no", "or trade_no is needed");
    }
    reader.finish(name)
}

/// A refund as a request describes it.
pub(super) struct RefundRequest {
    pub(super) trade: TradeName,
    pub(super) amount: i64,
    pub(super) out_request_no: Option<String>,
    pub(super) reason: Option<String>,
}

/// `alipay.trade.refund`
pub(super) fn refund(content: &Map<String, Value>) -> Result<RefundRequest, Failure> {
    let trade = trade_name(content)?;
    let mut reader = Reader { content, violations: Vec::new() };
    let request = RefundRequest {
        trade,
        amount: reader.amount("refund_amount"),
        out_request_no: reader.optional("out_request_no", 64),
        reason: reader.optional("refund_reason", 256),
    };
    reader.finish(request)
}

/// One text field that must be there.
pub(super) fn required(content: &Map<String, Value>, name: &str, longest: usize) -> Result<String, Failure> {
    let mut reader = Reader { content, violations: Vec::new() };
    let value = reader.required(name, longest);
    reader.finish(value)
}

/// Whether `query_options` names `option`.
pub(super) fn has_option(content: &Map<String, Value>, option: &str) -> bool {
    let options = content.get("query_options").and_then(Value::as_array);
    options.is_some_and(|options| options.iter().any(|given| given == option))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn timeouts_are_minutes_hours_days_or_the_end_of_the_day() {
        let noon = datetime!(2026-03-01 04:00 UTC);
        for (text, end) in [
            ("90m", datetime!(2026-03-01 13:30 +8)),
            ("2h", datetime!(2026-03-01 14:00 +8)),
            ("15d", datetime!(2026-03-16 12:00 +8)),
            ("1c", datetime!(2026-03-02 00:00 +8)),
        ] {
            assert_eq!(Timeout::parse(text).unwrap().ends_at(noon), end, "{text}");
        }
        for text in ["", "m", "0m", "16d", "1.5h", "30s", "-1m", "+1m"] {
            assert_eq!(Timeout::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_violation_is_named_at_once() {
        let content = json!({"out_trade_no": "a-b", "total_amount": "0.001", "timeout_express": "1x"});
        let order = order(content.as_object().unwrap(), Product::Page, datetime!(2026-03-01 0:00 UTC));
        let failure = order.err().unwrap();
        assert_eq!(failure.sub_code, "ACQ.INVALID_PARAMETER");
        for name in ["out_trade_no", "total_amount", "subject", "timeout_express", "product_code"] {
            assert!(failure.sub_msg.contains(name), "{name}: {}", failure.sub_msg);
        }
    }
}
