//! The sections of the configuration that have no file of their own: their types, limits and defaults.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::section::Section;
use crate::{
    app::{FeedSettings, command::EarlierAttemptPolicy},
    jobs,
    serve::TlsFiles,
};

/// `[grpc]`
#[derive(Debug, Clone)]
pub struct Grpc {
    /// Where callers reach the service.
    pub listen: SocketAddr,
    /// The longest request, in bytes.
    pub max_message_bytes: usize,
    /// The most connections at a time.
    pub max_connections: usize,
    /// The most calls at a time on one connection.
    pub max_concurrent_streams: u32,
    /// How long a call may take before it is given up; what it began is finished all the same.
    pub request_deadline: Duration,
    /// How long a new connection may take for its handshake and first words.
    pub header_timeout: Duration,
    /// How long it may then take until a call shows a key.
    pub first_call_timeout: Duration,
    /// How often a merchant or an operator may call, unless their section says otherwise.
    pub rate: Rate,
    /// The certificate that callers verify, and whose certificates they show; none for plain text.
    pub tls: Option<TlsFiles>,
}

/// How often one of them may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub calls_per_second: u32,
    /// At once, after a pause.
    pub calls_burst: u32,
}

impl Rate {
    /// Reads the rate from the section that it is for; what it does not say is `otherwise`.
    pub(super) fn read(section: &mut Section<'_>, otherwise: Self) -> Option<Self> {
        let calls_per_second = section.integer("calls_per_second", 1..=1_000_000, otherwise.calls_per_second);
        let calls_burst = section.integer("calls_burst", 1..=1_000_000, otherwise.calls_burst);
        Some(Self { calls_per_second: calls_per_second?, calls_burst: calls_burst? })
    }
}

/// What one merchant may do where nothing is said: more than one replica can serve, and less than keeps it from the others.
const USUAL_RATE: Rate = Rate { calls_per_second: 5000, calls_burst: 10_000 };

impl Grpc {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let listen = section.address("listen", loopback(50051));
        let max_message_bytes = section.size("max_message_bytes", 4096..=16_777_216, 1_048_576);
        let max_connections = section.size("max_connections", 1..=100_000, 1024);
        let max_concurrent_streams = section.integer("max_concurrent_streams", 1..=10_000, 256);
        let request_deadline = section.seconds("request_deadline_seconds", 1..=300, 30);
        let header_timeout = section.seconds("header_timeout_seconds", 1..=60, 5);
        let first_call_timeout = section.seconds("first_call_timeout_seconds", 1..=3600, 60);
        let rate = Rate::read(&mut section, USUAL_RATE);
        let allow_plaintext = section.flag("allow_plaintext", false);
        let tls = section.optional_subsection("tls");
        if let (Some(listen), None, Some(false)) = (listen, &tls, allow_plaintext)
            && !listen.ip().is_loopback()
        {
            let problem = format!("API keys would cross the network to {listen} unencrypted");
            let remedy = "Write [grpc.tls] with a certificate, or allow_plaintext = true where something else encrypts";
            section.violation("listen", problem, remedy);
        }
        let tls = tls.map(|tls| read_tls(tls, ClientCertificates::Optional));
        section.finish();
        Some(Self {
            listen: listen?,
            max_message_bytes: max_message_bytes?,
            max_connections: max_connections?,
            max_concurrent_streams: max_concurrent_streams?,
            request_deadline: request_deadline?,
            header_timeout: header_timeout?,
            first_call_timeout: first_call_timeout?,
            rate: rate?,
            tls: match tls {
                Some(tls) => Some(tls?),
                None => None,
            },
        })
    }
}

/// Whether a listener may ask its clients for certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientCertificates {
    Optional,
    /// Channels show none.
    Never,
}

/// Reads the files' names, and the files: a certificate that cannot be used is a mistake of the configuration.
fn read_tls(mut section: Section<'_>, clients: ClientCertificates) -> Option<TlsFiles> {
    let certificate = section.required_text("certificate_file", "Name the PEM file of the certificate chain");
    let private_key = section.required_text("private_key_file", "Name the PEM file of the certificate's key");
    let authorities = match clients {
        ClientCertificates::Optional => section.optional_text(
            "client_certificate_authorities_file",
            "Name the PEM file of those who sign clients",
        ),
        ClientCertificates::Never => Some(None),
    };
    let files = TlsFiles {
        certificate: section.path_of(&certificate?),
        private_key: section.path_of(&private_key?),
        client_authorities: authorities?.map(|file| section.path_of(&file)),
    };
    let checked = files.check();
    if let Err(problem) = &checked {
        section.violation(problem.key, problem.to_string(), "Give the path of a PEM file that is in order");
    }
    section.finish();
    checked.ok().map(|()| files)
}

