//! The certificates that sign webhooks: only ever fetched from PayPal's own hosts, kept, and fetched seldom.
//!
//! The address of a certificate comes from outside, in a header that nothing proves. So it must begin, letter for
//! letter, with one of the configured origins and PayPal's path; there is no parsing that could read it otherwise.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use payment_core::{
    gateway::{CallbackRejected, CallbackRejection},
    ports::{HttpError, HttpResponse},
};
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::{
    authority::{NotTrusted, Served, WebhookKey},
    config::Hosts,
    transport::Transport,
};

const PATH: &str = "/v1/notifications/certs/CERT-";

/// The largest answer that is looked at, in bytes.
const SIZE_LIMIT: usize = 65_536;

/// How many certificates are kept. PayPal uses one or two at a time.
const KEPT: usize = 16;

/// How many fetches a minute may have: callers can name certificates without end.
const FETCHES_A_MINUTE: u32 = 6;

/// How long an address that gave no certificate of PayPal's is not asked again.
const REFUSED_FOR: Duration = Duration::minutes(5);

/// An address that may be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateUrl(String);

impl CertificateUrl {
    /// Admits `text` if it is one of PayPal's, character for character.
    pub(crate) fn parse(text: &str, hosts: &Hosts) -> Option<Self> {
        let id = hosts
            .certificate_origins
            .iter()
            .find_map(|origin| text.strip_prefix(origin.as_str())?.strip_prefix(PATH))?;
        let admitted = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        ((1..=64).contains(&id.len()) && id.bytes().all(admitted)).then(|| Self(text.to_owned()))
    }
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoKey {
    /// Not an address of PayPal's; nothing was fetched.
    #[error("header paypal-cert-url is no address of PayPal's certificates in this environment")]
    Address,
    /// PayPal has no such certificate, or it is not trusted.
    #[error("the certificate {0}")]
    NotTrusted(#[from] NotTrusted),
    /// PayPal has none there.
    #[error("there is no certificate at paypal-cert-url: HTTP {0}")]
    Missing(u16),
    /// More certificates were named than we fetch; nothing was asked.
    #[error("too many certificates were fetched within this minute")]
    Busy,
    /// It could not be fetched now.
    #[error("the certificate could not be fetched: {0}")]
    Unavailable(String),
}

impl NoKey {
    /// The refusal of the webhook. What may be mended by waiting makes PayPal send it again.
    pub(crate) fn into_rejection(self) -> CallbackRejected {
        let kind = match &self {
            Self::Address | Self::NotTrusted(_) | Self::Missing(_) => CallbackRejection::UnknownKey,
            Self::Busy | Self::Unavailable(_) => CallbackRejection::ProofUnavailable,
        };
        CallbackRejected::new(kind, self.to_string())
    }
}

#[derive(Debug, Clone)]
enum Entry {
    Served(Served),
    Refused { why: NoKey, until: OffsetDateTime },
}

/// How many fetches the present minute has had.
struct Budget {
    minute: OffsetDateTime,
    used: u32,
}

/// The certificates at hand.
pub(crate) struct CertificateStore {
    entries: Mutex<BTreeMap<String, Entry>>,
    /// Held while one task fetches; the others wait, and find what it fetched.
    budget: async_lock::Mutex<Budget>,
}

impl CertificateStore {
    /// An empty store.
    pub(crate) fn new() -> Self {
        let budget = Budget { minute: OffsetDateTime::UNIX_EPOCH, used: 0 };
        Self { entries: Mutex::default(), budget: async_lock::Mutex::new(budget) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of the certificate at `url`, proven anew at each use.
    pub(crate) async fn key(&self, transport: &Transport, url: &str) -> Result<WebhookKey, NoKey> {
        let url = CertificateUrl::parse(url, &transport.config.hosts).ok_or(NoKey::Address)?;
        let now = transport.now();
        if let Some(known) = self.known(transport, &url, now) {
            return known;
        }
        let mut budget = self.budget.lock().await;
        if let Some(known) = self.known(transport, &url, now) {
            return known;
        }
        budget.take(now)?;
        let served = read(fetch(transport, &url).await?);
        let key = served.as_ref().map_err(Clone::clone).and_then(|served| prove(transport, served, now));
        match (&key, served) {
            (Ok(_), Ok(served)) => self.keep(&url, Entry::Served(served), now),
            (Err(NoKey::Unavailable(_)), _) => {}
            (Err(why), _) => {
                self.keep(&url, Entry::Refused { why: why.clone(), until: now + REFUSED_FOR }, now)
            }
            (Ok(_), Err(_)) => {}
        }
        key
    }

    /// What the store says; `None` sends the caller to fetch. A kept certificate that is trusted no more has ended, so
    /// it is fetched again.
    fn known(
        &self,
        transport: &Transport,
        url: &CertificateUrl,
        now: OffsetDateTime,
    ) -> Option<Result<WebhookKey, NoKey>> {
        let entry = self.lock().get(&url.0).cloned()?;
        match entry {
            Entry::Served(served) => prove(transport, &served, now).ok().map(Ok),
            Entry::Refused { why, until } => (now < until).then_some(Err(why)),
        }
    }

    /// Refusals make room first, and never push out a certificate.
    fn keep(&self, url: &CertificateUrl, entry: Entry, now: OffsetDateTime) {
        let mut entries = self.lock();
        entries.retain(|_, kept| !matches!(kept, Entry::Refused { until, .. } if *until <= now));
        if entries.len() >= KEPT {
            let refused = entries.iter().find(|(_, kept)| matches!(kept, Entry::Refused { .. }));
            let victim = refused.or_else(|| entries.iter().next()).map(|(url, _)| url.clone());
            if refused.is_none() && matches!(entry, Entry::Refused { .. }) {
                return;
            }
            victim.and_then(|url| entries.remove(&url));
        }
        entries.insert(url.0.clone(), entry);
    }
}

impl Budget {
    fn take(&mut self, now: OffsetDateTime) -> Result<(), NoKey> {
        if now - self.minute >= Duration::MINUTE || now < self.minute {
            *self = Self { minute: now, used: 0 };
        }
        if self.used >= FETCHES_A_MINUTE {
            return Err(NoKey::Busy);
        }
        self.used += 1;
        Ok(())
    }
}

fn prove(transport: &Transport, served: &Served, now: OffsetDateTime) -> Result<WebhookKey, NoKey> {
    let config = &transport.config;
    let key = config.authorities.prove(served, config.environment.certificate_name(), now);
    key.map_err(|error| {
        tracing::warn!(channel.name = crate::CHANNEL, %error, "a served webhook certificate");
        NoKey::NotTrusted(error)
    })
}

async fn fetch(transport: &Transport, url: &CertificateUrl) -> Result<HttpResponse, NoKey> {
    let url = Url::parse(&url.0).map_err(|_| NoKey::Address)?;
    transport.fetch_certificate(url).await.map_err(|error| match error {
        HttpError::NotSent(problem) | HttpError::Unknown(problem) => NoKey::Unavailable(problem),
    })
}

/// Redirects are not followed: they could lead anywhere.
fn read(response: HttpResponse) -> Result<Served, NoKey> {
    match response.status {
        200 if response.body.len() <= SIZE_LIMIT => Ok(Served::parse(&response.body)?),
        200 => Err(NoKey::NotTrusted(NotTrusted::Form)),
        status @ (429 | 500..=599) => Err(NoKey::Unavailable(format!("HTTP {status}"))),
        status => Err(NoKey::Missing(status)),
    }
}
