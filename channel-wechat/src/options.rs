//! The options that a caller may give with a payment, read and checked with everything that is wrong named at once.

use payment_core::violation::Violation;
use serde_json::{Map, Value};

use crate::product::WeChatProduct;

/// Options of every product.
const COMMON: [&str; 4] = ["goods_tag", "limit_pay", "profit_sharing", "support_fapiao"];

/// Options of H5 payments only.
const H5: [&str; 5] = ["type", "app_name", "app_url", "bundle_id", "package_name"];

/// Options of JSAPI payments only.
const JSAPI: [&str; 1] = ["openid"];

/// What H5 pages can be, as WeChat spells it.
const H5_TYPES: [&str; 3] = ["iOS", "Android", "Wap"];

/// Ways of paying that `limit_pay` can exclude or demand.
const LIMITS: [&str; 4] = ["no_credit", "no_debit", "no_balance", "balance_only"];

/// Checked options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The payer within the appid; JSAPI has it always, the others never.
    pub(crate) openid: Option<String>,
    /// What the page is; H5 has it always, the others never.
    pub(crate) h5: Option<H5Options>,
    /// Coupon tag.
    pub(crate) goods_tag: Option<String>,
    /// Ways of paying.
    pub(crate) limit_pay: Option<Vec<String>>,
    /// Whether the money is frozen for later sharing.
    pub(crate) profit_sharing: Option<bool>,
    /// Whether the payer is shown the entry for an electronic invoice.
    pub(crate) support_fapiao: Option<bool>,
}

/// Where an H5 payment begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct H5Options {
    /// One of [`H5_TYPES`].
    pub(crate) kind: String,
    /// The app's or site's name.
    pub(crate) app_name: Option<String>,
    /// The site's address.
    pub(crate) app_url: Option<String>,
    /// The iOS bundle.
    pub(crate) bundle_id: Option<String>,
    /// The Android package.
    pub(crate) package_name: Option<String>,
}

/// Reads the options of a payment by `product`. No options are the empty object or null.
pub(crate) fn read(product: WeChatProduct, options: &Value) -> Result<Options, Vec<Violation>> {
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
    fn options(&mut self, product: WeChatProduct) -> Options {
        Options {
            openid: (product == WeChatProduct::Jsapi).then(|| self.required("openid", 128)),
            h5: (product == WeChatProduct::H5).then(|| self.h5()),
            goods_tag: self.text("goods_tag", 32),
            limit_pay: self.limit_pay(),
            profit_sharing: self.boolean("profit_sharing"),
            support_fapiao: self.boolean("support_fapiao"),
        }
    }

    fn h5(&mut self) -> H5Options {
        let kind = self.required("type", 32);
        if !kind.is_empty() && !H5_TYPES.contains(&kind.as_str()) {
            self.wrong("type", format!("must be one of {}", H5_TYPES.join(", ")));
        }
        H5Options {
            kind,
            app_name: self.text("app_name", 64),
            app_url: self.text("app_url", 128),
            bundle_id: self.text("bundle_id", 128),
            package_name: self.text("package_name", 128),
        }
    }

    fn wrong(&mut self, key: &str, description: impl Into<String>) {
        self.violations.push(Violation::new(format!("channel_options.{key}"), description));
    }

    /// An option that is not taken must not be dropped in silence: its writer relies on it.
    fn refuse_unknown(&mut self, product: WeChatProduct) {
        let special: &[&str] = match product {
            WeChatProduct::App | WeChatProduct::Native => &[],
            WeChatProduct::Jsapi => &JSAPI,
            WeChatProduct::H5 => &H5,
        };
        let known: Vec<&str> = special.iter().chain(&COMMON).copied().collect();
        let object = self.object;
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.wrong(key, format!("is no option of {}; it takes {}", product.as_str(), known.join(", ")));
        }
    }

    fn required(&mut self, key: &str, limit: usize) -> String {
        if !self.object.contains_key(key) {
            self.wrong(key, format!("is required, 1 to {limit} bytes"));
        }
        self.text(key, limit).unwrap_or_default()
    }

    fn text(&mut self, key: &str, limit: usize) -> Option<String> {
        match self.object.get(key)? {
            Value::String(text) if !sendable(text, limit) => {
                self.wrong(
                    key,
                    format!("must be 1 to {limit} bytes of UTF-8 without characters beyond the basic plane"),
                );
                None
            }
            Value::String(text) => Some(text.clone()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.wrong(key, "must be a string");
                None
            }
        }
    }

    fn boolean(&mut self, key: &str) -> Option<bool> {
        let value = self.object.get(key)?;
        if !value.is_boolean() {
            self.wrong(key, "must be true or false");
        }
        value.as_bool()
    }

    fn limit_pay(&mut self) -> Option<Vec<String>> {
        let value = self.object.get("limit_pay")?;
        let admitted = |item: &Value| item.as_str().filter(|text| LIMITS.contains(text)).map(str::to_owned);
        let limits: Option<Vec<String>> =
            value.as_array().and_then(|items| items.iter().map(admitted).collect());
        if limits.as_ref().is_none_or(Vec::is_empty) {
            self.wrong("limit_pay", format!("must be a list of one or more of {}", LIMITS.join(", ")));
        }
        limits
    }
}

