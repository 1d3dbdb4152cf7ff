//! The options that a caller may give with a payment, read and checked with everything that is wrong named at once.

use payment_core::violation::Violation;
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use crate::product::AlipayProduct;

/// Options of every product.
const COMMON: [&str; 7] = [
    "body",
    "goods_type",
    "enable_pay_channels",
    "disable_pay_channels",
    "store_id",
    "operator_id",
    "terminal_id",
];

/// Ways of paying that can be allowed or excluded.
const PAY_CHANNELS: [&str; 15] = [
    "balance",
    "moneyFund",
    "bankPay",
    "debitCardExpress",
    "creditCard",
    "creditCardExpress",
    "pcredit",
    "pcreditpayInstallment",
    "credit_group",
    "coupon",
    "point",
    "promotion",
    "voucher",
    "mdiscount",
    "honeyPay",
];

/// What the payer's code is: a bar code, the code of a face, a sound.
const SCENES: [&str; 3] = ["bar_code", "security_code", "wave_code"];

/// Checked options, as the business content has them.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Options {
    /// Where the payer's browser goes afterwards; an outer parameter, not content.
    #[serde(skip)]
    pub(crate) return_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_pay_channels: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_pay_channels: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_id: Option<String>,
    /// Where a payer goes who gives up; wap has it always, the others never.
    #[serde(skip_serializing_if = "Option::is_none")]
    quit_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr_pay_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qrcode_width: Option<u64>,
    /// Barcode has both always, the others never.
    #[serde(skip_serializing_if = "Option::is_none")]
    scene: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_code: Option<String>,
}

impl std::fmt::Debug for Options {
    /// Shows nothing: a payer's code can be paid with.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Options").finish_non_exhaustive()
    }
}

/// Reads the options of a payment by `product`. No options are the empty object or null.
pub(crate) fn read(product: AlipayProduct, options: &Value) -> Result<Options, Vec<Violation>> {
    let empty = Map::new();
    let object = match options {
        Value::Object(object) => object,
        Value::Null => &empty,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(vec![Violation::new("channel_options", "must be an object")]);
        }
    };
    let mut reader = Reader { object, violations: Vec::new() };
    reader.refuse_unknown(product);
    let options = reader.options(product);
    if reader.violations.is_empty() { Ok(options) } else { Err(reader.violations) }
}

