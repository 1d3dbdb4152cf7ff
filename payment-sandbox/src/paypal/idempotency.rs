//! `PayPal-Request-Id`: what is remembered about a request, for how long, and what its repetition gets.

use time::{Duration, OffsetDateTime};

use super::error::{Api, ApiError};
use super::operation::Operation;
use super::world::{ReusedRequestId, Settings, World};

/// How long Orders v2 remembers a key.
pub const ORDERS_MEMORY: Duration = Duration::hours(6);

/// How long Payments v2 remembers a key.
pub const PAYMENTS_MEMORY: Duration = Duration::days(45);

/// Keys are separate for each app and operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RequestKey {
    pub(super) client_id: String,
    pub(super) operation: Operation,
    pub(super) request_id: String,
}

/// What a request brought about.
#[derive(Clone, Debug)]
pub(super) enum Made {
    /// A new order, or the payment of one.
    Order(String),
    Capture(String),
    Refund(String),
    Voided(String),
}

/// The first request under a key.
pub(super) struct StoredRequest {
    ends_at: OffsetDateTime,
    /// Path and body, to tell a repetition from another request.
    content: Vec<u8>,
    result: Result<Made, ApiError>,
}

/// Finds what a repetition shall answer; nothing when the key is new or forgotten.
pub(super) fn recall(
    world: &World,
    key: &RequestKey,
    content: &[u8],
    settings: &Settings,
    now: OffsetDateTime,
) -> Option<Result<Made, ApiError>> {
    let stored = world.stored_requests.get(key).filter(|stored| now < stored.ends_at)?;
    if stored.content != content && settings.reused_request_ids == ReusedRequestId::Refused {
        return Some(Err(ApiError::issue("PAYPAL_REQUEST_ID_PREVIOUSLY_USED")));
    }
    Some(stored.result.clone())
}

/// Remembers a request that took effect. A refused funding source is such an effect, so that its key brings the same
/// refusal again; requests that are refused for their content leave their key free.
pub(super) fn remember(
    world: &mut World,
    key: &RequestKey,
    content: Vec<u8>,
    result: &Result<Made, ApiError>,
    now: OffsetDateTime,
) {
    let is_decline = result.as_ref().is_err_and(|error| match error {
        ApiError::Resource { redirect, .. } => redirect.is_some(),
        ApiError::OAuth { .. } => false,
    });
    if result.is_ok() || is_decline {
        let memory = match key.operation.api() {
            Api::Orders => ORDERS_MEMORY,
            Api::Payments => PAYMENTS_MEMORY,
        };
        let stored = StoredRequest { ends_at: now + memory, content, result: result.clone() };
        world.stored_requests.insert(key.clone(), stored);
    }
}

/// The refusal of a second request while the first is under way. A repeated create only waits, and finds the order.
pub(super) fn still_running(operation: Operation) -> Option<ApiError> {
    match operation {
        Operation::CaptureOrder | Operation::AuthorizeOrder => {
            Some(ApiError::issue("ORDER_COMPLETION_IN_PROGRESS"))
        }
        Operation::RefundCapture | Operation::CaptureAuthorization | Operation::VoidAuthorization => {
            Some(ApiError::issue("PREVIOUS_REQUEST_IN_PROGRESS"))
        }
        Operation::Token
        | Operation::CreateOrder
        | Operation::ShowOrder
        | Operation::PatchOrder
        | Operation::ShowCapture
        | Operation::ShowAuthorization
        | Operation::ShowRefund
        | Operation::VerifyWebhook
        | Operation::Certificate
        | Operation::Webhooks
        | Operation::WebhookEvents
        | Operation::Reporting
        | Operation::Disputes => None,
    }
}
