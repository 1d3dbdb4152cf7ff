//! One call to Alipay: signed, sent, answered, and the answer proven or not believed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::{
    evidence::ChannelEvidence,
    gateway::GatewayError,
    identifiers::KeySerial,
    ports::{HttpError, HttpMethod, HttpRequest, HttpResponse, Ports},
};
use time::OffsetDateTime;

use crate::{
    certificates::CertificateRefused,
    codes::{self, Meaning, Operation},
    config::Config,
    encryption::ContentShut,
    form::{self, Form},
    keys::{KeySet, KeyStore, NamedBy, PlatformKey},
    request::{self, Call, Parameters},
    response::{self, Envelope, Head, Unreadable},
    verify::{self, Candidates, ProvenNode, SignedNode, Unproven},
};

/// Named so that Alipay's support can find our calls.
const USER_AGENT: &str = concat!("payment-gateway channel-alipay/", env!("CARGO_PKG_VERSION"));

/// An account's way to Alipay.
pub(crate) struct Transport {
    pub(crate) config: Config,
    ports: Ports,
    keys: KeyStore,
}

/// An answer that Alipay signed. What it says may still be a refusal.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What its codes mean.
    pub(crate) meaning: Meaning,
    /// The node, verified and decrypted.
    pub(crate) node: String,
    head: Head,
    body: Vec<u8>,
    verified_by: KeySerial,
}

impl Answer {
    /// The answer, if it says that the question was answered.
    pub(crate) fn done(self) -> Result<Self, GatewayError> {
        match self.meaning {
            Meaning::Done => Ok(self),
            Meaning::AwaitingPayer | Meaning::NotActed | Meaning::Refused(_) | Meaning::Unknown => {
                Err(self.into_error())
            }
        }
    }

    /// The core's error.
    pub(crate) fn into_error(self) -> GatewayError {
        self.meaning.into_error(&self.head.code, &self.head.sub_code)
    }

    /// The answer as evidence.
    pub(crate) fn into_evidence(self) -> ChannelEvidence {
        ChannelEvidence { bytes: self.body, verified_by: Some(self.verified_by) }
    }
}

