//! What was true at the moment of an event, kept as JSON in the event's row: told again later, it says the same.
//!
//! No payer's data goes in: no description, no address, no options, no payee, no handle. A field that an older version did
//! not know is optional here, so that its rows are read for ever.

use payment_core::{
    case::{
        CaseKind, CaseOpening,
        resolution::{Case, Resolution},
    },
    gateway::Reason,
    money::Money,
    payment::{
        Allocation, Failure, Hold, Payment, PaymentTimes, allocation::AllocationState, state::PaymentState,
    },
    refund::{Refund, RefundOrigin, RefundPart, RefundReason, RefundTimes, state::RefundState},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use uuid::Uuid;

/// What an event is about, as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Snapshot {
    /// A payment.
    Payment(PaymentSnapshot),
    /// A refund.
    Refund(RefundSnapshot),
    /// A case.
    Case(CaseSnapshot),
}

/// A payment as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentSnapshot {
    /// Its number.
    pub payment_no: String,
    /// The request that made it.
    pub request_id: String,
    /// Where it was.
    #[serde(with = "word")]
    pub state: PaymentState,
    /// The sum of its orders' amounts.
    #[serde(with = "money")]
    pub amount: Money,
    /// What it pays.
    pub allocations: Vec<AllocationSnapshot>,
    /// The channel.
    pub channel: String,
    /// The account at the channel.
    pub channel_account: String,
    /// The way of paying.
    pub product: String,
    /// The channel's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_transaction_no: Option<String>,
    /// Why the channel refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureSnapshot>,
    /// The money that the channel held for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldSnapshot>,
    /// Recorded.
    #[serde(with = "rfc3339")]
    pub create_time: OffsetDateTime,
    /// Until when the payer might pay.
    #[serde(with = "rfc3339")]
    pub expire_time: OffsetDateTime,
    /// Its last change.
    #[serde(with = "rfc3339")]
    pub update_time: OffsetDateTime,
    /// When the app reported it paid.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub client_report_time: Option<OffsetDateTime>,
    /// When it was paid.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub succeed_time: Option<OffsetDateTime>,
    /// When it ended without money.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<OffsetDateTime>,
}

/// The tie of a payment to an order as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AllocationSnapshot {
    /// The order.
    pub order_no: String,
    /// The part of the payment that is for it.
    #[serde(with = "money")]
    pub amount: Money,
    /// Where it was.
    #[serde(with = "word")]
    pub state: AllocationState,
    /// What refunds reserved of it.
    #[serde(with = "money")]
    pub refund_reserved: Money,
}

/// Why a channel refused a payment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureSnapshot {
    /// What it means.
    #[serde(with = "word")]
    pub reason: Reason,
    /// The channel's own code.
    pub channel_code: String,
}

/// Held money as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldSnapshot {
    /// The channel's number of it.
    pub hold_no: String,
    /// Since when.
    #[serde(with = "rfc3339")]
    pub hold_time: OffsetDateTime,
    /// Until when the channel stood in for it.
    #[serde(with = "rfc3339")]
    pub honour_end_time: OffsetDateTime,
    /// When the channel was to let it go.
    #[serde(with = "rfc3339")]
    pub expire_time: OffsetDateTime,
    /// Since when it was being taken.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub capture_time: Option<OffsetDateTime>,
}

/// A refund as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefundSnapshot {
    /// Its number.
    pub refund_no: String,
    /// The payment that it gives back a part of.
    pub payment_no: String,
    /// Where it was.
    #[serde(with = "word")]
    pub state: RefundState,
    /// The sum of its parts.
    #[serde(with = "money")]
    pub amount: Money,
    /// What was given back for which order.
    pub parts: Vec<RefundPartSnapshot>,
    /// Why.
    #[serde(with = "word")]
    pub reason: RefundReason,
    /// Who wanted it.
    #[serde(with = "word")]
    pub origin: RefundOrigin,
    /// The channel.
    pub channel: String,
    /// The account at the channel.
    pub channel_account: String,
    /// The number under which the channel knew it.
    pub sent_as: String,
    /// The channel's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_refund_no: Option<String>,
    /// Why a person was needed.
    #[serde(default, with = "word::option", skip_serializing_if = "Option::is_none")]
    pub attention: Option<Reason>,
    /// Reserved.
    #[serde(with = "rfc3339")]
    pub create_time: OffsetDateTime,
    /// Its last change.
    #[serde(with = "rfc3339")]
    pub update_time: OffsetDateTime,
    /// When it arrived.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub succeed_time: Option<OffsetDateTime>,
}

