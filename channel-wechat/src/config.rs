//! The settings of an account, checked whole: every violation at once, nothing assumed, nothing unknown.

use std::{collections::BTreeMap, time::Duration};

use payment_core::{identifiers::KeySerial, violation::Violation};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::{
    certificates::{Trust, read_roots},
    keys::PlatformKey,
    product::WeChatProduct,
    response::payee,
    sealed::ApiV3Key,
    sign::MerchantKey,
};

/// WeChat's hosts. The second one takes over when the first cannot be reached.
const HOSTS: [&str; 2] = ["https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"];

/// How long one exchange may take where nothing is set. WeChat answers in well under a second.
const DEFAULT_TIMEOUT_SECONDS: u64 = 10;

/// Every key that an account may have.
const KEYS: [&str; 13] = [
    "mchid",
    "app_id",
    "app_ids",
    "merchant_certificate_serial",
    "merchant_private_key",
    "api_v3_key",
    "wechatpay_public_key",
    "wechatpay_public_key_id",
    "download_platform_certificates",
    "platform_root_certificates",
    "base_url",
    "backup_base_url",
    "request_timeout_seconds",
];

/// A checked account. Its secrets are parsed into keys that cannot be printed.
#[derive(Debug)]
pub(crate) struct Config {
    /// The merchant's number.
    pub(crate) mchid: String,
    /// The appid of each product that can be used.
    pub(crate) app_ids: BTreeMap<WeChatProduct, String>,
    /// What requests are signed with.
    pub(crate) merchant_key: MerchantKey,
    /// What notifications and certificates are opened with.
    pub(crate) api_v3_key: ApiV3Key,
    /// Which of WeChat's keys are known or fetched.
    pub(crate) channel_keys: ChannelKeys,
    /// Where requests go.
    pub(crate) hosts: Hosts,
    /// How long one exchange may take.
    pub(crate) timeout: Duration,
}

/// What proves WeChat's words: at least one of both, and both during a migration from one to the other.
#[derive(Debug)]
pub(crate) struct ChannelKeys {
    /// The WeChat Pay public key.
    pub(crate) public_key: Option<PlatformKey>,
    /// How far downloaded platform certificates are trusted; `None` if none are downloaded.
    pub(crate) certificates: Option<Trust>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SealOnly => formatter.write_str("SealOnly"),
            Self::Roots(roots) => write!(formatter, "Roots({})", roots.len()),
        }
    }
}

/// Where requests go.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// First.
    pub(crate) main: Url,
    /// When the first cannot be reached.
    pub(crate) backup: Option<Url>,
}

