//! Webhook endpoints and deliveries to the contract's messages, and requests about them.

use payment_core::{
    identifiers::{MerchantId, PaymentNo, WebhookName},
    webhook::{AttemptResult, PauseReason},
};
use payment_proto::v1::{self, replay_webhook_events_request::Range};
use payment_store::webhook::{AttemptRecord, DeliveryRecord, EndpointId, ReplayRange};
use uuid::Uuid;

use super::{
    fields::Fields,
    page_token,
    request::page_size,
    time::{instant, timestamp},
};
use crate::app::{
    error::AppError,
    principal::Operator,
    webhooks::{ConfiguredEndpoint, ListDeliveries},
};

/// How many events one request can name.
const MAX_EVENT_IDS: usize = 100;

/// An endpoint as operators see it.
pub(crate) fn webhook_endpoint(endpoint: ConfiguredEndpoint) -> v1::WebhookEndpoint {
    let ConfiguredEndpoint { record, configured } = endpoint;
    let health = record.health;
    v1::WebhookEndpoint {
        merchant_id: record.id.merchant_id.to_string(),
        name: record.id.name.to_string(),
        configured,
        pause_reason: pause_reason(health.paused.map(|pause| pause.reason)).into(),
        pause_time: health.paused.map(|pause| timestamp(pause.time)),
        failing_since: health.failing_since.map(timestamp),
        hold_until_time: health.hold_until.map(timestamp),
        last_success_time: health.last_success_time.map(timestamp),
        undelivered_count: i32::try_from(record.undelivered).unwrap_or(i32::MAX),
        oldest_undelivered_time: record.oldest_undelivered_time.map(timestamp),
        create_time: Some(timestamp(record.create_time)),
    }
}

const fn pause_reason(reason: Option<PauseReason>) -> v1::WebhookPauseReason {
    match reason {
        None => v1::WebhookPauseReason::Unspecified,
        Some(PauseReason::Failing) => v1::WebhookPauseReason::Failing,
        Some(PauseReason::Gone) => v1::WebhookPauseReason::Gone,
        Some(PauseReason::Operator) => v1::WebhookPauseReason::Operator,
    }
}