/// The part of a refund that is for one order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefundPartSnapshot {
    /// The order.
    pub order_no: String,
    /// What was given back for it.
    #[serde(with = "money")]
    pub amount: Money,
}

/// A case as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseSnapshot {
    /// Its number.
    pub case_id: String,
    /// Why it was open.
    #[serde(with = "word")]
    pub kind: CaseKind,
    /// The payment, ours or one that the channel named.
    pub payment_no: String,
    /// The refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_no: Option<String>,
    /// The order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_no: Option<String>,
    /// The channel.
    pub channel: String,
    /// The account at the channel.
    pub channel_account: String,
    /// The channel's number of the money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_transaction_no: Option<String>,
    /// The money that it was about.
    #[serde(default, with = "money::option", skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Opened.
    #[serde(with = "rfc3339")]
    pub open_time: OffsetDateTime,
    /// How it was dealt with, in one word. An operator's own words may name a person and stay out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// Dealt with.
    #[serde(default, with = "rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub resolve_time: Option<OffsetDateTime>,
}

impl PaymentSnapshot {
    /// A payment as it is about to be committed.
    pub(crate) fn of(payment: &Payment) -> Self {
        let PaymentTimes { create, expire, update, client_report, succeed, end } = payment.times;
        Self {
            payment_no: payment.payment_no.to_string(),
            request_id: payment.request_id.to_string(),
            state: payment.state,
            amount: payment.amount,
            allocations: payment.allocations.iter().map(AllocationSnapshot::of).collect(),
            channel: payment.channel.to_string(),
            channel_account: payment.channel_account.to_string(),
            product: payment.product.to_string(),
            channel_transaction_no: payment.channel_transaction_no.as_ref().map(ToString::to_string),
            failure: payment.failure.as_ref().map(FailureSnapshot::of),
            hold: payment.hold.as_ref().map(|hold| HoldSnapshot::of(hold, payment.capture_intend_time)),
            create_time: create,
            expire_time: expire,
            update_time: update,
            client_report_time: client_report,
            succeed_time: succeed,
            end_time: end,
        }
    }
}

impl AllocationSnapshot {
    fn of(allocation: &Allocation) -> Self {
        Self {
            order_no: allocation.order_no.to_string(),
            amount: allocation.amount,
            state: allocation.state,
            refund_reserved: allocation.refund_reserved,
        }
    }
}

impl FailureSnapshot {
    fn of(failure: &Failure) -> Self {
        Self { reason: failure.reason, channel_code: failure.channel_code.clone() }
    }
}

impl HoldSnapshot {
    fn of(hold: &Hold, capture_time: Option<OffsetDateTime>) -> Self {
        Self {
            hold_no: hold.hold_no.to_string(),
            hold_time: hold.hold_time,
            honour_end_time: hold.honour_end_time,
            expire_time: hold.expire_time,
            capture_time,
        }
    }
}

impl RefundSnapshot {
    /// A refund as it is about to be committed.
    pub(crate) fn of(refund: &Refund) -> Self {
        let RefundTimes { create, update, succeed } = refund.times;
        Self {
            refund_no: refund.refund_no.to_string(),
            payment_no: refund.payment_no.to_string(),
            state: refund.state,
            amount: refund.amount,
            parts: refund.parts.iter().map(RefundPartSnapshot::of).collect(),
            reason: refund.reason,
            origin: refund.origin,
            channel: refund.channel.to_string(),
            channel_account: refund.channel_account.to_string(),
            sent_as: refund.sent_as.to_string(),
            channel_refund_no: refund.channel_refund_no.as_ref().map(ToString::to_string),
            attention: refund.attention,
            create_time: create,
            update_time: update,
            succeed_time: succeed,
        }
    }
}

