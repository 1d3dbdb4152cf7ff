//! The settings of an account, checked whole: every violation at once, nothing assumed, nothing unknown.

use std::time::Duration;

use payment_core::{
    identifiers::{KeySerial, Payee},
    violation::Violation,
};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::authority::Authorities;

/// How long one exchange may take where nothing is set: PayPal's declines and reviews are slow.
const DEFAULT_TIMEOUT_SECONDS: u64 = 30;

/// PayPal forgets unapproved orders after 3 hours by its older text, and after 6 by its newer one.
const DEFAULT_LIFETIME_HOURS: u64 = 3;

/// The dashboard's test sender signs with this literal in place of a webhook id, with the live key.
const DASHBOARD_WEBHOOK_ID: &str = "WEBHOOK_ID";

/// Every key that an account may have.
const KEYS: [&str; 10] = [
    "environment",
    "client_id",
    "client_secret",
    "merchant_id",
    "webhook_ids",
    "webhook_verification",
    "webhook_certificate_authorities",
    "base_url",
    "order_lifetime_hours",
    "request_timeout_seconds",
];

/// Which of PayPal's worlds an account lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Real money.
    Live,
    /// Play money.
    Sandbox,
}

impl Environment {
    /// The word in the configuration and for SDKs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }

    const fn api(self) -> &'static str {
        match self {
            Self::Live => "https://api-m.paypal.com",
            Self::Sandbox => "https://api-m.sandbox.paypal.com",
        }
    }

    /// The hosts that serve webhook certificates. Compared whole: `api.paypal.com.evil.example` is none of them.
    const fn certificate_origins(self) -> [&'static str; 2] {
        match self {
            Self::Live => ["https://api.paypal.com", "https://api-m.paypal.com"],
            Self::Sandbox => ["https://api.sandbox.paypal.com", "https://api-m.sandbox.paypal.com"],
        }
    }

    /// The name in the certificates that sign webhooks.
    pub(crate) const fn certificate_name(self) -> &'static str {
        match self {
            Self::Live => "messageverificationcerts.paypal.com",
            Self::Sandbox => "messageverificationcerts.sandbox.paypal.com",
        }
    }

    const fn buyer_host(self) -> &'static str {
        match self {
            Self::Live => "www.paypal.com",
            Self::Sandbox => "www.sandbox.paypal.com",
        }
    }
}

/// Who verifies that PayPal sent a webhook. Money is read again by API in each case (R7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WebhookVerification {
    /// We, with PayPal's certificate.
    Local,
    /// We, or PayPal itself where no trusted certificate can be had.
    LocalThenPostback,
    /// PayPal itself, asked with the very bytes.
    Postback,
}

/// Where requests go, and which addresses in PayPal's words are believed.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// The API.
    pub(crate) api: Url,
    /// What certificate URLs begin with.
    pub(crate) certificate_origins: Vec<String>,
    /// A simulator's own origin, which stands in for PayPal's buyer pages.
    simulator: Option<String>,
    environment: Environment,
}

impl Hosts {
    /// Whether the payer's browser may be sent to `url`.
    pub(crate) fn is_buyer_page(&self, url: &Url) -> Result<(), NotPaypals> {
        let fine = match &self.simulator {
            Some(origin) => url.origin().ascii_serialization() == *origin,
            None => {
                url.scheme() == "https"
                    && url.host_str() == Some(self.environment.buyer_host())
                    && url.port().is_none()
                    && url.username().is_empty()
                    && url.password().is_none()
            }
        };
        if fine { Ok(()) } else { Err(NotPaypals) }
    }

    /// The name of what proves an answer: PayPal signs none, so it is the TLS identity of the host that we called.
    pub(crate) fn proof(&self) -> Result<KeySerial, String> {
        let host = &self.api[url::Position::BeforeHost..url::Position::AfterPort];
        let scheme = if self.api.scheme() == "https" { "tls" } else { "loopback" };
        KeySerial::parse(format!("{scheme}:{host}")).map_err(|error| error.to_string())
    }
}

/// An address that is not one of PayPal's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotPaypals;

/// A checked account.
#[derive(Debug)]
pub(crate) struct Config {
    /// Real or play money.
    pub(crate) environment: Environment,
    /// The app's public name.
    pub(crate) client_id: String,
    /// The app's secret.
    pub(crate) client_secret: SecretString,
    /// Who receives the money.
    pub(crate) merchant_id: Payee,
    /// The webhooks that PayPal signs for; several during a change of URL.
    pub(crate) webhook_ids: Vec<String>,
    /// How webhooks are verified.
    pub(crate) webhook_verification: WebhookVerification,
    /// Whose word is good for a webhook certificate.
    pub(crate) authorities: Authorities,
    /// Where requests go.
    pub(crate) hosts: Hosts,
    /// What proves answers.
    pub(crate) proof: KeySerial,
    /// How long an order can be approved and captured.
    pub(crate) order_lifetime: time::Duration,
    /// How long one exchange may take.
    pub(crate) timeout: Duration,
}

