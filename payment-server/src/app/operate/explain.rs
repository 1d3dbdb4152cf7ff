//! Everything that is recorded about a payment as facts in order of time, each with who said so and what proves it (R26).

use std::{cmp::Ordering, sync::Arc};

use payment_core::{
    evidence::Source,
    identifiers::{MerchantId, OrderNo, PaymentNo},
    operator::Act,
    payment::{Payment, allocation::AllocationState, state::PaymentState},
    refund::Refund,
};
use payment_store::{
    operator::{
        ActRecord, CaseFile, Dossier, EventRecord, EvidenceRecord, OperatorAct, RefundFile,
        RefundTransitionRecord, StoredNotification, TransitionRecord, WebhookRecord,
    },
    payment::PaymentFilter,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    super::{App, error::AppError, principal::Operator},
    story,
};

/// How many attempts to pay one order are explained.
const ATTEMPTS: i64 = 20;

/// What to explain.
#[derive(Debug, Clone)]
pub enum Subject {
    /// This payment.
    Payment(PaymentNo),
    /// Every attempt to pay this order.
    Order(OrderNo),
}

/// One or several payments, oldest first, and their story.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The payments, oldest first.
    pub payments: Vec<Explanation>,
    /// All facts as sentences, oldest first.
    pub story: Vec<String>,
}

/// Everything about one payment.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The payment as it is.
    pub payment: Payment,
    /// Its refunds as they are.
    pub refunds: Vec<Refund>,
    /// What happened, oldest first.
    pub facts: Vec<Fact>,
    /// Whether older facts of one kind were left out.
    pub truncated: bool,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Fact {
    /// When.
    pub time: OffsetDateTime,
    /// What kind of thing.
    pub kind: FactKind,
    /// It as a sentence.
    pub sentence: String,
    /// What it is about.
    pub subject: String,
    /// The records' word for it.
    pub event: &'static str,
    /// The state before, if one changed.
    pub from_state: &'static str,
    /// The state after, if one changed.
    pub to_state: &'static str,
    /// Who said so, if somebody did.
    pub source: Option<Source>,
    /// The key or the operator behind it.
    pub actor: Option<String>,
    /// What proves it.
    pub proof: Option<Proof>,
    place: Place,
}

/// The kinds of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// The payment was recorded.
    PaymentCreated,
    /// The payment's state changed.
    PaymentChanged,
    /// An allocation's state changed.
    AllocationChanged,
    /// The service decided to have approved money held.
    HoldIntended,
    /// The service decided to take approved money.
    CaptureIntended,
    /// A notification came.
    NotificationReceived,
    /// A refund was recorded.
    RefundCreated,
    /// A refund's state changed.
    RefundChanged,
    /// A case was opened.
    CaseOpened,
    /// Callers are told something.
    EventTold,
    /// A merchant's endpoint took an event, or has not taken it yet.
    WebhookSent,
    /// An operator did something.
    OperatorActed,
}

/// Somebody's words.
#[derive(Clone, Default)]
pub struct Proof {
    /// The key that verified them.
    pub verified_by: Option<String>,
    /// The delivery that holds them.
    pub notification_id: Option<Uuid>,
    /// Path and query of that delivery.
    pub target: String,
    /// Its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The words.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Proof {
    /// The words name payers (R29).
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Proof({} bytes, verified by {:?})", self.bytes.len(), self.verified_by)
    }
}

/// What comes first of what happened in the same instant: the payment by its changes, then what followed from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    group: Group,
    revision: i32,
    step: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Payment,
    Refund,
    Delivery,
    Case,
    Webhook,
    Operator,
}

impl App {
    /// Explains a payment, or every attempt to pay an order.
    ///
    /// # Errors
    /// [`AppError::PaymentNotFound`], [`AppError::OrderNotFound`], [`AppError::StoreUnavailable`].
    pub async fn explain(&self, merchant: &MerchantId, subject: &Subject) -> Result<Explained, AppError> {
        let mut dossiers = Vec::new();
        for payment_no in self.payments_of(merchant, subject).await? {
            let dossier = self.store.dossier(merchant, &payment_no).await?;
            dossiers.push(dossier.ok_or(AppError::PaymentNotFound(payment_no))?);
        }
        let payments: Vec<_> = dossiers.into_iter().map(explanation).collect();
        let mut facts: Vec<&Fact> = payments.iter().flat_map(|payment| &payment.facts).collect();
        facts.sort_by_key(|fact| fact.time);
        let story = facts.into_iter().map(story::line).collect();
        Ok(Explained { payments, story })
    }

