//! One call to WeChat: signed, sent, answered, and the answer proven or not believed.

use async_lock::{Mutex, MutexGuard};
use payment_core::{
    evidence::ChannelEvidence,
    gateway::{GatewayError, Reason},
    identifiers::KeySerial,
    ports::{self, HttpError, HttpRequest, HttpResponse, Ports},
    violation::Violation,
};
use time::OffsetDateTime;
use url::{Position, Url};

use crate::{
    certificates::{self, CertificatesRefused, Trust},
    codes::{self, Meaning, Operation},
    config::Config,
    keys::{KeySet, KeyStore},
    request::{self, Call},
    response::ErrorBody,
    sign::{self, Moment, SignedRequest},
    verify::{self, SignatureHeaders, Unproven},
};

/// Named so that WeChat's support can find our calls; a request without any is refused.
const USER_AGENT: &str = concat!("payment-gateway channel-wechat/", env!("CARGO_PKG_VERSION"));

/// An account's way to WeChat.
pub(crate) struct Transport {
    pub(crate) config: Config,
    pub(crate) ports: Ports,
    keys: KeyStore,
    /// Held by the task that downloads certificates.
    downloading: Mutex<()>,
}

/// An answer that came.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A 200 or 204 that WeChat signed.
    Proven(Proven),
    /// An error. WeChat does not sign all of them, so none proves anything about money.
    Error(ErrorAnswer),
}

/// A signed answer.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) body: Vec<u8>,
    pub(crate) verified_by: KeySerial,
}

/// An error answer with its meaning.
#[derive(Debug)]
pub(crate) struct ErrorAnswer {
    pub(crate) meaning: Meaning,
    status: u16,
    code: String,
    body: Vec<u8>,
}

impl Proven {
    /// The answer as evidence.
    pub(crate) fn into_evidence(self) -> ChannelEvidence {
        ChannelEvidence { bytes: self.body, verified_by: Some(self.verified_by) }
    }
}

impl ErrorAnswer {
    /// The core's error.
    pub(crate) fn into_error(self) -> GatewayError {
        self.meaning.into_error(self.status, &self.code)
    }

    /// The answer as evidence that nothing verified.
    pub(crate) fn into_evidence(self) -> ChannelEvidence {
        ChannelEvidence { bytes: self.body, verified_by: None }
    }
}

impl Answer {
    /// The proven answer, or the error that the other one means.
    pub(crate) fn proven(self) -> Result<Proven, GatewayError> {
        match self {
            Self::Proven(proven) => Ok(proven),
            Self::Error(error) => Err(error.into_error()),
        }
    }
}

/// Why platform certificates could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RefreshFailed {
    /// WeChat could not be reached, was busy or broken: the settings may be right all the same.
    #[error("GET /v3/certificates: {0}")]
    OutOfReach(GatewayError),
    /// WeChat refused.
    #[error("GET /v3/certificates: {0}")]
    Refused(GatewayError),
    /// The list is not to be trusted.
    #[error("GET /v3/certificates: {0}")]
    Untrusted(#[from] CertificatesRefused),
    /// The list's own signature is wrong.
    #[error("GET /v3/certificates: {0}")]
    Unproven(#[from] Unproven),
    /// The merchant has none, as is usual since September 2024.
    #[error(
        "this merchant has no platform certificates; configure wechatpay_public_key and wechatpay_public_key_id"
    )]
    NoCertificates,
}

impl RefreshFailed {
    /// The same as a violation of the key that can mend it.
    pub(crate) fn into_violation(self) -> Violation {
        let key = match &self {
            Self::Untrusted(CertificatesRefused::Sealed(_)) => "api_v3_key",
            Self::Untrusted(CertificatesRefused::Issuer(_)) => "platform_root_certificates",
            Self::NoCertificates => "wechatpay_public_key",
            Self::OutOfReach(_)
            | Self::Refused(_)
            | Self::Untrusted(CertificatesRefused::Form(_))
            | Self::Unproven(_) => "download_platform_certificates",
        };
        Violation::new(key, self.to_string())
    }
}

impl Transport {
    /// The way of a checked account, with the keys that need no call.
    pub(crate) fn new(config: Config, ports: Ports) -> Self {
        let keys = KeyStore::new(KeySet::new(config.channel_keys.public_key.clone()));
        Self { config, ports, keys, downloading: Mutex::new(()) }
    }

    /// The keys of WeChat at this moment.
    pub(crate) fn keys(&self) -> std::sync::Arc<KeySet> {
        self.keys.snapshot()
    }

