//! The delivery of notifications: one log line for each sending, the channel's schedule of retries, its deadline.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Channel, World};

/// Where a notification stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Its next attempt has an instant.
    Waiting,
    /// An attempt is on the wire.
    InFlight,
    /// The merchant acknowledged it, in the channel's own words.
    Acknowledged,
    /// Every attempt of the schedule failed.
    Exhausted,
    /// A fault keeps it back, or there is no address; it can still be sent by hand.
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
    /// Nothing came within the channel's deadline.
    TimedOut,
    /// No connection, or it broke.
    Unreachable {
        /// The HTTP client's words.
        reason: String,
    },
}

impl AttemptResult {
    /// The merchant answered with a 2xx, which every channel wants; what more one wants before it stops, it says itself.
    pub const fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }
}

/// How far a delivery is.
pub(crate) struct Progress<A> {
    pub(crate) state: DeliveryState,
    pub(crate) next_at: Option<OffsetDateTime>,
    /// Every sending so far, oldest first.
    pub(crate) attempts: Vec<A>,
    /// Seconds from each failed attempt to the next; after the last the channel gives up.
    intervals: VecDeque<u64>,
}

impl<A> Progress<A> {
    /// A delivery that begins at an instant, or never by itself.
    fn new(begins: Option<OffsetDateTime>, intervals: impl IntoIterator<Item = u64>) -> Self {
        let state = if begins.is_some() { DeliveryState::Waiting } else { DeliveryState::Suppressed };
        Self { state, next_at: begins, attempts: Vec::new(), intervals: intervals.into_iter().collect() }
    }

    /// Puts the next attempt on the wire, if one is waiting.
    pub(crate) const fn begin(&mut self) -> Option<()> {
        if !matches!(self.state, DeliveryState::Waiting) {
            return None;
        }
        self.state = DeliveryState::InFlight;
        self.next_at = None;
        Some(())
    }

    /// What follows from an attempt that began at `started_at`.
    fn end(&mut self, is_acknowledged: bool, started_at: OffsetDateTime) {
        if is_acknowledged {
            self.state = DeliveryState::Acknowledged;
            return;
        }
        let interval = self.intervals.pop_front();
        self.next_at = interval.map(|seconds| started_at + Duration::from_secs(seconds));
        self.state = if self.next_at.is_some() { DeliveryState::Waiting } else { DeliveryState::Exhausted };
    }
}

/// Enters the delivery that will get this index into the agenda; `begins` says when.
pub(crate) fn announced<W: World>(
    world: &mut W,
    index: usize,
    begins: Option<OffsetDateTime>,
    intervals: impl IntoIterator<Item = u64>,
) -> Progress<W::Attempt> {
    if let Some(instant) = begins {
        world.agenda().insert((instant, W::task(index)));
    }
    Progress::new(begins, intervals)
}

/// One or several copies of a notification that leave together.
pub(crate) struct Outgoing<M> {
    /// Of the delivery.
    pub(crate) index: usize,
    /// Where to.
    pub(crate) url: String,
    /// When they leave.
    pub(crate) started_at: OffsetDateTime,
    /// The copies.
    pub(crate) messages: Vec<M>,
}

/// Sends a scheduled attempt and plans what follows from its result.
pub(super) async fn run_attempt<C: Channel>(channel: Arc<C>, outgoing: Outgoing<C::Message>) {
    let results = send_all(&*channel, &outgoing).await;
    let is_acknowledged = results.iter().any(C::is_acknowledged);
    let attempts = attempts::<C>(&outgoing, results, false);
    channel.core().with_world(|world, _| {
        let Some(delivery) = world.delivery(outgoing.index) else { return };
        delivery.attempts.extend(attempts);
        delivery.end(is_acknowledged, outgoing.started_at);
        if let Some(instant) = delivery.next_at {
            world.agenda().insert((instant, C::World::task(outgoing.index)));
        }
    });
}

/// Sends a notification again, beside its schedule.
pub(crate) async fn send_by_hand<C: Channel>(
    channel: &C,
    outgoing: &Outgoing<C::Message>,
) -> Vec<<C::World as World>::Attempt> {
    let results = send_all(channel, outgoing).await;
    let attempts = attempts::<C>(outgoing, results, true);
    channel.core().with_world(|world, _| {
        if let Some(delivery) = world.delivery(outgoing.index) {
            delivery.attempts.extend(attempts.iter().cloned());
        }
    });
    attempts
}

fn attempts<C: Channel>(
    outgoing: &Outgoing<C::Message>,
    results: Vec<AttemptResult>,
    by_hand: bool,
) -> Vec<<C::World as World>::Attempt> {
    let sent = outgoing.messages.iter().zip(results);
    sent.map(|(message, result)| C::attempt(message, outgoing.started_at, by_hand, result)).collect()
}

async fn send_all<C: Channel>(channel: &C, outgoing: &Outgoing<C::Message>) -> Vec<AttemptResult> {
    join_all(outgoing.messages.iter().map(|message| send(channel, &outgoing.url, message))).await
}

/// One POST as the channel sends it, within its deadline on the simulator's clock.
pub(crate) async fn send<C: Channel>(channel: &C, url: &str, message: &C::Message) -> AttemptResult {
    let clock = &channel.core().clock;
    let deadline = clock.now() + C::DEADLINE;
    tokio::select! {
        result = post(channel.request(url, message)) => result.unwrap_or_else(|error| {
            AttemptResult::Unreachable { reason: error.to_string() }
        }),
        () = clock.sleep_until(deadline) => AttemptResult::TimedOut,
    }
}

async fn post(request: reqwest::RequestBuilder) -> Result<AttemptResult, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    // Taken as bytes, since a byte order mark before the words of an acknowledgement must not get lost.
    let body = String::from_utf8_lossy(&response.bytes().await?).into_owned();
    Ok(AttemptResult::Answered { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = time::macros::datetime!(2025-10-09 16:54:19 +8);

    #[test]
    fn a_delivery_is_tried_again_by_its_schedule_and_then_given_up() {
        let mut progress: Progress<()> = Progress::new(Some(START), [15, 30]);
        for (seconds, state) in [(Some(15), DeliveryState::Waiting), (Some(30), DeliveryState::Waiting)] {
            assert_eq!(progress.begin(), Some(()));
            assert_eq!(progress.begin(), None, "it is on the wire");
            progress.end(false, START);
            assert_eq!(progress.next_at, seconds.map(|seconds| START + Duration::from_secs(seconds)));
            assert_eq!(progress.state, state);
        }
        assert_eq!(progress.begin(), Some(()));
        progress.end(false, START);
        assert_eq!((progress.state, progress.next_at), (DeliveryState::Exhausted, None));
    }

    #[test]
    fn an_acknowledgement_ends_it_and_one_without_an_instant_never_begins() {
        let mut progress: Progress<()> = Progress::new(Some(START), [15]);
        assert_eq!(progress.begin(), Some(()));
        progress.end(true, START);
        assert_eq!((progress.state, progress.begin()), (DeliveryState::Acknowledged, None));
        let mut suppressed: Progress<()> = Progress::new(None, [15]);
        assert_eq!((suppressed.state, suppressed.begin()), (DeliveryState::Suppressed, None));
    }
}