/// `[callbacks]`
#[derive(Debug, Clone)]
pub struct Callbacks {
    /// Where channels reach us, behind the operator's TLS.
    pub listen: SocketAddr,
    /// The address under which channels know us, without a slash at its end.
    pub public_url: Url,
    /// The longest body, in bytes.
    pub body_limit: usize,
    /// The longest head of a request, in bytes.
    pub header_limit: usize,
    /// How long the head may take to arrive, and then how long body and handling may take together.
    pub deadline: Duration,
    /// The most connections at a time.
    pub max_connections: usize,
    /// The most notifications being handled at a time.
    pub max_concurrent: usize,
    /// The certificate of `listen`; none where something before it ends TLS.
    pub tls: Option<TlsFiles>,
}

impl Callbacks {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let listen = section.address("listen", loopback(8080));
        let allow_insecure = section.flag("allow_insecure", false);
        let public_url = public_url(&mut section, allow_insecure.unwrap_or(false));
        let body_limit = section.size("body_limit_bytes", 16_384..=16_777_216, 1_048_576);
        let header_limit = section.size("header_limit_bytes", 8192..=65_536, 16_384);
        let deadline = section.seconds("deadline_seconds", 1..=30, 4);
        let max_connections = section.size("max_connections", 1..=100_000, 1024);
        let max_concurrent = section.size("max_concurrent", 1..=10_000, 64);
        let tls = section.optional_subsection("tls").map(|tls| read_tls(tls, ClientCertificates::Never));
        section.finish();
        Some(Self {
            listen: listen?,
            public_url: public_url?,
            body_limit: body_limit?,
            header_limit: header_limit?,
            deadline: deadline?,
            max_connections: max_connections?,
            max_concurrent: max_concurrent?,
            tls: match tls {
                Some(tls) => Some(tls?),
                None => None,
            },
        })
    }
}

/// Notifications name payers and amounts, so plain HTTP and addresses that no channel can reach need a word of consent.
fn public_url(section: &mut Section<'_>, allow_insecure: bool) -> Option<Url> {
    let remedy = "Write the https:// address under which channels reach [callbacks].listen";
    let text = section.required_text("public_url", remedy)?;
    let problem = match Url::parse(&text) {
        Err(error) => format!("{text:?} is no URL: {error}"),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            "has a query or a fragment, which channels refuse".to_owned()
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => "holds credentials".to_owned(),
        Ok(url) => match (url.scheme(), allow_insecure) {
            ("http", true) => return Some(without_slash(url)),
            ("https", _) if allow_insecure || is_public(&url) => return Some(without_slash(url)),
            ("https", _) => "names an address that no channel can reach".to_owned(),
            ("http", false) => {
                "is not encrypted (https). For a sandbox, allow_insecure = true permits it".to_owned()
            }
            _ => "must begin with https://".to_owned(),
        },
    };
    section.violation("public_url", problem, remedy);
    None
}

fn without_slash(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

/// Whether a channel on the internet may reach the host, as far as its name tells.
fn is_public(url: &Url) -> bool {
    match url.host() {
        None => false,
        Some(Host::Domain(name)) => {
            name != "localhost" && !name.ends_with(".localhost") && name.contains('.')
        }
        Some(Host::Ipv4(ip)) => {
            !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified())
        }
        Some(Host::Ipv6(ip)) => !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local()),
    }
}

/// `[admin]`
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where operators' probes reach us. Not for the world.
    pub listen: SocketAddr,
}

impl Admin {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let listen = section.address("listen", loopback(9090));
        section.finish();
        Some(Self { listen: listen? })
    }
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// Which lines are written, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Log {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let format = section.word("format", &[("json", LogFormat::Json), ("text", LogFormat::Text)]);
        let remedy = "Write a level or a list such as \"info,payment_server=debug\"";
        let filter = section.optional_text("filter", remedy);
        let filter = filter.map(|filter| filter.unwrap_or_else(|| "info".to_owned()));
        let filter = filter.filter(|filter| match EnvFilter::builder().parse(filter) {
            Ok(_) => true,
            Err(error) => {
                section.violation("filter", format!("{filter:?} is no filter: {error}"), remedy);
                false
            }
        });
        section.finish();
        Some(Self { format: format?, filter: filter? })
    }
}

/// `[traces]`
#[derive(Debug, Clone)]
pub struct Traces {
    /// Where spans go by OTLP over gRPC; nowhere if absent.
    pub otlp_endpoint: Option<Url>,
    /// How many of a thousand calls are traced whose caller did not decide.
    pub sampled_per_thousand: u16,
}

impl Traces {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let remedy = "Write http://host:4317, or leave it out to send no spans";
        let otlp_endpoint = section.optional_text("otlp_endpoint", remedy).and_then(|text| {
            match text.map(|text| Url::parse(&text)) {
                None => Some(None),
                Some(Ok(url)) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Some(Some(url))
                }
                Some(Ok(_) | Err(_)) => {
                    section.violation("otlp_endpoint", "is no address of a collector", remedy);
                    None
                }
            }
        });
        let sampled = section.integer("sampled_per_thousand", 0..=1000, 1000);
        section.finish();
        let sampled_per_thousand = sampled.and_then(|sampled| u16::try_from(sampled).ok());
        Some(Self { otlp_endpoint: otlp_endpoint?, sampled_per_thousand: sampled_per_thousand? })
    }

    /// The same as a share of one.
    #[expect(
        clippy::float_arithmetic,
        reason = "OpenTelemetry's sampler wants a share; no money is counted here"
    )]
    pub(crate) fn sampled_share(&self) -> f64 {
        f64::from(self.sampled_per_thousand) / 1000.0
    }
}

