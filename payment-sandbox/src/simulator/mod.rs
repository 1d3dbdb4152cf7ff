//! What every simulated channel runs on, whatever its protocol: memory behind one lock with an agenda, a clock, the delivery
//! of notifications, faults to order, and the plain half of the control API.
//!
//! A channel brings its [`World`], its [`Channel`] and its [`control_http::Controlled`]. Nothing here knows a protocol, and
//! nothing here is shared with the crates that speak to these channels.

pub(crate) mod control_http;
mod core;
mod delivery;
pub(crate) mod fault;

use std::time::Duration;

use reqwest::RequestBuilder;
use time::OffsetDateTime;

pub(crate) use self::core::{Agenda, Core, run, wait_by_clock};
pub use delivery::{AttemptResult, DeliveryState};
pub(crate) use delivery::{Outgoing, Progress, announced, send, send_by_hand};
pub use fault::Execution;

/// What a channel remembers.
pub(crate) trait World: Send + 'static {
    /// Something that happens by itself at an instant.
    type Task: Ord + Send;
    /// One sending of a notification, as the log has it.
    type Attempt: Clone + Send + Sync;

    /// What happens by itself, in order.
    fn agenda(&mut self) -> &mut Agenda<Self::Task>;

    /// Whether a notification is on the wire.
    fn is_delivering(&self) -> bool;

    /// The delivery at an index.
    fn delivery(&mut self, index: usize) -> Option<&mut Progress<Self::Attempt>>;

    /// The task that sends the delivery at this index.
    fn task(index: usize) -> Self::Task;
}

/// How a channel behaves.
pub(crate) trait Channel: Send + Sync + 'static {
    /// Its memory.
    type World: World;
    /// A notification ready to be sent.
    type Message: Send + Sync;

    /// How long it waits for the answer to a notification.
    const DEADLINE: Duration;

    /// What it runs on.
    fn core(&self) -> &Core<Self::World>;

    /// Does what is due; gives the notifications that this sends.
    fn carry_out(
        &self,
        world: &mut Self::World,
        task: <Self::World as World>::Task,
        now: OffsetDateTime,
    ) -> Option<Outgoing<Self::Message>>;

    /// A notification as an HTTP request.
    fn request(&self, url: &str, message: &Self::Message) -> RequestBuilder;

    /// The log's line about a sending.
    fn attempt(
        message: &Self::Message,
        at: OffsetDateTime,
        by_hand: bool,
        result: AttemptResult,
    ) -> <Self::World as World>::Attempt;

    /// Whether the merchant's answer ends the delivery.
    fn is_acknowledged(result: &AttemptResult) -> bool;
}
