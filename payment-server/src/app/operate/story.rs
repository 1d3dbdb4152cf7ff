//! Facts as sentences, for a person who has a customer on the telephone. No payer's identity stands in any of them.

use payment_core::{
    case::resolution::Case,
    evidence::Source,
    identifiers::{OrderNo, PaymentNo},
    operator::Act,
    payment::{
        Allocation, Payment,
        allocation::AllocationState,
        state::{PaymentEvent, PaymentState},
    },
    refund::{Refund, RefundOrigin, state::RefundEvent},
};
use payment_store::operator::{
    ActRecord, EventRecord, EvidenceRecord, RefundTransitionRecord, StoredNotification, TransitionRecord,
    VerdictWord, WebhookRecord,
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use super::explain::Fact;

/// A fact as a line of the story.
pub(super) fn line(fact: &Fact) -> String {
    format!("{} {}", instant(fact.time), fact.sentence)
}

/// To the second: the story is read by people, the facts have the rest.
fn instant(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

pub(super) fn created(payment: &Payment, created_by: &str) -> String {
    let orders: Vec<_> = payment.allocations.iter().map(|part| part.order_no.as_str()).collect();
    let orders = match orders.as_slice() {
        [only] => format!("order {only}"),
        several => format!("orders {}", several.join(", ")),
    };
    format!(
        "{created_by} asked for payment {} over {} for {orders} by {} {} of account {}.",
        payment.payment_no, payment.amount, payment.channel, payment.product, payment.channel_account
    )
}

pub(super) fn capture_intended(payment: &Payment) -> String {
    format!(
        "The payer had approved payment {}, and it was decided to take the money: no close can pass that.",
        payment.payment_no
    )
}

pub(super) fn hold_intended(payment: &Payment) -> String {
    format!(
        "The payer had approved payment {}, and it was decided to have the money held.",
        payment.payment_no
    )
}

pub(super) fn payment_changed(payment: &Payment, transition: &TransitionRecord) -> String {
    let (number, by) = (&payment.payment_no, speaker(&transition.evidence));
    match transition.event {
        PaymentEvent::PaymentDataReady => {
            format!("Payment {number} can be paid: payment data was made by {by}.")
        }
        PaymentEvent::ClientReported => {
            format!(
                "The payer's app says that payment {number} is paid, which is a hint and proves nothing{}.",
                of_caller(&transition.evidence)
            )
        }
        PaymentEvent::ChannelHeld => {
            format!(
                "The channel holds the money of payment {number} for us, and nothing is paid yet: proven by {by}."
            )
        }
        PaymentEvent::ChannelPaid => {
            let transaction =
                payment.channel_transaction_no.as_ref().map(ToString::to_string).unwrap_or_default();
            let late = match transition.from {
                PaymentState::Closed | PaymentState::Failed => {
                    format!(" although it was {}", transition.from.as_str())
                }
                PaymentState::Initiating
                | PaymentState::AwaitingPayer
                | PaymentState::ClientReported
                | PaymentState::Held
                | PaymentState::Succeeded => String::new(),
            };
            format!(
                "Payment {number} is paid by the channel's transaction {transaction}{late}: proven by {by}."
            )
        }
        PaymentEvent::ChannelClosed => {
            format!("Payment {number} can no longer be paid: closed, proven by {by}.")
        }
        PaymentEvent::ChannelFailed | PaymentEvent::CreateRefused => {
            let why = payment.failure.as_ref();
            let why = why.map(|failure| format!(" ({}, {})", failure.reason.as_str(), failure.channel_code));
            format!("Payment {number} was refused for good{}: told by {by}.", why.unwrap_or_default())
        }
    }
}

pub(super) fn allocation_changed(
    payment: &Payment,
    part: &Allocation,
    after: AllocationState,
    paid_by: &[(OrderNo, PaymentNo)],
) -> String {
    let (order, number) = (&part.order_no, &payment.payment_no);
    match after {
        AllocationState::Effective => format!("Order {order} is paid by payment {number}."),
        AllocationState::Duplicate => {
            let first = paid_by.iter().find(|(paid, _)| paid == order).map(|(_, first)| first.to_string());
            let first = first.map(|first| format!(" by payment {first}")).unwrap_or_default();
            format!(
                "Order {order} had been paid{first} before, so the {} of payment {number} are a duplicate and go back.",
                part.amount
            )
        }
        AllocationState::Released => format!("Order {order} is free for another attempt."),
        AllocationState::Pending => format!("Order {order} waits for payment {number}."),
    }
}

pub(super) fn delivered(delivery: &StoredNotification) -> String {
    let wish =
        delivery.replayed_by.as_ref().map(|by| format!(" again at the wish of {by}")).unwrap_or_default();
    let key = delivery.verified_by.as_ref().map(|key| format!(", verified by key {key}")).unwrap_or_default();
    let became = match delivery.verdict {
        VerdictWord::Applied => "and changed the records".to_owned(),
        VerdictWord::Repeated => "and said what was known".to_owned(),
        VerdictWord::CaseOpened => "and fits nowhere, so there is a case".to_owned(),
        VerdictWord::Irrelevant => "and is about something that this service takes no part in".to_owned(),
        VerdictWord::Rejected => {
            format!("and was refused as {}", delivery.rejection.as_deref().unwrap_or("unproven"))
        }
    };
    format!("A notification of {} was handled{wish} {became}{key}.", delivery.channel)
}

pub(super) fn refund_created(refund: &Refund, created_by: Option<&str>) -> String {
    let (number, amount, payment) = (&refund.refund_no, refund.amount, &refund.payment_no);
    match refund.origin {
        RefundOrigin::Caller => {
            let (by, why) = (created_by.unwrap_or("A caller"), refund.reason.as_str());
            format!("{by} asked for refund {number} over {amount} of payment {payment}, for {why}.")
        }
        RefundOrigin::Duplicate => {
            format!(
                "The service itself began refund {number} over {amount} of payment {payment}, because it is a duplicate."
            )
        }
        RefundOrigin::Channel => {
            format!(
                "Somebody gave back {amount} of payment {payment} at the channel: recorded as refund {number}."
            )
        }
    }
}

pub(super) fn refund_changed(change: &RefundTransitionRecord) -> String {
    let (number, by) = (&change.refund_no, speaker(&change.evidence));
    match change.event {
        RefundEvent::ChannelAccepted => {
            format!("The channel accepted refund {number}, and its money is on its way: told by {by}.")
        }
        RefundEvent::ChannelRefunded => format!("Refund {number} has arrived: proven by {by}."),
        RefundEvent::NumberDied => format!(
            "The channel proved that number {} of refund {number} is dead and gave nothing back, so a successor takes \
             its place: told by {by}.",
            change.number
        ),
    }
}

pub(super) fn case_opened(case: &Case) -> String {
    format!("Case {} was opened as {}: {}.", case.case_id, case.kind.as_str(), case.description)
}

pub(super) fn told(event: &EventRecord) -> String {
    format!("Callers are told {}.", event.event.as_str())
}

pub(super) fn webhook_sent(sent: &WebhookRecord, event: &str) -> String {
    let (endpoint, attempts) = (&sent.endpoint, sent.attempts);
    match sent.deliver_time {
        Some(_) => format!("Endpoint {endpoint} took {event}, sent {attempts} time(s)."),
        None => format!("Endpoint {endpoint} has not taken {event} yet, sent {attempts} time(s)."),
    }
}

pub(super) fn acted(act: &ActRecord) -> String {
    let why = if act.reason.is_empty() { String::new() } else { format!(", because: {}", act.reason) };
    let did = match act.act {
        Act::CaseResolutionFailed => format!("could not resolve the case: {}", act.description),
        Act::CaseResolved => format!("resolved the case: {}", act.description),
        Act::CaseResolutionProposed
        | Act::CaseResolutionApproved
        | Act::CaseResolutionRejected
        | Act::CaseResolutionBegun
        | Act::NotificationReplayed
        | Act::RefundRetried
        | Act::RefundPostponed
        | Act::JobRun
        | Act::EvidenceRead => act.description.clone(),
    };
    format!("{} {did}{why}.", act.actor)
}

/// Who spoke, with the key that proves it.
fn speaker(evidence: &EvidenceRecord) -> String {
    let who = match evidence.source {
        Source::CallerRequest => "a caller's request",
        Source::ClientResult => "the payer's app",
        Source::CreateAnswer => "the channel's answer to its announcement",
        Source::QueryAnswer => "the channel's answer to a query",
        Source::CloseAnswer => "the channel's answer to a close",
        Source::HoldAnswer => "the channel's answer to a hold",
        Source::CaptureAnswer => "the channel's answer to a capture",
        Source::RefundAnswer => "the channel's answer to a refund",
        Source::Notification => "the channel's notification",
        Source::CaptureGate => "our record that the money was never taken",
        Source::ChannelLimit => "the channel's documented limit",
    };
    let key = evidence.verified_by.as_ref().map(|key| format!(" (key {key})")).unwrap_or_default();
    format!("{who}{key}{}", of_caller(evidence))
}

fn of_caller(evidence: &EvidenceRecord) -> String {
    evidence.caller.as_ref().map(|caller| format!(" after a call of {caller}")).unwrap_or_default()
}
