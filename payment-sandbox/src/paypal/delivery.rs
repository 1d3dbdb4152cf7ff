//! The delivery of webhooks: one log line for each attempt, 25 retries in three days, a deadline.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::engine::Engine;
use super::fault::NotificationFault;
use super::identifiers;
use super::webhook::{self, Event, SignedMessage, Transmission};
use super::world::{RetryTransmission, Settings, Task, World};
use crate::rsa::KeyError;

/// Seconds from one failed attempt to the next; after the last the channel gives up. PayPal says "25 times over three
/// days"; how they are spread is this simulator's choice: doubling from a minute, then every 3 h 44 min.
pub const RETRY_INTERVALS: [u64; 25] = [
    60, 120, 240, 480, 960, 1920, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440,
    13440, 13440, 13440, 13440, 13440, 13440, 13440, 13440, 13500,
];

/// An answer that comes later counts as none. PayPal publishes no number.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(30);

/// Where a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Its next attempt has an instant.
    Waiting,
    /// An attempt is on the wire.
    InFlight,
    /// The merchant answered 2xx.
    Acknowledged,
    /// Every attempt of the schedule failed.
    Exhausted,
    /// A fault keeps it back, or the merchant had no address; it can still be sent by hand.
    Suppressed,
}

/// How one attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttemptResult {
    /// The merchant answered.
    Answered {
        /// HTTP status.
        status: u16,
        /// The answer's body.
        body: String,
    },
    /// Nothing came in time.
    TimedOut,
    /// No connection, or it broke.
    Unreachable {
        /// The HTTP client's words.
        reason: String,
    },
}

impl AttemptResult {
    /// Every 2xx counts.
    pub const fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }
}

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
    pub(super) state: DeliveryState,
    next_at: Option<OffsetDateTime>,
    /// Scheduled attempts that failed.
    failures: usize,
    pub(super) attempts: Vec<Attempt>,
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
        state: DeliveryState,
        next_at: Option<OffsetDateTime>,
    ) -> Self {
        Self {
            client_id: client_id.to_owned(),
            references,
            event,
            state,
            next_at,
            failures: 0,
            attempts: Vec::new(),
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
            state: self.state,
            next_at: self.next_at,
            attempts: self.attempts.clone(),
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

/// One or several copies of a request that leave together.
pub(super) struct Outgoing {
    index: usize,
    url: String,
    started_at: OffsetDateTime,
    messages: Vec<SignedMessage>,
}

/// Prepares the next attempt of a delivery: draws its fault, signs, marks it as on the wire.
pub(super) fn start_attempt(
    world: &mut World,
    index: usize,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Option<Outgoing>, KeyError> {
    let Some(delivery) = world.deliveries.get_mut(index).filter(|d| d.state == DeliveryState::Waiting) else {
        return Ok(None);
    };
    delivery.state = DeliveryState::InFlight;
    delivery.next_at = None;
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
) -> Result<Option<Outgoing>, KeyError> {
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

/// Sends a scheduled attempt and plans what follows from its result.
pub(super) async fn run_attempt(engine: Arc<Engine>, outgoing: Outgoing) {
    let attempts = send_all(&engine, &outgoing, false).await;
    engine.with_world(|world, _| {
        let Some(delivery) = world.deliveries.get_mut(outgoing.index) else { return };
        let acknowledged = attempts.iter().any(|attempt| attempt.result.is_acknowledged());
        delivery.attempts.extend(attempts);
        if acknowledged {
            delivery.state = DeliveryState::Acknowledged;
            return;
        }
        plan_retry(delivery, outgoing.started_at);
        if let Some(instant) = delivery.next_at {
            world.agenda.insert((instant, Task::Deliver(outgoing.index)));
        }
    });
}

fn plan_retry(delivery: &mut Delivery, failed_at: OffsetDateTime) {
    let interval = RETRY_INTERVALS.get(delivery.failures);
    delivery.failures += 1;
    delivery.next_at = interval.map(|seconds| failed_at + Duration::from_secs(*seconds));
    delivery.state =
        if delivery.next_at.is_some() { DeliveryState::Waiting } else { DeliveryState::Exhausted };
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
    let attempts = send_all(engine, &outgoing, true).await;
    engine.with_world(|world, _| {
        if let Some(delivery) = world.deliveries.get_mut(index) {
            delivery.attempts.extend(attempts.iter().cloned());
        }
    });
    Ok(attempts)
}

async fn send_all(engine: &Engine, outgoing: &Outgoing, by_hand: bool) -> Vec<Attempt> {
    join_all(outgoing.messages.iter().map(async |message| Attempt {
        at: outgoing.started_at,
        transmission_id: message.transmission_id.clone(),
        by_hand,
        result: send(engine, &outgoing.url, message).await,
    }))
    .await
}

/// One POST as the channel sends it, within its deadline on the simulator's clock.
pub(super) async fn send(engine: &Engine, url: &str, message: &SignedMessage) -> AttemptResult {
    let deadline = engine.clock.now() + DELIVERY_DEADLINE;
    tokio::select! {
        result = post(engine, url, message) => result.unwrap_or_else(|error| AttemptResult::Unreachable {
            reason: error.to_string(),
        }),
        () = engine.clock.sleep_until(deadline) => AttemptResult::TimedOut,
    }
}

async fn post(engine: &Engine, url: &str, message: &SignedMessage) -> Result<AttemptResult, reqwest::Error> {
    let mut request = engine
        .http
        .post(url)
        .header("content-type", "application/json")
        .header("user-agent", "PayPal/AUHD-214.0-58391792")
        .header("accept", "*/*")
        .header("correlation-id", identifiers::debug_id());
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    let response = request.body(message.body.clone()).send().await?;
    let status = response.status().as_u16();
    Ok(AttemptResult::Answered { status, body: response.text().await? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_spans_three_days() {
        assert_eq!(RETRY_INTERVALS.iter().sum::<u64>(), 3 * 86_400);
    }
}
