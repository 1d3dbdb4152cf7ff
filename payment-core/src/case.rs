//! Cases: money or evidence that fits nowhere, kept in sight until somebody has dealt with it.

pub mod resolution;
pub mod state;

use crate::{
    gateway::{Contest, ContestFinding, RefundFinding},
    identifiers::{ChannelTransactionNo, OrderNo, PaymentNo, RefundNo},
    money::Money,
    payment::Payment,
    refund::Refund,
};

/// Why a case is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseKind {
    /// A proven success for a payment that we do not know (F4).
    UnknownPayment,
    /// A proven success over another amount or currency than the payment's (F36).
    AmountMismatch,
    /// A proven success that went to another payee than the payment's account (F46).
    PayeeMismatch,
    /// A second channel transaction claims to have paid the same payment, or one transaction to have paid two payments.
    TransactionMismatch,
    /// The channel took money of a paid payment back without our word: a chargeback, a claim that the payer won. The
    /// payment stays succeeded, and the case says how much is gone.
    PaymentReversed,
    /// The payer or the payer's bank asks for paid money back, and the channel has not decided.
    PaymentDisputed,
    /// A refund that the channel refuses or cannot deliver until a person acts (R17).
    RefundNeedsPerson,
    /// The channel names another amount for a refund than ours.
    RefundMismatch,
    /// A refund that we did not start gives back more than our records say is left (R18).
    RefundExceedsPaid,
}

impl CaseKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::UnknownPayment,
        Self::AmountMismatch,
        Self::PayeeMismatch,
        Self::TransactionMismatch,
        Self::PaymentReversed,
        Self::PaymentDisputed,
        Self::RefundNeedsPerson,
        Self::RefundMismatch,
        Self::RefundExceedsPaid,
    ];

    /// The word kept in the database and shown to operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownPayment => "UNKNOWN_PAYMENT",
            Self::AmountMismatch => "AMOUNT_MISMATCH",
            Self::PayeeMismatch => "PAYEE_MISMATCH",
            Self::TransactionMismatch => "TRANSACTION_MISMATCH",
            Self::PaymentReversed => "PAYMENT_REVERSED",
            Self::PaymentDisputed => "PAYMENT_DISPUTED",
            Self::RefundNeedsPerson => "REFUND_NEEDS_PERSON",
            Self::RefundMismatch => "REFUND_MISMATCH",
            Self::RefundExceedsPaid => "REFUND_EXCEEDS_PAID",
        }
    }
}

/// A case to be opened. Opening the same one again (same kind, payment, refund, order and transaction) changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOpening {
    /// Why.
    pub kind: CaseKind,
    /// The payment number that the channel named, ours or not.
    pub payment_no: String,
    /// The refund, where the case is about one; for money that was taken back, the channel's number of that.
    pub refund_no: Option<RefundNo>,
    /// The order, where the case is about one.
    pub order_no: Option<OrderNo>,
    /// The channel's transaction.
    pub channel_transaction_no: Option<ChannelTransactionNo>,
    /// The money that the case is about.
    pub amount: Option<Money>,
    /// What was expected and what was said, as a sentence for an operator. No payer's identity.
    pub description: String,
}

impl CaseOpening {
    /// A success for a payment number that is not in our records.
    #[must_use]
    pub fn unknown_payment(payment_no: &str, transaction: &ChannelTransactionNo, amount: Money) -> Self {
        Self {
            kind: CaseKind::UnknownPayment,
            payment_no: payment_no.to_owned(),
            refund_no: None,
            order_no: None,
            channel_transaction_no: Some(transaction.clone()),
            amount: Some(amount),
            description: format!(
                "the channel proved {amount} paid for {payment_no}, which is not in our records"
            ),
        }
    }

    /// Money of a paid payment that others than us took back or ask for, whether the payment is in our records or not.
    #[must_use]
    pub fn contest(finding: &ContestFinding) -> Self {
        let reference = &finding.reference;
        let much = finding
            .amount
            .map_or_else(|| "an amount that it does not prove".to_owned(), |amount| amount.to_string());
        let (kind, description) = match finding.kind {
            Contest::Reversed => (
                CaseKind::PaymentReversed,
                format!("the channel took {much} back without our word, under its number {reference}"),
            ),
            Contest::Disputed => (
                CaseKind::PaymentDisputed,
                format!("the payer disputes {much} at the channel, under its number {reference}"),
            ),
        };
        Self {
            kind,
            payment_no: finding.payment_no.clone(),
            refund_no: RefundNo::parse(reference.as_str()).ok(),
            order_no: None,
            channel_transaction_no: Some(finding.transaction_no.clone()),
            amount: finding.amount,
            description,
        }
    }

    /// A refund of a payment number that is not in our records, or not paid according to them.
    #[must_use]
    pub fn unknown_refund(finding: &RefundFinding) -> Self {
        Self {
            kind: CaseKind::UnknownPayment,
            payment_no: finding.payment_no.to_string(),
            refund_no: Some(finding.refund_no.clone()),
            order_no: None,
            channel_transaction_no: None,
            amount: finding.amount,
            description: format!(
                "the channel speaks of a refund of {}, which we do not know as paid",
                finding.payment_no
            ),
        }
    }

    /// A refund that we did not start and that does not fit what is left of its payment.
    #[must_use]
    pub fn foreign_refund(payment: &Payment, finding: &RefundFinding) -> Self {
        let given =
            finding.amount.map_or_else(|| "an unknown amount".to_owned(), |amount| amount.to_string());
        Self {
            kind: CaseKind::RefundExceedsPaid,
            payment_no: payment.payment_no.to_string(),
            refund_no: Some(finding.refund_no.clone()),
            order_no: None,
            channel_transaction_no: payment.channel_transaction_no.clone(),
            amount: finding.amount,
            description: format!(
                "the channel gave back {given}, which we did not ask for and which is not left"
            ),
        }
    }

    /// A refund's own case.
    pub(crate) fn of_refund(kind: CaseKind, refund: &Refund, description: String) -> Self {
        Self {
            kind,
            payment_no: refund.payment_no.to_string(),
            refund_no: Some(refund.refund_no.clone()),
            order_no: None,
            channel_transaction_no: Some(refund.channel_transaction_no.clone()),
            amount: Some(refund.amount),
            description,
        }
    }

    /// A payment's own case.
    pub(crate) fn of_payment(
        kind: CaseKind,
        payment_no: &PaymentNo,
        transaction: Option<&ChannelTransactionNo>,
        amount: Money,
        description: String,
    ) -> Self {
        Self {
            kind,
            payment_no: payment_no.to_string(),
            refund_no: None,
            order_no: None,
            channel_transaction_no: transaction.cloned(),
            amount: Some(amount),
            description,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_kept_are_these() {
        assert_eq!(
            CaseKind::ALL.map(CaseKind::as_str),
            [
                "UNKNOWN_PAYMENT",
                "AMOUNT_MISMATCH",
                "PAYEE_MISMATCH",
                "TRANSACTION_MISMATCH",
                "PAYMENT_REVERSED",
                "PAYMENT_DISPUTED",
                "REFUND_NEEDS_PERSON",
                "REFUND_MISMATCH",
                "REFUND_EXCEEDS_PAID"
            ]
        );
    }
}