    /// Records that an operator is about to be shown the raw words about payments.
    ///
    /// # Errors
    /// [`AppError::StoreUnavailable`]; then they must not be shown.
    pub async fn note_explanation_shown(
        self: &Arc<Self>,
        operator: &Operator,
        shown: &Explained,
    ) -> Result<(), AppError> {
        for explained in &shown.payments {
            let act = OperatorAct {
                merchant_id: Some(explained.payment.merchant_id.clone()),
                description: "was shown the raw words about the payment".to_owned(),
                payment_no: Some(explained.payment.payment_no.to_string()),
                ..self.act(operator, Act::EvidenceRead)
            };
            self.record_act(act).await?;
        }
        Ok(())
    }

    /// The numbers of what is to be explained, oldest first.
    async fn payments_of(
        &self,
        merchant: &MerchantId,
        subject: &Subject,
    ) -> Result<Vec<PaymentNo>, AppError> {
        let order_no = match subject {
            Subject::Payment(payment_no) => return Ok(vec![payment_no.clone()]),
            Subject::Order(order_no) => order_no,
        };
        let filter = PaymentFilter {
            merchant_id: merchant.clone(),
            order_no: Some(order_no.clone()),
            states: Vec::new(),
            create_time_from: None,
            create_time_before: None,
            below: None,
            limit: ATTEMPTS,
        };
        let attempts = self.store.payment_list(&filter).await?;
        if attempts.is_empty() {
            return Err(AppError::OrderNotFound(order_no.clone()));
        }
        Ok(attempts.into_iter().rev().map(|payment| payment.payment_no).collect())
    }
}

fn explanation(dossier: Dossier) -> Explanation {
    let mut facts = vec![created(&dossier)];
    facts.extend(dossier.payment.hold_intend_time.map(|time| hold_intended(&dossier, time)));
    facts.extend(dossier.payment.capture_intend_time.map(|time| capture_intended(&dossier, time)));
    for transition in &dossier.transitions {
        facts.push(payment_changed(&dossier, transition));
        facts.extend(allocations_changed(&dossier, transition));
    }
    facts.extend(dossier.notifications.iter().map(|delivery| delivered(&dossier, delivery)));
    facts.extend(dossier.refunds.iter().map(refund_created));
    facts.extend(dossier.refund_transitions.iter().map(|change| refund_changed(&dossier, change)));
    facts.extend(dossier.cases.iter().map(|file| case_opened(&dossier, file)));
    facts.extend(dossier.events.iter().map(|event| told(&dossier, event)));
    facts.extend(dossier.webhooks.iter().filter_map(|sent| webhook_sent(&dossier, sent)));
    facts.extend(dossier.acts.iter().map(|act| acted(&dossier, act)));
    facts.sort_by(in_order);
    let refunds = dossier.refunds.into_iter().map(|file| file.refund).collect();
    Explanation { payment: dossier.payment, refunds, facts, truncated: dossier.truncated }
}

fn in_order(one: &Fact, other: &Fact) -> Ordering {
    one.time.cmp(&other.time).then_with(|| one.place.cmp(&other.place))
}

const fn place(group: Group, revision: i32, step: u8) -> Place {
    Place { group, revision, step }
}

/// A fact that nobody said and nothing proves, to be filled in.
fn fact(time: OffsetDateTime, kind: FactKind, subject: String, place: Place) -> Fact {
    Fact {
        time,
        kind,
        sentence: String::new(),
        subject,
        event: "",
        from_state: "",
        to_state: "",
        source: None,
        actor: None,
        proof: None,
        place,
    }
}

fn payment_subject(dossier: &Dossier) -> String {
    format!("payments/{}", dossier.payment.payment_no)
}

