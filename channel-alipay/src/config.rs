//! The settings of an account, checked whole: every violation at once, nothing assumed, nothing unknown.

use std::{collections::BTreeMap, time::Duration};

use payment_core::{identifiers::Payee, violation::Violation};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Host, Url};
use x509_parser::{prelude::FromDer as _, x509::SubjectPublicKeyInfo};

use crate::{
    certificates::{Leaf, Roots, Trust},
    encryption::ContentKey,
    keys::{KeySet, PlatformKey},
    product::AlipayProduct,
    request::{CertificateSerials, Identity},
    response::payee,
    sign::{self, AppKey},
};

/// The production gateway.
const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";

/// How long one exchange may take where nothing is set. A payment by the payer's code takes seconds.
const DEFAULT_TIMEOUT_SECONDS: u64 = 15;

/// How long after a payment refunds are tried where nothing is set: the longest that contracts have.
const DEFAULT_REFUND_WINDOW_DAYS: u64 = 365;

/// Every key that an account may have.
const KEYS: [&str; 13] = [
    "app_id",
    "seller_id",
    "app_private_key",
    "alipay_public_key",
    "app_certificate",
    "alipay_certificate",
    "alipay_root_certificates",
    "content_encryption_key",
    "products",
    "product_codes",
    "gateway_url",
    "request_timeout_seconds",
    "refund_window_days",
];

/// The three files of certificate mode.
const CERTIFICATE_KEYS: [&str; 3] = ["app_certificate", "alipay_certificate", "alipay_root_certificates"];

/// A checked account. Its secrets are parsed into keys that cannot be printed.
#[derive(Debug)]
pub(crate) struct Config {
    /// What requests name.
    pub(crate) identity: Identity,
    /// The merchant's number at Alipay, its PID.
    pub(crate) seller_id: String,
    /// Who receives the money: application and seller.
    pub(crate) payee: Payee,
    /// What requests are signed with.
    pub(crate) app_key: AppKey,
    /// The keys of Alipay that are known without asking.
    pub(crate) keys: KeySet,
    /// Certificate mode: what makes a successor Alipay's, and the present leaf.
    pub(crate) trust: Option<Rotation>,
    /// What contents are encrypted with, where they are.
    pub(crate) content_key: Option<ContentKey>,
    /// The product code of each product that can be used.
    pub(crate) products: BTreeMap<AlipayProduct, String>,
    /// Where requests go.
    pub(crate) gateway: Url,
    /// How long one exchange may take.
    pub(crate) timeout: Duration,
    /// How long after a payment refunds are tried.
    pub(crate) refund_window: time::Duration,
}

/// How Alipay's certificate may be replaced.
pub(crate) struct Rotation {
    /// What a successor must prove.
    pub(crate) trust: Trust,
    /// The configured one.
    pub(crate) present: Leaf,
}

impl std::fmt::Debug for Rotation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Rotation({})", self.present.serial)
    }
}

/// What proves Alipay's words, by the modes that an application can be in.
struct ChannelKeys {
    keys: KeySet,
    rotation: Option<Rotation>,
    serials: Option<CertificateSerials>,
}

