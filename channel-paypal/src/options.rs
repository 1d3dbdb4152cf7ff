//! The ways of paying, and the options that a caller may give with a payment, read and checked with everything that is
//! wrong named at once.

use payment_core::{identifiers::Product, violation::Violation};
use serde_json::{Map, Value};
use url::Url;

use crate::handle::Intent;

/// A way of paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PaypalProduct {
    /// The payer's browser is sent to PayPal and comes back.
    Checkout,
    /// PayPal's JavaScript or mobile SDK shows the order.
    Sdk,
}

impl PaypalProduct {
    /// Every product.
    pub(crate) const ALL: [Self; 2] = [Self::Checkout, Self::Sdk];

    /// The word in the contract.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Sdk => "sdk",
        }
    }

    /// The product of this name.
    pub(crate) fn of(product: &Product) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == product.as_str())
    }
}

/// Every option; both products take all of them.
const KEYS: [&str; 10] = [
    "intent",
    "return_url",
    "cancel_url",
    "brand_name",
    "locale",
    "landing_page",
    "shipping_preference",
    "user_action",
    "payment_method_preference",
    "soft_descriptor",
];

const INTENTS: [&str; 2] = ["CAPTURE", "AUTHORIZE"];
const LANDING_PAGES: [&str; 3] = ["LOGIN", "GUEST_CHECKOUT", "NO_PREFERENCE"];
/// `SET_PROVIDED_ADDRESS` would need an address, which this service does not carry.
const SHIPPING_PREFERENCES: [&str; 2] = ["NO_SHIPPING", "GET_FROM_FILE"];
const USER_ACTIONS: [&str; 2] = ["PAY_NOW", "CONTINUE"];
const METHOD_PREFERENCES: [&str; 2] = ["IMMEDIATE_PAYMENT_REQUIRED", "UNRESTRICTED"];

/// Schemes that a browser would run instead of visiting.
const REFUSED_SCHEMES: [&str; 5] = ["javascript", "data", "file", "vbscript", "blob"];

/// Checked options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// What the approval leads to.
    pub(crate) intent: Intent,
    /// Where the payer comes back to; always there for [`PaypalProduct::Checkout`].
    pub(crate) return_url: Option<String>,
    /// Where the payer comes back to after giving up; likewise.
    pub(crate) cancel_url: Option<String>,
    /// The shop's name on PayPal's page.
    pub(crate) brand_name: Option<String>,
    /// The page's language.
    pub(crate) locale: Option<String>,
    /// The page's first view.
    pub(crate) landing_page: Option<String>,
    /// `NO_SHIPPING` unless told otherwise: we do not read addresses.
    pub(crate) shipping_preference: String,
    /// `PAY_NOW` unless told otherwise: the amount is final.
    pub(crate) user_action: String,
    /// `IMMEDIATE_PAYMENT_REQUIRED` unless told otherwise: it keeps most captures from pending for days (F37).
    pub(crate) payment_method_preference: String,
    /// On the payer's card statement.
    pub(crate) soft_descriptor: Option<String>,
}

/// Reads the options of a payment by `product`. No options are the empty object or null.
pub(crate) fn read(product: PaypalProduct, options: &Value) -> Result<Options, Vec<Violation>> {
    let empty = Map::new();
    let object = match options {
        Value::Object(object) => object,
        Value::Null => &empty,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(vec![Violation::new("channel_options", "must be an object")]);
        }
    };
    let mut reader = Reader { object, violations: Vec::new() };
    reader.refuse_unknown();
    let options = reader.options(product);
    if reader.violations.is_empty() { Ok(options) } else { Err(reader.violations) }
}

