//! The one place that gives refusals their gRPC words: code, reason, message, details. No other file names a code.
//!
//! Every status carries `google.rpc.ErrorInfo`. What is said here is all that a caller learns: the text of internal
//! errors stays in the log. `docs/errors.md` shows every kind, and a test holds it to be what is sent.

mod answer;
mod edge_refusal;
mod meaning;
#[cfg(test)]
mod tests;

use std::time::Duration;

use payment_core::{
    gateway::Reason,
    identifiers::{
        ApiKeyId, ChannelAccountId, ChannelName, MerchantId, OperatorName, OrderNo, PaymentNo, RefundNo,
        WebhookName,
    },
    money::Money,
    violation::Violation,
};
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt as _};
use uuid::Uuid;

use self::{answer::Answer, meaning::meaning};
use crate::app::{error::AppError, principal::Scope};

pub(crate) use edge_refusal::EdgeRefusal;

/// The reason of every [`AppError::InvalidFields`].
const INVALID_FIELD: &str = "INVALID_FIELD";

/// Bytes of field violations that one status carries. Clients bound the size of trailers, most of them to 8 KiB after
/// base64; a larger status would reach the caller as a broken connection.
const VIOLATION_BYTES: usize = 4 * 1024;

/// When a lost race is worth another try.
const RETRY_RACE: Duration = Duration::from_millis(100);

/// When a store or channel that is away is worth another try.
const RETRY_AWAY: Duration = Duration::from_secs(1);

/// The status of a use case's refusal.
pub(crate) fn of(error: &AppError) -> Status {
    answer(error).into_status()
}

/// The status of the edge's own refusal.
pub(crate) fn of_edge(refusal: EdgeRefusal) -> Status {
    edge_answer(refusal).into_status()
}

/// Gives a status that tonic made by itself (undecodable bytes, too large, no such method) the reason that every
/// status of ours carries. Those that have one pass through.
pub(crate) fn with_reason(status: Status) -> Status {
    if reason(&status).is_some() {
        return status;
    }
    match status.code() {
        // Ours always carry a reason, so this one comes from tonic's decoder.
        Code::Internal => of_edge(EdgeRefusal::MessageMalformed),
        Code::OutOfRange | Code::ResourceExhausted => of_edge(EdgeRefusal::MessageTooLarge),
        Code::Unimplemented if status.message().is_empty() => of_edge(EdgeRefusal::MethodUnknown),
        Code::Unimplemented => of_edge(EdgeRefusal::EncodingUnsupported),
        Code::Cancelled | Code::DeadlineExceeded => of_edge(EdgeRefusal::DeadlineExceeded),
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => status,
    }
}

/// The reason that a status carries.
pub(crate) fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

