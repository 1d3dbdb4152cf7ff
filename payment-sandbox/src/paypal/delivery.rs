//! The delivery of webhooks: one log line for each attempt, 25 retries in three days, a deadline.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::engine::Engine;
use super::fault::NotificationFault;
use super::identifiers;
use super::webhook::{self, Event, SignedMessage, Transmission};
use super::world::{RetryTransmission, Settings, World};
use crate::rsa::KeyError;
use crate::simulator::{self, Outgoing, Progress};
pub use crate::simulator::{AttemptResult, DeliveryState};

/// Seconds from one failed attempt to the next; after the last the channel gives up. PayPal says "25 times over three
/// days"; how they are spread is this simulator's choice: doubling from a minute, then every 3 h 44 min.
pub const RETRY_INTERVALS: [u64; 25] = [
    60, 120, 240, 480, 960, 1920, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440,
    13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13500,
];

/// An answer that comes later counts as none. PayPal publishes no number.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(30);

/// One request that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// When it left.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Its `PAYPAL-TRANSMISSION-ID`.
    pub transmission_id: String,
    /// Whether it was part of the schedule or sent by hand.
    pub by_hand: bool,
    /// How it ended.
    pub result: AttemptResult,
}

/// One webhook and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The event's id, kept by retries.
    pub event_id: String,
    /// e.g. `PAYMENT.CAPTURE.COMPLETED`.
    pub event_type: String,
    /// Whose app.
    pub client_id: String,
    /// About which order.
    pub order_id: String,
    /// The id of its `resource`.
    pub resource_id: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// The next attempt, while it waits for one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_at: Option<OffsetDateTime>,
    /// Every request so far, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A webhook in the channel's memory.
pub(super) struct Delivery {
    pub(super) client_id: String,
    /// Every name of what it is about; the order's id comes first.
    pub(super) references: Vec<String>,
    pub(super) event: Event,
    pub(super) progress: Progress<Attempt>,
    /// The first transmission, for retries that keep it.
    transmission: Option<Transmission>,
    /// The newest genuine request, as an eavesdropper would have it.
    pub(super) last_sent: Option<SignedMessage>,
}

impl Delivery {
    pub(super) fn new(
        client_id: &str,
        references: Vec<String>,
        event: Event,
        progress: Progress<Attempt>,
    ) -> Self {
        Self {
            client_id: client_id.to_owned(),
            references,
            event,
            progress,
            transmission: None,
            last_sent: None,
        }
    }

    pub(super) fn is_about(&self, reference: &str) -> bool {
        self.references.iter().any(|name| name == reference)
    }

    pub(super) fn record(&self) -> DeliveryRecord {
        DeliveryRecord {
            event_id: self.event.id.clone(),
            event_type: self.event.event_type.name().to_owned(),
            client_id: self.client_id.clone(),
            order_id: self.references.first().cloned().unwrap_or_default(),
            resource_id: self.event.resource_id(),
            state: self.progress.state,
            next_at: self.progress.next_at,
            attempts: self.progress.attempts.clone(),
        }
    }

    fn transmission(&mut self, retries: RetryTransmission, now: OffsetDateTime) -> Transmission {
        match retries {
            RetryTransmission::Kept => {
                self.transmission.get_or_insert_with(|| Transmission::new(now)).clone()
            }
            RetryTransmission::Fresh => Transmission::new(now),
        }
    }
}

/// Prepares the next attempt of a delivery: draws its fault, signs, marks it as on the wire.
pub(super) fn start_attempt(
    world: &mut World,
    index: usize,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Option<Outgoing<SignedMessage>>, KeyError> {
    let Some(delivery) = world.deliveries.get_mut(index) else { return Ok(None) };
    if delivery.progress.begin().is_none() {
        return Ok(None);
    }
    let fault = world.faults.take_for_attempt(delivery.event.event_type.name(), &delivery.references);
    let copies = match &fault {
        Some(NotificationFault::Duplicated { copies }) => *copies,
        Some(_) | None => 1,
    };
    prepare(world, index, copies, fault.as_ref(), settings, now)
}

/// Signs so many copies.
fn prepare(
    world: &mut World,
    index: usize,
    copies: u32,
    fault: Option<&NotificationFault>,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Option<Outgoing<SignedMessage>>, KeyError> {
    let World { deliveries, merchants, certificates, .. } = world;
    let Some(delivery) = deliveries.get_mut(index) else { return Ok(None) };
    let Some(merchant) = merchants.get(&delivery.client_id) else { return Ok(None) };
    let mut messages = Vec::new();
    for _ in 0..copies {
        let transmission = delivery.transmission(settings.retries, now);
        let envelope = delivery.event.envelope(&settings.base_url);
        let base_url = &settings.base_url;
        let signed =
            webhook::message(certificates, base_url, &merchant.webhook_id, envelope, &transmission, fault)?;
        if fault.is_none() {
            delivery.last_sent = Some(signed.clone());
        }
        messages.push(signed);
    }
    let url = merchant.webhook_url.clone().unwrap_or_default();
    Ok(Some(Outgoing { index, url, started_at: now, messages }))
}

/// Sends a webhook again, so many copies at once, beside its schedule and free of faults.
pub(super) async fn send_by_hand(
    engine: &Engine,
    index: usize,
    copies: u32,
) -> Result<Vec<Attempt>, KeyError> {
    let prepared =
        engine.with_world(|world, now| prepare(world, index, copies, None, &engine.settings, now))?;
    let Some(outgoing) = prepared else { return Ok(Vec::new()) };
    Ok(simulator::send_by_hand(engine, &outgoing).await)
}

/// The request as PayPal sends it.
pub(super) fn request(post: RequestBuilder, message: &SignedMessage) -> RequestBuilder {
    let post = post
        .header("content-type", "application/json")
        .header("user-agent", "PayPal/AUHD-214.0-58391792")
        .header("accept", "*/*")
        .header("correlation-id", identifiers::debug_id());
    let signed = message.headers.iter().fold(post, |post, (name, value)| post.header(*name, value));
    signed.body(message.body.clone())
}

/// Every 2xx counts.
pub(super) const fn is_acknowledged(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { status: 200..=299, .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_spans_three_days() {
        assert_eq!(RETRY_INTERVALS.iter().sum::<u64>(), 3 * 86_400);
    }
}
