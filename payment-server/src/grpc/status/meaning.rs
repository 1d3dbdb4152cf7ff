//! What a channel's reason means to a caller.

use payment_core::gateway::Reason;

/// The words of a reason.
pub(super) const fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::ChannelRejected => "the channel finds a parameter of it wrong",
        Reason::AccountMisconfigured => "its channel account is misconfigured, here or at the channel",
        Reason::AlreadyPaid => "the channel says that it is paid; sync it",
        Reason::AlreadyClosed => "the channel says that it is closed; make a new attempt",
        Reason::NumberReused => "the channel knows its number with other content; make a new attempt",
        Reason::NotFound => "the channel does not know it",
        Reason::PayerIsPaying => "the payer is paying at this moment; sync it",
        Reason::PayerAccountUnusable => "the payer's account at the channel cannot be used",
        Reason::MerchantBalanceInsufficient => "the merchant's balance at the channel does not suffice",
        Reason::RefundExceedsPaid => "more was asked back than is left",
        Reason::ForbiddenByChannel => "a rule of the channel forbids it",
    }
}