impl Config {
    /// Reads settings as the configuration has them, with files already read.
    pub(crate) fn read(settings: &Map<String, Value>) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader { settings, violations: Vec::new() };
        reader.refuse_unknown();
        let app_id = reader.required("app_id", "the application's number", parse_app_id);
        let seller_id =
            reader.required("seller_id", "the merchant's number (PID), 2088 and 12 digits", parse_seller);
        let app_key = reader.secret(
            "app_private_key",
            "the application's private key, or its file in app_private_key_file",
            AppKey::parse,
        );
        let channel_keys = reader.channel_keys(app_key.as_ref());
        let content_key =
            reader.optional("content_encryption_key", |text| ContentKey::parse(&SecretString::from(text)));
        let products = reader.products();
        let gateway = if settings.contains_key("gateway_url") {
            reader.optional("gateway_url", parse_gateway)
        } else {
            parse_gateway(GATEWAY).ok()
        };
        let timeout =
            Duration::from_secs(reader.whole("request_timeout_seconds", 1..=60, DEFAULT_TIMEOUT_SECONDS));
        let days = reader.whole("refund_window_days", 1..=3650, DEFAULT_REFUND_WINDOW_DAYS);
        match (app_id, seller_id, app_key, channel_keys, gateway) {
            (Some(app_id), Some(seller_id), Some(app_key), Some(channel_keys), Some(gateway))
                if reader.violations.is_empty() =>
            {
                let unfit = || vec![Violation::new("app_id", "makes no payee with seller_id")];
                Ok(Self {
                    payee: payee(&app_id, &seller_id).ok_or_else(unfit)?,
                    identity: Identity { app_id, certificates: channel_keys.serials },
                    seller_id,
                    app_key,
                    keys: channel_keys.keys,
                    trust: channel_keys.rotation,
                    content_key,
                    products,
                    gateway,
                    timeout,
                    refund_window: time::Duration::days(i64::try_from(days).unwrap_or(i64::from(u16::MAX))),
                })
            }
            _ => Err(reader.violations),
        }
    }
}

struct Reader<'a> {
    settings: &'a Map<String, Value>,
    violations: Vec<Violation>,
}

impl<'a> Reader<'a> {
    fn wrong(&mut self, key: &str, description: impl Into<String>) {
        self.violations.push(Violation::new(key, description));
    }

    fn refuse_unknown(&mut self) {
        let settings = self.settings;
        for key in settings.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            self.wrong(key, format!("is no key of an alipay account; it takes {}", KEYS.join(", ")));
        }
    }

    fn text(&mut self, key: &str) -> Option<&'a str> {
        let value = self.settings.get(key)?;
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.wrong(key, "must be a text and not empty");
        }
        text
    }

    fn optional<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let parsed = parse(self.text(key)?);
        parsed.map_err(|description| self.wrong(key, description)).ok()
    }

    fn required<T>(
        &mut self,
        key: &str,
        remedy: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if !self.settings.contains_key(key) {
            self.wrong(key, format!("is required: {remedy}"));
        }
        self.optional(key, parse)
    }

    fn secret<T>(
        &mut self,
        key: &str,
        remedy: &str,
        parse: impl FnOnce(&SecretString) -> Result<T, String>,
    ) -> Option<T> {
        self.required(key, remedy, |text| parse(&SecretString::from(text)))
    }

    fn whole(&mut self, key: &str, range: std::ops::RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.settings.get(key) else { return default };
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(key, format!("must be a whole number of {} to {}", range.start(), range.end()));
        }
        number.unwrap_or(default)
    }

    /// Either mode, or both while the application changes from one to the other.
    fn channel_keys(&mut self, app_key: Option<&AppKey>) -> Option<ChannelKeys> {
        let has = |key: &&str| self.settings.contains_key(*key);
        let (in_key_mode, in_certificate_mode) =
            (has(&"alipay_public_key"), CERTIFICATE_KEYS.iter().any(has));
        if !in_key_mode && !in_certificate_mode {
            self.wrong(
                "alipay_public_key",
                "is required in key mode: Alipay's public key for this application; certificate mode needs \
                 app_certificate, alipay_certificate and alipay_root_certificates instead",
            );
            return None;
        }
        let bare = self.optional("alipay_public_key", |text| parse_public_key(text, app_key));
        if !in_certificate_mode {
            return Some(ChannelKeys { keys: KeySet::new([bare?]), rotation: None, serials: None });
        }
        let app = self.required("app_certificate", "the text of appCertPublicKey.crt", |text| {
            let leaf = Leaf::read(text)?;
            let fits = app_key.is_none_or(|key| key.public_key() == leaf.public_key);
            if fits { Ok(leaf.serial) } else { Err("belongs to another key than app_private_key".to_owned()) }
        });
        let present = self.required("alipay_certificate", "the text of alipayCertPublicKey.crt", |text| {
            let leaf = Leaf::read(text)?;
            leaf.platform_key.clone().map(|key| (leaf, key))
        });
        let roots = self.required("alipay_root_certificates", "the text of alipayRootCert.crt", Roots::read);
        let ((present, key), roots) = (present?, roots?);
        let serials = CertificateSerials { app: app?, root: roots.serial.clone() };
        let trust = Trust::new(roots, &present);
        let keys = KeySet::new(std::iter::once(key).chain(bare));
        Some(ChannelKeys { keys, rotation: Some(Rotation { trust, present }), serials: Some(serials) })
    }

    /// Every product is offered unless a list says which; contracts also decide on product codes.
    fn products(&mut self) -> BTreeMap<AlipayProduct, String> {
        let mut products: BTreeMap<_, _> = self
            .offered()
            .into_iter()
            .map(|product| (product, product.default_product_code().to_owned()))
            .collect();
        match self.settings.get("product_codes") {
            None => {}
            Some(Value::Object(codes)) => {
                codes.iter().for_each(|(name, code)| self.product_code(name, code, &mut products));
            }
            Some(_) => self.wrong("product_codes", "must be a table of products and their product codes"),
        }
        products
    }

    fn offered(&mut self) -> Vec<AlipayProduct> {
        let Some(value) = self.settings.get("products") else { return AlipayProduct::ALL.to_vec() };
        let product = |item: &Value| item.as_str().and_then(AlipayProduct::parse);
        let listed: Option<Vec<_>> = value.as_array().and_then(|items| items.iter().map(product).collect());
        let listed = listed.unwrap_or_default();
        if listed.is_empty() {
            let names = AlipayProduct::ALL.map(AlipayProduct::as_str).join(", ");
            self.wrong("products", format!("must be a list of one or more of {names}"));
        }
        listed
    }

    fn product_code(&mut self, name: &str, code: &Value, products: &mut BTreeMap<AlipayProduct, String>) {
        let key = format!("product_codes.{name}");
        let code = code.as_str().filter(|code| {
            let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            (1..=64).contains(&code.len()) && code.bytes().all(upper)
        });
        let place = AlipayProduct::parse(name).and_then(|product| products.get_mut(&product));
        match (place, code) {
            (Some(place), Some(code)) => code.clone_into(place),
            (None, _) => self.wrong(&key, "is no product of this account"),
            (Some(_), None) => self.wrong(&key, "must be a product code such as QUICK_WAP_PAY"),
        }
    }
}

