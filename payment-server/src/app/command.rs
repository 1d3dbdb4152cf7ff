//! What callers ask of the use cases, already checked field by field.

use std::{net::IpAddr, sync::Arc};

use payment_core::trace::TraceParent;
use payment_core::{
    gateway::PaymentData,
    identifiers::{
        ApiKeyId, ChannelAccountId, ChannelName, MerchantId, OrderNo, PaymentNo, Product, RefundNo, RequestId,
    },
    merchant_event::MerchantEvent,
    payment::{Payment, create::OrderAmount, state::PaymentState},
    refund::{Refund, RefundReason, reserve::Split, state::RefundState},
};
use payment_store::FeedEvent;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// Who calls: the merchant that the API key belongs to, and the key's name for the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose data the call may see.
    pub merchant_id: MerchantId,
    /// The key that was presented.
    pub api_key_id: ApiKeyId,
}

/// A request for a payment.
#[derive(Debug, Clone)]
pub struct CreatePayment {
    /// The caller's key for this request.
    pub request_id: RequestId,
    /// At least one order, each once, all in one currency.
    pub orders: Vec<OrderAmount>,
    /// Which account to pay to.
    pub account: AccountChoice,
    /// The way of paying.
    pub product: Product,
    /// The product's options, an object.
    pub options: Value,
    /// What the payer reads.
    pub description: String,
    /// How long the payer may pay; the configured default if not given.
    pub time_to_pay: Option<Duration>,
    /// The payer's address.
    pub payer_client_ip: Option<IpAddr>,
    /// What to do about an earlier attempt whose channel cannot be asked; the configured default if not given.
    pub earlier_attempt_policy: Option<EarlierAttemptPolicy>,
    /// The trace that the request belongs to. No part of its content: a repeat may belong to another.
    pub trace_parent: Option<TraceParent>,
}

/// How a caller names the channel account.
#[derive(Debug, Clone)]
pub enum AccountChoice {
    /// This account. `channel` is given where the options belong to one channel, and must then be the account's.
    Named {
        /// The account.
        account: ChannelAccountId,
        /// The channel that the options are for, if they are for a certain one.
        channel: Option<ChannelName>,
    },
    /// The merchant's only account at this channel.
    OnlyOneAt(ChannelName),
}

/// What to do when an earlier attempt may still be paid and its channel cannot be asked (R11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierAttemptPolicy {
    /// Refuse.
    Refuse,
    /// Go ahead and rely on the detection of duplicates (R12).
    Proceed,
}

/// A payment and what its payer needs, while it awaits one.
#[derive(Debug, Clone)]
pub struct CreatedPayment {
    /// The payment.
    pub payment: Payment,
    /// What the payer needs.
    pub payment_data: Option<PaymentData>,
}

/// What the payer's app said.
#[derive(Debug, Clone)]
pub struct ConfirmPayment {
    /// The payment.
    pub payment_no: PaymentNo,
    /// What the app makes of it, if the caller says.
    pub hint: Option<payment_core::gateway::ClientResultHint>,
    /// The SDK's own words, empty if not given.
    pub sdk_result: Vec<u8>,
}

/// A payment after its channel was asked.
#[derive(Debug, Clone)]
pub struct SyncedPayment {
    /// The payment.
    pub payment: Payment,
    /// Whether the channel answered.
    pub contact: ChannelContact,
}

/// Whether a channel could be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelContact {
    /// It answered, and what it said is applied.
    Answered,
    /// It gave no answer that can be believed.
    NotReached,
}

/// A request for a refund.
#[derive(Debug, Clone)]
pub struct CreateRefund {
    /// The number of the business that wants it, at most 58 characters.
    pub refund_no: RefundNo,
    /// What was paid.
    pub payment: PaymentChoice,
    /// How much of it.
    pub split: Split,
    /// Why.
    pub reason: RefundReason,
    /// What the payer reads.
    pub description: String,
}

/// How a caller names a payment that is paid.
#[derive(Debug, Clone)]
pub enum PaymentChoice {
    /// This one.
    Payment(PaymentNo),
    /// The one that paid this order.
    OfOrder(OrderNo),
}

/// Which refunds to list, newest first.
#[derive(Debug, Clone)]
pub struct ListRefunds {
    /// 1 to 200.
    pub page_size: u16,
    /// The last refund of the page before.
    pub after: Option<(OffsetDateTime, RefundNo)>,
    /// Only those of this payment.
    pub payment_no: Option<PaymentNo>,
    /// Only those that give something back for this order.
    pub order_no: Option<OrderNo>,
    /// Only those in one of these states; empty for all.
    pub states: Vec<RefundState>,
}

/// One page of refunds.
#[derive(Debug, Clone)]
pub struct RefundPage {
    /// The refunds, newest first.
    pub refunds: Vec<Refund>,
    /// The last of them, if there are more.
    pub next: Option<(OffsetDateTime, RefundNo)>,
}

/// Which payments to list, newest first.
#[derive(Debug, Clone)]
pub struct ListPayments {
    /// 1 to 200.
    pub page_size: u16,
    /// The last payment of the page before.
    pub after: Option<PaymentNo>,
    /// Only those that cover this order.
    pub order_no: Option<OrderNo>,
    /// Only those in one of these states; empty for all.
    pub states: Vec<PaymentState>,
    /// Only those created at this time or later.
    pub create_time_from: Option<OffsetDateTime>,
    /// Only those created before this time.
    pub create_time_before: Option<OffsetDateTime>,
}

/// One page of payments.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    /// The payments, newest first.
    pub payments: Vec<Payment>,
    /// The last of them, if there are more.
    pub next: Option<PaymentNo>,
}

/// Which events are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Only these kinds; empty for all.
    pub kinds: Vec<MerchantEvent>,
    /// Only those about this payment and its refunds.
    pub payment_no: Option<PaymentNo>,
}

impl EventFilter {
    /// Whether an event is told.
    #[must_use]
    pub fn passes(&self, event: &FeedEvent) -> bool {
        let of_kind = self.kinds.is_empty() || self.kinds.contains(&event.event);
        let of_payment = self.payment_no.as_ref().is_none_or(|no| no.as_str() == event.payment_no);
        of_kind && of_payment
    }
}

/// Which events to list, oldest first.
#[derive(Debug, Clone)]
pub struct ListEvents {
    /// 1 to 200.
    pub page_size: u16,
    /// Only those after this place in the feed; from the oldest if not given.
    pub after: Option<i64>,
    /// Which.
    pub filter: EventFilter,
}

/// One page of events.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// The events, oldest first.
    pub events: Vec<FeedEvent>,
    /// The place in the feed up to which everything was looked at.
    pub reached: i64,
    /// Whether more follows.
    pub more: bool,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedStart {
    /// With the oldest event that is kept.
    Oldest,
    /// With what becomes true from now on.
    Now,
    /// After this place in the feed.
    After(i64),
}

/// Which events to follow.
#[derive(Debug, Clone)]
pub struct FollowEvents {
    /// Where to begin.
    pub start: FeedStart,
    /// Which.
    pub filter: EventFilter,
}

/// One item of a stream of events.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The event; none in a sign of life.
    pub event: Option<Arc<FeedEvent>>,
    /// The place in the feed up to which everything was told or left out by the filter.
    pub reached: i64,
}

/// An order as far as this service knows it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The order.
    pub order_no: OrderNo,
    /// Every payment that covers it, newest first.
    pub payments: Vec<Payment>,
    /// Every refund that gives something back for it, newest first.
    pub refunds: Vec<Refund>,
}
