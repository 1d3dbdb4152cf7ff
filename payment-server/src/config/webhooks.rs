//! `[webhooks]`, how events are delivered, and `[merchants.<id>.webhooks.<name>]`, to which endpoints.

use std::{collections::BTreeMap, time::Duration};

use payment_core::{identifiers::WebhookName, merchant_event::MerchantEvent};
use sha2::{Digest as _, Sha256};
use toml::Value;
use url::Url;

use super::{
    merchant::{identifier, typed},
    section::Section,
};
use crate::webhooks::{HttpSettings, Reach, Settings, SigningSecret, SigningSecrets, check_literal};

/// `[webhooks]`
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Whether `serve` delivers events. Elsewhere another replica must.
    pub enabled: bool,
    /// How they are delivered.
    pub settings: Settings,
    /// How endpoints are called.
    pub http: HttpSettings,
}

impl Webhooks {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let enabled = section.flag("enabled", true);
        let interval = section.milliseconds("interval_milliseconds", 100..=60_000, 1000);
        // Longer than the longest timeout_seconds, so that a replica that lives keeps what it has taken.
        let lease = section.seconds("lease_seconds", 90..=3600, 120);
        let pause_after = section.seconds("pause_after_seconds", 60..=2_592_000, 259_200);
        let retention = section.integer("retention_days", 1..=3650, 30);
        let connect_timeout = section.seconds("connect_timeout_seconds", 1..=30, 5);
        let excerpt_bytes = section.size("response_excerpt_bytes", 0..=4096, 512);
        let certificate_authorities = certificate_authorities(&mut section);
        section.finish();
        let settings = Settings {
            interval: interval?,
            lease: lease?,
            pause_after: pause_after?.try_into().unwrap_or(time::Duration::MAX),
            retention: time::Duration::days(retention?.into()),
        };
        let http = HttpSettings {
            connect_timeout: connect_timeout?,
            certificate_authorities: certificate_authorities?,
            excerpt_bytes: excerpt_bytes?,
        };
        Some(Self { enabled: enabled?, settings, http })
    }
}

#[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
fn certificate_authorities(section: &mut Section<'_>) -> Option<Option<String>> {
    let authorities = section.optional_file("certificate_authorities_file")?;
    let bundle = authorities.as_deref().map(|pem| reqwest::Certificate::from_pem_bundle(pem.as_bytes()));
    if bundle.is_some_and(|bundle| bundle.map_or(true, |certificates| certificates.is_empty())) {
        let remedy = "Name a PEM file with the certificates to trust beside the system's";
        section.violation("certificate_authorities_file", "holds no certificate that can be read", remedy);
        return None;
    }
    Some(authorities)
}

/// One endpoint of a merchant.
#[derive(Clone)]
pub struct WebhookEndpoint {
    /// Where it is. May hold a token, so it is not shown.
    pub url: Url,
    /// Where it may be.
    pub reach: Reach,
    /// What deliveries are signed with.
    pub secrets: SigningSecrets,
    /// Which events it wants; none named: all.
    pub events: Vec<MerchantEvent>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The most attempts that one process has under way at a time.
    pub concurrency: usize,
}

impl std::fmt::Debug for WebhookEndpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WebhookEndpoint").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// Digests of the secrets read so far, and the key where each stood.
pub(super) type SeenSecrets = BTreeMap<[u8; 32], String>;

pub(super) fn read_all(
    section: Section<'_>,
    seen: &mut SeenSecrets,
) -> Option<BTreeMap<WebhookName, WebhookEndpoint>> {
    let report = section.report;
    let read: Vec<_> = section
        .named_subsections()
        .into_iter()
        .map(|(name, section)| {
            let name = identifier(report, &section.path(), WebhookName::parse(&name));
            let endpoint = read(section, seen);
            Some((name?, endpoint?))
        })
        .collect();
    read.into_iter().collect()
}

