//! The five `Wechatpay-*` headers of answers and notifications, and the ways in which they can be made wrong.

use time::{Duration, OffsetDateTime};

use super::fault::{Fault, NotificationFault};
use super::identifiers;
use super::merchant::ChannelKey;
use crate::rsa::{KeyError, RsaKey};

/// What is wrong with one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defect {
    Probe,
    WrongKey,
    UnknownSerial,
    MissingHeaders,
    StaleTimestamp,
    AlteredBody,
}

impl Defect {
    pub(super) const fn of_answer(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::SignatureProbe => Some(Self::Probe),
            Fault::WrongKey => Some(Self::WrongKey),
            Fault::UnknownSerial => Some(Self::UnknownSerial),
            Fault::MissingSignatureHeaders => Some(Self::MissingHeaders),
            Fault::StaleTimestamp => Some(Self::StaleTimestamp),
            Fault::AlteredBody => Some(Self::AlteredBody),
            Fault::ConnectionDropped { .. }
            | Fault::SystemError { .. }
            | Fault::RateLimited
            | Fault::BadGateway
            | Fault::StrayBody
            | Fault::ExtraFields
            | Fault::ReplacedField { .. }
            | Fault::RemovedField { .. }
            | Fault::OldCodeSpelling
            | Fault::SlowAnswer { .. }
            | Fault::PaidBeforeAnswer
            | Fault::NotVisibleYet { .. }
            | Fault::PayerIsPaying
            | Fault::NotEnoughBalance
            | Fault::RefundOutcome { .. } => None,
        }
    }

    pub(super) const fn of_notification(fault: &NotificationFault) -> Option<Self> {
        match fault {
            NotificationFault::SignatureProbe => Some(Self::Probe),
            NotificationFault::WrongKey => Some(Self::WrongKey),
            NotificationFault::UnknownSerial => Some(Self::UnknownSerial),
            NotificationFault::MissingSignatureHeaders => Some(Self::MissingHeaders),
            NotificationFault::StaleTimestamp => Some(Self::StaleTimestamp),
            NotificationFault::AlteredBody => Some(Self::AlteredBody),
            NotificationFault::Suppressed
            | NotificationFault::Delayed { .. }
            | NotificationFault::Duplicated { .. }
            | NotificationFault::EmptyAssociatedData
            | NotificationFault::AbsentAssociatedData
            | NotificationFault::ReplacedField { .. }
            | NotificationFault::RemovedField { .. }
            | NotificationFault::Milliseconds => None,
        }
    }
}

/// A body with the headers that vouch for it.
#[derive(Clone)]
pub(crate) struct SignedMessage {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// Signs `body` with `key`, or spoils it as `defect` says. `foreign` is a key that nobody trusts.
pub(super) fn sign(
    key: &ChannelKey,
    foreign: &RsaKey,
    now: OffsetDateTime,
    body: Vec<u8>,
    defect: Option<Defect>,
) -> Result<SignedMessage, KeyError> {
    if defect == Some(Defect::MissingHeaders) {
        return Ok(SignedMessage { headers: Vec::new(), body });
    }
    let signed_at = if defect == Some(Defect::StaleTimestamp) { now - Duration::seconds(301) } else { now };
    let timestamp = signed_at.unix_timestamp().to_string();
    let nonce = identifiers::nonce();
    let message = [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", &body, b"\n"].concat();
    let signer = if defect == Some(Defect::WrongKey) { foreign } else { &key.key };
    let signature = signer.sign(&message)?;
    let headers = vec![
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", if defect == Some(Defect::Probe) { probe(&signature) } else { signature }),
        (
            "wechatpay-serial",
            if defect == Some(Defect::UnknownSerial) { stranger(&key.id) } else { key.id.clone() },
        ),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ];
    let body = if defect == Some(Defect::AlteredBody) { altered(body) } else { body };
    Ok(SignedMessage { headers, body })
}

/// The service's own test of its callers: every letter is legal base64, the whole is not.
fn probe(signature: &str) -> String {
    format!("WECHATPAY/SIGNTEST/{signature}")
}

/// A key id of the same kind that was never handed out.
fn stranger(id: &str) -> String {
    if id.starts_with("PUB_KEY_ID_") {
        identifiers::public_key_id()
    } else {
        identifiers::certificate_serial()
    }
}

/// Another digit or letter in the last place that has one, so that the body stays well-formed.
fn altered(mut body: Vec<u8>) -> Vec<u8> {
    if let Some(byte) = body.iter_mut().rev().find(|byte| byte.is_ascii_alphanumeric()) {
        *byte = if *byte == b'0' { b'1' } else { b'0' };
    }
    body
}