fn created(dossier: &Dossier) -> Fact {
    let time = dossier.payment.times.create;
    Fact {
        sentence: story::created(&dossier.payment, &dossier.created_by),
        to_state: PaymentState::Initiating.as_str(),
        source: Some(Source::CallerRequest),
        actor: Some(dossier.created_by.clone()),
        ..fact(time, FactKind::PaymentCreated, payment_subject(dossier), place(Group::Payment, -1, 0))
    }
}

fn hold_intended(dossier: &Dossier, time: OffsetDateTime) -> Fact {
    let kind = FactKind::HoldIntended;
    Fact {
        sentence: story::hold_intended(&dossier.payment),
        source: Some(Source::CaptureGate),
        ..fact(time, kind, payment_subject(dossier), place(Group::Payment, i32::MAX, 0))
    }
}

fn capture_intended(dossier: &Dossier, time: OffsetDateTime) -> Fact {
    Fact {
        sentence: story::capture_intended(&dossier.payment),
        source: Some(Source::CaptureGate),
        ..fact(time, FactKind::CaptureIntended, payment_subject(dossier), place(Group::Payment, i32::MAX, 0))
    }
}

fn payment_changed(dossier: &Dossier, transition: &TransitionRecord) -> Fact {
    let place = place(Group::Payment, transition.revision, 1);
    Fact {
        sentence: story::payment_changed(&dossier.payment, transition),
        event: transition.event.as_str(),
        from_state: transition.from.as_str(),
        to_state: transition.to.as_str(),
        source: Some(transition.evidence.source),
        actor: transition.evidence.caller.clone(),
        proof: proof(dossier, &transition.evidence),
        ..fact(transition.time, FactKind::PaymentChanged, payment_subject(dossier), place)
    }
}

/// Allocations change with their payment only, and what a success made of one is what it still is.
fn allocations_changed(dossier: &Dossier, transition: &TransitionRecord) -> Vec<Fact> {
    let was_released = matches!(transition.from, PaymentState::Closed | PaymentState::Failed);
    let before = if was_released { AllocationState::Released } else { AllocationState::Pending };
    let part_changed = |part: &payment_core::payment::Allocation| {
        let after = match transition.to {
            PaymentState::Succeeded => part.state,
            PaymentState::Closed | PaymentState::Failed => AllocationState::Released,
            PaymentState::Initiating
            | PaymentState::AwaitingPayer
            | PaymentState::ClientReported
            | PaymentState::Held => return None,
        };
        let subject = format!("orders/{}", part.order_no);
        let place = place(Group::Payment, transition.revision, 2);
        Some(Fact {
            sentence: story::allocation_changed(&dossier.payment, part, after, &dossier.paid_by),
            from_state: before.as_str(),
            to_state: after.as_str(),
            source: Some(transition.evidence.source),
            proof: proof(dossier, &transition.evidence),
            ..fact(transition.time, FactKind::AllocationChanged, subject, place)
        })
    };
    dossier.payment.allocations.iter().filter_map(part_changed).collect()
}

fn delivered(dossier: &Dossier, delivery: &StoredNotification) -> Fact {
    let is_its = |evidence: &EvidenceRecord| evidence.notification_id == Some(delivery.notification_id);
    let moved = dossier.transitions.iter().find(|transition| is_its(&transition.evidence));
    let refund = dossier.refund_transitions.iter().find(|change| is_its(&change.evidence));
    let place = match (moved, refund) {
        (Some(moved), _) => place(Group::Payment, moved.revision, 0),
        (None, Some(refund)) => place(Group::Refund, refund.revision, 0),
        (None, None) => place(Group::Delivery, 0, 0),
    };
    Fact {
        sentence: story::delivered(delivery),
        event: delivery.verdict.as_str(),
        source: Some(Source::Notification),
        actor: delivery.replayed_by.clone(),
        proof: Some(proof_of(delivery)),
        ..fact(delivery.receive_time, FactKind::NotificationReceived, payment_subject(dossier), place)
    }
}

