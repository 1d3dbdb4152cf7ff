//! The three certainties about a call that brought no answer (R5).

/// Why a channel call failed. Only the first two may end anything.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GatewayError {
    /// The channel has certainly not acted: the request never left, or was turned away before its content was looked
    /// at (signature, rate limit). The same request may be sent again.
    #[error("the channel did not act: {0}")]
    NotSent(String),
    /// The channel looked at the content and certainly refused it, in an answer that proves it.
    #[error("the channel refused: {reason:?} ({channel_code})")]
    Refused {
        /// What the refusal means.
        reason: Reason,
        /// The channel's own code.
        channel_code: String,
    },
    /// The channel may have acted: a time-out, a 5xx, an answer that cannot be verified or read. Ask again.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

/// What a channel's refusal means to a caller. Channels map their codes to these in their `codes.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The channel finds a parameter wrong, which our own checks let through.
    ChannelRejected,
    /// The account is misconfigured at the channel or here: product not enabled, appid not bound.
    AccountMisconfigured,
    /// The channel says that this number is paid: to be asked and recorded, never an end.
    AlreadyPaid,
    /// The channel says that this number is closed.
    AlreadyClosed,
    /// The channel knows this number with other content.
    NumberReused,
    /// The channel does not know this number (yet): never an end by itself (R4).
    NotFound,
    /// The payer is paying at this moment; ask again.
    PayerIsPaying,
    /// The payer's account at the channel cannot pay or take money.
    PayerAccountUnusable,
    /// The merchant's balance does not suffice for a refund.
    MerchantBalanceInsufficient,
    /// More was asked back than is left.
    RefundExceedsPaid,
    /// The channel's risk control or business rule forbids it.
    ForbiddenByChannel,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::ChannelRejected,
        Self::AccountMisconfigured,
        Self::AlreadyPaid,
        Self::AlreadyClosed,
        Self::NumberReused,
        Self::NotFound,
        Self::PayerIsPaying,
        Self::PayerAccountUnusable,
        Self::MerchantBalanceInsufficient,
        Self::RefundExceedsPaid,
        Self::ForbiddenByChannel,
    ];

    /// The word kept in the database and sent in `google.rpc.ErrorInfo.reason`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChannelRejected => "CHANNEL_REJECTED",
            Self::AccountMisconfigured => "CHANNEL_ACCOUNT_MISCONFIGURED",
            Self::AlreadyPaid => "CHANNEL_ALREADY_PAID",
            Self::AlreadyClosed => "CHANNEL_ALREADY_CLOSED",
            Self::NumberReused => "CHANNEL_NUMBER_REUSED",
            Self::NotFound => "CHANNEL_NOT_FOUND",
            Self::PayerIsPaying => "PAYER_IS_PAYING",
            Self::PayerAccountUnusable => "PAYER_ACCOUNT_UNUSABLE",
            Self::MerchantBalanceInsufficient => "MERCHANT_BALANCE_INSUFFICIENT",
            Self::RefundExceedsPaid => "CHANNEL_REFUND_EXCEEDS_PAID",
            Self::ForbiddenByChannel => "FORBIDDEN_BY_CHANNEL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_kept_and_sent_are_these() {
        assert_eq!(
            Reason::ALL.map(Reason::as_str),
            [
                "CHANNEL_REJECTED",
                "CHANNEL_ACCOUNT_MISCONFIGURED",
                "CHANNEL_ALREADY_PAID",
                "CHANNEL_ALREADY_CLOSED",
                "CHANNEL_NUMBER_REUSED",
                "CHANNEL_NOT_FOUND",
                "PAYER_IS_PAYING",
                "PAYER_ACCOUNT_UNUSABLE",
                "MERCHANT_BALANCE_INSUFFICIENT",
                "CHANNEL_REFUND_EXCEEDS_PAID",
                "FORBIDDEN_BY_CHANNEL"
            ]
        );
    }
}
