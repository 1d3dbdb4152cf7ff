//! The delivery of notifications: one log line for each attempt, the channel's retry schedule, its five-second deadline.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::engine::Engine;
use super::fault::{NotificationFault, NotificationKind};
use super::notification::{self, Event};
use super::order::OrderKey;
use super::signature::SignedMessage;
use super::world::World;
use crate::rsa::{KeyError, RsaKey};
use crate::simulator::{self, Outgoing, Progress};
pub use crate::simulator::{AttemptResult, DeliveryState};

/// Seconds from one failed attempt to the next; after the last the channel gives up.
pub const RETRY_INTERVALS: [u64; 15] =
    [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600];

/// An answer that comes later counts as none.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(5);

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
    pub(super) progress: Progress<Attempt>,
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
) -> Result<Option<Outgoing<SignedMessage>>, KeyError> {
    let Some(delivery) = world.deliveries.get_mut(index) else { return Ok(None) };
    let Some(merchant) = world.merchants.get_mut(&delivery.order.mchid) else { return Ok(None) };
    if delivery.progress.begin().is_none() {
        return Ok(None);
    }
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
    Ok(simulator::send_by_hand(engine, &outgoing).await)
}

/// The request as WeChat Pay sends it.
pub(super) fn request(post: RequestBuilder, message: &SignedMessage) -> RequestBuilder {
    let post = post
        .header("content-type", "application/json")
        .header("user-agent", "Mozilla/4.0")
        .header("accept", "*/*")
        .header("pragma", "no-cache")
        .header("connection", "Keep-Alive");
    let signed = message.headers.iter().fold(post, |post, (name, value)| post.header(*name, value));
    signed.body(message.body.clone())
}

/// Only 200 and 204 count.
pub(super) const fn is_acknowledged(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { status: 200 | 204, .. })
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