    /// The present instant.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.ports.clock.now()
    }

    /// The present instant with fresh chance.
    pub(crate) fn moment(&self) -> Moment {
        Moment { timestamp: self.now().unix_timestamp(), nonce: ports::nonce(self.ports.randomness.as_ref()) }
    }

    /// Sends `call` and proves its answer. A success that nothing proves leaves the outcome unknown (R5).
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, GatewayError> {
        let response = self.send(call).await?;
        if !matches!(response.status, 200 | 204) {
            return Ok(Answer::Error(read_error(call.operation, response)));
        }
        let proof = match SignatureHeaders::of_response(&response) {
            Ok(headers) => self.prove(&headers, &response.body, self.now()).await,
            Err(missing) => Err(missing),
        };
        match proof {
            Ok(verified_by) => Ok(Answer::Proven(Proven { body: response.body, verified_by })),
            Err(unproven) => {
                let status = response.status;
                tracing::warn!(channel.operation = call.operation.as_str(), http.status = status, %unproven, "unproven answer");
                Err(GatewayError::Unknown(format!("HTTP {status} that is not proven: {unproven}")))
            }
        }
    }

    /// Proves signed bytes that came at `received`, with fresh certificates where the present ones are old or lack the
    /// serial.
    pub(crate) async fn prove(
        &self,
        headers: &SignatureHeaders<'_>,
        body: &[u8],
        received: OffsetDateTime,
    ) -> Result<KeySerial, Unproven> {
        let now = self.now();
        if self.keys.is_due(now) {
            // The keys at hand are good, so nobody waits for another task's download.
            if let Some(turn) = self.downloading.try_lock() {
                self.refresh_if_turn(&turn, now).await;
            }
        }
        match verify::prove(headers, body, &self.keys.snapshot(), received) {
            Err(Unproven::UnknownKey | Unproven::NoKeys) => {
                // Words under a new key come together: all of them wait for the one download (F41).
                let turn = self.downloading.lock().await;
                self.refresh_if_turn(&turn, now).await;
                drop(turn);
                verify::prove(headers, body, &self.keys.snapshot(), received)
            }
            proof => proof,
        }
    }

    /// A failed refresh leaves the keys as they are: most likely they are still good.
    async fn refresh_if_turn(&self, _turn: &MutexGuard<'_, ()>, now: OffsetDateTime) {
        let Some(trust) = &self.config.channel_keys.certificates else { return };
        if !self.keys.claim_refresh(now) {
            return;
        }
        match self.refresh(trust).await {
            Ok(()) => {}
            Err(failure) if self.keys().is_empty() => {
                tracing::error!(
                    mchid = %self.config.mchid, %failure,
                    "no platform certificates yet: nothing that WeChat says can be proven"
                );
            }
            Err(failure) => tracing::warn!(%failure, "platform certificates were not refreshed"),
        }
    }

    /// The first download. What WeChat answers decides whether the account opens; that it does not answer does not: one
    /// channel's outage must not keep the server, and with it every merchant, from starting again. Until a later use
    /// succeeds in downloading, answers are unknown and notifications are refused, so nothing unproven is believed.
    ///
    /// With a public key at hand, WeChat having no certificates for this merchant is no obstacle either.
    pub(crate) async fn load_certificates(&self) -> Result<(), Violation> {
        let Some(trust) = &self.config.channel_keys.certificates else { return Ok(()) };
        if matches!(trust, Trust::SealOnly) {
            tracing::warn!(
                mchid = %self.config.mchid,
                "no platform_root_certificates: downloaded certificates are trusted by api_v3_key and TLS alone"
            );
        }
        let has_public_key = self.config.channel_keys.public_key.is_some();
        match self.refresh(trust).await {
            Ok(()) => {}
            // Takes no turn, so that the first use tries again at once.
            Err(failure @ RefreshFailed::OutOfReach(_)) if !has_public_key => {
                tracing::error!(
                    mchid = %self.config.mchid, %failure,
                    "opened without platform certificates: nothing that WeChat says can be proven until a download succeeds"
                );
                return Ok(());
            }
            Err(
                failure @ (RefreshFailed::OutOfReach(_)
                | RefreshFailed::Refused(_)
                | RefreshFailed::NoCertificates),
            ) if has_public_key => {
                tracing::warn!(%failure, "going on with the WeChat Pay public key alone");
            }
            Err(failure) => return Err(failure.into_violation()),
        }
        self.keys.claim_refresh(self.now());
        Ok(())
    }

    /// Downloads, opens, checks and takes up the platform certificates. Their own answer is signed with one of them, or
    /// with a key that is known already.
    async fn refresh(&self, trust: &Trust) -> Result<(), RefreshFailed> {
        let call = request::certificates();
        let response = self.send(&call).await.map_err(RefreshFailed::OutOfReach)?;
        if response.status != 200 {
            return Err(no_list(read_error(call.operation, response)));
        }
        let now = self.now();
        let downloaded = certificates::read(&response.body, &self.config.api_v3_key, trust, now)?;
        if downloaded.is_empty() {
            return Err(RefreshFailed::NoCertificates);
        }
        let keys = KeySet::new(self.config.channel_keys.public_key.iter().cloned().chain(downloaded));
        let headers = SignatureHeaders::of_response(&response)?;
        verify::prove(&headers, &response.body, &self.keys.snapshot().with(&keys), now)?;
        self.keys.replace(keys, now);
        Ok(())
    }

    /// Sends to the main host, and to the backup one if the main one certainly did not get it. The signature does not
    /// cover the host, so it is the same request.
    async fn send(&self, call: &Call) -> Result<HttpResponse, GatewayError> {
        let hosts = &self.config.hosts;
        let request = self.signed(call, &hosts.main)?;
        let mut answer = self.ports.http.send(request.clone()).await;
        if let (Err(HttpError::NotSent(problem)), Some(backup)) = (&answer, &hosts.backup) {
            tracing::warn!(channel.operation = call.operation.as_str(), %problem, "main host not reached, taking the backup");
            answer = self.ports.http.send(HttpRequest { url: address(backup, call), ..request }).await;
        }
        log(call.operation, &answer);
        answer.map_err(|error| match error {
            HttpError::NotSent(problem) => GatewayError::NotSent(problem),
            HttpError::Unknown(problem) => GatewayError::Unknown(problem),
        })
    }

    fn signed(&self, call: &Call, host: &Url) -> Result<HttpRequest, GatewayError> {
        let url = address(host, call);
        // What is signed is cut from the very URL that is sent.
        let target = &url[Position::BeforePath..Position::AfterQuery];
        let signed = SignedRequest { method: call.method.as_str(), target, body: &call.body };
        let authorization =
            sign::authorization(&self.config.merchant_key, &self.config.mchid, &signed, &self.moment())
                .map_err(|failure| GatewayError::NotSent(failure.to_string()))?;
        let mut headers = vec![
            ("accept", "application/json".to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            ("authorization", authorization),
        ];
        if !call.body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        if let Some(serial) = self.wechatpay_serial(call) {
            headers.push(("wechatpay-serial", serial));
        }
        Ok(HttpRequest {
            method: call.method,
            url,
            headers,
            body: call.body.clone(),
            timeout: self.config.timeout,
        })
    }

    /// Names the key of encrypted fields, or asks WeChat to sign its answer with the public key.
    fn wechatpay_serial(&self, call: &Call) -> Option<String> {
        let public_key = || self.config.channel_keys.public_key.as_ref().map(|key| key.serial().to_string());
        call.encrypted_with.clone().or_else(public_key)
    }
}

