//! Explanations of payments in the contract's messages.

use payment_core::identifiers::{OrderNo, PaymentNo};
use payment_proto::v1::{self, explain_payment_request::Subject as WireSubject};
use sha2::{Digest as _, Sha256};

use super::{fields::Fields, payment::payment, refund::refund, time::timestamp};
use crate::app::{
    error::AppError,
    operate::{Explained, Explanation, Fact, FactKind, Proof, Subject},
};

/// How many bytes of one piece of evidence an explanation shows; `GetNotification` shows all.
const SHOWN_BYTES: usize = 64 * 1024;

/// How much of somebody's words is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Their size and digest only.
    Digest,
    /// So many bytes of them at most.
    Words(usize),
}

impl Shown {
    /// What an explanation shows if `words` are asked for.
    pub(crate) const fn in_explanation(words: bool) -> Self {
        if words { Self::Words(SHOWN_BYTES) } else { Self::Digest }
    }

    /// What a single delivery shows if `words` are asked for.
    pub(crate) const fn alone(words: bool) -> Self {
        if words { Self::Words(usize::MAX) } else { Self::Digest }
    }
}

/// Reads what to explain.
pub(crate) fn explain_payment(subject: Option<WireSubject>) -> Result<Subject, AppError> {
    Fields::read(|fields| match subject {
        Some(WireSubject::PaymentNo(no)) => {
            fields.take("payment_no", PaymentNo::parse(no)).map(Subject::Payment)
        }
        Some(WireSubject::OrderNo(no)) => fields.take("order_no", OrderNo::parse(no)).map(Subject::Order),
        None => fields.refuse("subject", "must be payment_no or order_no"),
    })
}

/// Payments as they are explained.
pub(crate) fn explained(explained: Explained, shown: Shown) -> v1::ExplainPaymentResponse {
    let payments = explained.payments.into_iter().map(|payment| explanation(payment, shown));
    v1::ExplainPaymentResponse { payments: payments.collect(), story: explained.story }
}

fn explanation(explanation: Explanation, shown: Shown) -> v1::PaymentExplanation {
    v1::PaymentExplanation {
        payment: Some(payment(explanation.payment)),
        refunds: explanation.refunds.into_iter().map(refund).collect(),
        facts: explanation.facts.into_iter().map(|told| fact(told, shown)).collect(),
        truncated: explanation.truncated,
    }
}

fn fact(fact: Fact, shown: Shown) -> v1::Fact {
    v1::Fact {
        time: Some(timestamp(fact.time)),
        kind: fact_kind(fact.kind).into(),
        sentence: fact.sentence,
        subject: fact.subject,
        event: fact.event.to_owned(),
        from_state: fact.from_state.to_owned(),
        to_state: fact.to_state.to_owned(),
        source: fact.source.map(|source| source.as_str().to_owned()).unwrap_or_default(),
        actor: fact.actor.unwrap_or_default(),
        evidence: fact.proof.map(|proof| evidence(proof, shown)),
    }
}

/// Somebody's words, or their size and digest.
pub(super) fn evidence(mut proof: Proof, shown: Shown) -> v1::Evidence {
    let size_bytes = i64::try_from(proof.bytes.len()).unwrap_or(i64::MAX);
    let sha256 = hex::encode(Sha256::digest(&proof.bytes));
    match shown {
        Shown::Digest => {
            proof = Proof {
                verified_by: proof.verified_by,
                notification_id: proof.notification_id,
                ..Proof::default()
            };
        }
        Shown::Words(most) => proof.bytes.truncate(most),
    }
    let header = |(name, value)| v1::HttpHeader { name, value };
    v1::Evidence {
        verified_by: proof.verified_by.unwrap_or_default(),
        notification_id: proof.notification_id.map(|id| id.to_string()).unwrap_or_default(),
        size_bytes,
        sha256,
        content: proof.bytes,
        target: proof.target,
        headers: proof.headers.into_iter().map(header).collect(),
    }
}

const fn fact_kind(kind: FactKind) -> v1::FactKind {
    match kind {
        FactKind::PaymentCreated => v1::FactKind::PaymentCreated,
        FactKind::PaymentChanged => v1::FactKind::PaymentChanged,
        FactKind::AllocationChanged => v1::FactKind::AllocationChanged,
        FactKind::HoldIntended => v1::FactKind::HoldIntended,
        FactKind::CaptureIntended => v1::FactKind::CaptureIntended,
        FactKind::NotificationReceived => v1::FactKind::NotificationReceived,
        FactKind::RefundCreated => v1::FactKind::RefundCreated,
        FactKind::RefundChanged => v1::FactKind::RefundChanged,
        FactKind::CaseOpened => v1::FactKind::CaseOpened,
        FactKind::EventTold => v1::FactKind::EventTold,
        FactKind::WebhookSent => v1::FactKind::WebhookSent,
        FactKind::OperatorActed => v1::FactKind::OperatorActed,
    }
}
