//! States and kinds as the words that the database keeps, and back.

use payment_core::{
    case::{CaseKind, state::CaseState},
    evidence::Source,
    gateway::Reason,
    merchant_event::MerchantEvent,
    operator::Act,
    payment::{
        allocation::AllocationState,
        state::{PaymentEvent, PaymentState},
    },
    refund::{
        RefundOrigin, RefundReason,
        state::{RefundEvent, RefundState},
    },
    scope::Scope,
    webhook::{AttemptResult, PauseReason},
};

use crate::error::StoreError;

/// A closed set whose members have words.
pub(crate) trait Word: Sized + Copy + 'static {
    /// The table that keeps the words, for the error.
    const TABLE: &'static str;
    /// Every member.
    const MEMBERS: &'static [Self];
    /// A member's word.
    fn word(self) -> &'static str;

    /// The member of a word.
    fn of_word(word: &str) -> Result<Self, StoreError> {
        Self::MEMBERS
            .iter()
            .copied()
            .find(|member| member.word() == word)
            .ok_or(StoreError::Corrupt(Self::TABLE))
    }
}

macro_rules! word {
    ($kind:ty, $table:literal) => {
        impl Word for $kind {
            const TABLE: &'static str = $table;
            const MEMBERS: &'static [Self] = &<$kind>::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

word!(PaymentState, "payment");
word!(AllocationState, "allocation");
word!(PaymentEvent, "payment_transition");
word!(Source, "payment_transition");
word!(MerchantEvent, "outbox_event");
word!(CaseKind, "payment_case");
word!(CaseState, "payment_case");
word!(Act, "operator_act");
word!(Reason, "payment");
word!(RefundState, "refund");
word!(RefundReason, "refund");
word!(RefundOrigin, "refund");
word!(RefundEvent, "refund_transition");
word!(AttemptResult, "webhook_attempt");
word!(PauseReason, "webhook_endpoint");
word!(Scope, "api_key");