fn read(mut section: Section<'_>, seen: &mut SeenSecrets) -> Option<WebhookEndpoint> {
    let allow_insecure = section.flag("allow_insecure", false);
    let allow_private = section.flag("allow_private", false);
    let reach = if allow_private.unwrap_or(false) { Reach::Anywhere } else { Reach::Public };
    let url = read_url(&mut section, allow_insecure.unwrap_or(false), reach);
    let secrets = read_secrets(&mut section, seen);
    let events = read_events(&mut section);
    let timeout = section.seconds("timeout_seconds", 1..=60, 15);
    let concurrency = section.size("concurrency", 1..=64, 8);
    section.finish();
    allow_insecure.and(allow_private)?;
    Some(WebhookEndpoint {
        url: url?,
        reach,
        secrets: secrets?,
        events: events?,
        timeout: timeout?,
        concurrency: concurrency?,
    })
}

/// The address is not repeated in what is told: its path may be all that protects it.
fn read_url(section: &mut Section<'_>, allow_insecure: bool, reach: Reach) -> Option<Url> {
    let remedy = "Write the https:// address of the endpoint";
    let text = section.required_text("url", remedy)?;
    let problem = match Url::parse(&text) {
        Err(error) => format!("is no URL: {error}"),
        Ok(url) if !matches!(url.scheme(), "https" | "http") || !url.has_host() => {
            "must begin with https://".to_owned()
        }
        Ok(url) if url.scheme() == "http" && !allow_insecure => {
            "is not encrypted (https). For a sandbox, allow_insecure = true permits it".to_owned()
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds credentials".to_owned(),
        Ok(url) if url.fragment().is_some() => "has a fragment, which is never sent".to_owned(),
        Ok(url) => match check_literal(&url, reach) {
            Ok(()) => return Some(url),
            Err(error) => format!("{error}. Inside one's own network, allow_private = true permits it"),
        },
    };
    section.violation("url", problem, remedy);
    None
}

const SECRET_REMEDY: &str = "Write what `payment-server generate-webhook-secret` prints";

fn read_secrets(section: &mut Section<'_>, seen: &mut SeenSecrets) -> Option<SigningSecrets> {
    let current = section.required_secret("secret", "secret_file", SECRET_REMEDY);
    let previous = section.optional_secret("previous_secret", "previous_secret_file", SECRET_REMEDY);
    let current = current.and_then(|text| read_secret(section, "secret", &text, seen));
    let previous = match previous? {
        None => None,
        Some(text) => Some(read_secret(section, "previous_secret", &text, seen)?),
    };
    Some(SigningSecrets { current: current?, previous })
}

/// Whoever knows one endpoint's secret could forge deliveries to another one that has the same.
fn read_secret(
    section: &Section<'_>,
    name: &str,
    text: &str,
    seen: &mut SeenSecrets,
) -> Option<SigningSecret> {
    let secret = SigningSecret::parse(text);
    let secret =
        secret.inspect_err(|error| section.violation(name, error.to_string(), SECRET_REMEDY)).ok()?;
    match seen.insert(Sha256::digest(secret.bytes()).into(), section.key(name)) {
        None => Some(secret),
        Some(first) => {
            let remedy = "Generate a secret for each endpoint, and another one for each rotation";
            section.violation(name, format!("is the secret of {first}"), remedy);
            None
        }
    }
}

fn read_events(section: &mut Section<'_>) -> Option<Vec<MerchantEvent>> {
    let Some(value) = section.take("events") else { return Some(Vec::new()) };
    let names: Vec<_> = MerchantEvent::ALL.iter().map(|event| format!("{:?}", event.as_str())).collect();
    let remedy = format!("Write a list of some of {}, or leave it out for all of them", names.join(", "));
    let Value::Array(entries) = typed(section.report, &section.key("events"), value) else {
        section.violation("events", "must be a list of event types", remedy);
        return None;
    };
    let known =
        |entry: &Value| MerchantEvent::ALL.into_iter().find(|event| entry.as_str() == Some(event.as_str()));
    let events: Option<Vec<_>> = entries.iter().map(known).collect();
    let events = events.filter(|events| !events.is_empty());
    if events.is_none() {
        section.violation("events", "is empty or holds what is no event type", remedy);
    }
    events
}