struct Reader<'a> {
    object: &'a Map<String, Value>,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    fn options(&mut self, product: AlipayProduct) -> Options {
        let common = self.common();
        match product {
            AlipayProduct::App | AlipayProduct::Precreate => common,
            AlipayProduct::Wap => {
                let (return_url, quit_url) =
                    (self.url("return_url", 256), self.required_url("quit_url", 400));
                Options { return_url, quit_url, ..common }
            }
            AlipayProduct::Page => Options {
                return_url: self.url("return_url", 256),
                qr_pay_mode: self.one_of("qr_pay_mode", &["0", "1", "2", "3", "4"]),
                qrcode_width: self.width(),
                ..common
            },
            AlipayProduct::Barcode => Options {
                scene: self.one_of("scene", &SCENES).or_else(|| Some("bar_code".to_owned())),
                auth_code: self.auth_code(),
                ..common
            },
        }
    }

    fn common(&mut self) -> Options {
        if self.object.contains_key("enable_pay_channels") && self.object.contains_key("disable_pay_channels")
        {
            self.wrong("disable_pay_channels", "excludes enable_pay_channels; give one of them");
        }
        Options {
            body: self.text("body", 128),
            goods_type: self.one_of("goods_type", &["0", "1"]),
            enable_pay_channels: self.pay_channels("enable_pay_channels"),
            disable_pay_channels: self.pay_channels("disable_pay_channels"),
            store_id: self.text("store_id", 32),
            operator_id: self.text("operator_id", 28),
            terminal_id: self.text("terminal_id", 32),
            ..Options::default()
        }
    }

    fn wrong(&mut self, key: &str, description: impl Into<String>) {
        self.violations.push(Violation::new(format!("channel_options.{key}"), description));
    }

    /// An option that is not taken must not be dropped in silence: its writer relies on it.
    fn refuse_unknown(&mut self, product: AlipayProduct) {
        let special: &[&str] = match product {
            AlipayProduct::App | AlipayProduct::Precreate => &[],
            AlipayProduct::Wap => &["return_url", "quit_url"],
            AlipayProduct::Page => &["return_url", "qr_pay_mode", "qrcode_width"],
            AlipayProduct::Barcode => &["scene", "auth_code"],
        };
        let known: Vec<&str> = special.iter().chain(&COMMON).copied().collect();
        let object = self.object;
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.wrong(key, format!("is no option of {}; it takes {}", product.as_str(), known.join(", ")));
        }
    }

    fn string(&mut self, key: &str) -> Option<String> {
        let value = self.object.get(key)?;
        if !value.is_string() {
            self.wrong(key, "must be a string");
        }
        value.as_str().map(str::to_owned)
    }

    fn checked(&mut self, key: &str, rule: impl Into<String>, fine: impl Fn(&str) -> bool) -> Option<String> {
        let text = self.string(key)?;
        if fine(&text) {
            return Some(text);
        }
        self.wrong(key, rule);
        None
    }

    fn text(&mut self, key: &str, limit: usize) -> Option<String> {
        let rule =
            format!("must be 1 to {limit} bytes of UTF-8, not blank, without control characters or emoji");
        self.checked(key, rule, |text| sendable(text, limit))
    }

    fn one_of(&mut self, key: &str, words: &[&str]) -> Option<String> {
        self.checked(key, format!("must be one of {}", words.join(", ")), |text| words.contains(&text))
    }

    fn url(&mut self, key: &str, limit: usize) -> Option<String> {
        let rule = format!("must be an absolute http or https URL of at most {limit} bytes");
        let web = |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
        self.checked(key, rule, |text| text.len() <= limit && web(text))
    }

    fn required_url(&mut self, key: &str, limit: usize) -> Option<String> {
        if !self.object.contains_key(key) {
            self.wrong(key, "is required: where a payer goes who gives up");
        }
        self.url(key, limit)
    }

    fn width(&mut self) -> Option<u64> {
        let value = self.object.get("qrcode_width")?;
        let width = value.as_u64().filter(|width| (1..=9999).contains(width));
        if width.is_none() {
            self.wrong("qrcode_width", "must be a whole number of 1 to 9999 pixels");
        }
        width
    }

    fn pay_channels(&mut self, key: &str) -> Option<String> {
        let value = self.object.get(key)?;
        let admitted =
            |item: &Value| item.as_str().filter(|text| PAY_CHANNELS.contains(text)).map(str::to_owned);
        let channels: Option<Vec<String>> =
            value.as_array().and_then(|items| items.iter().map(admitted).collect());
        let channels = channels.filter(|channels| !channels.is_empty());
        if channels.is_none() {
            self.wrong(key, format!("must be a list of one or more of {}", PAY_CHANNELS.join(", ")));
        }
        channels.map(|channels| channels.join(","))
    }

    fn auth_code(&mut self) -> Option<String> {
        if !self.object.contains_key("auth_code") {
            self.wrong("auth_code", "is required: the code that was scanned from the payer");
        }
        let rule = "must be 16 to 24 digits that begin with 25 to 30, or fp and 33 letters or digits";
        self.checked("auth_code", rule, is_auth_code)
    }
}

