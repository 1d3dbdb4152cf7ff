//! Sends deliveries: to checked addresses only, following nothing, believing no more than a status, reading no more than a
//! limit.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use payment_core::webhook::AttemptResult;
use reqwest::{
    Certificate, Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::RETRY_AFTER,
    redirect, retry,
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use url::{Host, Url};

use super::address::{ForbiddenAddress, Reach};
use crate::ports::causes;

/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// Idle connections to one host.
const IDLE_CONNECTIONS: usize = 4;

/// How much of an answer's body is read so that its connection can be used again; a longer one ends it.
const READ_LIMIT: usize = 16 * 1024;

/// How long an answer's body is waited for. Its status has decided already.
const READ_TIME: Duration = Duration::from_secs(2);

/// What receivers see of us.
const USER_AGENT: &str = concat!("payment-server/", env!("CARGO_PKG_VERSION"));

/// Finds the addresses of a host.
#[async_trait::async_trait]
pub trait Names: Send + Sync {
    /// Every address of this host, with any port.
    async fn lookup(&self, host: &str) -> io::Result<Vec<SocketAddr>>;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

#[async_trait::async_trait]
impl Names for SystemNames {
    async fn lookup(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.collect())
    }
}

/// Looks a host up once for each connection and hands out what it checked: the connection goes to exactly these addresses,
/// so a name that leads elsewhere at a second look (DNS rebinding) leads nowhere.
struct CheckedNames {
    names: Arc<dyn Names>,
    reach: Reach,
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, reach) = (Arc::clone(&self.names), self.reach);
        Box::pin(async move {
            let addresses = names.lookup(name.as_str()).await?;
            // One address of the inside makes the whole name suspect.
            for address in &addresses {
                reach.check(address.ip())?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// One attempt, signed.
pub struct Attempt<'a> {
    /// The endpoint.
    pub url: &'a Url,
    /// Where the endpoint may be.
    pub reach: Reach,
    /// How long the whole exchange may take.
    pub timeout: Duration,
    /// `webhook-id`: the same in each attempt.
    pub id: &'a str,
    /// `webhook-timestamp`: of this attempt.
    pub time: OffsetDateTime,
    /// `webhook-signature`.
    pub signature: String,
    /// The bytes that were signed.
    pub body: Bytes,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub result: AttemptResult,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// How long the endpoint asks to be left alone.
    pub retry_after: Option<time::Duration>,
    /// Why there was no answer; names no URL.
    pub description: String,
    /// The beginning of the body of an answer other than 2xx, without control characters.
    pub excerpt: String,
}

impl Answer {
    /// No answer, for this reason.
    pub(crate) const fn failed(result: AttemptResult, description: String) -> Self {
        Self { result, status: None, retry_after: None, description, excerpt: String::new() }
    }
}

/// How endpoints are called.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// How long name resolution, connecting and the TLS handshake may take together.
    pub connect_timeout: Duration,
    /// Certificates to trust beside the system's, PEM.
    pub certificate_authorities: Option<String>,
    /// How many bytes of a refusal's body are kept.
    pub excerpt_bytes: usize,
}

/// HTTP/1.1 to endpoints. Certificates are verified; redirects, proxies of the environment, cookies and compression are
/// not for it.
pub struct WebhookHttp {
    clients: BTreeMap<Reach, Client>,
    excerpt_bytes: usize,
}

/// The client could not be made: no TLS roots on this system, or certificates that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot prepare HTTP for webhooks: {0}")]
pub struct WebhookHttpError(String);

impl WebhookHttp {
    /// Clients with these settings, for endpoints of these reaches.
    ///
    /// # Errors
    /// [`WebhookHttpError`] if the system offers no TLS roots or the certificates cannot be read.
    pub fn new(
        settings: &HttpSettings,
        names: &Arc<dyn Names>,
        reaches: impl IntoIterator<Item = Reach>,
    ) -> Result<Self, WebhookHttpError> {
        let reaches: BTreeSet<Reach> = reaches.into_iter().collect();
        let clients = reaches.into_iter().map(|reach| Ok((reach, client(settings, names, reach)?)));
        Ok(Self { clients: clients.collect::<Result<_, _>>()?, excerpt_bytes: settings.excerpt_bytes })
    }

    /// Sends one attempt. Whatever happens is an answer.
    pub async fn send(&self, attempt: Attempt<'_>) -> Answer {
        if let Err(forbidden) = check_literal(attempt.url, attempt.reach) {
            return Answer::failed(AttemptResult::AddressForbidden, forbidden.to_string());
        }
        let Some(client) = self.clients.get(&attempt.reach) else {
            return Answer::failed(AttemptResult::NotSent, "no client was made for its reach".to_owned());
        };
        let now = attempt.time;
        let request = client
            .post(attempt.url.clone())
            .timeout(attempt.timeout)
            .header("content-type", "application/json")
            .header("webhook-id", attempt.id)
            .header("webhook-timestamp", now.unix_timestamp())
            .header("webhook-signature", attempt.signature)
            .body(attempt.body);
        match request.send().await {
            Ok(response) => self.read(response, now).await,
            Err(error) => Answer::failed(failure(&error), causes(error)),
        }
    }

    async fn read(&self, response: Response, now: OffsetDateTime) -> Answer {
        let status = response.status().as_u16();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|text| read_retry_after(text, now));
        let result = AttemptResult::of_status(status, retry_after.is_some());
        let mut body = Vec::new();
        // What arrived until then is the excerpt.
        drop(tokio::time::timeout(READ_TIME, read_some(response, &mut body)).await);
        let limit = if result == AttemptResult::Delivered { 0 } else { self.excerpt_bytes };
        let excerpt = excerpt(&body, limit);
        Answer { result, status: Some(status), retry_after, description: String::new(), excerpt }
    }
}

/// What a URL with an address instead of a name says: no resolver is asked about it.
///
/// # Errors
/// [`ForbiddenAddress`] if an endpoint of this reach must not be there.
pub(crate) fn check_literal(url: &Url, reach: Reach) -> Result<(), ForbiddenAddress> {
    match url.host() {
        Some(Host::Ipv4(address)) => reach.check(address.into()).map(drop),
        Some(Host::Ipv6(address)) => reach.check(address.into()).map(drop),
        Some(Host::Domain(_)) | None => Ok(()),
    }
}

fn client(settings: &HttpSettings, names: &Arc<dyn Names>, reach: Reach) -> Result<Client, WebhookHttpError> {
    let authorities = settings.certificate_authorities.as_deref().unwrap_or_default();
    let authorities = Certificate::from_pem_bundle(authorities.as_bytes());
    let authorities = authorities.map_err(|error| WebhookHttpError(causes(error)))?;
    let built = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .http1_only()
        .tcp_nodelay(true)
        .user_agent(USER_AGENT)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .connect_timeout(settings.connect_timeout)
        .dns_resolver(Arc::new(CheckedNames { names: Arc::clone(names), reach }))
        .tls_certs_merge(authorities)
        .build();
    built.map_err(|error| WebhookHttpError(causes(error)))
}

/// Reads to the end or the limit, whichever comes first.
async fn read_some(mut response: Response, body: &mut Vec<u8>) {
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= READ_LIMIT {
            return;
        }
    }
}