fn refund_created(file: &RefundFile) -> Fact {
    let refund = &file.refund;
    Fact {
        sentence: story::refund_created(refund, file.created_by.as_deref()),
        event: refund.origin.as_str(),
        to_state: "PENDING",
        actor: file.created_by.clone(),
        ..fact(
            refund.times.create,
            FactKind::RefundCreated,
            format!("refunds/{}", refund.refund_no),
            place(Group::Refund, -1, 0),
        )
    }
}

fn refund_changed(dossier: &Dossier, change: &RefundTransitionRecord) -> Fact {
    let subject = format!("refunds/{}", change.refund_no);
    Fact {
        sentence: story::refund_changed(change),
        event: change.event.as_str(),
        from_state: change.from.as_str(),
        to_state: change.to.as_str(),
        source: Some(change.evidence.source),
        actor: change.evidence.caller.clone(),
        proof: proof(dossier, &change.evidence),
        ..fact(change.time, FactKind::RefundChanged, subject, place(Group::Refund, change.revision, 1))
    }
}

fn case_opened(dossier: &Dossier, file: &CaseFile) -> Fact {
    let case = &file.case;
    Fact {
        sentence: story::case_opened(case),
        event: case.kind.as_str(),
        source: Some(case.source),
        proof: proof(dossier, &file.evidence),
        ..fact(
            case.open_time,
            FactKind::CaseOpened,
            format!("cases/{}", case.case_id),
            place(Group::Case, 0, 0),
        )
    }
}

fn told(dossier: &Dossier, event: &EventRecord) -> Fact {
    let (subject, group) = match &event.refund_no {
        Some(refund_no) => (format!("refunds/{refund_no}"), Group::Refund),
        None => (payment_subject(dossier), Group::Payment),
    };
    Fact {
        sentence: story::told(event),
        event: event.event.as_str(),
        ..fact(event.time, FactKind::EventTold, subject, place(group, event.revision, 3))
    }
}

/// An event on its way to an endpoint: told once it was taken, and until then by its last attempt.
fn webhook_sent(dossier: &Dossier, sent: &WebhookRecord) -> Option<Fact> {
    let time = sent.deliver_time.or(sent.last_attempt_time)?;
    let event = dossier.events.iter().find(|event| event.event_no == Some(sent.event_no));
    let event = event.map_or("an event that is not kept any more", |event| event.event.as_str());
    Some(Fact {
        sentence: story::webhook_sent(sent, event),
        ..fact(
            time,
            FactKind::WebhookSent,
            format!("webhooks/{}", sent.endpoint),
            place(Group::Webhook, 0, 0),
        )
    })
}

fn acted(dossier: &Dossier, act: &ActRecord) -> Fact {
    let subject = match (&act.case_id, &act.refund_no) {
        (Some(case_id), _) => format!("cases/{case_id}"),
        (None, Some(refund_no)) => format!("refunds/{refund_no}"),
        (None, None) => payment_subject(dossier),
    };
    Fact {
        sentence: story::acted(act),
        event: act.act.as_str(),
        actor: Some(act.actor.clone()),
        ..fact(act.time, FactKind::OperatorActed, subject, place(Group::Operator, 0, 0))
    }
}

/// The words behind evidence, from its own row or from the delivery that holds them.
fn proof(dossier: &Dossier, evidence: &EvidenceRecord) -> Option<Proof> {
    let kept = |id: Uuid| dossier.notifications.iter().find(|delivery| delivery.notification_id == id);
    if let Some(delivery) = evidence.notification_id.and_then(kept) {
        return Some(proof_of(delivery));
    }
    let has_words = evidence.bytes.is_some() || evidence.notification_id.is_some();
    has_words.then(|| Proof {
        verified_by: evidence.verified_by.clone(),
        notification_id: evidence.notification_id,
        bytes: evidence.bytes.clone().unwrap_or_default(),
        ..Proof::default()
    })
}

/// The words of a delivery.
#[must_use]
pub fn proof_of(delivery: &StoredNotification) -> Proof {
    Proof {
        verified_by: delivery.verified_by.clone(),
        notification_id: Some(delivery.notification_id),
        target: delivery.target.clone(),
        headers: delivery.headers.clone(),
        bytes: delivery.body.clone(),
    }
}