struct Reader<'a> {
    object: &'a Map<String, Value>,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    fn options(&mut self, product: PaypalProduct) -> Options {
        let intent = match self.word("intent", &INTENTS, "CAPTURE").as_str() {
            "AUTHORIZE" => Intent::Authorize,
            _ => Intent::Capture,
        };
        let options = Options {
            intent,
            return_url: self.address("return_url"),
            cancel_url: self.address("cancel_url"),
            brand_name: self.text("brand_name", 127),
            locale: self.locale(),
            landing_page: self.optional_word("landing_page", &LANDING_PAGES),
            shipping_preference: self.word("shipping_preference", &SHIPPING_PREFERENCES, "NO_SHIPPING"),
            user_action: self.word("user_action", &USER_ACTIONS, "PAY_NOW"),
            payment_method_preference: self.word(
                "payment_method_preference",
                &METHOD_PREFERENCES,
                "IMMEDIATE_PAYMENT_REQUIRED",
            ),
            soft_descriptor: self.text("soft_descriptor", 22),
        };
        if product == PaypalProduct::Checkout {
            ["return_url", "cancel_url"].into_iter().for_each(|key| self.require(key));
        }
        options
    }

    fn wrong(&mut self, key: &str, description: impl Into<String>) {
        self.violations.push(Violation::new(format!("channel_options.{key}"), description));
    }

    /// An option that is not taken must not be dropped in silence: its writer relies on it.
    fn refuse_unknown(&mut self) {
        let unknown: Vec<_> =
            self.object.keys().filter(|key| !KEYS.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.wrong(&key, format!("is no option of PayPal; there are {}", KEYS.join(", ")));
        }
    }

    fn require(&mut self, key: &str) {
        if self.object.get(key).is_none_or(Value::is_null) {
            self.wrong(key, "is required: PayPal sends the payer's browser there");
        }
    }

    fn present(&self, key: &str) -> Option<&Value> {
        self.object.get(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str, limit: usize) -> Option<String> {
        let text = self.present(key)?.as_str().map(str::to_owned);
        let fits = |text: &String| {
            (1..=limit).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        let text = text.filter(fits);
        if text.is_none() {
            self.wrong(key, format!("must be text of 1 to {limit} characters without control characters"));
        }
        text
    }

    fn optional_word(&mut self, key: &str, words: &[&str]) -> Option<String> {
        let word = self.present(key)?.as_str().filter(|word| words.contains(word)).map(str::to_owned);
        if word.is_none() {
            self.wrong(key, format!("must be one of {}", words.join(", ")));
        }
        word
    }

    fn word(&mut self, key: &str, words: &[&str], default: &str) -> String {
        self.optional_word(key, words).unwrap_or_else(|| default.to_owned())
    }

    /// A page, or an app's own scheme that brings the payer back to it.
    fn address(&mut self, key: &str) -> Option<String> {
        let text = self.present(key)?.as_str().unwrap_or_default().to_owned();
        let visitable = |url: &Url| !REFUSED_SCHEMES.contains(&url.scheme()) && url.as_str().contains("://");
        let url = Url::parse(&text).ok().filter(visitable).filter(|_| text.len() <= 2048);
        if url.is_none() {
            self.wrong(
                key,
                "must be an absolute URL such as https://shop.example/paid, of at most 2048 bytes",
            );
        }
        url.map(|_| text)
    }

    /// A BCP 47 tag such as `en-US`.
    fn locale(&mut self) -> Option<String> {
        let text = self.present("locale")?.as_str().unwrap_or_default().to_owned();
        let valid = (2..=10).contains(&text.len())
            && text.starts_with(|letter: char| letter.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !valid {
            self.wrong("locale", "must be a BCP 47 language tag such as en-US, of 2 to 10 characters");
        }
        valid.then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(product: PaypalProduct, options: &Value) -> Vec<String> {
        let violations = read(product, options).expect_err("violations");
        violations.into_iter().map(|violation| violation.field).collect()
    }

    fn full() -> Value {
        json!({"intent": "AUTHORIZE", "return_url": "https://shop.example/paid", "cancel_url": "shop.app://cancel",
            "brand_name": "Shop", "locale": "de-DE", "landing_page": "LOGIN", "shipping_preference": "GET_FROM_FILE",
            "user_action": "CONTINUE", "payment_method_preference": "UNRESTRICTED", "soft_descriptor": "SHOP"})
    }

    #[test]
    fn every_option_is_taken_by_both_products() {
        for product in PaypalProduct::ALL {
            let options = read(product, &full()).expect("options");
            assert_eq!(options.intent, Intent::Authorize);
            assert_eq!(options.cancel_url.as_deref(), Some("shop.app://cancel"));
        }
    }

    #[test]
    fn an_sdk_payment_needs_no_options_and_has_careful_defaults() {
        for none in [json!({}), Value::Null] {
            let options = read(PaypalProduct::Sdk, &none).expect("options");
            assert_eq!(options.intent, Intent::Capture);
            assert_eq!(options.shipping_preference, "NO_SHIPPING");
            assert_eq!(options.user_action, "PAY_NOW");
            assert_eq!(options.payment_method_preference, "IMMEDIATE_PAYMENT_REQUIRED");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let wrong = json!({"intent": "SALE", "return_url": "javascript:alert(1)", "brand_name": "",
            "locale": "Deutsch", "landing_page": "BILLING", "shipping_preference": "SET_PROVIDED_ADDRESS",
            "user_action": 7, "payment_method_preference": "x", "soft_descriptor": "x".repeat(23), "vault": true});
        let mut named = fields(PaypalProduct::Checkout, &wrong);
        named.sort();
        let expected = [
            "brand_name",
            "cancel_url",
            "intent",
            "landing_page",
            "locale",
            "payment_method_preference",
            "return_url",
            "shipping_preference",
            "soft_descriptor",
            "user_action",
            "vault",
        ];
        assert_eq!(named, expected.map(|key| format!("channel_options.{key}")));
        assert_eq!(fields(PaypalProduct::Sdk, &json!([])), ["channel_options"]);
    }

    #[test]
    fn a_browser_is_only_sent_to_addresses() {
        for wrong in
            ["", "/paid", "shop.example", "data:text/html,x", "file:///etc/passwd", "mailto:a@b.example"]
        {
            assert_eq!(
                fields(PaypalProduct::Sdk, &json!({"return_url": wrong})),
                ["channel_options.return_url"]
            );
        }
    }
}