impl Config {
    /// Reads settings as the configuration has them, with files already read.
    pub(crate) fn read(settings: &Map<String, Value>) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader { settings, violations: Vec::new() };
        reader.refuse_unknown();
        let environment = reader.required("environment", "live or sandbox", parse_environment);
        let client_id = reader.required("client_id", "the client id of the REST app", parse_credential);
        let client_secret = reader.required(
            "client_secret",
            "the secret of the REST app, or its file in client_secret_file",
            |text| parse_credential(text).map(SecretString::from),
        );
        let merchant_id =
            reader.required("merchant_id", "the 13 characters of the receiving account", parse_merchant_id);
        let webhook_ids = reader.webhook_ids();
        let webhook_verification = reader.webhook_verification();
        let authorities = reader.optional("webhook_certificate_authorities", Authorities::parse);
        let hosts = reader.hosts(environment);
        let proof = hosts.as_ref().and_then(|hosts| hosts.proof().ok());
        let hours = reader.number("order_lifetime_hours", 1..=6, DEFAULT_LIFETIME_HOURS);
        let seconds = reader.number("request_timeout_seconds", 5..=60, DEFAULT_TIMEOUT_SECONDS);
        match (environment, client_id, client_secret, merchant_id, hosts, proof) {
            (
                Some(environment),
                Some(client_id),
                Some(client_secret),
                Some(merchant_id),
                Some(hosts),
                Some(proof),
            ) if reader.violations.is_empty() => Ok(Self {
                environment,
                client_id,
                client_secret,
                merchant_id,
                webhook_ids,
                webhook_verification,
                authorities: authorities.unwrap_or_else(Authorities::public_web),
                hosts,
                proof,
                order_lifetime: time::Duration::hours(i64::try_from(hours).unwrap_or(3)),
                timeout: Duration::from_secs(seconds),
            }),
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
        for key in self.settings.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let description = format!("is no key of a PayPal account; there are {}", KEYS.join(", "));
            self.violations.push(Violation::new(key, description));
        }
    }

    fn optional<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let settings: &'a Map<String, Value> = self.settings;
        let text = settings.get(key)?.as_str().ok_or_else(|| "must be text".to_owned());
        let parsed = text.and_then(parse);
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

    /// One id as text, or a list of them.
    fn webhook_ids(&mut self) -> Vec<String> {
        let texts: Option<Vec<&str>> = match self.settings.get("webhook_ids") {
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
            Some(_) | None => None,
        };
        let texts = texts.filter(|texts| (1..=4).contains(&texts.len()));
        let Some(texts) = texts else {
            self.wrong(
                "webhook_ids",
                "is required: the ids of the webhooks of this account's URL, 1 to 4 of them",
            );
            return Vec::new();
        };
        if let Some(description) = texts.iter().find_map(|text| check_webhook_id(text).err()) {
            self.wrong("webhook_ids", description);
        }
        texts.into_iter().map(str::to_owned).collect()
    }

    fn webhook_verification(&mut self) -> WebhookVerification {
        let parse = |text: &str| match text {
            "local" => Ok(WebhookVerification::Local),
            "local_then_postback" => Ok(WebhookVerification::LocalThenPostback),
            "postback" => Ok(WebhookVerification::Postback),
            _ => Err("must be local, local_then_postback or postback".to_owned()),
        };
        self.optional("webhook_verification", parse).unwrap_or(WebhookVerification::Local)
    }

    /// A base URL is a simulator's: it takes the place of every host of PayPal's, so that nothing meant for the one
    /// reaches the other, and no play certificate is ever good for real money.
    fn hosts(&mut self, environment: Option<Environment>) -> Option<Hosts> {
        let environment = environment?;
        if self.settings.contains_key("base_url") && environment == Environment::Live {
            self.wrong("base_url", "must not be set beside environment = live: it is for simulators");
            return None;
        }
        let simulator = match self.settings.get("base_url") {
            Some(_) => Some(self.optional("base_url", parse_loopback)?),
            None => None,
        };
        let origin = simulator.as_ref().map(|url| url.origin().ascii_serialization());
        let real = || environment.certificate_origins().map(str::to_owned).to_vec();
        Some(Hosts {
            api: simulator.map_or_else(|| Url::parse(environment.api()), Ok).ok()?,
            certificate_origins: origin.clone().map_or_else(real, |origin| vec![origin]),
            simulator: origin,
            environment,
        })
    }

    fn number(&mut self, key: &str, admitted: std::ops::RangeInclusive<u64>, default: u64) -> u64 {
        let number = match self.settings.get(key) {
            None => Some(default),
            Some(value) => value.as_u64().filter(|number| admitted.contains(number)),
        };
        if number.is_none() {
            self.wrong(key, format!("must be a whole number of {} to {}", admitted.start(), admitted.end()));
        }
        number.unwrap_or(default)
    }
}

fn parse_environment(text: &str) -> Result<Environment, String> {
    match text {
        "live" => Ok(Environment::Live),
        "sandbox" => Ok(Environment::Sandbox),
        _ => Err("must be live or sandbox".to_owned()),
    }
}

/// Basic authentication ends the client id at the first colon.
fn parse_credential(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches(['\r', '\n']);
    let valid =
        (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if valid {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 256 visible ASCII characters without a colon".to_owned())
    }
}

fn parse_merchant_id(text: &str) -> Result<Payee, String> {
    let admitted = |byte: u8| matches!(byte, b'2'..=b'9' | b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'Z');
    let valid = text.len() == 13 && text.bytes().all(admitted);
    let payee = Payee::parse(text).ok().filter(|_| valid);
    payee.ok_or_else(|| {
        "must be the 13 characters of the PayPal merchant id, such as ABCDEFGH23456".to_owned()
    })
}

fn check_webhook_id(text: &str) -> Result<(), String> {
    if text == DASHBOARD_WEBHOOK_ID {
        return Err("must not hold WEBHOOK_ID: anyone can have PayPal sign test events with it".to_owned());
    }
    let valid = (1..=50).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if valid { Ok(()) } else { Err("must be webhook ids of 1 to 50 letters and digits".to_owned()) }
}

fn parse_loopback(text: &str) -> Result<Url, String> {
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
        _ if !bare => Err("must have no path, query, fragment or user".to_owned()),
        "http" | "https" if loopback => Ok(url),
        _ => Err("must be a loopback address such as http://127.0.0.1:9000: it is for simulators".to_owned()),
    }
}

#[cfg(test)]
mod tests;
