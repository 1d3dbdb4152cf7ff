//! What is asked of a channel.

use std::net::IpAddr;

use serde_json::Value;
use time::OffsetDateTime;
use url::Url;

use crate::{
    identifiers::{ChannelRefundNo, ChannelTransactionNo, PaymentNo, Product, RefundNo},
    money::Money,
    payment::ChannelHandle,
};

/// A payment to be announced. The same values give the same bytes, so that it can be repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateRequest {
    /// Our number, the channel's merchant order number.
    pub payment_no: PaymentNo,
    /// The way of paying.
    pub product: Product,
    /// What is to be paid.
    pub amount: Money,
    /// What the payer reads.
    pub description: String,
    /// Until when the payer may pay, in UTC.
    pub expire_time: OffsetDateTime,
    /// Where the channel shall notify us.
    pub notify_url: Url,
    /// The product's options, an object whose keys the channel's crate documents.
    pub options: Value,
    /// The payer's address as the caller saw it, where the caller told.
    pub payer_ip: Option<IpAddr>,
}

/// Which of our payments to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRequest {
    /// How the payment is named to the channel.
    pub reference: TransactionReference,
    /// The way of paying; some channels ask elsewhere for some products.
    pub product: Product,
    /// What the channel gave at the create, for channels that know a payment by their own number only.
    pub handle: Option<ChannelHandle>,
}

/// Which approved payment to have the money held of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRequest {
    /// Our number.
    pub payment_no: PaymentNo,
    /// The way of paying.
    pub product: Product,
    /// What the channel gave at the create.
    pub handle: ChannelHandle,
}

/// Which payment's held money to let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRequest {
    /// Our number.
    pub payment_no: PaymentNo,
    /// The way of paying.
    pub product: Product,
    /// What the channel gave at the create.
    pub handle: ChannelHandle,
}

/// Which approved or held payment to take the money of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Our number.
    pub payment_no: PaymentNo,
    /// The way of paying.
    pub product: Product,
    /// What the channel gave at the create.
    pub handle: ChannelHandle,
    /// What is to be taken: the whole payment.
    pub amount: Money,
    /// When it was decided to take it. A capture that was refused and is decided on again is another one: channels may
    /// answer a repeat with the old refusal.
    pub intend_time: OffsetDateTime,
}

/// How a payment is named to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionReference {
    /// By our number, in every state.
    PaymentNo(PaymentNo),
    /// By the channel's number, once paid.
    ChannelTransactionNo(ChannelTransactionNo),
}

/// Which payment to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseRequest {
    /// Our number.
    pub payment_no: PaymentNo,
    /// The way of paying.
    pub product: Product,
    /// What the channel gave at the create, for channels that know a payment by their own number only.
    pub handle: Option<ChannelHandle>,
}

/// What to give back. The same values give the same bytes: after an unknown outcome it is sent again as it is (R17).
#[derive(Debug, Clone, PartialEq)]
pub struct RefundRequest {
    /// Our number of the refund, the channel's merchant refund number.
    pub refund_no: RefundNo,
    /// The payment that it is part of.
    pub payment_no: PaymentNo,
    /// The channel's number of that payment, if known.
    pub channel_transaction_no: Option<ChannelTransactionNo>,
    /// What to give back.
    pub amount: Money,
    /// What was paid in all.
    pub paid_amount: Money,
    /// What the payer reads, if the channel shows it.
    pub reason: Option<String>,
    /// Where the channel shall notify us.
    pub notify_url: Url,
}

/// Which refund to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundQueryRequest {
    /// Our number.
    pub refund_no: RefundNo,
    /// The payment that it is part of.
    pub payment_no: PaymentNo,
    /// The channel's number, if known.
    pub channel_refund_no: Option<ChannelRefundNo>,
}