/// `[payments]`
#[derive(Debug, Clone)]
pub struct Payments {
    /// How long a payer may pay if the caller does not say.
    pub default_time_to_pay: Duration,
    /// How long `CreatePayment` waits for the channels' answers about earlier attempts (R11).
    pub earlier_attempts_deadline: Duration,
    /// What it does if they do not answer.
    pub earlier_attempt_policy: EarlierAttemptPolicy,
}

impl Payments {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let default_time_to_pay = section.seconds("default_time_to_pay_seconds", 60..=1_296_000, 1800);
        let earlier_attempts_deadline = section.seconds("earlier_attempts_deadline_seconds", 1..=60, 5);
        let policies = [("refuse", EarlierAttemptPolicy::Refuse), ("proceed", EarlierAttemptPolicy::Proceed)];
        let earlier_attempt_policy = section.word("earlier_attempt_policy", &policies);
        section.finish();
        Some(Self {
            default_time_to_pay: default_time_to_pay?,
            earlier_attempts_deadline: earlier_attempts_deadline?,
            earlier_attempt_policy: earlier_attempt_policy?,
        })
    }
}

/// `[jobs]`
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    /// Whether `serve` runs the jobs. One look by hand is possible all the same.
    pub enabled: bool,
    /// How they work.
    pub settings: jobs::Settings,
}

impl Jobs {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let enabled = section.flag("enabled", true);
        let interval = section.milliseconds("interval_milliseconds", 100..=60_000, 1000);
        let batch = section.integer("batch", 1..=1000, 32).and_then(|batch| u16::try_from(batch).ok());
        let lease = section.seconds("lease_seconds", 10..=3600, 120);
        let calls_in_flight = section.size("calls_in_flight", 1..=1000, 8);
        section.finish();
        let settings = jobs::Settings {
            interval: interval?,
            batch: batch?,
            lease: lease?,
            calls_in_flight: calls_in_flight?,
        };
        Some(Self { enabled: enabled?, settings })
    }
}

/// `[events]`
#[derive(Debug, Clone, Copy)]
pub struct Events {
    /// The most streams of events at a time.
    pub max_streams: usize,
    /// How the feeds are kept.
    pub settings: FeedSettings,
}

impl Events {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let max_streams = section.size("max_streams", 1..=100_000, 10_000);
        let interval = section.milliseconds("interval_milliseconds", 50..=60_000, 500);
        let keep = section.integer("keep_days", 0..=36_500, 0);
        section.finish();
        let keep = Some(keep?).filter(|days| *days > 0).map(|days| time::Duration::days(days.into()));
        Some(Self { max_streams: max_streams?, settings: FeedSettings { interval: interval?, keep } })
    }
}

/// `[channel_http]`
#[derive(Debug, Clone)]
pub struct ChannelHttp {
    /// How long name resolution, connecting and the TLS handshake may take together.
    pub connect_timeout: Duration,
    /// The longest answer, in bytes.
    pub response_limit: usize,
    /// A proxy for all calls to channels. None is taken from the environment.
    pub proxy: Option<Url>,
}

impl ChannelHttp {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let connect_timeout = section.seconds("connect_timeout_seconds", 1..=30, 3);
        let response_limit = section.size("response_limit_bytes", 65_536..=67_108_864, 4_194_304);
        let remedy = "Write http://host:port, or leave it out for none";
        let proxy = section.optional_text("proxy", remedy).and_then(|text| {
            match text.map(|text| Url::parse(&text)) {
                None => Some(None),
                Some(Ok(url)) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    Some(Some(url))
                }
                Some(Ok(_) | Err(_)) => {
                    section.violation("proxy", "is no HTTP address", remedy);
                    None
                }
            }
        });
        section.finish();
        Some(Self { connect_timeout: connect_timeout?, response_limit: response_limit?, proxy: proxy? })
    }
}

/// `[retention]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long the raw words of channels and apps are kept; for good if not given.
    pub raw_words: Option<time::Duration>,
}

impl Retention {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let given = section.optional_integer("raw_days", 30..=36_500);
        section.finish();
        Some(Self { raw_words: given?.map(|days| time::Duration::days(i64::from(days))) })
    }
}

/// `[shutdown]`
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// How long what was begun may take to finish after the signal to stop.
    pub grace: Duration,
}

impl Shutdown {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let grace = section.seconds("grace_seconds", 1..=600, 20);
        section.finish();
        Some(Self { grace: grace? })
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