impl RefundPartSnapshot {
    fn of(part: &RefundPart) -> Self {
        Self { order_no: part.order_no.to_string(), amount: part.amount }
    }
}

impl CaseSnapshot {
    /// A case that is being opened.
    pub(crate) fn opened(case_id: Uuid, case: &CaseOpening, origin: &crate::case::CaseOrigin<'_>) -> Self {
        Self {
            case_id: case_id.to_string(),
            kind: case.kind,
            payment_no: case.payment_no.clone(),
            refund_no: case.refund_no.as_ref().map(ToString::to_string),
            order_no: case.order_no.as_ref().map(ToString::to_string),
            channel: origin.channel.to_string(),
            channel_account: origin.channel_account.to_string(),
            channel_transaction_no: case.channel_transaction_no.as_ref().map(ToString::to_string),
            amount: case.amount,
            open_time: origin.now,
            resolution: None,
            resolve_time: None,
        }
    }

    /// A case that is resolved.
    pub(crate) fn resolved(case: &Case) -> Self {
        let resolution = case.decision.as_ref().map(|decision| match decision.resolution {
            Resolution::Attach { .. } => "ATTACHED",
            Resolution::Refund => "REFUNDED",
            Resolution::Dismiss => "DISMISSED",
            Resolution::Settled => "SETTLED",
        });
        Self {
            case_id: case.case_id.clone(),
            kind: case.kind,
            payment_no: case.payment_no.clone(),
            refund_no: case.refund_no.as_ref().map(ToString::to_string),
            order_no: case.order_no.as_ref().map(ToString::to_string),
            channel: case.channel.to_string(),
            channel_account: case.channel_account.to_string(),
            channel_transaction_no: case.channel_transaction_no.as_ref().map(ToString::to_string),
            amount: case.amount,
            open_time: case.open_time,
            resolution: resolution.map(str::to_owned),
            resolve_time: case.resolve_time,
        }
    }
}

/// A member of a closed set as its word.
mod word {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::words::Word;

    pub(super) fn serialize<W: Word, S: Serializer>(member: &W, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(member.word())
    }

    pub(super) fn deserialize<'de, W: Word, D: Deserializer<'de>>(deserializer: D) -> Result<W, D::Error> {
        let word = String::deserialize(deserializer)?;
        W::of_word(&word).map_err(|_| D::Error::custom(format_args!("{word} is no word of {}", W::TABLE)))
    }

    /// The same, where it may be absent.
    pub(super) mod option {
        use serde::{Deserializer, Serializer};

        use super::Word;

        pub(in super::super) fn serialize<W: Word, S: Serializer>(
            member: &Option<W>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match member {
                Some(member) => super::serialize(member, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, W: Word, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<W>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}

/// An amount as its currency and its minor units.
mod money {
    use payment_core::money::{Currency, Money};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    #[derive(Serialize, Deserialize)]
    struct Amount {
        currency: String,
        minor_units: i64,
    }

    pub(super) fn serialize<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        let currency = money.currency().code().to_owned();
        Amount { currency, minor_units: money.minor_units() }.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        let amount = Amount::deserialize(deserializer)?;
        Ok(Money::new(Currency::parse(&amount.currency).map_err(D::Error::custom)?, amount.minor_units))
    }

    /// The same, where it may be absent.
    pub(super) mod option {
        use payment_core::money::Money;
        use serde::{Deserializer, Serializer};

        pub(in super::super) fn serialize<S: Serializer>(
            money: &Option<Money>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match money {
                Some(money) => super::serialize(money, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Money>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}