fn parse_app_id(text: &str) -> Result<String, String> {
    let valid = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid {
        Ok(text.to_owned())
    } else {
        Err("must be the application's number, up to 32 digits".to_owned())
    }
}

fn parse_seller(text: &str) -> Result<String, String> {
    let valid =
        text.len() == 16 && text.starts_with("2088") && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid {
        Ok(text.to_owned())
    } else {
        Err("must be the merchant's number (PID), 2088 and 12 digits".to_owned())
    }
}

/// The application's own public key in the place of Alipay's is the most frequent mistake, and would verify nothing.
fn parse_public_key(text: &str, app_key: Option<&AppKey>) -> Result<PlatformKey, String> {
    let info = sign::der(text, &["PUBLIC KEY"]).map_err(|problem| {
        format!("{problem}; Alipay's public key for this application is needed, as PEM or bare base64")
    })?;
    let unusable = || "is not an RSA public key of at least 2048 bits".to_owned();
    let (_, parsed) = SubjectPublicKeyInfo::from_der(&info).map_err(|_| unusable())?;
    if app_key.is_some_and(|key| key.public_key() == parsed.subject_public_key.data.as_ref()) {
        return Err(
            "is the application's own public key; Alipay's is another one, shown beside it".to_owned()
        );
    }
    PlatformKey::bare(&info).map_err(|error| error.to_string())
}

fn parse_gateway(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("must be an absolute URL: {error}"))?;
    let bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        _ if !bare => Err("must have no query, fragment or user: parameters are signed".to_owned()),
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("must be https; plain http is taken for loopback addresses only".to_owned()),
    }
}

#[cfg(test)]
mod tests;
