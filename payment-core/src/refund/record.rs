//! A refund as the domain sees it, with its split over the payment's orders.

use time::OffsetDateTime;
use url::Url;

use super::state::RefundState;
use crate::{
    gateway::Reason,
    identifiers::{
        ChannelAccountId, ChannelName, ChannelRefundNo, ChannelTransactionNo, MerchantId, OrderNo, PaymentNo,
        Product, RefundNo,
    },
    money::Money,
};

/// Money to be given back for one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The number of the business that wants it, or derived from the allocation of a duplicate. Never changes.
    pub refund_no: RefundNo,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The payment that it gives back a part of.
    pub payment_no: PaymentNo,
    /// The channel of that payment.
    pub channel: ChannelName,
    /// The account at the channel.
    pub channel_account: ChannelAccountId,
    /// The way the payment was paid.
    pub product: Product,
    /// The channel's number of the payment.
    pub channel_transaction_no: ChannelTransactionNo,
    /// What was paid in all, which some channels want to hear.
    pub paid_amount: Money,
    /// When the payment was paid, from which channels count how long they give back.
    pub paid_time: OffsetDateTime,
    /// What is given back: the sum of its parts.
    pub amount: Money,
    /// Its parts by order number.
    pub parts: Vec<RefundPart>,
    /// Why.
    pub reason: RefundReason,
    /// What the payer reads, if anything.
    pub description: String,
    /// Who wants it.
    pub origin: RefundOrigin,
    /// Where it is.
    pub state: RefundState,
    /// Counts its changes, from 0.
    pub revision: i32,
    /// The number under which the channel knows it: its own, or a successor's after the channel proved that one dead.
    pub sent_as: RefundNo,
    /// How many successor numbers it took.
    pub successors: u16,
    /// Where the channel was told to notify us about it, so that it is sent again byte for byte. `None` until it is sent
    /// first.
    pub notify_url: Option<Url>,
    /// The channel's number of it.
    pub channel_refund_no: Option<ChannelRefundNo>,
    /// Why a person is needed, if one is. The service goes on trying all the same.
    pub attention: Option<Reason>,
    /// When what happened.
    pub times: RefundTimes,
}

/// The part of a refund that is for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundPart {
    /// The order.
    pub order_no: OrderNo,
    /// What is given back for it.
    pub amount: Money,
}

/// The instants of a refund, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundTimes {
    /// Reserved.
    pub create: OffsetDateTime,
    /// Last change.
    pub update: OffsetDateTime,
    /// Arrived, by the channel's clock where it tells, else by ours.
    pub succeed: Option<OffsetDateTime>,
}

/// Why money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundReason {
    /// Goods came back.
    Return,
    /// The order was cancelled.
    Cancellation,
    /// The order was paid by another payment.
    Duplicate,
    /// Anything else.
    Other,
}

/// Who wants a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOrigin {
    /// A caller.
    Caller,
    /// The service itself, for a duplicate payment (R12).
    Duplicate,
    /// Somebody at the channel's console; we learned of it from the channel (R18).
    Channel,
}

impl RefundReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Return, Self::Cancellation, Self::Duplicate, Self::Other];

    /// The word kept in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Return => "RETURN",
            Self::Cancellation => "CANCELLATION",
            Self::Duplicate => "DUPLICATE",
            Self::Other => "OTHER",
        }
    }
}

impl RefundOrigin {
    /// Every origin.
    pub const ALL: [Self; 3] = [Self::Caller, Self::Duplicate, Self::Channel];

    /// The word kept in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "CALLER",
            Self::Duplicate => "DUPLICATE",
            Self::Channel => "CHANNEL",
        }
    }
}

/// The longest refund number that a caller may choose: what is left to 64 is for the successors' ending.
pub const LONGEST_REFUND_NO: usize = 58;

/// Whether a number has the form of those that the service makes itself: `-S` and digits for a successor, a payment's
/// number with `-D` and digits for a duplicate. A caller who took one could keep that refund from being recorded.
#[must_use]
pub fn is_reserved_no(refund_no: &RefundNo) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let successor = refund_no.as_str().rsplit_once("-S").is_some_and(|(_, ending)| digits(ending));
    let duplicate = refund_no.as_str().rsplit_once("-D");
    successor || duplicate.is_some_and(|(no, ending)| PaymentNo::parse(no).is_ok() && digits(ending))
}

impl Refund {
    /// The number under which it is sent after the channel proved the present one dead (R17).
    #[must_use]
    pub fn successor_no(&self) -> Option<RefundNo> {
        RefundNo::parse(format!("{}-S{}", self.refund_no, self.successors.checked_add(2)?)).ok()
    }

    /// The number of the refund that gives back a duplicate allocation: the same in each replica, after each crash.
    #[must_use]
    pub fn duplicate_no(payment_no: &PaymentNo, position: usize) -> Option<RefundNo> {
        RefundNo::parse(format!("{payment_no}-D{position}")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_numbers_of_the_service_are_told_from_callers() {
        let payment_no = PaymentNo::parse("P202601050001234567890ABCDEFGHJ").expect("a payment number");
        let derived = Refund::duplicate_no(&payment_no, 12).expect("a refund number");
        assert!(is_reserved_no(&derived), "{derived}");
        for (text, reserved) in
            [("R1-S2", true), ("R1-S", false), ("S2", false), ("R1-D0", false), ("R1-S2a", false)]
        {
            assert_eq!(is_reserved_no(&RefundNo::parse(text).expect("a refund number")), reserved, "{text}");
        }
    }

    #[test]
    fn the_words_that_are_kept_are_these() {
        assert_eq!(
            RefundReason::ALL.map(RefundReason::as_str),
            ["RETURN", "CANCELLATION", "DUPLICATE", "OTHER"]
        );
        assert_eq!(RefundOrigin::ALL.map(RefundOrigin::as_str), ["CALLER", "DUPLICATE", "CHANNEL"]);
    }
}
