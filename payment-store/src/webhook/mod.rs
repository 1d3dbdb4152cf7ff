//! Webhooks as rows: which of a merchant's events an endpoint is still to get, who sends one at the moment, and what came of
//! each attempt.
//!
//! An endpoint's row is locked while its deliveries change hands: events become deliveries, deliveries are claimed,
//! outcomes are recorded, ranges are replayed. A unique index says what the lock is for: of one payment, one delivery at a
//! time may be due, so its events reach the endpoint one after the other.

mod claim;
mod endpoint;
mod read;
mod record;
mod replay;
mod row;

pub use claim::{ClaimRequest, WebhookClaim};
pub use endpoint::EndpointChange;
pub use read::{AttemptRecord, DeliveryFilter, DeliveryRecord, EndpointRecord};
pub use record::{AttemptOutcome, HealthChange, RecordRequest};
pub use replay::{Replay, ReplayRange, ReplayRequest};

use payment_core::identifiers::{MerchantId, WebhookName};

/// Names an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Its name in the configuration.
    pub name: WebhookName,
}

/// Events that an endpoint wants, as words; none: all of them.
pub(crate) fn event_words(events: &[payment_core::merchant_event::MerchantEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.as_str()).collect()
}
