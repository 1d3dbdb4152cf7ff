//! The delivery of notifications: one log line for each attempt, the channel's retry schedule, its deadline.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::engine::Engine;
use super::fault::{NotificationFault, NotificationKind};
use super::notification::{self, Event};
use super::order::{OrderKey, TradeStatus};
use super::world::{Task, World};
use crate::rsa::{KeyError, RsaKey};

/// Seconds from one failed attempt to the next: 4 min, 10 min, 10 min, 1 h, 2 h, 6 h, 15 h; then the channel gives up.
pub const RETRY_INTERVALS: [u64; 7] = [240, 600, 600, 3600, 7200, 21_600, 54_000];

/// The only body that acknowledges, byte for byte.
const ACKNOWLEDGEMENT: &str = "success";

/// An answer that comes later counts as none. Alipay publishes no number; this one is the simulator's.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(5);

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Its next attempt has an instant.
    Waiting,
    /// An attempt is on the wire.
    InFlight,
    /// The merchant answered 200 and `success`.
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
    /// Nothing came within the deadline.
    TimedOut,
    /// No connection, or it broke.
    Unreachable {
        /// The HTTP client's words.
        reason: String,
    },
}

impl AttemptResult {
    /// Only 200 with the seven bytes `success` counts.
    pub fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Answered { status: 200, body } if body == ACKNOWLEDGEMENT)
    }
}

/// One request that was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// When it left.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Whether it was part of the schedule or sent by hand.
    pub by_hand: bool,
    /// How it ended.
    pub result: AttemptResult,
}

/// One notification and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// The notification's id, kept by repeats.
    pub notify_id: String,
    /// What happened.
    pub kind: NotificationKind,
    /// The status that it tells.
    pub trade_status: TradeStatus,
    /// Whose.
    pub app_id: String,
    /// About which order.
    pub out_trade_no: String,
    /// About which refund, if it is about one.
    pub out_request_no: Option<String>,
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
    pub(super) out_request_no: Option<String>,
    pub(super) url: String,
    pub(super) event: Event,
    pub(super) state: DeliveryState,
    pub(super) next_at: Option<OffsetDateTime>,
    /// How often it is repeated at once before the schedule begins.
    pub(super) immediate_repeats: usize,
    /// Scheduled attempts that failed.
    pub(super) failures: usize,
    pub(super) attempts: Vec<Attempt>,
}

impl Delivery {
    pub(super) fn new(
        order: OrderKey,
        out_request_no: Option<String>,
        url: String,
        event: Event,
        immediate_repeats: usize,
        state: DeliveryState,
        next_at: Option<OffsetDateTime>,
    ) -> Self {
        let attempts = Vec::new();
        Self { order, out_request_no, url, event, state, next_at, immediate_repeats, failures: 0, attempts }
    }

    pub(super) fn record(&self) -> DeliveryRecord {
        DeliveryRecord {
            notify_id: self.event.notify_id.clone(),
            kind: self.event.kind,
            trade_status: self.event.status,
            app_id: self.order.app_id.clone(),
            out_trade_no: self.order.out_trade_no.clone(),
            out_request_no: self.out_request_no.clone(),
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
    pub(super) bodies: Vec<String>,
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
    let Some(merchant) = world.merchants.get(&delivery.order.app_id) else { return Ok(None) };
    delivery.state = DeliveryState::InFlight;
    delivery.next_at = None;
    let fault = world.faults.take_for_attempt(delivery.event.kind, &delivery.order.out_trade_no);
    let copies = match &fault {
        Some(NotificationFault::Duplicated { copies }) => *copies,
        Some(_) | None => 1,
    };
    let bodies: Result<Vec<_>, _> = (0..copies)
        .map(|_| notification::body(merchant, &delivery.event, foreign, now, fault.as_ref()))
        .collect();
    Ok(Some(Outgoing { index, url: delivery.url.clone(), started_at: now, bodies: bodies? }))
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
    let at_once = std::iter::repeat_n(&0, delivery.immediate_repeats);
    let interval = at_once.chain(&RETRY_INTERVALS).nth(delivery.failures);
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
        let merchant = merchants.get(&delivery.order.app_id)?;
        let bodies: Result<Vec<_>, _> = (0..copies)
            .map(|_| notification::body(merchant, &delivery.event, &engine.foreign_key, now, None))
            .collect();
        let url = delivery.url.clone();
        Some(bodies.map(|bodies| Outgoing { index, url, started_at: now, bodies }))
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
    join_all(outgoing.bodies.iter().map(async |body| {
        let result = send(engine, &outgoing.url, body).await;
        Attempt { at: outgoing.started_at, by_hand, result }
    }))
    .await
}

/// One POST as the channel sends it, within its deadline on the simulator's clock.
pub(super) async fn send(engine: &Engine, url: &str, body: &str) -> AttemptResult {
    let deadline = engine.clock.now() + DELIVERY_DEADLINE;
    tokio::select! {
        result = post(engine, url, body) => result.unwrap_or_else(|error| AttemptResult::Unreachable {
            reason: error.to_string(),
        }),
        () = engine.clock.sleep_until(deadline) => AttemptResult::TimedOut,
    }
}

async fn post(engine: &Engine, url: &str, body: &str) -> Result<AttemptResult, reqwest::Error> {
    let request = engine
        .http
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("user-agent", "Mozilla/4.0")
        .header("connection", "Keep-Alive");
    let response = request.body(body.to_owned()).send().await?;
    let status = response.status().as_u16();
    // Taken as bytes, since a byte order mark before `success` must not get lost.
    let body = String::from_utf8_lossy(&response.bytes().await?).into_owned();
    Ok(AttemptResult::Answered { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_deliveries_span_about_a_day() {
        assert_eq!(RETRY_INTERVALS.len() + 1, 8);
        let hours = Duration::from_secs(RETRY_INTERVALS.iter().sum()).as_secs() / 3600;
        assert!((24..=25).contains(&hours), "{hours}");
    }

    #[test]
    fn only_the_seven_bytes_acknowledge() {
        let answered = |status, body: &str| AttemptResult::Answered { status, body: body.to_owned() };
        assert!(answered(200, "success").is_acknowledged());
        let refused = [
            (200, "SUCCESS"),
            (200, "\"success\""),
            (200, "success\n"),
            (200, "\u{feff}success"),
            (201, "success"),
        ];
        for (status, body) in refused {
            assert!(!answered(status, body).is_acknowledged(), "{status} {body:?}");
        }
    }
}