/// A delivery as operators see it.
pub(crate) fn webhook_delivery(delivery: DeliveryRecord) -> v1::WebhookDelivery {
    v1::WebhookDelivery {
        event_id: delivery.event_id.map(|id| id.to_string()).unwrap_or_default(),
        sequence: delivery.event_no,
        r#type: delivery.event.map(|event| event.as_str().to_owned()).unwrap_or_default(),
        payment_no: delivery.payment_no,
        event_time: Some(timestamp(delivery.event_time)),
        deliver_time: delivery.deliver_time.map(timestamp),
        next_attempt_time: delivery.next_attempt_time.map(timestamp),
        attempt_count: i32::try_from(delivery.attempts).unwrap_or(i32::MAX),
        attempts: delivery.latest_attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(record: AttemptRecord) -> v1::WebhookAttempt {
    let outcome = record.outcome;
    v1::WebhookAttempt {
        number: i32::try_from(record.attempt).unwrap_or(i32::MAX),
        start_time: Some(timestamp(outcome.start_time)),
        duration_ms: i32::try_from(outcome.duration.as_millis()).unwrap_or(i32::MAX),
        result: attempt_result(outcome.result).into(),
        status_code: outcome.status.map_or(0, i32::from),
        description: outcome.description,
        response_excerpt: outcome.response_excerpt,
    }
}

const fn attempt_result(result: AttemptResult) -> v1::WebhookAttemptResult {
    match result {
        AttemptResult::Delivered => v1::WebhookAttemptResult::Delivered,
        AttemptResult::Redirected => v1::WebhookAttemptResult::Redirected,
        AttemptResult::Gone => v1::WebhookAttemptResult::Gone,
        AttemptResult::Throttled => v1::WebhookAttemptResult::Throttled,
        AttemptResult::Refused => v1::WebhookAttemptResult::Refused,
        AttemptResult::TimedOut => v1::WebhookAttemptResult::TimedOut,
        AttemptResult::NotConnected => v1::WebhookAttemptResult::NotConnected,
        AttemptResult::AddressForbidden => v1::WebhookAttemptResult::AddressForbidden,
        AttemptResult::Broken => v1::WebhookAttemptResult::Broken,
        AttemptResult::NotSent => v1::WebhookAttemptResult::NotSent,
    }
}

/// The merchant that a request is about. One that is out of sight is not found, as if it did not exist (R30).
pub(crate) fn merchant_in_sight(operator: &Operator, named: String) -> Result<MerchantId, AppError> {
    let merchant_id = Fields::read(|fields| merchant(fields, operator, named))?;
    operator.merchant(Some(merchant_id))
}

fn merchant(fields: &mut Fields, operator: &Operator, named: String) -> Option<MerchantId> {
    let named = fields.optional("merchant_id", named, MerchantId::parse)?;
    let merchant = named.or_else(|| operator.only_merchant().cloned());
    merchant.or_else(|| {
        fields.refuse("merchant_id", "is required where the operator sees more than one merchant")
    })
}

/// The endpoint that a request is about.
pub(crate) fn endpoint_id(
    operator: &Operator,
    merchant_id: String,
    endpoint: String,
) -> Result<EndpointId, AppError> {
    let id = Fields::read(|fields| {
        let merchant_id = merchant(fields, operator, merchant_id);
        let name = fields.take("endpoint", WebhookName::parse(endpoint));
        Some(EndpointId { merchant_id: merchant_id?, name: name? })
    })?;
    operator.merchant(Some(id.merchant_id.clone()))?;
    Ok(id)
}

/// Reads which deliveries to list. The page token must have been made for the same endpoint and filters.
pub(crate) fn list_webhook_deliveries(
    operator: &Operator,
    request: v1::ListWebhookDeliveriesRequest,
) -> Result<ListDeliveries, AppError> {
    let endpoint = endpoint_id(operator, request.merchant_id, request.endpoint)?;
    Fields::read(|fields| {
        let page_size = page_size(fields, request.page_size);
        let payment_no = fields.optional("payment_no", request.payment_no, PaymentNo::parse);
        let mut command = ListDeliveries {
            page_size: page_size?,
            endpoint,
            undelivered_only: request.undelivered_only,
            payment_no: payment_no?.map(|payment_no| payment_no.to_string()),
            below: None,
        };
        let read = |token: String| page_token::read_deliveries(&command, &token);
        command.below = fields.optional("page_token", request.page_token, read)?;
        Some(command)
    })
}

/// Reads which events to deliver again, and where to.
pub(crate) fn replay_webhook_events(
    operator: &Operator,
    request: v1::ReplayWebhookEventsRequest,
) -> Result<(EndpointId, ReplayRange), AppError> {
    let id = endpoint_id(operator, request.merchant_id, request.endpoint)?;
    let range = Fields::read(|fields| range(fields, request.range))?;
    Ok((id, range))
}

fn range(fields: &mut Fields, range: Option<Range>) -> Option<ReplayRange> {
    match range {
        None => fields.refuse("range", "is required: events, sequences or times"),
        Some(Range::Events(events)) => event_ids(fields, events.event_ids).map(ReplayRange::Events),
        Some(Range::Sequences(v1::WebhookSequenceRange { first, last })) => {
            let first_holds = fields.demand(first >= 1, "sequences.first", "must be 1 or more");
            let last_holds =
                fields.demand(last >= first, "sequences.last", "must not be less than sequences.first");
            first_holds.and(last_holds)?;
            Some(ReplayRange::Numbers { first, last })
        }
        Some(Range::Times(v1::WebhookTimeRange { from_time, before_time })) => {
            let mut read = |field: &str, time: Option<prost_types::Timestamp>| match time {
                None => fields.refuse(field, "is required"),
                Some(time) => fields.take(field, instant(time)),
            };
            let (from, before) = (read("times.from_time", from_time), read("times.before_time", before_time));
            let (from, before) = (from?, before?);
            fields.demand(from < before, "times.before_time", "must be after times.from_time")?;
            Some(ReplayRange::Times { from, before })
        }
    }
}

fn event_ids(fields: &mut Fields, event_ids: Vec<String>) -> Option<Vec<Uuid>> {
    let holds = (1..=MAX_EVENT_IDS).contains(&event_ids.len());
    fields.demand(holds, "events.event_ids", "must be 1 to 100 numbers of events")?;
    let read: Vec<_> = (0_usize..)
        .zip(event_ids)
        .map(|(index, text)| {
            let parsed = Uuid::parse_str(&text).map_err(|_| "must be the UUID of an event");
            fields.take(format!("events.event_ids[{index}]"), parsed)
        })
        .collect();
    read.into_iter().collect()
}
