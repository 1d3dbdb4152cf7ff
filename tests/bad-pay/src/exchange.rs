//! Sends a call, proves its answer, and sorts every failure into one of the three certainties (R5).

use payment_core::{
    evidence::ChannelEvidence,
    gateway::{GatewayError, Reason},
    identifiers::KeySerial,
    ports::{self, HttpError, HttpRequest, HttpResponse, Ports},
};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;

use crate::{
    call::Call,
    config::Config,
    protocol::{self, Excuse, Refusal},
};

/// An answer that Bad Pay signed.
#[derive(Debug)]
pub(crate) struct Proven {
    body: Vec<u8>,
    verified_by: KeySerial,
}

impl Proven {
    /// Its content.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, GatewayError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| GatewayError::Unknown(format!("unreadable answer: {error}")))
    }

    /// Its words, to be kept.
    pub(crate) fn into_evidence(self) -> ChannelEvidence {
        ChannelEvidence { bytes: self.body, verified_by: Some(self.verified_by) }
    }
}

/// What a signed answer is.
pub(crate) enum Answer {
    /// What was asked for.
    Done(Proven),
    /// A refusal.
    Refused(Excuse, Proven),
}

impl Answer {
    /// The answer, where a refusal of any kind is a failure.
    pub(crate) fn done(self) -> Result<Proven, GatewayError> {
        match self {
            Self::Done(proven) => Ok(proven),
            Self::Refused(excuse, _) => Err(meaning(excuse)),
        }
    }
}

/// The way to one account.
pub(crate) struct Exchange {
    pub(crate) config: Config,
    /// Names the account's key in evidence.
    pub(crate) key_name: KeySerial,
    pub(crate) ports: Ports,
}

impl Exchange {
    /// Sends a call and believes nothing but a signed answer.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, GatewayError> {
        let nonce = ports::nonce(self.ports.randomness.as_ref());
        let request = self.request(call, nonce.clone())?;
        let response = self.ports.http.send(request).await.map_err(|error| match error {
            HttpError::NotSent(cause) => GatewayError::NotSent(cause),
            HttpError::Unknown(cause) => GatewayError::Unknown(cause),
        })?;
        // Bad Pay cannot sign for a key that it does not know, and looks at nothing else before the key.
        if response.status == Excuse::WrongKey.status() {
            return Err(GatewayError::NotSent("Bad Pay does not know this key".to_owned()));
        }
        self.prove(&response, &nonce)
            .ok_or_else(|| {
                GatewayError::Unknown(format!("an unproven answer with status {}", response.status))
            })
            .and_then(|proven| sort(response.status, proven))
    }

    fn request(&self, call: Call, nonce: String) -> Result<HttpRequest, GatewayError> {
        let url = self.config.base_url.join(&call.path);
        Ok(HttpRequest {
            method: call.method,
            url: url.map_err(|error| GatewayError::NotSent(error.to_string()))?,
            headers: vec![
                ("content-type", "application/json".to_owned()),
                (protocol::SHOP, self.config.shop.clone()),
                (protocol::KEY, self.config.key.expose_secret().to_owned()),
                (protocol::NONCE, nonce),
            ],
            body: call.body,
            timeout: self.config.timeout,
        })
    }

    fn prove(&self, response: &HttpResponse, nonce: &str) -> Option<Proven> {
        let expected = protocol::signature(self.config.key.expose_secret(), nonce, &response.body);
        let given = response.header(protocol::SIGNATURE)?.as_bytes();
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), given).ok()?;
        Some(Proven { body: response.body.clone(), verified_by: self.key_name.clone() })
    }
}

fn sort(status: u16, proven: Proven) -> Result<Answer, GatewayError> {
    match status {
        200 => Ok(Answer::Done(proven)),
        400..=499 => {
            let refusal: Refusal = proven.read()?;
            Ok(Answer::Refused(refusal.excuse, proven))
        }
        _ => Err(GatewayError::Unknown(format!("status {status}"))),
    }
}

/// The table of codes. What is not in it cannot be read, and so is unknown.
fn meaning(excuse: Excuse) -> GatewayError {
    let reason = match excuse {
        Excuse::WrongKey | Excuse::Busy => return GatewayError::NotSent(format!("{excuse:?}")),
        Excuse::NeverHeardOfIt => Reason::NotFound,
        Excuse::OtherContent => Reason::NumberReused,
        Excuse::Paid => Reason::AlreadyPaid,
        Excuse::Closed => Reason::AlreadyClosed,
        Excuse::Unpaid | Excuse::Nonsense => Reason::ChannelRejected,
        Excuse::TooMuch => Reason::RefundExceedsPaid,
        Excuse::TillEmpty => Reason::MerchantBalanceInsufficient,
    };
    GatewayError::Refused { reason, channel_code: format!("{excuse:?}") }
}
