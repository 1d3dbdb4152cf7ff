//! A payment as the domain sees it, with the orders it is for.

use std::net::IpAddr;

use serde_json::Value;
use time::OffsetDateTime;
use url::Url;

use super::{allocation::AllocationState, state::PaymentState};
use crate::{
    gateway::Reason,
    identifiers::{
        ChannelAccountId, ChannelHoldNo, ChannelName, ChannelTransactionNo, MerchantId, OrderNo, Payee,
        PaymentNo, Product, RequestId,
    },
    money::Money,
};

/// One attempt to pay one or several orders.
#[derive(Debug, Clone, PartialEq)]
pub struct Payment {
    /// Our number of it, and the channel's merchant order number.
    pub payment_no: PaymentNo,
    /// Whose it is.
    pub merchant_id: MerchantId,
    /// The caller's key of the request that made it.
    pub request_id: RequestId,
    /// The channel it is paid through.
    pub channel: ChannelName,
    /// The account at the channel.
    pub channel_account: ChannelAccountId,
    /// The way of paying in the channel.
    pub product: Product,
    /// Who must receive the money, as the channel names them (R8).
    pub payee: Payee,
    /// The sum of its orders' amounts, frozen (F28).
    pub amount: Money,
    /// What the payer reads.
    pub description: String,
    /// The product's options as the caller sent them, so that a repeated create sends identical bytes.
    pub options: Value,
    /// The payer's address as the caller saw it, part of what a repeated create sends.
    pub payer_client_ip: Option<IpAddr>,
    /// Where the channel was told to notify us about it, part of what a repeated create sends. `None` for a payment from
    /// before this was kept.
    pub notify_url: Option<Url>,
    /// Where it is.
    pub state: PaymentState,
    /// Counts its changes, from 0.
    pub revision: i32,
    /// Its orders by number.
    pub allocations: Vec<Allocation>,
    /// The channel's number, known once the channel proved a success.
    pub channel_transaction_no: Option<ChannelTransactionNo>,
    /// What payment data is made from, once the channel gave it.
    pub handle: Option<ChannelHandle>,
    /// Why the channel refused it, if it did.
    pub failure: Option<Failure>,
    /// When we decided to have the money held that the payer approved to be held.
    pub hold_intend_time: Option<OffsetDateTime>,
    /// The money that the channel holds, or held.
    pub hold: Option<Hold>,
    /// When we decided to take the money that the payer approved or that is held, where the channel leaves that to us.
    /// From either decision on the payment is not closed by us alone.
    pub capture_intend_time: Option<OffsetDateTime>,
    /// When what happened.
    pub times: PaymentTimes,
}

impl Payment {
    /// Whether a call of ours that moves or holds the payer's money may be on its way.
    #[must_use]
    pub const fn is_intended(&self) -> bool {
        self.hold_intend_time.is_some() || self.capture_intend_time.is_some()
    }

    /// Whether its money is held and nobody is about to take it.
    #[must_use]
    pub const fn is_at_rest(&self) -> bool {
        matches!(self.state, PaymentState::Held) && self.capture_intend_time.is_none()
    }

    /// When its time is over: until then its payer may pay, or we may take what is held.
    #[must_use]
    pub fn end_of_time(&self) -> OffsetDateTime {
        self.hold.as_ref().map_or(self.times.expire, |hold| hold.expire_time)
    }

    /// Whether held money is to be let go whoever asks: the payment had ended before the money was held.
    #[must_use]
    pub const fn is_held_late(&self) -> bool {
        matches!(self.state, PaymentState::Held) && self.times.end.is_some()
    }

    /// Whether this payment is the one that paid the order (R9).
    #[must_use]
    pub fn pays(&self, order_no: &OrderNo) -> bool {
        self.paid_part(order_no).is_some()
    }

    /// The part of this payment that paid the order, if it did.
    #[must_use]
    pub fn paid_part(&self, order_no: &OrderNo) -> Option<&Allocation> {
        let mut parts = self.allocations.iter();
        parts.find(|part| part.order_no == *order_no && part.state == AllocationState::Effective)
    }
}

/// The instants of a payment, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentTimes {
    /// Recorded.
    pub create: OffsetDateTime,
    /// Until when the payer may pay.
    pub expire: OffsetDateTime,
    /// Last change.
    pub update: OffsetDateTime,
    /// Reported paid by the payer's app.
    pub client_report: Option<OffsetDateTime>,
    /// Paid, by the channel's clock where it tells, else by ours.
    pub succeed: Option<OffsetDateTime>,
    /// Closed or failed, by ours.
    pub end: Option<OffsetDateTime>,
}

/// Money that the channel holds for us: it is the payer's until we take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The channel's number of it.
    pub hold_no: ChannelHoldNo,
    /// Since when, by the channel's clock where it tells, else by ours.
    pub hold_time: OffsetDateTime,
    /// Until when the channel stands in for the money. Later it may refuse the capture.
    pub honour_end_time: OffsetDateTime,
    /// When the channel lets the money go by itself.
    pub expire_time: OffsetDateTime,
}

/// The tie of a payment to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The order.
    pub order_no: OrderNo,
    /// The part of the payment that is for it.
    pub amount: Money,
    /// Where it is.
    pub state: AllocationState,
    /// What refunds reserve, are giving back, or gave back of it (R15).
    pub refund_reserved: Money,
}

/// What the channel gave us to make payment data from: WeChat's `prepay_id`, Alipay's order string, a link.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelHandle {
    /// The channel's word, opaque to all but its gateway.
    pub value: String,
    /// When the channel stops honouring it.
    pub expire_time: OffsetDateTime,
}

impl std::fmt::Debug for ChannelHandle {
    /// Whoever holds the value can pay with it, so it is not shown.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ChannelHandle(until {})", self.expire_time)
    }
}

/// A channel's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub reason: Reason,
    /// The channel's own code.
    pub channel_code: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::apply::tests::payment;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 08:10 UTC);

    #[test]
    fn r09_an_order_is_paid_by_the_part_that_is_effective_for_it() {
        let mut paid = payment();
        let (first, second) = (paid.allocations[0].order_no.clone(), paid.allocations[1].order_no.clone());
        assert!(!paid.pays(&first) && !paid.pays(&second), "nothing is paid yet");
        paid.allocations[0].state = AllocationState::Duplicate;
        paid.allocations[1].state = AllocationState::Effective;
        assert!(!paid.pays(&first) && paid.pays(&second));
        assert_eq!(paid.paid_part(&second), paid.allocations.get(1));
    }

    #[test]
    fn money_is_at_rest_while_it_is_held_and_nobody_takes_it() {
        let held = Payment { state: PaymentState::Held, ..payment() };
        assert!(held.is_at_rest());
        assert!(!Payment { capture_intend_time: Some(NOW), ..held }.is_at_rest());
        assert!(!payment().is_at_rest());
    }

    #[test]
    fn what_a_payer_could_pay_with_is_not_shown() {
        let handle = ChannelHandle { value: "wx1".to_owned(), expire_time: NOW };
        assert_eq!(format!("{handle:?}"), "ChannelHandle(until 2026-11-23 8:10:00.0 +00:00:00)");
    }
}