/// The code as the gRPC specification writes it.
pub(crate) fn code_word(status: &Status) -> &'static str {
    match status.code() {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

fn answer(error: &AppError) -> Answer {
    match error {
        AppError::InvalidFields(violations) => invalid_fields(violations),
        AppError::ChannelNotEnabled(account) => channel_not_enabled(account),
        AppError::MerchantNotFound(merchant) => merchant_not_found(merchant),
        AppError::ApiKeyNotFound(id) => api_key_not_found(id),
        AppError::ApiKeyIdTaken(id) => api_key_id_taken(id),
        AppError::OperatorNotFound(name) => operator_not_found(name),
        AppError::PaymentNotFound(payment_no) => payment_not_found(payment_no),
        AppError::OrderNotFound(order_no) => order_not_found(order_no),
        AppError::RefundNotFound(refund_no) => refund_not_found(refund_no),
        AppError::WebhookEndpointNotFound(name) => webhook_endpoint_not_found(name),
        AppError::RefundNoReused { differing_field, refund_no } => {
            refund_no_reused(differing_field, refund_no)
        }
        AppError::RefundExceedsPaid { payment_no, order_no, left } => {
            refund_exceeds_paid(payment_no, order_no.as_ref(), *left)
        }
        AppError::RequestIdReused { differing_field, payment_no } => {
            request_id_reused(differing_field, payment_no)
        }
        AppError::OrderAlreadyPaid { order_no, payment_no } => order_already_paid(order_no, payment_no),
        AppError::EarlierAttemptUnresolved { payment_no } => earlier_attempt_unresolved(payment_no),
        AppError::PaymentStateConflict { payment_no, state } => payment_state_conflict(payment_no, state),
        AppError::ChannelRefused { payment_no, reason, channel_code } => {
            channel_refused(payment_no, *reason, channel_code)
        }
        AppError::CapabilityUnsupported { channel, capability } => {
            capability_unsupported(channel, capability)
        }
        AppError::CursorExpired => cursor_expired(),
        AppError::CursorAhead => cursor_ahead(),
        AppError::AllMerchantsRequired => all_merchants_required(),
        AppError::NotificationNotFound(id) => notification_not_found(*id),
        AppError::CaseNotFound(id) => case_not_found(*id),
        AppError::CaseStateConflict { case_id, state } => case_state_conflict(*case_id, state),
        AppError::CaseResolutionUnfit { case_id, remedy } => case_resolution_unfit(*case_id, remedy),
        AppError::CaseNotProven { case_id, problem } => case_not_proven(*case_id, problem),
        AppError::SecondPersonRequired(id) => second_person_required(*id),
        AppError::RefundArrived(refund_no) => refund_arrived(refund_no),
        AppError::LostRace => lost_race(),
        AppError::ChannelUnavailable { account, payment_no } => channel_unavailable(account, payment_no),
        AppError::StoreUnavailable(_) => store_unavailable(),
        AppError::Internal(_) => internal(),
    }
}

/// All violations as far as a trailer holds them; the metadata says how many were left out.
fn invalid_fields(violations: &[Violation]) -> Answer {
    let mut room = VIOLATION_BYTES;
    let fits = |violation: &&Violation| {
        // 8 bytes are the framing of protobuf.
        let size = violation.field.len() + violation.description.len() + 8;
        room = room.saturating_sub(size);
        room > 0
    };
    let told: Vec<&Violation> = violations.iter().take_while(fits).collect();
    let message = match violations {
        [only] => format!("{only}"),
        several => format!("{} fields are wrong; the details name each", several.len()),
    };
    let omitted = violations.len() - told.len();
    let told: Vec<FieldViolation> = told
        .into_iter()
        .map(|told| FieldViolation::new(told.field.as_str(), told.description.as_str()))
        .collect();
    let answer = Answer::new(Code::InvalidArgument, INVALID_FIELD, message).fields(told);
    if omitted > 0 { answer.metadata("violations_omitted", omitted) } else { answer }
}

fn channel_not_enabled(account: &str) -> Answer {
    let message = "the merchant has no such channel account; name one of its configured accounts";
    Answer::new(Code::PermissionDenied, "CHANNEL_NOT_ENABLED", message)
        .metadata("channel_account", account)
        .resource("ChannelAccount", account)
}

fn merchant_not_found(merchant: &MerchantId) -> Answer {
    Answer::new(Code::NotFound, "MERCHANT_NOT_FOUND", "the operator sees no merchant of this name")
        .metadata("merchant_id", merchant)
        .resource("Merchant", merchant)
}

fn api_key_not_found(id: &ApiKeyId) -> Answer {
    Answer::new(Code::NotFound, "API_KEY_NOT_FOUND", "the merchant has no API key of this name")
        .metadata("api_key_id", id)
        .resource("ApiKey", id)
}

fn api_key_id_taken(id: &ApiKeyId) -> Answer {
    let message = "the merchant has or had an API key of this name; a key is shown once: if it was lost, revoke it \
                   and make one of another name";
    Answer::new(Code::AlreadyExists, "API_KEY_ID_TAKEN", message)
        .metadata("api_key_id", id)
        .resource("ApiKey", id)
}

fn operator_not_found(name: &OperatorName) -> Answer {
    Answer::new(Code::NotFound, "OPERATOR_NOT_FOUND", "the caller sees no operator of this name")
        .metadata("operator_name", name)
        .resource("Operator", name)
}

fn payment_not_found(payment_no: &PaymentNo) -> Answer {
    Answer::new(Code::NotFound, "PAYMENT_NOT_FOUND", "the merchant has no payment of this number")
        .metadata("payment_no", payment_no)
        .resource("Payment", payment_no)
}

fn order_not_found(order_no: &OrderNo) -> Answer {
    Answer::new(Code::NotFound, "ORDER_NOT_FOUND", "the merchant has no payment for this order")
        .metadata("order_no", order_no)
        .resource("Order", order_no)
}

fn refund_not_found(refund_no: &RefundNo) -> Answer {
    Answer::new(Code::NotFound, "REFUND_NOT_FOUND", "the merchant has no refund of this number")
        .metadata("refund_no", refund_no)
        .resource("Refund", refund_no)
}

fn webhook_endpoint_not_found(name: &WebhookName) -> Answer {
    let message = "the merchant has no webhook endpoint of this name, or the configuration has it no more";
    Answer::new(Code::NotFound, "WEBHOOK_ENDPOINT_NOT_FOUND", message)
        .metadata("endpoint", name)
        .resource("WebhookEndpoint", name)
}

fn refund_no_reused(differing_field: &str, refund_no: &RefundNo) -> Answer {
    let message = format!(
        "refund_no was used before with other content in {differing_field}; a new refund takes a new one"
    );
    Answer::new(Code::AlreadyExists, "REFUND_NO_REUSED", message)
        .metadata("differing_field", differing_field)
        .metadata("refund_no", refund_no)
        .resource("Refund", refund_no)
}

fn refund_exceeds_paid(payment_no: &PaymentNo, order_no: Option<&OrderNo>, left: Option<Money>) -> Answer {
    let message = match (order_no, left) {
        (Some(order_no), Some(left)) => {
            let (amount, currency) = (left.minor_units(), left.currency());
            format!("{amount} minor units of {currency} are left to refund for order {order_no}")
        }
        (_, _) => format!("nothing is left to refund of payment {payment_no}"),
    };
    let mut answer = Answer::new(Code::FailedPrecondition, "REFUND_EXCEEDS_PAID", message)
        .metadata("payment_no", payment_no)
        .metadata("left_minor_units", left.map_or(0, |left| left.minor_units()));
    if let Some(order_no) = order_no {
        answer = answer.metadata("order_no", order_no);
    }
    answer.precondition(payment(payment_no))
}

fn request_id_reused(differing_field: &str, payment_no: &PaymentNo) -> Answer {
    let message = format!(
        "request_id was used before with other content in {differing_field}; a new attempt takes a new one"
    );
    Answer::new(Code::AlreadyExists, "REQUEST_ID_REUSED", message)
        .metadata("differing_field", differing_field)
        .metadata("payment_no", payment_no)
        .resource("Payment", payment_no)
}

fn order_already_paid(order_no: &OrderNo, payment_no: &PaymentNo) -> Answer {
    let message = format!("order {order_no} is paid by payment {payment_no}");
    Answer::new(Code::FailedPrecondition, "ORDER_ALREADY_PAID", message)
        .metadata("order_no", order_no)
        .metadata("payment_no", payment_no)
        .precondition(format!("orders/{order_no}"))
}

fn earlier_attempt_unresolved(payment_no: &PaymentNo) -> Answer {
    let message = format!(
        "payment {payment_no} may still be paid, and its channel gave no proof; repeat the request later, \
         or let it proceed by earlier_attempt_policy"
    );
    Answer::new(Code::FailedPrecondition, "EARLIER_ATTEMPT_UNRESOLVED", message)
        .metadata("payment_no", payment_no)
        .precondition(payment(payment_no))
}

fn payment_state_conflict(payment_no: &PaymentNo, state: &str) -> Answer {
    let message = format!("payment {payment_no} is {state}, which forbids this");
    Answer::new(Code::FailedPrecondition, "PAYMENT_STATE_CONFLICT", message)
        .metadata("payment_no", payment_no)
        .metadata("state", state)
        .precondition(payment(payment_no))
}

fn channel_refused(payment_no: &PaymentNo, reason: Reason, channel_code: &str) -> Answer {
    let message = format!("payment {payment_no} was refused with {channel_code}: {}", meaning(reason));
    Answer::new(Code::FailedPrecondition, reason.as_str(), message)
        .metadata("payment_no", payment_no)
        .metadata("channel_code", channel_code)
        .precondition(payment(payment_no))
}

/// What a channel's refusal means, and what the caller can do where it can do something.
fn capability_unsupported(channel: &ChannelName, capability: &str) -> Answer {
    let message = format!("channel {channel} cannot {capability}");
    Answer::new(Code::Unimplemented, "CAPABILITY_UNSUPPORTED", message)
        .metadata("channel", channel)
        .metadata("capability", capability)
}

fn cursor_expired() -> Answer {
    let message = "events after this cursor were deleted, because they were older than is kept; read payments and \
                   refunds as they are now, and go on without a cursor, from the oldest event that is kept";
    Answer::new(Code::FailedPrecondition, "CURSOR_EXPIRED", message)
}

fn cursor_ahead() -> Answer {
    let message = "no event was ever told that far; if the database was put back to an earlier time, read payments \
                   and refunds as they are now, and go on without a cursor";
    Answer::new(Code::FailedPrecondition, "CURSOR_AHEAD", message)
}

fn all_merchants_required() -> Answer {
    let message = "jobs work for every merchant, so only operators who see every merchant see and run them";
    Answer::new(Code::PermissionDenied, "ALL_MERCHANTS_REQUIRED", message)
}

fn notification_not_found(id: Uuid) -> Answer {
    Answer::new(Code::NotFound, "NOTIFICATION_NOT_FOUND", "the merchant has no notification of this id")
        .metadata("notification_id", id)
        .resource("Notification", id)
}

fn case_not_found(id: Uuid) -> Answer {
    Answer::new(Code::NotFound, "CASE_NOT_FOUND", "the merchant has no case of this id")
        .metadata("case_id", id)
        .resource("Case", id)
}

fn case_state_conflict(id: Uuid, state: &str) -> Answer {
    let message = format!("case {id} is {state}, which forbids this");
    Answer::new(Code::FailedPrecondition, "CASE_STATE_CONFLICT", message)
        .metadata("case_id", id)
        .metadata("state", state)
        .precondition(case(id))
}

fn case_resolution_unfit(id: Uuid, remedy: &str) -> Answer {
    let message = format!("case {id} is not resolved so: {remedy}");
    Answer::new(Code::FailedPrecondition, "CASE_RESOLUTION_UNFIT", message)
        .metadata("case_id", id)
        .precondition(case(id))
}

fn case_not_proven(id: Uuid, problem: &str) -> Answer {
    let message = format!("case {id} is open again: {problem}");
    Answer::new(Code::FailedPrecondition, "CASE_NOT_PROVEN", message)
        .metadata("case_id", id)
        .precondition(case(id))
}

fn second_person_required(id: Uuid) -> Answer {
    let message =
        format!("the resolution of case {id} takes the approval of another person than who proposed it");
    Answer::new(Code::FailedPrecondition, "SECOND_PERSON_REQUIRED", message)
        .metadata("case_id", id)
        .precondition(case(id))
}

fn case(id: Uuid) -> String {
    format!("cases/{id}")
}

fn refund_arrived(refund_no: &RefundNo) -> Answer {
    let message = format!("refund {refund_no} has arrived, so there is nothing to drive");
    Answer::new(Code::FailedPrecondition, "REFUND_ARRIVED", message)
        .metadata("refund_no", refund_no)
        .precondition(format!("refunds/{refund_no}"))
}

fn lost_race() -> Answer {
    let message = "others kept changing the same orders; nothing was kept; repeat the request";
    Answer::new(Code::Aborted, "CONCURRENT_CHANGE", message).retry_after(RETRY_RACE)
}

fn channel_unavailable(account: &ChannelAccountId, payment_no: &PaymentNo) -> Answer {
    let message = format!(
        "channel account {account} cannot be reached and certainly did nothing; \
         repeat the request to go on with payment {payment_no}"
    );
    Answer::new(Code::Unavailable, "CHANNEL_UNAVAILABLE", message)
        .metadata("channel_account", account)
        .metadata("payment_no", payment_no)
        .retry_after(RETRY_AWAY)
}

fn store_unavailable() -> Answer {
    let message = "the database is not available; nothing was kept; repeat the request";
    Answer::new(Code::Unavailable, "STORE_UNAVAILABLE", message).retry_after(RETRY_AWAY)
}

fn internal() -> Answer {
    let message =
        "a defect of the service, which has logged it; repeating the request with the same keys is safe";
    Answer::new(Code::Internal, "INTERNAL", message)
}

fn payment(payment_no: &PaymentNo) -> String {
    format!("payments/{payment_no}")
}

fn scope_missing(scope: Scope) -> Answer {
    let message = format!("this RPC needs an API key with the scope {scope}, which this key does not have");
    Answer::new(Code::PermissionDenied, "SCOPE_MISSING", message).metadata("scope", scope)
}

fn rate_exceeded(wait: Duration) -> Answer {
    let message = "this merchant or operator calls more often than its limit allows; nothing happened";
    Answer::new(Code::ResourceExhausted, "RATE_EXCEEDED", message).retry_after(wait)
}

fn edge_answer(refusal: EdgeRefusal) -> Answer {
    let (code, reason, message) = match refusal {
        EdgeRefusal::KeysUnknowable => (
            Code::Unavailable,
            "STORE_UNAVAILABLE",
            "the database is not available, so whether this key was revoked is not known; repeat the call",
        ),
        EdgeRefusal::ScopeMissing(scope) => return scope_missing(scope),
        EdgeRefusal::RateExceeded(wait) => return rate_exceeded(wait),
        EdgeRefusal::CredentialsInvalid => (
            Code::Unauthenticated,
            "CREDENTIALS_INVALID",
            "send the metadata `authorization: Bearer <API key>` once, with a key that was neither revoked nor has expired",
        ),
        EdgeRefusal::MessageMalformed => (
            Code::InvalidArgument,
            "MESSAGE_MALFORMED",
            "the bytes are no message of this RPC; build the client from the contract payment.v1",
        ),
        EdgeRefusal::MessageTooLarge => (
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
            "the message is larger than this RPC takes; the contract tells the length of each field",
        ),
        EdgeRefusal::EncodingUnsupported => (
            Code::Unimplemented,
            "ENCODING_UNSUPPORTED",
            "the service does not read compressed messages; send them as they are",
        ),
        EdgeRefusal::MethodUnknown => (
            Code::Unimplemented,
            "METHOD_UNKNOWN",
            "the service has no such RPC; reflection lists those that it has",
        ),
        EdgeRefusal::DeadlineExceeded => (
            Code::DeadlineExceeded,
            "DEADLINE_EXCEEDED",
            "the call took too long and may still have its effect; repeat it with the same keys, or read the payment",
        ),
        EdgeRefusal::Stopping => (
            Code::Unavailable,
            "SERVER_STOPPING",
            "this server is stopping; repeat the call to reach another one",
        ),
        EdgeRefusal::TooManyStreams => (
            Code::ResourceExhausted,
            "TOO_MANY_STREAMS",
            "this server holds as many streams of events as it may; repeat the call to reach another one, or list events",
        ),
    };
    let answer = Answer::new(code, reason, message);
    match refusal {
        EdgeRefusal::Stopping | EdgeRefusal::TooManyStreams | EdgeRefusal::KeysUnknowable => {
            answer.retry_after(RETRY_AWAY)
        }
        EdgeRefusal::CredentialsInvalid
        | EdgeRefusal::ScopeMissing(_)
        | EdgeRefusal::RateExceeded(_)
        | EdgeRefusal::MessageMalformed
        | EdgeRefusal::MessageTooLarge
        | EdgeRefusal::EncodingUnsupported
        | EdgeRefusal::MethodUnknown
        | EdgeRefusal::DeadlineExceeded => answer,
    }
}
