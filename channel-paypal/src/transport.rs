//! One call to PayPal: authorized, sent, answered, and the answer told apart from errors.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payment_core::{
    evidence::ChannelEvidence,
    gateway::GatewayError,
    identifiers::KeySerial,
    ports::{HttpError, HttpMethod, HttpRequest, HttpResponse, Ports},
};
use secrecy::ExposeSecret as _;
use time::OffsetDateTime;
use url::Url;

use crate::{
    CHANNEL,
    codes::{self, Meaning},
    config::Config,
    request::Call,
    response::ErrorBody,
    token::{Token, TokenStore, Turn},
};

const USER_AGENT: &str = concat!("payment-gateway channel-paypal/", env!("CARGO_PKG_VERSION"));

/// A certificate is small and not worth waiting for: PayPal sends a webhook again.
const CERTIFICATE_TIMEOUT: Duration = Duration::from_secs(5);

/// An account's way to PayPal.
pub(crate) struct Transport {
    pub(crate) config: Config,
    ports: Ports,
    tokens: TokenStore,
}

/// An answer that came.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A 200, 201 or 204.
    Done(Words),
    /// An error with its meaning.
    Error(ErrorAnswer),
}

/// What PayPal answered to a request that it took.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) body: Vec<u8>,
    proof: KeySerial,
}

/// An error answer.
#[derive(Debug)]
pub(crate) struct ErrorAnswer {
    pub(crate) meaning: Meaning,
    status: u16,
    code: String,
    body: Vec<u8>,
}

impl Words {
    /// The answer as evidence. PayPal signs none; the host's TLS identity proves it.
    pub(crate) fn into_evidence(self) -> ChannelEvidence {
        ChannelEvidence { bytes: self.body, verified_by: Some(self.proof) }
    }
}

impl ErrorAnswer {
    /// The core's error.
    pub(crate) fn into_error(self) -> GatewayError {
        self.meaning.into_error(self.status, &self.code)
    }

    /// The answer as evidence, which proves no money.
    pub(crate) fn into_evidence(self) -> ChannelEvidence {
        ChannelEvidence { bytes: self.body, verified_by: None }
    }
}

impl Answer {
    /// The words, or the error that the other one means.
    pub(crate) fn done(self) -> Result<Words, GatewayError> {
        match self {
            Self::Done(words) => Ok(words),
            Self::Error(error) => Err(error.into_error()),
        }
    }
}

impl Transport {
    /// The way of a checked account.
    pub(crate) fn new(config: Config, ports: Ports) -> Self {
        Self { config, ports, tokens: TokenStore::default() }
    }