fn excerpt(body: &[u8], limit: usize) -> String {
    let beginning = body.get(..limit).unwrap_or(body);
    let text = String::from_utf8_lossy(beginning);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Seconds or a date.
fn read_retry_after(text: &str, now: OffsetDateTime) -> Option<time::Duration> {
    let seconds = text.trim().parse::<u32>().ok().map(|seconds| time::Duration::seconds(seconds.into()));
    seconds.or_else(|| Some(OffsetDateTime::parse(text.trim(), &Rfc2822).ok()? - now))
}

fn failure(error: &reqwest::Error) -> AttemptResult {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<ForbiddenAddress>() {
            return AttemptResult::AddressForbidden;
        }
        cause = inner.source();
    }
    if error.is_builder() {
        AttemptResult::NotSent
    } else if error.is_connect() {
        AttemptResult::NotConnected
    } else if error.is_timeout() {
        AttemptResult::TimedOut
    } else {
        AttemptResult::Broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = datetime!(2026-11-27 08:00 UTC);
        let read = |text| read_retry_after(text, now);
        assert_eq!(read("120"), Some(time::Duration::seconds(120)));
        assert_eq!(read(" 0 "), Some(time::Duration::ZERO));
        assert_eq!(read("Fri, 27 Nov 2026 08:02:00 GMT"), Some(time::Duration::minutes(2)));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-5"), None);
    }

    #[test]
    fn an_excerpt_is_short_and_plain() {
        assert_eq!(excerpt(b"no\r\n\0 such\x1b[31m thing", 12), "no    such [");
        assert_eq!(excerpt(b"short", 512), "short");
        assert_eq!(excerpt("日本".as_bytes(), 4), "日\u{fffd}");
        assert_eq!(excerpt(b"nothing is kept", 0), "");
    }
}
