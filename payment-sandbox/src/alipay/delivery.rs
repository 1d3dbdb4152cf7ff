//! The delivery of notifications: one log line for each attempt, the channel's retry schedule, its deadline.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::engine::Engine;
use super::fault::{NotificationFault, NotificationKind};
use super::notification::{self, Event};
use super::order::{OrderKey, TradeStatus};
use super::world::World;
use crate::rsa::{KeyError, RsaKey};
use crate::simulator::{self, Outgoing, Progress};
pub use crate::simulator::{AttemptResult, DeliveryState};

/// Seconds from one failed attempt to the next: 4 min, 10 min, 10 min, 1 h, 2 h, 6 h, 15 h; then the channel gives up.
pub const RETRY_INTERVALS: [u64; 7] = [240, 600, 600, 3600, 7200, 21_600, 54_000];

/// The only body that acknowledges, byte for byte.
const ACKNOWLEDGEMENT: &str = "success";

/// An answer that comes later counts as none. Alipay publishes no number; this one is the simulator's.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(5);

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
    pub(super) progress: Progress<Attempt>,
}

impl Delivery {
    pub(super) fn record(&self) -> DeliveryRecord {
        DeliveryRecord {
            notify_id: self.event.notify_id.clone(),
            kind: self.event.kind,
            trade_status: self.event.status,
            app_id: self.order.app_id.clone(),
            out_trade_no: self.order.out_trade_no.clone(),
            out_request_no: self.out_request_no.clone(),
            url: self.url.clone(),
            state: self.progress.state,
            next_at: self.progress.next_at,
            attempts: self.progress.attempts.clone(),
        }
    }
}

/// Prepares the next attempt of a delivery: draws its fault, signs, marks it as on the wire.
pub(super) fn start_attempt(
    world: &mut World,
    index: usize,
    foreign: &RsaKey,
    now: OffsetDateTime,
) -> Result<Option<Outgoing<String>>, KeyError> {
    let Some(delivery) = world.deliveries.get_mut(index) else { return Ok(None) };
    let Some(merchant) = world.merchants.get(&delivery.order.app_id) else { return Ok(None) };
    if delivery.progress.begin().is_none() {
        return Ok(None);
    }
    let fault = world.faults.take_for_attempt(delivery.event.kind, &delivery.order.out_trade_no);
    let copies = match &fault {
        Some(NotificationFault::Duplicated { copies }) => *copies,
        Some(_) | None => 1,
    };
    let bodies: Result<Vec<_>, _> = (0..copies)
        .map(|_| notification::body(merchant, &delivery.event, foreign, now, fault.as_ref()))
        .collect();
    Ok(Some(Outgoing { index, url: delivery.url.clone(), started_at: now, messages: bodies? }))
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
        Some(bodies.map(|bodies| Outgoing { index, url, started_at: now, messages: bodies }))
    });
    let Some(outgoing) = prepared.transpose()? else { return Ok(Vec::new()) };
    Ok(simulator::send_by_hand(engine, &outgoing).await)
}

/// The request as Alipay sends it.
pub(super) fn request(post: RequestBuilder, body: &str) -> RequestBuilder {
    post.header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("user-agent", "Mozilla/4.0")
        .header("connection", "Keep-Alive")
        .body(body.to_owned())
}

/// Only 200 with the seven bytes `success` counts.
pub(super) fn is_acknowledged(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { status: 200, body } if body == ACKNOWLEDGEMENT)
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
        assert!(is_acknowledged(&answered(200, "success")));
        let refused = [
            (200, "SUCCESS"),
            (200, "\"success\""),
            (200, "success\n"),
            (200, "\u{feff}success"),
            (201, "success"),
        ];
        for (status, body) in refused {
            assert!(!is_acknowledged(&answered(status, body)), "{status} {body:?}");
        }
    }
}
