//! An account's settings, read with everything that is wrong named at once.

use std::time::Duration;

use payment_core::violation::Violation;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Host, Url};

const KEYS: [&str; 4] = ["shop", "key", "base_url", "request_timeout_milliseconds"];

/// A checked account.
#[derive(Debug)]
pub(crate) struct Config {
    /// The merchant's number at Bad Pay, 1 to 32 of `[a-z0-9]`.
    pub(crate) shop: String,
    /// What both sides sign with, 32 characters or more.
    pub(crate) key: SecretString,
    /// Where Bad Pay is.
    pub(crate) base_url: Url,
    /// How long one exchange may take.
    pub(crate) timeout: Duration,
}

impl Config {
    /// Reads an account's settings.
    pub(crate) fn read(settings: &Map<String, Value>) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader { settings, violations: Vec::new() };
        for key in settings.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            reader.violations.push(Violation::new(key, format!("is no key of Bad Pay: {}", KEYS.join(", "))));
        }
        let shop = reader.text("shop", "must be 1 to 32 of [a-z0-9]", |shop| {
            (1..=32).contains(&shop.len()) && shop.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let key = reader.text("key", "must be 32 visible ASCII characters or more", |key| {
            key.len() >= 32 && key.bytes().all(|byte| byte.is_ascii_graphic())
        });
        let base_url = reader.base_url();
        let timeout = reader.timeout();
        match (shop, key, base_url, timeout) {
            (Some(shop), Some(key), Some(base_url), Some(timeout)) if reader.violations.is_empty() => {
                Ok(Self { shop, key: key.into(), base_url, timeout })
            }
            _ => Err(reader.violations),
        }
    }
}

struct Reader<'a> {
    settings: &'a Map<String, Value>,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    /// A required text. The rule is told, never the value: it may be a key.
    fn text(&mut self, key: &str, rule: &str, admits: impl Fn(&str) -> bool) -> Option<String> {
        let text = self.settings.get(key).and_then(Value::as_str).filter(|text| admits(text));
        if text.is_none() {
            self.violations.push(Violation::new(key, rule));
        }
        text.map(str::to_owned)
    }

    fn base_url(&mut self) -> Option<Url> {
        let rule = "must be an https address; http is taken for a loopback address only";
        let text = self.text("base_url", rule, |text| Url::parse(text).is_ok_and(|url| is_safe(&url)))?;
        Url::parse(&text).ok()
    }

    fn timeout(&mut self) -> Option<Duration> {
        let milliseconds = match self.settings.get("request_timeout_milliseconds") {
            None => Some(10_000),
            Some(value) => value.as_u64().filter(|milliseconds| (10..=60_000).contains(milliseconds)),
        };
        if milliseconds.is_none() {
            let rule = "must be 10 to 60000; default 10000";
            self.violations.push(Violation::new("request_timeout_milliseconds", rule));
        }
        milliseconds.map(Duration::from_millis)
    }
}

fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}
