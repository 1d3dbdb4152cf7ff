//! The delivery of notifications: one log line for each attempt, the channel's retry schedule, its five-second deadline.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::engine::Engine;
use super::fault::{NotificationFault, NotificationKind};
use super::notification::{self, Event};
use super::order::OrderKey;
use super::signature::SignedMessage;
use super::world::{Task, World};
use crate::rsa::{KeyError, RsaKey};

/// Seconds from one failed attempt to the next; after the last the channel gives up.
pub const RETRY_INTERVALS: [u64; 15] =
    [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];

/// An answer that comes later counts as none.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(5);

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Its next attempt has an instant.
    Waiting,
    /// An attempt is on the wire.
    InFlight,
    /// The merchant answered 200 or 204.
    Acknowledged,
    /// Every attempt of the schedule failed.
    Exhausted,
    /// A fault keeps it back; it can still be sent by hand.
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
    /// Nothing came within five seconds.
    TimedOut,
    /// No connection, or it broke.
    Unreachable {
        /// The HTTP client's words.
        reason: String,
    },
}

impl AttemptResult {
    /// Only 200 and 204 count.
    pub const fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Answered { status: 200 | 204, .. })
    }
}

/// One request that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// When it left.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The key it named; absent when its headers were left out.
    pub key_id: Option<String>,
    /// Whether it was part of the schedule or sent by hand.
    pub by_hand: bool,
    /// How it ended.
    pub result: AttemptResult,
}

/// One notification and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The notification's id, kept by retries.
    pub event_id: String,
    /// Payment or refund.
    pub kind: NotificationKind,
    /// `TRANSACTION.SUCCESS` or `REFUND.*`.
    pub event_type: String,
    /// Whose.
    pub mchid: String,
    /// About which order.
    pub out_trade_no: String,
    /// About which refund, if it is about one.
    pub out_refund_no: Option<String>,
    /// Where to.
    pub url: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// The next attempt, while it waits for one.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_at: Option<OffsetDateTime>,
    /// Every request so far, oldest first.
    pub attempts: Vec<Attempt>,
}

/// A notification in the channel's memory.
pub(super) struct Delivery {
    pub(super) order: OrderKey,
    pub(super) out_refund_no: Option<String>,
    pub(super) url: String,
    pub(super) event: Event,
    pub(super) state: DeliveryState,
    pub(super) next_at: Option<OffsetDateTime>,
    /// Scheduled attempts that failed.
    pub(super) failures: usize,
    pub(super) attempts: Vec<Attempt>,
}

impl Delivery {
    pub(super) fn record(&self) -> DeliveryRecord {
        DeliveryRecord {
            event_id: self.event.id.clone(),
            kind: self.event.kind,
            event_type: self.event.event_type.to_owned(),
            mchid: self.order.mchid.clone(),
            out_trade_no: self.order.out_trade_no.clone(),
            out_refund_no: self.out_refund_no.clone(),
            url: self.url.clone(),
            state: self.state,
            next_at: self.next_at,
            attempts: self.attempts.clone(),
        }
    }
}

/// One or several copies of a request that leave together.
pub(super) struct Outgoing {
    index: usize,
    pub(super) url: String,
    pub(super) started_at: OffsetDateTime,
    pub(super) messages: Vec<SignedMessage>,
}

/// Prepares the next attempt of a delivery: draws its fault, signs, marks it as on the wire.
pub(super) fn start_attempt(
    world: &mut World,
    index: usize,
    foreign: &RsaKey,
    now: OffsetDateTime,
) -> Result<Option<Outgoing>, KeyError> {
    let Some(delivery) = world.deliveries.get_mut(index).filter(|d| d.state == DeliveryState::Waiting) else {
        return Ok(None);
    };
    let Some(merchant) = world.merchants.get_mut(&delivery.order.mchid) else { return Ok(None) };
    delivery.state = DeliveryState::InFlight;
    delivery.next_at = None;
    let fault = world.faults.take_for_attempt(delivery.event.kind, &delivery.order.out_trade_no);
    let copies = match &fault {
        Some(NotificationFault::Duplicated { copies }) => *copies,
        Some(_) | None => 1,
    };
    let messages: Result<Vec<_>, _> = (0..copies)
        .map(|_| notification::message(merchant, &delivery.event, foreign, now, fault.as_ref()))
        .collect();
    Ok(Some(Outgoing { index, url: delivery.url.clone(), started_at: now, messages: messages? }))
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

/// Sends a notification again, so many copies at once, beside its schedule and free of faults.
pub(super) async fn send_by_hand(
    engine: &Engine,
    index: usize,
    copies: u32,
) -> Result<Vec<Attempt>, KeyError> {
    let prepared = engine.with_world(|world, now| {
        let World { deliveries, merchants, .. } = world;
        let delivery = deliveries.get(index)?;
        let merchant = merchants.get_mut(&delivery.order.mchid)?;
        let messages: Result<Vec<_>, _> = (0..copies)
            .map(|_| notification::message(merchant, &delivery.event, &engine.foreign_key, now, None))
            .collect();
        Some(messages.map(|messages| Outgoing {
            index,
            url: delivery.url.clone(),
            started_at: now,
            messages,
        }))
    });
    let Some(outgoing) = prepared.transpose()? else { return Ok(Vec::new()) };
    let attempts = send_all(engine, &outgoing, true).await;
    engine.with_world(|world, _| {
        if let Some(delivery) = world.deliveries.get_mut(index) {
            delivery.attempts.extend(attempts.iter().cloned());
        }
    });
    Ok(attempts)
}

async fn send_all(engine: &Engine, outgoing: &Outgoing, by_hand: bool) -> Vec<Attempt> {
    join_all(outgoing.messages.iter().map(async |message| {
        let result = send(engine, &outgoing.url, message).await;
        let key_id =
            message.headers.iter().find(|(name, _)| *name == "wechatpay-serial").map(|(_, id)| id.clone());
        Attempt { at: outgoing.started_at, key_id, by_hand, result }
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
        .header("user-agent", "Mozilla/4.0")
        .header("accept", "*/*")
        .header("pragma", "no-cache")
        .header("connection", "Keep-Alive");
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
    fn the_schedule_spans_a_day_and_four_minutes() {
        let offsets: Vec<u64> = RETRY_INTERVALS
            .iter()
            .scan(0, |sum, interval| {
                *sum += interval;
                Some(*sum)
            })
            .collect();
        let documented =
            [15, 30, 60, 240, 840, 2040, 3840, 5640, 7440, 11040, 21840, 32640, 43440, 65040, 86640];
        assert_eq!(offsets, documented);
    }
}