/// Why a certificate could not be had.
#[derive(Debug, thiserror::Error)]
enum DownloadFailed {
    #[error(transparent)]
    Call(#[from] GatewayError),
    #[error(transparent)]
    Answer(#[from] Unreadable),
    #[error("the answer is {0} {1}")]
    Code(String, String),
    #[error("alipay_cert_content is not base64 of text")]
    Encoding,
    #[error("the downloaded certificate is refused: {0}")]
    Refused(#[from] CertificateRefused),
}

impl Transport {
    /// The way of a checked account.
    pub(crate) fn new(config: Config, ports: Ports) -> Self {
        let keys = KeyStore::new(config.keys.clone());
        let transport = Self { config, ports, keys };
        transport.warn_of_broken_chain();
        transport
    }

    /// Answers verify with the configured certificate all the same; its successor would not be taken.
    fn warn_of_broken_chain(&self) {
        let Some(rotation) = &self.config.trust else { return };
        if let Err(refused) = rotation.trust.check_issuer(&rotation.present, self.now()) {
            tracing::warn!(app_id = %self.config.identity.app_id, %refused, "alipay_certificate does not chain to alipay_root_certificates: no successor will");
        }
    }

    /// The keys of Alipay at this moment.
    pub(crate) fn keys(&self) -> std::sync::Arc<KeySet> {
        self.keys.snapshot()
    }

    /// The present instant.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.ports.clock.now()
    }

    /// Stamps and signs a call that the payer's side will make. Never encrypted: the wallet would not understand.
    pub(crate) fn signed(&self, call: &Call) -> Result<Parameters, GatewayError> {
        request::signed(call, &self.config.identity, &self.config.app_key, None, self.now())
    }

    /// Sends `call` and proves its answer. A success that nothing proves leaves the outcome unknown (R5).
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, GatewayError> {
        let content_key = self.config.content_key.as_ref();
        let config = &self.config;
        let parameters = request::signed(call, &config.identity, &config.app_key, content_key, self.now())?;
        let body = self.send(call.operation, parameters).await?;
        let envelope = Envelope::read(&body, &call.operation.node())?;
        let Some(signature) = envelope.signature.as_deref() else {
            return Err(unsigned(call.operation, &envelope));
        };
        let proven = self.prove(&envelope, signature).await.map_err(|unproven| {
            tracing::warn!(channel.operation = call.operation.method(), %unproven, "unproven answer");
            GatewayError::Unknown(format!("an answer that is not proven: {unproven}"))
        })?;
        self.read(call.operation, &envelope, proven, body)
    }

    fn read(
        &self,
        operation: Operation,
        envelope: &Envelope,
        proven: ProvenNode,
        body: Vec<u8>,
    ) -> Result<Answer, GatewayError> {
        let node = self.opened(proven.text)?;
        let head = Head::read(&node)?;
        // A node that is not the question's own answers nothing.
        let answered = codes::meaning(operation, &head.code, &head.sub_code);
        let done = matches!(answered, Meaning::Done | Meaning::AwaitingPayer);
        let meaning = if done && envelope.generic { Meaning::Unknown } else { answered };
        if meaning != Meaning::Done {
            tracing::warn!(
                channel.operation = operation.method(),
                code = head.code,
                sub_code = head.sub_code,
                ?meaning,
                "answer"
            );
        }
        Ok(Answer { meaning, node, head, body, verified_by: proven.verified_by })
    }

    /// The JSON of a proven node. Failures come back as plain objects though contents are encrypted.
    fn opened(&self, node: String) -> Result<String, GatewayError> {
        if !node.starts_with('"') {
            return Ok(node);
        }
        let ciphertext: String = response::json(&node)?;
        let key = self.config.content_key.as_ref().ok_or(ContentShut);
        key.and_then(|key| key.decrypt(&ciphertext)).map_err(|error| GatewayError::Unknown(error.to_string()))
    }

    /// Proves an answer, with a fresh certificate where it names one that is not known.
    async fn prove(&self, envelope: &Envelope, signature: &str) -> Result<ProvenNode, Unproven> {
        let candidates = match (&self.config.trust, envelope.certificate_serial.as_deref()) {
            (None, _) => Candidates::All,
            (Some(_), Some(serial)) => Candidates::Named(serial),
            (Some(_), None) => return Err(Unproven::KeyUnnamed),
        };
        let signed = SignedNode { text: &envelope.node, signature, candidates };
        match (verify::node(&signed, &self.keys(), self.now()), candidates) {
            (Err(Unproven::UnknownKey), Candidates::Named(serial)) => {
                self.download_if_turn(serial, NamedBy::Answer).await;
                verify::node(&signed, &self.keys(), self.now())
            }
            (proof, _) => proof,
        }
    }

    /// Proves a notification. It names its key unreliably, so every current one is tried before a new one is fetched.
    pub(crate) async fn prove_parameters(&self, form: &Form) -> Result<KeySerial, Unproven> {
        let proof = verify::parameters(form, &self.keys(), self.now());
        let unknown =
            form.get("alipay_cert_sn").filter(|serial| self.keys().find(serial, self.now()).is_none());
        match (proof, unknown) {
            (Err(Unproven::Signature), Some(serial)) => {
                self.download_if_turn(serial, NamedBy::Notification).await;
                verify::parameters(form, &self.keys(), self.now())
            }
            (proof, _) => proof,
        }
    }

    /// A failed download leaves the keys as they are: what named the serial may have been forged.
    async fn download_if_turn(&self, serial: &str, named_by: NamedBy) {
        let Some(rotation) = &self.config.trust else { return };
        let is_serial = serial.len() == 32 && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_serial || !self.keys.claim_download(named_by, self.now()) {
            return;
        }
        let downloaded = self.download(serial).await.and_then(|text| {
            rotation.trust.admit(&text, serial, self.now()).map_err(DownloadFailed::Refused)
        });
        match downloaded {
            Ok(key) => self.take_up(&key),
            Err(failure) => tracing::warn!(serial, %failure, "a certificate of Alipay's was not taken up"),
        }
    }

    fn take_up(&self, key: &PlatformKey) {
        self.keys.add(key);
        tracing::warn!(
            serial = %key.serial(),
            "Alipay signs with a new certificate; put it into alipay_certificate before the old one ends"
        );
    }

    /// The PEM text of a certificate. The answer is signed with a key that is not known, so nothing in it is believed but
    /// what [`crate::certificates::Trust`] proves.
    async fn download(&self, serial: &str) -> Result<String, DownloadFailed> {
        let call = request::download_certificate(serial)?;
        let body = self.send(call.operation, self.signed(&call)?).await?;
        let node = Envelope::read(&body, &call.operation.node())?.node;
        let head = Head::read(&node)?;
        if codes::meaning(call.operation, &head.code, &head.sub_code) != Meaning::Done {
            return Err(DownloadFailed::Code(head.code, head.sub_code));
        }
        let content = STANDARD.decode(response::certificate_content(&node)?);
        let text = content.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or(DownloadFailed::Encoding)
    }

    /// Sends signed parameters: the protocol's in the query, where the gateway finds the charset first, the content in the
    /// body. Alipay answers 200 to everything; anything else comes from something in between.
    async fn send(&self, operation: Operation, mut parameters: Parameters) -> Result<Vec<u8>, GatewayError> {
        let content = parameters.remove("biz_content").unwrap_or_default();
        let mut url = self.config.gateway.clone();
        url.set_query(Some(&request::encoded(&parameters)));
        let answer = self
            .ports
            .http
            .send(HttpRequest {
                method: HttpMethod::Post,
                url,
                headers: vec![
                    ("accept", "*/*".to_owned()),
                    ("user-agent", USER_AGENT.to_owned()),
                    ("content-type", "application/x-www-form-urlencoded;charset=utf-8".to_owned()),
                ],
                body: form::write([("biz_content", content.as_str())]).into_bytes(),
                timeout: self.config.timeout,
            })
            .await;
        log(operation, &answer);
        match answer {
            Ok(response) if response.status == 200 => Ok(response.body),
            Ok(response) => Err(GatewayError::Unknown(format!("HTTP {}", response.status))),
            Err(HttpError::NotSent(problem)) => Err(GatewayError::NotSent(problem)),
            Err(HttpError::Unknown(problem)) => Err(GatewayError::Unknown(problem)),
        }
    }
}

/// What an answer without a signature leaves open. It never refuses and never proves.
fn unsigned(operation: Operation, envelope: &Envelope) -> GatewayError {
    let Head { code, sub_code } = Head::read(&envelope.node).unwrap_or_default();
    let meaning = codes::unsigned(&code);
    tracing::warn!(channel.operation = operation.method(), code, sub_code, ?meaning, "unsigned answer");
    match meaning {
        Meaning::NotActed => GatewayError::NotSent(format!("{code} {sub_code}, unsigned")),
        Meaning::Done | Meaning::AwaitingPayer | Meaning::Refused(_) | Meaning::Unknown => {
            GatewayError::Unknown(format!("an answer that is not signed: {code} {sub_code}"))
        }
    }
}

/// One line for each call, with the number that Alipay's support asks for.
fn log(operation: Operation, answer: &Result<HttpResponse, HttpError>) {
    let channel = "alipay";
    let operation = operation.method();
    match answer {
        Ok(response) => {
            let trace_id = response.header("trace_id").unwrap_or_default();
            tracing::info!(
                channel.name = channel,
                channel.operation = operation,
                http.status = response.status,
                trace_id,
                "called"
            );
        }
        Err(error) => tracing::warn!(channel.name = channel, channel.operation = operation, %error, "called"),
    }
}
