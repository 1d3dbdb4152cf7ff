//! Notifications: raw in, verified out. There is no other way to a [`VerifiedEvent`] than through a gateway's
//! `verify_callback`, and no bool anywhere on it.

use crate::{
    evidence::ChannelEvidence,
    gateway::{ContestFinding, Finding, RefundFinding},
    identifiers::{ChannelNotificationId, KeySerial},
};

/// An HTTP request that came to a callback URL, untouched. Nothing in it is trusted.
#[derive(Clone)]
pub struct RawCallback {
    /// The method.
    pub method: String,
    /// Path and query as received.
    pub target: String,
    /// Names in lower case and values, in order, repeated ones too.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, byte for byte (F44).
    pub body: Vec<u8>,
}

impl RawCallback {
    /// The value of a header that must stand exactly once and be ASCII.
    ///
    /// # Errors
    /// [`CallbackRejection::Malformed`] if it is missing, repeated or not ASCII: two values would leave open which one
    /// was signed.
    pub fn single_header(&self, name: &'static str) -> Result<&str, CallbackRejected> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let malformed =
            |problem| CallbackRejected::new(CallbackRejection::Malformed, format!("header {name} {problem}"));
        match (values.next(), values.next()) {
            (None, _) => Err(malformed("is missing")),
            (Some(_), Some(_)) => Err(malformed("stands more than once")),
            (Some(value), None) => match std::str::from_utf8(value) {
                Ok(text) if text.is_ascii() => Ok(text),
                Ok(_) | Err(_) => Err(malformed("is not ASCII")),
            },
        }
    }
}

impl std::fmt::Debug for RawCallback {
    /// Leaves out headers and body: they may name payers (R29).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RawCallback({} {}, {} bytes)", self.method, self.target, self.body.len())
    }
}

/// A notification whose signature was verified over its raw bytes.
#[derive(Debug, Clone)]
pub struct VerifiedEvent {
    notification_id: ChannelNotificationId,
    content: EventContent,
    evidence: ChannelEvidence,
}

impl VerifiedEvent {
    /// What a gateway found in `callback` after `verified_by` verified it. To be called by `verify_callback` only; the
    /// evidence is taken from the callback itself, so that it cannot be other bytes than those that were verified.
    #[must_use]
    pub fn new(
        callback: &RawCallback,
        verified_by: KeySerial,
        notification_id: ChannelNotificationId,
        content: EventContent,
    ) -> Self {
        let evidence = ChannelEvidence { bytes: callback.body.clone(), verified_by: Some(verified_by) };
        Self { notification_id, content, evidence }
    }

    /// The channel's number of the notification, the same in each delivery.
    #[must_use]
    pub const fn notification_id(&self) -> &ChannelNotificationId {
        &self.notification_id
    }

    /// What it says.
    #[must_use]
    pub const fn content(&self) -> &EventContent {
        &self.content
    }

    /// Its bytes and the key that proves them.
    #[must_use]
    pub const fn evidence(&self) -> &ChannelEvidence {
        &self.evidence
    }
}

/// What a notification is about.
#[derive(Debug, Clone, PartialEq)]
pub enum EventContent {
    /// A payment, by the number that the channel names; it may not be ours.
    Payment {
        /// The merchant order number in the notification.
        payment_no: String,
        /// What it says.
        finding: Finding,
    },
    /// A refund.
    Refund(RefundFinding),
    /// Money of a paid payment that was taken back, or is asked for, by others than us.
    Contest(ContestFinding),
    /// Something that this service takes no part in; kept and acknowledged.
    Irrelevant {
        /// The channel's name of the event.
        event_type: String,
    },
}

/// A notification that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}: {description}")]
pub struct CallbackRejected {
    /// Why.
    pub kind: CallbackRejection,
    /// For the operator: which header or field, what was expected. No secret, no payer.
    pub description: String,
}

impl CallbackRejected {
    /// A refusal.
    pub fn new(kind: CallbackRejection, description: impl Into<String>) -> Self {
        Self { kind, description: description.into() }
    }
}

/// The kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackRejection {
    /// Headers or body do not have the channel's form.
    Malformed,
    /// Signed for another time than now: replayed, or a clock is wrong.
    Stale,
    /// The key that it names is not known.
    UnknownKey,
    /// The signature does not verify; the channel's own signature probes end here too (F39).
    SignatureInvalid,
    /// Verified, and its sealed content cannot be opened or read.
    Unreadable,
    /// The channel had to be asked to prove it, and could not be reached (R7). The channel will send it again.
    ProofUnavailable,
}

impl CallbackRejection {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::Stale,
        Self::UnknownKey,
        Self::SignatureInvalid,
        Self::Unreadable,
        Self::ProofUnavailable,
    ];

    /// The word kept with the notification and shown to operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "MALFORMED",
            Self::Stale => "STALE",
            Self::UnknownKey => "UNKNOWN_KEY",
            Self::SignatureInvalid => "SIGNATURE_INVALID",
            Self::Unreadable => "UNREADABLE",
            Self::ProofUnavailable => "PROOF_UNAVAILABLE",
        }
    }
}

/// How the handling of a notification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// Durably kept: applied, repeated, or in a case.
    Recorded,
    /// Refused; the money tables were not touched.
    Rejected(CallbackRejection),
    /// Could not be kept; the channel shall send it again.
    NotRecorded,
}

/// The channel's exact words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackReply {
    /// The status code.
    pub status: u16,
    /// The media type of the body, if there is one.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_kept_are_these() {
        assert_eq!(
            CallbackRejection::ALL.map(CallbackRejection::as_str),
            ["MALFORMED", "STALE", "UNKNOWN_KEY", "SIGNATURE_INVALID", "UNREADABLE", "PROOF_UNAVAILABLE"]
        );
    }

    fn callback(headers: &[(&str, &[u8])]) -> RawCallback {
        RawCallback {
            method: "POST".to_owned(),
            target: "/v1/callbacks/wechat/main".to_owned(),
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
            body: b"openid=o1".to_vec(),
        }
    }

    #[test]
    fn r02_a_header_that_was_signed_stands_once_and_is_ascii() {
        let nonce = |headers: &[(&str, &[u8])]| {
            callback(headers)
                .single_header("nonce")
                .map(str::to_owned)
                .map_err(|rejected| rejected.description)
        };
        assert_eq!(nonce(&[("serial", b"4F2A"), ("nonce", b"n1")]), Ok("n1".to_owned()));
        for (headers, problem) in [
            (vec![("serial", &b"4F2A"[..])], "header nonce is missing"),
            (vec![("nonce", b"n1"), ("nonce", b"n1")], "header nonce stands more than once"),
            (vec![("nonce", "é".as_bytes())], "header nonce is not ASCII"),
            (vec![("nonce", b"\xff")], "header nonce is not ASCII"),
        ] {
            assert_eq!(nonce(&headers), Err(problem.to_owned()));
        }
        let rejected = callback(&[]).single_header("nonce").map(str::to_owned);
        assert_eq!(rejected.map_err(|rejected| rejected.kind), Err(CallbackRejection::Malformed));
    }

    #[test]
    fn r29_what_was_delivered_is_not_shown() {
        let shown = format!("{:?}", callback(&[("signature", b"c2ln")]));
        assert_eq!(shown, "RawCallback(POST /v1/callbacks/wechat/main, 9 bytes)");
    }
}
