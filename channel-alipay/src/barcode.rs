//! Payments by the payer's code: the one create whose answer may be about money that has moved.

use payment_core::gateway::{Finding, GatewayError, Reason};

use crate::codes;

/// What to do about a proven refusal of such a payment.
///
/// A code is good for one payment, so the refusal of a repeated request can hide that the first one was taken: then the
/// trade exists. Only what asking Alipay says about the trade may end the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterRefusal {
    /// Pass it on: it says itself that the number is known, and the service asks then.
    PassOn,
    /// Ask where the trade is, and go by that.
    Ask,
}

/// The way to go on after a refusal.
pub(crate) const fn after_refusal(reason: Reason) -> AfterRefusal {
    match reason {
        Reason::AlreadyPaid
        | Reason::AlreadyClosed
        | Reason::NumberReused
        | Reason::NotFound
        | Reason::PayerIsPaying => AfterRefusal::PassOn,
        Reason::ChannelRejected
        | Reason::AccountMisconfigured
        | Reason::PayerAccountUnusable
        | Reason::MerchantBalanceInsufficient
        | Reason::RefundExceedsPaid
        | Reason::ForbiddenByChannel => AfterRefusal::Ask,
    }
}

/// What a refusal amounts to, given where the trade is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Refused for good: nothing can be paid under this number.
    ForGood,
    /// A trade exists that this request did not make: the payment goes on.
    GoesOn,
    /// A trade exists, unpaid, and the payer was refused: it is closed first.
    ToBeClosed,
}

/// Judges a refusal by what asking found.
pub(crate) fn judge(refusal: &GatewayError, finding: &Finding) -> Refused {
    match finding {
        Finding::NotFound | Finding::Closed | Finding::Failed(_) => Refused::ForGood,
        Finding::Paid(_) | Finding::Held(_) | Finding::Approved(_) | Finding::Pending => Refused::GoesOn,
        Finding::AwaitingPayer if code_was_used(refusal) => Refused::GoesOn,
        Finding::AwaitingPayer => Refused::ToBeClosed,
    }
}

/// A used code is what a repeated request is refused with while the payer of the first one types the password.
fn code_was_used(refusal: &GatewayError) -> bool {
    match refusal {
        GatewayError::Refused { channel_code, .. } => {
            codes::normalised(channel_code) == "PAYMENT_AUTH_CODE_INVALID"
        }
        GatewayError::NotSent(_) | GatewayError::Unknown(_) => false,
    }
}
