//! Who said what made a state change (R26).

use crate::identifiers::{ApiKeyId, KeySerial};

/// What a channel said, with the key that proves it.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelEvidence {
    /// The raw bytes as received, after transfer decoding.
    pub bytes: Vec<u8>,
    /// The key that verified them. `None` for answers that channels do not sign; those never prove money.
    pub verified_by: Option<KeySerial>,
}

impl std::fmt::Debug for ChannelEvidence {
    /// The bytes name payers, so only their number is shown (R29).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ChannelEvidence({} bytes, verified by {:?})", self.bytes.len(), self.verified_by)
    }
}

/// The kinds of speaker whose word can move a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A caller's request made the payment.
    CallerRequest,
    /// The payer's app reported its result: a hint only (R1).
    ClientResult,
    /// The channel answered our create.
    CreateAnswer,
    /// The channel answered our query.
    QueryAnswer,
    /// The channel answered our close.
    CloseAnswer,
    /// The channel answered our request to hold money.
    HoldAnswer,
    /// The channel answered our capture.
    CaptureAnswer,
    /// The channel answered our refund.
    RefundAnswer,
    /// The channel notified us.
    Notification,
    /// Our own record that we never captured, where no money moves without our capture.
    CaptureGate,
    /// What the channel declares that it does not do, so that it was not asked.
    ChannelLimit,
}

impl Source {
    /// Every source, in the order of the words that are stored.
    pub const ALL: [Self; 11] = [
        Self::CallerRequest,
        Self::ClientResult,
        Self::CreateAnswer,
        Self::QueryAnswer,
        Self::CloseAnswer,
        Self::HoldAnswer,
        Self::CaptureAnswer,
        Self::RefundAnswer,
        Self::Notification,
        Self::CaptureGate,
        Self::ChannelLimit,
    ];

    /// The word kept in the database and shown to operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallerRequest => "CALLER_REQUEST",
            Self::ClientResult => "CLIENT_RESULT",
            Self::CreateAnswer => "CREATE_ANSWER",
            Self::QueryAnswer => "QUERY_ANSWER",
            Self::CloseAnswer => "CLOSE_ANSWER",
            Self::HoldAnswer => "HOLD_ANSWER",
            Self::CaptureAnswer => "CAPTURE_ANSWER",
            Self::RefundAnswer => "REFUND_ANSWER",
            Self::Notification => "NOTIFICATION",
            Self::CaptureGate => "CAPTURE_GATE",
            Self::ChannelLimit => "CHANNEL_LIMIT",
        }
    }
}

/// Evidence for one change: the speaker, the bytes and what proves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who spoke.
    pub source: Source,
    /// The API key whose call led here, if one did.
    pub caller: Option<ApiKeyId>,
    /// The channel's words, if it spoke.
    pub channel: Option<ChannelEvidence>,
}

impl Evidence {
    /// The word of a caller.
    #[must_use]
    pub const fn of_caller(source: Source, caller: ApiKeyId) -> Self {
        Self { source, caller: Some(caller), channel: None }
    }

    /// The word of the channel.
    #[must_use]
    pub const fn of_channel(source: Source, evidence: ChannelEvidence) -> Self {
        Self { source, caller: None, channel: Some(evidence) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_kept_are_these() {
        assert_eq!(
            Source::ALL.map(Source::as_str),
            [
                "CALLER_REQUEST",
                "CLIENT_RESULT",
                "CREATE_ANSWER",
                "QUERY_ANSWER",
                "CLOSE_ANSWER",
                "HOLD_ANSWER",
                "CAPTURE_ANSWER",
                "REFUND_ANSWER",
                "NOTIFICATION",
                "CAPTURE_GATE",
                "CHANNEL_LIMIT"
            ]
        );
    }

    #[test]
    fn r29_a_channels_words_are_not_shown() {
        let verified_by = KeySerial::parse("4F2A").ok();
        let evidence = ChannelEvidence { bytes: b"openid=o1".to_vec(), verified_by };
        assert_eq!(format!("{evidence:?}"), "ChannelEvidence(9 bytes, verified by Some(4F2A))");
    }
}
