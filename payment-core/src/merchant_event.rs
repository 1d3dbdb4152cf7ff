//! What callers are told: one event for each truth, written in the transaction that makes it true (R27).

/// The kinds of event about a payment and its refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MerchantEvent {
    /// The channel holds the payer's money. The payment is not paid.
    PaymentAuthorized,
    /// The payment is paid, proven by the channel.
    PaymentSucceeded,
    /// The payment can no longer be paid, proven by the channel.
    PaymentClosed,
    /// The channel refused the payment for good.
    PaymentFailed,
    /// The payment is paid, and one or more of its orders had been paid already.
    DuplicateFound,
    /// A refund moved on its way at the channel: accepted, or sent on under a successor's number.
    RefundProgressed,
    /// A person must do something before a refund can arrive. The service goes on trying.
    RefundNeedsAttention,
    /// A refund arrived, proven by the channel.
    RefundSucceeded,
    /// Evidence or money fits nowhere and waits for a person.
    CaseOpened,
    /// Somebody has dealt with a case.
    CaseResolved,
}

impl MerchantEvent {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::PaymentAuthorized,
        Self::PaymentSucceeded,
        Self::PaymentClosed,
        Self::PaymentFailed,
        Self::DuplicateFound,
        Self::RefundProgressed,
        Self::RefundNeedsAttention,
        Self::RefundSucceeded,
        Self::CaseOpened,
        Self::CaseResolved,
    ];

    /// The word kept in the database and sent to callers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentAuthorized => "payment.authorized",
            Self::PaymentSucceeded => "payment.succeeded",
            Self::PaymentClosed => "payment.closed",
            Self::PaymentFailed => "payment.failed",
            Self::DuplicateFound => "payment.duplicate_found",
            Self::RefundProgressed => "refund.progressed",
            Self::RefundNeedsAttention => "refund.needs_attention",
            Self::RefundSucceeded => "refund.succeeded",
            Self::CaseOpened => "case.opened",
            Self::CaseResolved => "case.resolved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_callers_are_sent_are_these() {
        assert_eq!(
            MerchantEvent::ALL.map(MerchantEvent::as_str),
            [
                "payment.authorized",
                "payment.succeeded",
                "payment.closed",
                "payment.failed",
                "payment.duplicate_found",
                "refund.progressed",
                "refund.needs_attention",
                "refund.succeeded",
                "case.opened",
                "case.resolved"
            ]
        );
    }
}