    /// The present instant.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.ports.clock.now()
    }

    /// Sends `call`. After a 401 it is sent once more with a new token and the same request id, and not again.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, GatewayError> {
        let token = self.token().await?;
        let response = self.send(call, &token).await?;
        if response.status != 401 {
            return Ok(self.read(call, response));
        }
        self.tokens.forget(&token);
        let renewed = self.token().await?;
        if renewed.is_same(&token) {
            tracing::error!(channel.name = CHANNEL, "PayPal refuses the token that it gives out");
            return Ok(self.read(call, response));
        }
        let response = self.send(call, &renewed).await?;
        if response.status == 401 {
            tracing::error!(channel.name = CHANNEL, "PayPal refuses a token that it just gave out");
        }
        Ok(self.read(call, response))
    }

    fn read(&self, call: &Call, response: HttpResponse) -> Answer {
        // Which of the three a write gives differs between PayPal's own documents.
        if matches!(response.status, 200 | 201 | 204) {
            return Answer::Done(Words { body: response.body, proof: self.config.proof.clone() });
        }
        let body = ErrorBody::read(&response.body);
        let issues = body.issues();
        let meaning = codes::meaning(call.operation, response.status, body.name(), &issues);
        let code = issues.first().copied().unwrap_or_else(|| body.name()).to_owned();
        tracing::warn!(
            channel.name = CHANNEL,
            channel.operation = call.operation.as_str(),
            http.status = response.status,
            error.name = body.name(),
            error.issues = ?issues,
            ?meaning,
            "error answer"
        );
        Answer::Error(ErrorAnswer { meaning, status: response.status, code, body: response.body })
    }

    async fn send(&self, call: &Call, token: &Token) -> Result<HttpResponse, GatewayError> {
        let mut headers = vec![
            ("accept", "application/json".to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            ("authorization", token.authorization()),
        ];
        if call.method != HttpMethod::Get {
            headers.push(("content-type", "application/json".to_owned()));
            headers.push(("prefer", "return=representation".to_owned()));
        }
        if let Some(request_id) = &call.request_id {
            headers.push(("paypal-request-id", request_id.clone()));
        }
        let request = HttpRequest {
            method: call.method,
            url: self.address(&call.path),
            headers,
            body: call.body.clone(),
            timeout: self.config.timeout,
        };
        self.exchange(call.operation.as_str(), request).await.map_err(|error| match error {
            HttpError::NotSent(problem) => GatewayError::NotSent(problem),
            HttpError::Unknown(problem) => GatewayError::Unknown(problem),
        })
    }

    fn address(&self, path: &str) -> Url {
        let mut url = self.config.hosts.api.clone();
        url.set_path(path);
        url
    }

    /// The token; whatever keeps it from being had, the call that needs it was not sent.
    async fn token(&self) -> Result<Arc<Token>, GatewayError> {
        let now = self.now();
        let fetched = match self.tokens.turn(now).await {
            Turn::Token(token) => return Ok(token),
            Turn::JustFailed => Err("another call just failed to get it".to_owned()),
            Turn::Fetch(turn) => {
                let fetched = self.fetch_token(now).await.map(Arc::new);
                self.tokens.fetched(fetched.as_ref().ok());
                drop(turn);
                fetched
            }
        };
        fetched.or_else(|problem| {
            let problem = format!("no OAuth token: {problem}");
            tracing::warn!(channel.name = CHANNEL, %problem, "token");
            self.tokens.usable(now).ok_or(GatewayError::NotSent(problem))
        })
    }

    async fn fetch_token(&self, now: OffsetDateTime) -> Result<Token, String> {
        let config = &self.config;
        let credentials = format!("{}:{}", config.client_id, config.client_secret.expose_secret());
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: self.address("/v1/oauth2/token"),
            headers: vec![
                ("accept", "application/json".to_owned()),
                ("user-agent", USER_AGENT.to_owned()),
                ("authorization", format!("Basic {}", STANDARD.encode(credentials))),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ],
            body: b"grant_type=client_credentials".to_vec(),
            timeout: config.timeout,
        };
        let response = self.exchange("token", request).await.map_err(|error| error.to_string())?;
        match response.status {
            200 => Token::read(&response.body, now).map_err(|error| error.to_string()),
            401 => {
                Err("HTTP 401: client_id or client_secret is wrong, or of the other environment".to_owned())
            }
            status => Err(format!("HTTP {status} {}", ErrorBody::read(&response.body).name())),
        }
    }

    /// Fetches a certificate from an address that was found to be PayPal's. Without any credentials.
    pub(crate) async fn fetch_certificate(&self, url: Url) -> Result<HttpResponse, HttpError> {
        let headers = vec![("accept", "*/*".to_owned()), ("user-agent", USER_AGENT.to_owned())];
        let timeout = CERTIFICATE_TIMEOUT;
        let request = HttpRequest { method: HttpMethod::Get, url, headers, body: Vec::new(), timeout };
        self.exchange("certificate", request).await
    }

    /// One line for each call, with the number that PayPal's support asks for.
    async fn exchange(&self, operation: &str, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.ports.http.send(request).await;
        match &answer {
            Ok(response) => tracing::info!(
                channel.name = CHANNEL,
                channel.operation = operation,
                http.status = response.status,
                debug_id = response.header("paypal-debug-id").unwrap_or_default(),
                "called"
            ),
            Err(error) => {
                tracing::warn!(channel.name = CHANNEL, channel.operation = operation, %error, "called")
            }
        }
        answer
    }
}