/// Whether WeChat takes a text: it counts bytes, refuses empty texts, and admits no character of four bytes.
pub(crate) fn sendable(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len()) && text.chars().all(|letter| letter.len_utf8() < 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(product: WeChatProduct, options: &Value) -> Vec<String> {
        read(product, options).expect_err("violations").into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn products_take_their_own_options_and_the_common_ones() {
        let common = json!({"goods_tag": "g", "limit_pay": ["no_credit"], "profit_sharing": true, "support_fapiao": false});
        for product in [WeChatProduct::App, WeChatProduct::Native] {
            assert_eq!(read(product, &Value::Null), Ok(Options::default()));
            let options = read(product, &common).expect("options");
            assert_eq!(options.goods_tag.as_deref(), Some("g"));
            assert_eq!((options.profit_sharing, options.support_fapiao), (Some(true), Some(false)));
        }
        let jsapi = read(WeChatProduct::Jsapi, &json!({"openid": "o1"})).expect("options");
        assert_eq!(jsapi.openid.as_deref(), Some("o1"));
        let h5 = read(WeChatProduct::H5, &json!({"type": "Wap", "app_name": "shop"})).expect("options");
        assert_eq!(h5.h5.expect("h5").kind, "Wap");
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let wrong = json!({"openid": 7, "goods_tag": "x".repeat(33), "limit_pay": ["no_money"],
            "profit_sharing": "yes", "attach": "a", "type": "Wap"});
        let mut named = fields(WeChatProduct::Jsapi, &wrong);
        named.sort();
        let expected = ["attach", "goods_tag", "limit_pay", "openid", "profit_sharing", "type"];
        assert_eq!(named, expected.map(|key| format!("channel_options.{key}")));
        assert_eq!(fields(WeChatProduct::Jsapi, &json!({})), ["channel_options.openid"]);
        assert_eq!(fields(WeChatProduct::H5, &json!({})), ["channel_options.type"]);
        assert_eq!(fields(WeChatProduct::H5, &json!({"type": "ios"})), ["channel_options.type"]);
        assert_eq!(fields(WeChatProduct::App, &json!([])), ["channel_options"]);
        assert_eq!(fields(WeChatProduct::App, &json!({"limit_pay": []})), ["channel_options.limit_pay"]);
    }

    #[test]
    fn lengths_are_bytes_and_emoji_are_refused() {
        assert!(sendable(&"商".repeat(42), 127));
        assert!(!sendable(&"商".repeat(43), 127));
        assert!(!sendable("", 127));
        assert!(!sendable("cake 🎂", 127));
    }
}
