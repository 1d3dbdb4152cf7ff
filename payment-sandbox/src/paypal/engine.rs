//! The running simulator: what it runs on, its keys, and what happens by itself.

use std::ops::Deref;
use std::time::Duration;

use reqwest::RequestBuilder;
use time::OffsetDateTime;

use super::authorization;
use super::certificates::CertificateStore;
use super::delivery::{self, Attempt, DELIVERY_DEADLINE};
use super::webhook::SignedMessage;
use super::world::{Settings, Task, World};
use crate::clock::SimulatorClock;
use crate::rsa::{KeyError, KeyRing};
use crate::simulator::{self, AttemptResult, Core, Outgoing};

/// Shared by the API, the control API, the buyer's pages and the deliveries.
pub(crate) struct Engine {
    core: Core<World>,
    pub(super) settings: Settings,
    pub(super) keys: KeyRing,
}

impl Engine {
    pub(super) fn new(
        clock: SimulatorClock,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, KeyError> {
        let keys = KeyRing::new();
        let certificates = CertificateStore::new(&keys, clock.now())?;
        Ok(Self { core: Core::new(World::new(certificates), clock, http), keys, settings })
    }
}

/// A simulator is what it runs on, and what its protocol adds.
impl Deref for Engine {
    type Target = Core<World>;

    fn deref(&self) -> &Core<World> {
        &self.core
    }
}

impl simulator::Channel for Engine {
    type World = World;
    type Message = SignedMessage;

    const DEADLINE: Duration = DELIVERY_DEADLINE;

    fn core(&self) -> &Core<World> {
        &self.core
    }

    fn carry_out(
        &self,
        world: &mut World,
        task: Task,
        now: OffsetDateTime,
    ) -> Option<Outgoing<Self::Message>> {
        match task {
            Task::Deliver(index) => delivery::start_attempt(world, index, &self.settings, now)
                .inspect_err(|error| tracing::error!(%error, "a webhook could not be signed"))
                .ok()
                .flatten(),
            Task::ExpireAuthorization(id) => {
                authorization::release(world, &id, &self.settings, now);
                None
            }
        }
    }

    fn request(&self, url: &str, message: &Self::Message) -> RequestBuilder {
        delivery::request(self.http.post(url), message)
    }

    fn attempt(message: &Self::Message, at: OffsetDateTime, by_hand: bool, result: AttemptResult) -> Attempt {
        Attempt { at, transmission_id: message.transmission_id.clone(), by_hand, result }
    }

    fn is_acknowledged(result: &AttemptResult) -> bool {
        delivery::is_acknowledged(result)
    }
}
