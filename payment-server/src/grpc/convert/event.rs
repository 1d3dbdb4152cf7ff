//! Events to the contract's messages, and requests for them.

use payment_core::{
    identifiers::{MerchantId, PaymentNo},
    merchant_event::MerchantEvent,
};
use payment_proto::v1::{self, event::Snapshot as WireSnapshot};
use payment_store::{
    AllocationSnapshot, CaseSnapshot, FailureSnapshot, FeedEvent, HoldSnapshot, PaymentSnapshot,
    RefundPartSnapshot, RefundSnapshot, Snapshot,
};

use super::{
    fields::Fields,
    page_token::{self, event_cursor},
    payment::{allocation_state, money, payment_state},
    refund::{refund_origin, refund_reason, refund_state},
    request::page_size,
    time::timestamp,
};
use crate::app::{
    command::{Caller, EventFilter, FeedStart, FollowEvents, Followed, ListEvents},
    error::AppError,
};

/// A request for a list, and what its page tokens are bound to.
pub(crate) struct EventList {
    /// What is asked of the use case.
    pub(crate) command: ListEvents,
    /// The cursor that the first page began after.
    pub(super) after: Option<i64>,
}

/// An event as every consumer gets it: streams, lists, webhooks, NATS.
pub(crate) fn event(event: &FeedEvent) -> v1::Event {
    v1::Event {
        event_id: event.event_id.to_string(),
        merchant_id: event.merchant_id.to_string(),
        sequence: event.feed_no,
        cursor: event_cursor(&event.merchant_id, event.feed_no),
        r#type: event_type(event.event).into(),
        create_time: Some(timestamp(event.create_time)),
        payment_no: event.payment_no.clone(),
        refund_no: event.refund_no.clone().unwrap_or_default(),
        case_id: event.case_id.map(|id| id.to_string()).unwrap_or_default(),
        revision: event.revision,
        snapshot: event.snapshot.as_ref().map(snapshot),
    }
}

/// One answer of a stream.
pub(crate) fn followed(merchant_id: &MerchantId, followed: Followed) -> v1::StreamEventsResponse {
    v1::StreamEventsResponse {
        event: followed.event.as_deref().map(event),
        cursor: event_cursor(merchant_id, followed.reached),
    }
}

const fn event_type(event: MerchantEvent) -> v1::EventType {
    match event {
        MerchantEvent::PaymentAuthorized => v1::EventType::PaymentAuthorized,
        MerchantEvent::PaymentSucceeded => v1::EventType::PaymentSucceeded,
        MerchantEvent::PaymentClosed => v1::EventType::PaymentClosed,
        MerchantEvent::PaymentFailed => v1::EventType::PaymentFailed,
        MerchantEvent::DuplicateFound => v1::EventType::PaymentDuplicateFound,
        MerchantEvent::RefundProgressed => v1::EventType::RefundProgressed,
        MerchantEvent::RefundNeedsAttention => v1::EventType::RefundNeedsAttention,
        MerchantEvent::RefundSucceeded => v1::EventType::RefundSucceeded,
        MerchantEvent::CaseOpened => v1::EventType::CaseOpened,
        MerchantEvent::CaseResolved => v1::EventType::CaseResolved,
    }
}

fn snapshot(snapshot: &Snapshot) -> WireSnapshot {
    match snapshot {
        Snapshot::Payment(payment) => WireSnapshot::Payment(payment_snapshot(payment)),
        Snapshot::Refund(refund) => WireSnapshot::Refund(refund_snapshot(refund)),
        Snapshot::Case(case) => WireSnapshot::Case(case_snapshot(case)),
    }
}

fn payment_snapshot(payment: &PaymentSnapshot) -> v1::Payment {
    v1::Payment {
        payment_no: payment.payment_no.clone(),
        request_id: payment.request_id.clone(),
        state: payment_state(payment.state).into(),
        amount: Some(money(payment.amount)),
        allocations: payment.allocations.iter().map(allocation).collect(),
        channel: payment.channel.clone(),
        channel_account: payment.channel_account.clone(),
        product: payment.product.clone(),
        channel_transaction_no: payment.channel_transaction_no.clone().unwrap_or_default(),
        // It may name a person and is not kept with events.
        description: String::new(),
        create_time: Some(timestamp(payment.create_time)),
        expire_time: Some(timestamp(payment.expire_time)),
        update_time: Some(timestamp(payment.update_time)),
        client_report_time: payment.client_report_time.map(timestamp),
        succeed_time: payment.succeed_time.map(timestamp),
        end_time: payment.end_time.map(timestamp),
        failure: payment.failure.as_ref().map(failure),
        hold: payment.hold.as_ref().map(hold),
    }
}

fn hold(hold: &HoldSnapshot) -> v1::Hold {
    v1::Hold {
        hold_no: hold.hold_no.clone(),
        hold_time: Some(timestamp(hold.hold_time)),
        honour_end_time: Some(timestamp(hold.honour_end_time)),
        expire_time: Some(timestamp(hold.expire_time)),
        capture_time: hold.capture_time.map(timestamp),
    }
}

