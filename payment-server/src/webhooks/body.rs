//! What a delivery says: `type`, `timestamp` and `data` as Standard Webhooks recommends, `data` being `payment.v1.Event` in
//! canonical proto3 JSON, which the contract's own descriptors make of it.

use std::sync::LazyLock;

use bytes::Bytes;
use payment_proto::{FILE_DESCRIPTOR_SET, v1};
use payment_store::FeedEvent;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use crate::grpc::event_message;

/// The message that `data` is.
const EVENT: &str = "payment.v1.Event";

/// A body cannot be written: a defect of ours, which the words name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be written as JSON: {0}")]
pub(super) struct BodyError(String);

impl BodyError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    timestamp: String,
    data: DynamicMessage,
}

static DESCRIPTOR: LazyLock<Result<MessageDescriptor, BodyError>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).map_err(BodyError::of)?;
    pool.get_message_by_name(EVENT).ok_or_else(|| BodyError::of("the contract has no such message"))
});

/// The body for an event, the same bytes each time.
pub(super) fn of_event(event: &FeedEvent) -> Result<Bytes, BodyError> {
    let message: v1::Event = event_message(event);
    let descriptor = DESCRIPTOR.as_ref().map_err(Clone::clone)?;
    let data = DynamicMessage::decode(descriptor.clone(), message.encode_to_vec().as_slice());
    let body = Body {
        r#type: event.event.as_str(),
        timestamp: event.create_time.format(&Rfc3339).map_err(BodyError::of)?,
        data: data.map_err(BodyError::of)?,
    };
    Ok(Bytes::from(serde_json::to_vec(&body).map_err(BodyError::of)?))
}
