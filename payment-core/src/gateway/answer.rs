//! What a channel says: findings about payments and refunds, each with its evidence.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::{
    evidence::ChannelEvidence,
    identifiers::{ChannelHoldNo, ChannelRefundNo, ChannelTransactionNo, Payee, PaymentNo, RefundNo},
    money::Money,
    payment::{ChannelHandle, Failure},
};

/// A payment was announced.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// What payment data is made from.
    pub handle: ChannelHandle,
    /// The channel's answer; `None` where the payment was signed locally.
    pub evidence: Option<ChannelEvidence>,
    /// What the same answer says beyond that, where the create itself may take the money (a payer's code at the till).
    pub finding: Option<Finding>,
}

/// What the payer's app, page or scanner needs.
#[derive(Clone, PartialEq, Eq)]
pub enum PaymentData {
    /// Parameters for the channel's SDK, by the names that the SDK's wire uses.
    SdkParameters(BTreeMap<String, String>),
    /// A text for the channel's SDK, to be passed on unchanged.
    SdkText(String),
    /// A text to be shown as a QR code for the payer's scanner.
    QrCode(String),
    /// An address for the payer's browser.
    RedirectUrl(String),
}

impl std::fmt::Debug for PaymentData {
    /// Whoever holds payment data can pay with it, so only its kind is shown.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::SdkParameters(_) => "SdkParameters",
            Self::SdkText(_) => "SdkText",
            Self::QrCode(_) => "QrCode",
            Self::RedirectUrl(_) => "RedirectUrl",
        })
    }
}

/// The channel's answer about a payment.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentAnswer {
    /// What it says.
    pub finding: Finding,
    /// Its words.
    pub evidence: ChannelEvidence,
}

/// Where a payment is, according to the channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Proven paid.
    Paid(PaidFinding),
    /// Known and not paid now. Ends nothing: it may be paid the next moment.
    AwaitingPayer,
    /// The payer approved it, and nothing happens to the money until we say so.
    Approved(Approval),
    /// Proven held for us: not paid, and not the payer's to spend either.
    Held(HeldFinding),
    /// Taken or being held at our word, and not there yet: an eCheck, a review (F37). Ends nothing.
    Pending,
    /// Not known to the channel now. Ends nothing (F31).
    NotFound,
    /// Proven closed: cannot be paid any more.
    Closed,
    /// Proven failed for good, by the channel's documented final state.
    Failed(Failure),
}

impl Finding {
    /// Whether it changes no payment, whatever state that is in: "not paid" and "not found" prove nothing, for the payer may be
    /// typing the password (R4, F31).
    #[must_use]
    pub const fn decides_nothing(&self) -> bool {
        match self {
            Self::AwaitingPayer | Self::Approved(_) | Self::Pending | Self::NotFound => true,
            Self::Paid(_) | Self::Held(_) | Self::Closed | Self::Failed(_) => false,
        }
    }
}

/// What a payer approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// That we take the money.
    Capture,
    /// That we have it held, to be taken later.
    Hold,
}

/// Held money, in the channel's own figures. They are compared with ours before anything is believed (R8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFinding {
    /// The channel's number of it.
    pub hold_no: ChannelHoldNo,
    /// How much is held.
    pub amount: Money,
    /// For whom.
    pub payee: Payee,
    /// Since when, by the channel's clock.
    pub hold_time: Option<OffsetDateTime>,
    /// Until when the channel stands in for the money.
    pub honour_end_time: OffsetDateTime,
    /// When the channel lets it go by itself.
    pub expire_time: OffsetDateTime,
}

/// A proven success, in the channel's own figures. They are compared with ours before anything is believed (R8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidFinding {
    /// The channel's number.
    pub transaction_no: ChannelTransactionNo,
    /// The amount of the order as the channel has it, before coupons.
    pub amount: Money,
    /// Who received it.
    pub payee: Payee,
    /// When, by the channel's clock.
    pub paid_time: Option<OffsetDateTime>,
}

/// Money of a paid payment that the channel took back, or may take back, without our word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContestFinding {
    /// What happened.
    pub kind: Contest,
    /// The payment, by the number that the channel names; it may not be ours.
    pub payment_no: String,
    /// The channel's number of the money that had come.
    pub transaction_no: ChannelTransactionNo,
    /// The channel's number of what happened to it.
    pub reference: ChannelRefundNo,
    /// How much of it, where the channel proves that.
    pub amount: Option<Money>,
}

/// What can happen to paid money without our word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contest {
    /// It was taken back: a chargeback, a claim that the payer won, a decision of the channel.
    Reversed,
    /// The payer or the payer's bank asks for it, and the channel has not decided.
    Disputed,
}

/// The channel's proof that a payment is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Its words.
    pub evidence: ChannelEvidence,
}

/// The channel's answer about a refund.
#[derive(Debug, Clone, PartialEq)]
pub struct RefundAnswer {
    /// What it says.
    pub finding: RefundFinding,
    /// Its words.
    pub evidence: ChannelEvidence,
}

/// A refund in the channel's own figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFinding {
    /// Our number.
    pub refund_no: RefundNo,
    /// The payment that it is part of.
    pub payment_no: PaymentNo,
    /// The channel's number.
    pub channel_refund_no: Option<ChannelRefundNo>,
    /// What is given back, as the channel has it.
    pub amount: Option<Money>,
    /// Where it is.
    pub status: RefundStatus,
    /// When it arrived, by the channel's clock.
    pub refunded_time: Option<OffsetDateTime>,
}

/// Where a refund is, according to the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Accepted; money is on its way.
    Processing,
    /// Proven done.
    Succeeded,
    /// Proven dead: nothing was given back, and this number never will. A successor number may be used (R17).
    Dead,
    /// Left the merchant and did not reach the payer: a person must name another account.
    NeedsPerson,
    /// Not known to the channel now: to be sent again with the same number.
    NotFound,
}

/// What the payer's app says. A hint, never a proof (R1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientResultHint {
    /// It says paid.
    Paid,
    /// It says that the payer gave up.
    Cancelled,
    /// It says failed, or does not know.
    Unclear,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_payer_could_pay_with_is_not_shown() {
        for (data, shown) in [
            (PaymentData::SdkParameters(BTreeMap::from([("sign".into(), "c2ln".into())])), "SdkParameters"),
            (PaymentData::SdkText("sign=c2ln".into()), "SdkText"),
            (PaymentData::QrCode("weixin://1".into()), "QrCode"),
            (PaymentData::RedirectUrl("https://pay.example/1".into()), "RedirectUrl"),
        ] {
            assert_eq!(format!("{data:?}"), shown);
        }
    }
}