impl Config {
    /// Reads settings as the configuration has them, with files already read.
    pub(crate) fn read(settings: &Map<String, Value>) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader { settings, violations: Vec::new() };
        reader.refuse_unknown();
        let mchid = reader.required("mchid", "the merchant's number, digits only", parse_mchid);
        let app_ids = reader.app_ids();
        let merchant_key = reader.merchant_key();
        let api_v3_key = reader.secret(
            "api_v3_key",
            "the APIv3 key set in the merchant portal, or its file in api_v3_key_file",
            ApiV3Key::parse,
        );
        let channel_keys = reader.channel_keys();
        let hosts = reader.hosts();
        let timeout = reader.timeout();
        match (mchid, merchant_key, api_v3_key, hosts) {
            (Some(mchid), Some(merchant_key), Some(api_v3_key), Some(hosts))
                if reader.violations.is_empty() =>
            {
                Ok(Self { mchid, app_ids, merchant_key, api_v3_key, channel_keys, hosts, timeout })
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
            self.wrong(key, format!("is no key of a wechat account; it takes {}", KEYS.join(", ")));
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

    fn merchant_key(&mut self) -> Option<MerchantKey> {
        let serial = self.required(
            "merchant_certificate_serial",
            "the serial of the merchant's API certificate",
            parse_serial,
        );
        let pair = self.secret(
            "merchant_private_key",
            "the text of apiclient_key.pem, or its file in merchant_private_key_file",
            MerchantKey::parse,
        );
        Some(MerchantKey::new(serial?, pair?))
    }

    /// `app_id` is for every product; `app_ids.<product>` is for one and stands above it.
    fn app_ids(&mut self) -> BTreeMap<WeChatProduct, String> {
        let common = self.optional("app_id", parse_app_id);
        let mut app_ids: BTreeMap<_, _> = match common {
            Some(app_id) => WeChatProduct::ALL.into_iter().map(|product| (product, app_id.clone())).collect(),
            None => BTreeMap::new(),
        };
        match self.settings.get("app_ids") {
            None => {}
            Some(Value::Object(own)) => {
                own.iter().for_each(|(name, value)| self.app_id(name, value, &mut app_ids))
            }
            Some(_) => self.wrong("app_ids", "must be a table of products and their appids"),
        }
        if app_ids.is_empty() && !["app_id", "app_ids"].iter().any(|key| self.settings.contains_key(*key)) {
            self.wrong(
                "app_id",
                "is required: the appid bound to the mchid, or one for each product in app_ids",
            );
        }
        app_ids
    }

    fn app_id(&mut self, name: &str, value: &Value, app_ids: &mut BTreeMap<WeChatProduct, String>) {
        let key = format!("app_ids.{name}");
        let Some(product) = WeChatProduct::parse(name) else {
            let names = WeChatProduct::ALL.map(WeChatProduct::as_str).join(", ");
            return self.wrong(&key, format!("is no product; there are {names}"));
        };
        match parse_app_id(value.as_str().unwrap_or_default()) {
            Ok(app_id) => drop(app_ids.insert(product, app_id)),
            Err(description) => self.wrong(&key, description),
        }
    }

    fn channel_keys(&mut self) -> ChannelKeys {
        let public_key = self.public_key();
        let roots = self.optional("platform_root_certificates", read_roots);
        let download = match self.settings.get("download_platform_certificates") {
            None => None,
            Some(Value::Bool(download)) => Some(*download),
            Some(_) => {
                self.wrong("download_platform_certificates", "must be true or false");
                None
            }
        };
        let certificates = match (download, roots) {
            (Some(true), None) => Some(Trust::SealOnly),
            (Some(true) | None, Some(roots)) => Some(Trust::Roots(roots)),
            (Some(false), Some(_)) => {
                self.wrong(
                    "download_platform_certificates",
                    "must not be false beside platform_root_certificates",
                );
                None
            }
            (Some(false) | None, None) => None,
        };
        self.require_one_kind();
        ChannelKeys { public_key, certificates }
    }

    /// Without any key of WeChat's nothing that it says could be proven.
    fn require_one_kind(&mut self) {
        let named = ["wechatpay_public_key", "wechatpay_public_key_id", "platform_root_certificates"];
        let download = self.settings.get("download_platform_certificates");
        let none = named.iter().all(|key| !self.settings.contains_key(*key));
        if none && matches!(download, None | Some(Value::Bool(false))) {
            self.wrong(
                "wechatpay_public_key",
                "is required: the WeChat Pay public key of the merchant portal with its wechatpay_public_key_id, \
                 or download_platform_certificates = true for a merchant that still has platform certificates",
            );
        }
    }

    fn public_key(&mut self) -> Option<PlatformKey> {
        let named = ["wechatpay_public_key", "wechatpay_public_key_id"];
        if named.iter().all(|key| !self.settings.contains_key(*key)) {
            return None;
        }
        let serial = self.required(
            "wechatpay_public_key_id",
            "the id of the WeChat Pay public key, PUB_KEY_ID_ and digits",
            parse_public_key_id,
        );
        let info = self.required(
            "wechatpay_public_key",
            "the text of pub_key.pem, or its file in wechatpay_public_key_file",
            parse_public_key,
        );
        match PlatformKey::new(serial?, &info?, None) {
            Ok(key) => Some(key),
            Err(unusable) => {
                self.wrong("wechatpay_public_key", unusable.to_string());
                None
            }
        }
    }

    /// A changed main host has no backup unless one is named: what is meant for a simulator must not reach WeChat.
    fn hosts(&mut self) -> Option<Hosts> {
        let [main, backup] = HOSTS;
        let is_default = !self.settings.contains_key("base_url");
        let backup_default = is_default.then(|| parse_host(backup)).transpose().ok()?;
        let main = if is_default { parse_host(main).ok() } else { self.optional("base_url", parse_host) };
        let named = self.optional("backup_base_url", parse_host);
        Some(Hosts { main: main?, backup: named.or(backup_default) })
    }

    fn timeout(&mut self) -> Duration {
        let seconds = match self.settings.get("request_timeout_seconds") {
            None => Some(DEFAULT_TIMEOUT_SECONDS),
            Some(value) => value.as_u64().filter(|seconds| (1..=60).contains(seconds)),
        };
        if seconds.is_none() {
            self.wrong("request_timeout_seconds", "must be a whole number of 1 to 60 seconds");
        }
        Duration::from_secs(seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS))
    }
}

fn parse_mchid(text: &str) -> Result<String, String> {
    let valid = (8..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid { Ok(text.to_owned()) } else { Err("must be the merchant's number, 8 to 32 digits".to_owned()) }
}

fn parse_app_id(text: &str) -> Result<String, String> {
    let valid = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // The payee of each payment is made of it, so it must fit there too.
    if valid && payee("", text).is_some() {
        Ok(text.to_owned())
    } else {
        Err("must be an appid such as wx0123456789abcdef, 1 to 32 letters and digits".to_owned())
    }
}

fn parse_serial(text: &str) -> Result<String, String> {
    let valid = (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if valid {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("must be the certificate's serial, up to 40 hexadecimal digits without colons".to_owned())
    }
}

fn parse_public_key_id(text: &str) -> Result<KeySerial, String> {
    let digits = text.strip_prefix("PUB_KEY_ID_").unwrap_or_default();
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let serial = KeySerial::parse(text).ok().filter(|_| valid);
    serial.ok_or_else(|| "must be PUB_KEY_ID_ and the digits that the merchant portal shows".to_owned())
}

fn parse_public_key(text: &str) -> Result<Vec<u8>, String> {
    let pem = pem::parse(text)
        .map_err(|_| "must be PEM text that begins with -----BEGIN PUBLIC KEY-----".to_owned())?;
    match pem.tag() {
        "PUBLIC KEY" => Ok(pem.into_contents()),
        other => Err(format!("holds a {other}; the WeChat Pay public key pub_key.pem is needed")),
    }
}

fn parse_host(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("must be an absolute URL: {error}"))?;
    let bare =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        _ if !bare => Err("must have no path, query, fragment or user: paths are signed".to_owned()),
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("must be https; plain http is taken for loopback addresses only".to_owned()),
    }
}

#[cfg(test)]
mod tests;