fn address(host: &Url, call: &Call) -> Url {
    let mut url = host.clone();
    url.set_path(&call.path);
    url.set_query(call.query.as_deref());
    url
}

fn read_error(operation: Operation, response: HttpResponse) -> ErrorAnswer {
    let ErrorBody { code, message } = ErrorBody::read(&response.body);
    let meaning = codes::meaning(operation, response.status, &code);
    tracing::warn!(
        channel.operation = operation.as_str(),
        http.status = response.status,
        code,
        message,
        ?meaning,
        "error answer"
    );
    ErrorAnswer { meaning, status: response.status, code, body: response.body }
}

/// A merchant that has only the public key gets 404 `RESOURCE_NOT_EXISTS`. Any other 4xx is about our request, that is,
/// about the settings; but for 429, which like every 5xx says nothing about them.
fn no_list(error: ErrorAnswer) -> RefreshFailed {
    match error.meaning {
        Meaning::Refused(Reason::NotFound) => RefreshFailed::NoCertificates,
        Meaning::Refused(_) | Meaning::NotActed | Meaning::Unknown => {
            let is_about_us = (400..500).contains(&error.status) && error.status != 429;
            let failure = if is_about_us { RefreshFailed::Refused } else { RefreshFailed::OutOfReach };
            failure(error.into_error())
        }
    }
}

/// One line for each call, with the number that WeChat's support asks for.
fn log(operation: Operation, answer: &Result<HttpResponse, HttpError>) {
    let channel = "wechat";
    let operation = operation.as_str();
    match answer {
        Ok(response) => {
            let request_id = response.header("request-id").unwrap_or_default();
            tracing::info!(
                channel.name = channel,
                channel.operation = operation,
                http.status = response.status,
                request_id,
                "called"
            );
        }
        Err(error) => tracing::warn!(channel.name = channel, channel.operation = operation, %error, "called"),
    }
}