fn is_auth_code(text: &str) -> bool {
    if let Some(face) = text.strip_prefix("fp") {
        return face.len() == 33 && face.bytes().all(|byte| byte.is_ascii_alphanumeric());
    }
    let begins = ["25", "26", "27", "28", "29", "30"].iter().any(|start| text.starts_with(start));
    begins && (16..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether Alipay takes a text. Lengths are held in bytes, which is the strictest reading of its documentation; a blank
/// value is left out of the signature by some of its own SDKs; older gateways refuse characters of four bytes.
pub(crate) fn sendable(text: &str, limit: usize) -> bool {
    let plain = |letter: char| letter.len_utf8() < 4 && !letter.is_control();
    text.len() <= limit && !text.trim().is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(product: AlipayProduct, options: &Value) -> Vec<String> {
        read(product, options).expect_err("violations").into_iter().map(|violation| violation.field).collect()
    }

    fn content(product: AlipayProduct, options: &Value) -> Value {
        serde_json::to_value(read(product, options).expect("options")).expect("JSON")
    }

    #[test]
    fn products_take_their_own_options_and_the_common_ones() {
        let common = json!({"body": "b", "goods_type": "0", "enable_pay_channels": ["balance", "pcredit"],
            "store_id": "s", "operator_id": "o", "terminal_id": "t"});
        let mut expected = common.clone();
        expected["enable_pay_channels"] = json!("balance,pcredit");
        for product in [AlipayProduct::App, AlipayProduct::Precreate] {
            assert_eq!(read(product, &Value::Null), Ok(Options::default()));
            assert_eq!(content(product, &common), expected);
        }
        let wap = json!({"quit_url": "https://shop.example/q", "return_url": "https://shop.example/r"});
        assert_eq!(content(AlipayProduct::Wap, &wap), json!({"quit_url": "https://shop.example/q"}));
        let page = json!({"qr_pay_mode": "4", "qrcode_width": 200});
        assert_eq!(content(AlipayProduct::Page, &page), page);
        let barcode = content(AlipayProduct::Barcode, &json!({"auth_code": "280000000000000001"}));
        assert_eq!(barcode, json!({"scene": "bar_code", "auth_code": "280000000000000001"}));
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let wrong = json!({"body": 7, "goods_type": "2", "enable_pay_channels": ["gold"], "disable_pay_channels": [],
            "store_id": "x".repeat(33), "auth_code": "123", "scene": "smell", "timeout_express": "5m"});
        let mut named = fields(AlipayProduct::Barcode, &wrong);
        named.sort();
        named.dedup();
        let expected = [
            "auth_code",
            "body",
            "disable_pay_channels",
            "enable_pay_channels",
            "goods_type",
            "scene",
            "store_id",
            "timeout_express",
        ];
        assert_eq!(named, expected.map(|key| format!("channel_options.{key}")));
        assert_eq!(fields(AlipayProduct::Barcode, &json!({})), ["channel_options.auth_code"]);
        assert_eq!(fields(AlipayProduct::Wap, &json!({})), ["channel_options.quit_url"]);
        assert_eq!(fields(AlipayProduct::App, &json!([])), ["channel_options"]);
        assert_eq!(
            fields(AlipayProduct::Page, &json!({"return_url": "/here"})),
            ["channel_options.return_url"]
        );
        assert_eq!(
            fields(AlipayProduct::Page, &json!({"qrcode_width": 0})),
            ["channel_options.qrcode_width"]
        );
        assert_eq!(
            fields(AlipayProduct::App, &json!({"auth_code": "280000000000000001"})),
            ["channel_options.auth_code"]
        );
    }

    #[test]
    fn payers_codes_have_two_forms() {
        let face = format!("fp{}", "0".repeat(33));
        for fine in ["2500000000000000", "300000000000000000000000", face.as_str()] {
            assert!(is_auth_code(fine), "{fine}");
        }
        for wrong in
            ["", "2400000000000000", "3100000000000000", "250000000000000", "28000000000000000x", "fp00"]
        {
            assert!(!is_auth_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn r29_options_are_not_shown() {
        let options =
            read(AlipayProduct::Barcode, &json!({"auth_code": "280000000000000001"})).expect("options");
        assert!(!format!("{options:?}").contains("2800"));
        let refused = read(AlipayProduct::Barcode, &json!({"auth_code": "2800x"})).expect_err("violations");
        assert!(!refused.iter().any(|violation| violation.to_string().contains("2800x")));
    }
}
