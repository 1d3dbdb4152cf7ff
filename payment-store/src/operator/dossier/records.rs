//! What is known about a payment, as it is told.

use payment_core::{
    case::resolution::Case,
    evidence::Source,
    identifiers::{OrderNo, PaymentNo, RefundNo},
    merchant_event::MerchantEvent,
    payment::{
        Payment,
        state::{PaymentEvent, PaymentState},
    },
    refund::{
        Refund,
        state::{RefundEvent, RefundState},
    },
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::operator::{act::ActRecord, notifications::StoredNotification};

/// Everything about one payment. Lists are oldest first.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// The payment as it is.
    pub payment: Payment,
    /// The API key that asked for it.
    pub created_by: String,
    /// Its changes of state.
    pub transitions: Vec<TransitionRecord>,
    /// Its refunds.
    pub refunds: Vec<RefundFile>,
    /// Its refunds' changes of state.
    pub refund_transitions: Vec<RefundTransitionRecord>,
    /// The deliveries that name it.
    pub notifications: Vec<StoredNotification>,
    /// Its cases.
    pub cases: Vec<CaseFile>,
    /// What callers are told.
    pub events: Vec<EventRecord>,
    /// What merchants' endpoints got of that, or are to get.
    pub webhooks: Vec<WebhookRecord>,
    /// What operators did about it.
    pub acts: Vec<ActRecord>,
    /// Which payments paid those of its orders that are paid.
    pub paid_by: Vec<(OrderNo, PaymentNo)>,
    /// Whether older rows of one kind were left out.
    pub truncated: bool,
}

/// Who said something, and what proves it.
#[derive(Clone)]
pub struct EvidenceRecord {
    /// Who spoke.
    pub source: Source,
    /// The API key whose call led here.
    pub caller: Option<String>,
    /// The delivery that holds the bytes.
    pub notification_id: Option<Uuid>,
    /// The bytes, where no delivery holds them.
    pub bytes: Option<Vec<u8>>,
    /// The key that verified them.
    pub verified_by: Option<String>,
}

impl std::fmt::Debug for EvidenceRecord {
    /// The bytes name payers (R29).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "EvidenceRecord({:?}, verified by {:?})", self.source, self.verified_by)
    }
}

/// A payment's change of state.
#[derive(Debug, Clone)]
pub struct TransitionRecord {
    /// The revision that it made.
    pub revision: i32,
    /// What happened.
    pub event: PaymentEvent,
    /// The state before.
    pub from: PaymentState,
    /// The state after.
    pub to: PaymentState,
    /// Who said so.
    pub evidence: EvidenceRecord,
    /// When.
    pub time: OffsetDateTime,
}

/// A refund with what its message does not show.
#[derive(Debug, Clone)]
pub struct RefundFile {
    /// The refund as it is.
    pub refund: Refund,
    /// The API key that asked for it, if one did.
    pub created_by: Option<String>,
    /// When a scheduler drives it next.
    pub next_check_time: Option<OffsetDateTime>,
}

/// A refund's change of state.
#[derive(Debug, Clone)]
pub struct RefundTransitionRecord {
    /// The refund.
    pub refund_no: RefundNo,
    /// The revision that it made.
    pub revision: i32,
    /// What happened.
    pub event: RefundEvent,
    /// The state before.
    pub from: RefundState,
    /// The state after.
    pub to: RefundState,
    /// The number that the channel spoke of.
    pub number: String,
    /// Who said so.
    pub evidence: EvidenceRecord,
    /// When.
    pub time: OffsetDateTime,
}

/// A case with the words that opened it.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// The case as it is.
    pub case: Case,
    /// Who said what opened it.
    pub evidence: EvidenceRecord,
}

/// An event that an endpoint got or is to get.
#[derive(Debug, Clone)]
pub struct WebhookRecord {
    /// The endpoint's name.
    pub endpoint: String,
    /// The event's number in the feed.
    pub event_no: i64,
    /// How often it was sent.
    pub attempts: i32,
    /// When it was sent last.
    pub last_attempt_time: Option<OffsetDateTime>,
    /// When the endpoint took it, if it did.
    pub deliver_time: Option<OffsetDateTime>,
}

/// Something that callers are told.
#[derive(Debug, Clone)]
pub struct EventRecord {
    /// Its id.
    pub event_id: Uuid,
    /// What.
    pub event: MerchantEvent,
    /// The refund that it is about.
    pub refund_no: Option<String>,
    /// Its number in the feed, once it has one.
    pub event_no: Option<i64>,
    /// The revision of payment or refund that it was written with.
    pub revision: i32,
    /// When it became true.
    pub time: OffsetDateTime,
}
