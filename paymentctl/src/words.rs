//! Words of closed sets as they are typed, each with what it is in the contract.

use clap::ValueEnum;
use payment_proto::v1;

/// Words of scopes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ScopeWord {
    /// Making, confirming, asking about and closing payments.
    Pay,
    /// Giving money back.
    Refund,
    /// Reading and following what is recorded.
    Read,
    /// What operators do, for this merchant only.
    Operate,
}

impl From<ScopeWord> for v1::ApiKeyScope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::Pay => Self::Pay,
            ScopeWord::Refund => Self::Refund,
            ScopeWord::Read => Self::Read,
            ScopeWord::Operate => Self::Operate,
        }
    }
}

/// Words of payment states.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PaymentStateWord {
    /// Recorded; the channel's word is unknown.
    Initiating,
    /// Payment data was handed out.
    AwaitingPayer,
    /// The payer's app says it is paid.
    ClientReported,
    /// The channel holds the money; it is not paid.
    Held,
    /// Paid.
    Succeeded,
    /// Can no longer be paid.
    Closed,
    /// Refused for good.
    Failed,
}

impl From<PaymentStateWord> for v1::PaymentState {
    fn from(word: PaymentStateWord) -> Self {
        match word {
            PaymentStateWord::Initiating => Self::Initiating,
            PaymentStateWord::AwaitingPayer => Self::AwaitingPayer,
            PaymentStateWord::ClientReported => Self::ClientReported,
            PaymentStateWord::Held => Self::Held,
            PaymentStateWord::Succeeded => Self::Succeeded,
            PaymentStateWord::Closed => Self::Closed,
            PaymentStateWord::Failed => Self::Failed,
        }
    }
}

/// Words of refund reasons.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RefundReasonWord {
    /// Goods came back.
    Return,
    /// The order was cancelled.
    Cancellation,
    /// The order was paid by another payment.
    Duplicate,
    /// Anything else.
    Other,
}

impl From<RefundReasonWord> for v1::RefundReason {
    fn from(word: RefundReasonWord) -> Self {
        match word {
            RefundReasonWord::Return => Self::Return,
            RefundReasonWord::Cancellation => Self::Cancellation,
            RefundReasonWord::Duplicate => Self::Duplicate,
            RefundReasonWord::Other => Self::Other,
        }
    }
}

/// Words of resolutions.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ResolutionWord {
    /// The money is what pays its payment: the channel is asked again, and its proof decides.
    Attach,
    /// The money goes back to the payer.
    Refund,
    /// Nothing is to be done here.
    Dismiss,
}

impl From<ResolutionWord> for v1::CaseResolution {
    fn from(word: ResolutionWord) -> Self {
        match word {
            ResolutionWord::Attach => Self::Attach,
            ResolutionWord::Refund => Self::Refund,
            ResolutionWord::Dismiss => Self::Dismiss,
        }
    }
}

/// Words of verdicts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum VerdictWord {
    /// It moved something.
    Applied,
    /// It said what was known.
    Repeated,
    /// It fits nowhere.
    CaseOpened,
    /// It is about something else.
    Irrelevant,
    /// It was not proven.
    Rejected,
}

impl From<VerdictWord> for v1::NotificationVerdict {
    fn from(word: VerdictWord) -> Self {
        match word {
            VerdictWord::Applied => Self::Applied,
            VerdictWord::Repeated => Self::Repeated,
            VerdictWord::CaseOpened => Self::CaseOpened,
            VerdictWord::Irrelevant => Self::Irrelevant,
            VerdictWord::Rejected => Self::Rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words of a set are every member of the contract's but these.
    fn assert_complete<Word: ValueEnum + Clone, Wire: From<Word> + TryFrom<i32> + Into<i32>>(but: &[i32]) {
        let typed = Word::value_variants().iter().cloned().map(|word| Wire::from(word).into());
        let known = (0..100).filter(|number| Wire::try_from(*number).is_ok() && !but.contains(number));
        assert_eq!(typed.collect::<BTreeSet<i32>>(), known.collect());
    }

    #[test]
    fn everything_that_the_contract_names_can_be_typed() {
        assert_complete::<ScopeWord, v1::ApiKeyScope>(&[0]);
        assert_complete::<PaymentStateWord, v1::PaymentState>(&[0]);
        assert_complete::<RefundReasonWord, v1::RefundReason>(&[0]);
        // A case is settled by the refund that arrives, and by nobody.
        assert_complete::<ResolutionWord, v1::CaseResolution>(&[0, v1::CaseResolution::Settled.into()]);
        assert_complete::<VerdictWord, v1::NotificationVerdict>(&[0]);
    }
}
