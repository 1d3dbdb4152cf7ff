//! Notifications: the raw request's headers, its envelope, and the content within, in the order in which each may be
//! trusted; and WeChat's words for the answer.

use payment_core::{
    gateway::{
        CallbackOutcome, CallbackRejected, CallbackRejection, CallbackReply, EventContent, RawCallback,
        VerifiedEvent,
    },
    identifiers::{ChannelNotificationId, KeySerial, PaymentNo, RefundNo},
};
use serde::Deserialize;

use crate::{
    response::{self, Refund, Transaction, Unreadable},
    sealed::{ApiV3Key, Sealed},
    verify::{SignatureHeaders, Unproven},
};

/// The headers that prove a notification. Each must stand exactly once, or it would be open which one was signed.
pub(crate) fn signature_headers(callback: &RawCallback) -> Result<SignatureHeaders<'_>, CallbackRejected> {
    let type_header = "wechatpay-signature-type";
    let has_type = callback.headers.iter().any(|(name, _)| name == type_header);
    Ok(SignatureHeaders {
        timestamp: callback.single_header("wechatpay-timestamp")?,
        nonce: callback.single_header("wechatpay-nonce")?,
        signature: callback.single_header("wechatpay-signature")?,
        serial: callback.single_header("wechatpay-serial")?,
        signature_type: if has_type { Some(callback.single_header(type_header)?) } else { None },
    })
}

/// The refusal of a notification that is not proven.
pub(crate) fn rejection(unproven: Unproven) -> CallbackRejected {
    let kind = match unproven {
        Unproven::Missing(_) | Unproven::Malformed(_) | Unproven::Type => CallbackRejection::Malformed,
        Unproven::Stale => CallbackRejection::Stale,
        Unproven::UnknownKey => CallbackRejection::UnknownKey,
        Unproven::NoKeys => CallbackRejection::ProofUnavailable,
        Unproven::Signature => CallbackRejection::SignatureInvalid,
    };
    CallbackRejected::new(kind, unproven.to_string())
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: Sealed,
}

/// Reads a notification whose raw body `verified_by` proved.
pub(crate) fn read(
    callback: &RawCallback,
    verified_by: KeySerial,
    key: &ApiV3Key,
) -> Result<VerifiedEvent, CallbackRejected> {
    let refuse = |why: String| CallbackRejected::new(CallbackRejection::Unreadable, why);
    let envelope: Envelope =
        response::json(&callback.body).map_err(|error| refuse(format!("envelope: {error}")))?;
    let id =
        ChannelNotificationId::parse(envelope.id.clone()).map_err(|error| refuse(format!("id: {error}")))?;
    let content = if is_ours(&envelope.event_type) {
        let plaintext = key.open(&envelope.resource).map_err(|error| refuse(format!("resource: {error}")))?;
        content(envelope.event_type, &plaintext).map_err(|error| refuse(format!("content: {error}")))?
    } else {
        EventContent::Irrelevant { event_type: envelope.event_type }
    };
    Ok(VerifiedEvent::new(callback, verified_by, id, content))
}

fn is_ours(event_type: &str) -> bool {
    event_type == "TRANSACTION.SUCCESS" || event_type.starts_with("REFUND.")
}

/// Foreign mchids, appids, numbers and amounts pass: whether a success is ours is decided by the core, under locks and
/// with a case for what is not (R8).
fn content(event_type: String, plaintext: &[u8]) -> Result<EventContent, Unreadable> {
    if event_type.starts_with("REFUND.") {
        return refund(event_type, plaintext);
    }
    let transaction: Transaction = response::json(plaintext)?;
    let payment_no = transaction.payment_no()?.to_owned();
    Ok(EventContent::Payment { payment_no, finding: transaction.finding()? })
}

/// A refund under numbers that this service never makes belongs to another system of the same merchant.
fn refund(event_type: String, plaintext: &[u8]) -> Result<EventContent, Unreadable> {
    let refund: Refund = response::json(plaintext)?;
    match (RefundNo::parse(refund.refund_no()?), PaymentNo::parse(refund.payment_no()?)) {
        (Ok(refund_no), Ok(payment_no)) => Ok(EventContent::Refund(refund.finding(refund_no, payment_no)?)),
        (Err(_), _) | (_, Err(_)) => Ok(EventContent::Irrelevant { event_type }),
    }
}

/// WeChat's words. It takes 200 and 204 for kept and sends again after anything else, also after its own signature
/// probes (F39). A refusal gives no reason: only its sender would profit from one.
pub(crate) fn reply(outcome: &CallbackOutcome) -> CallbackReply {
    match outcome {
        CallbackOutcome::Recorded => CallbackReply { status: 200, content_type: None, body: Vec::new() },
        CallbackOutcome::Rejected(kind) => fail(match kind {
            CallbackRejection::Malformed | CallbackRejection::Unreadable => 400,
            CallbackRejection::Stale
            | CallbackRejection::UnknownKey
            | CallbackRejection::SignatureInvalid => 401,
            CallbackRejection::ProofUnavailable => 503,
        }),
        CallbackOutcome::NotRecorded => fail(500),
    }
}

fn fail(status: u16) -> CallbackReply {
    let body = r#"{"code":"FAIL","message":"失败"}"#.as_bytes().to_vec();
    CallbackReply { status, content_type: Some("application/json; charset=utf-8"), body }
}