fn allocation(allocation: &AllocationSnapshot) -> v1::Allocation {
    v1::Allocation {
        order_no: allocation.order_no.clone(),
        amount: Some(money(allocation.amount)),
        state: allocation_state(allocation.state).into(),
        refund_reserved: Some(money(allocation.refund_reserved)),
    }
}

fn failure(failure: &FailureSnapshot) -> v1::PaymentFailure {
    v1::PaymentFailure {
        reason: failure.reason.as_str().to_owned(),
        channel_code: failure.channel_code.clone(),
    }
}

fn refund_snapshot(refund: &RefundSnapshot) -> v1::Refund {
    v1::Refund {
        refund_no: refund.refund_no.clone(),
        payment_no: refund.payment_no.clone(),
        state: refund_state(refund.state).into(),
        amount: Some(money(refund.amount)),
        parts: refund.parts.iter().map(part).collect(),
        reason: refund_reason(refund.reason).into(),
        // It may name a person and is not kept with events.
        description: String::new(),
        origin: refund_origin(refund.origin).into(),
        channel: refund.channel.clone(),
        channel_account: refund.channel_account.clone(),
        sent_as: refund.sent_as.clone(),
        channel_refund_no: refund.channel_refund_no.clone().unwrap_or_default(),
        attention_reason: refund.attention.map(|reason| reason.as_str().to_owned()).unwrap_or_default(),
        create_time: Some(timestamp(refund.create_time)),
        update_time: Some(timestamp(refund.update_time)),
        succeed_time: refund.succeed_time.map(timestamp),
    }
}

fn part(part: &RefundPartSnapshot) -> v1::RefundPart {
    v1::RefundPart { order_no: part.order_no.clone(), amount: Some(money(part.amount)) }
}

fn case_snapshot(case: &CaseSnapshot) -> v1::CaseSnapshot {
    v1::CaseSnapshot {
        case_id: case.case_id.clone(),
        kind: case.kind.as_str().to_owned(),
        payment_no: case.payment_no.clone(),
        refund_no: case.refund_no.clone().unwrap_or_default(),
        order_no: case.order_no.clone().unwrap_or_default(),
        channel: case.channel.clone(),
        channel_account: case.channel_account.clone(),
        channel_transaction_no: case.channel_transaction_no.clone().unwrap_or_default(),
        amount: case.amount.map(money),
        open_time: Some(timestamp(case.open_time)),
        resolution: case.resolution.clone().unwrap_or_default(),
        resolve_time: case.resolve_time.map(timestamp),
    }
}

/// Reads which events to list. The page token must have been made for the same caller, cursor and filters.
pub(crate) fn list_events(caller: &Caller, request: v1::ListEventsRequest) -> Result<EventList, AppError> {
    Fields::read(|fields| {
        let page_size = page_size(fields, request.page_size);
        let after = cursor(fields, &caller.merchant_id, request.after);
        let filter = filter(fields, &request.types, request.payment_no);
        let (after, filter) = (after?, filter?);
        let read = |token: String| page_token::read_events(&caller.merchant_id, after, &filter, &token);
        let page_after = fields.optional("page_token", request.page_token, read)?;
        let command = ListEvents { page_size: page_size?, after: page_after.or(after), filter };
        Some(EventList { command, after })
    })
}

/// Reads which events to follow.
pub(crate) fn stream_events(
    caller: &Caller,
    request: v1::StreamEventsRequest,
) -> Result<FollowEvents, AppError> {
    Fields::read(|fields| {
        let after = cursor(fields, &caller.merchant_id, request.after);
        let filter = filter(fields, &request.types, request.payment_no);
        let start = match (after?, request.from_now) {
            (Some(after), false) => FeedStart::After(after),
            (None, false) => FeedStart::Oldest,
            (None, true) => FeedStart::Now,
            (Some(_), true) => return fields.refuse("from_now", "must be left out with after"),
        };
        Some(FollowEvents { start, filter: filter? })
    })
}

#[expect(clippy::option_option, reason = "wrong, left out and given are three things")]
fn cursor(fields: &mut Fields, merchant_id: &MerchantId, cursor: String) -> Option<Option<i64>> {
    fields.optional("after", cursor, |cursor| page_token::read_event_cursor(merchant_id, &cursor))
}

fn filter(fields: &mut Fields, types: &[i32], payment_no: String) -> Option<EventFilter> {
    let kinds = kinds(fields, types);
    let payment_no = fields.optional("payment_no", payment_no, PaymentNo::parse);
    Some(EventFilter { kinds: kinds?, payment_no: payment_no? })
}

fn kinds(fields: &mut Fields, types: &[i32]) -> Option<Vec<MerchantEvent>> {
    let rule = "must be an EventType other than EVENT_TYPE_UNSPECIFIED";
    fields.members("types", types, &MerchantEvent::ALL, |kind| event_type(kind).into(), rule)
}
