//! The running simulator: what it runs on, its keys, and what happens by itself.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use time::OffsetDateTime;

use super::delivery::{self, Attempt, DELIVERY_DEADLINE};
use super::keys::TestRoot;
use super::refund;
use super::signature::SignedMessage;
use super::world::{Settings, Task, World};
use crate::clock::SimulatorClock;
use crate::rsa::{KeyError, KeyRing, RsaKey};
use crate::simulator::{self, AttemptResult, Core, Outgoing};

/// Shared by the API, the control API, the wallet and the deliveries.
pub(crate) struct Engine {
    core: Core<World>,
    pub(super) settings: Settings,
    pub(super) keys: KeyRing,
    pub(super) root: TestRoot,
    /// A key that no merchant trusts, for forgeries.
    pub(super) foreign_key: Arc<RsaKey>,
}

impl Engine {
    pub(super) fn new(
        clock: SimulatorClock,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, KeyError> {
        let keys = KeyRing::new();
        Ok(Self {
            root: TestRoot::new(&*keys.draw()?, clock.now())?,
            core: Core::new(World::new(), clock, http),
            foreign_key: keys.draw()?,
            keys,
            settings,
        })
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
            Task::Deliver(index) => delivery::start_attempt(world, index, &self.foreign_key, now)
                .inspect_err(|error| tracing::error!(%error, "a notification could not be signed"))
                .ok()
                .flatten(),
            Task::SettleRefund(key) => {
                let outcome = world.refunds.get(&key)?.outcome;
                // Refused only when the control API was faster, which is no error.
                let _ = refund::settle(world, &key, outcome, now);
                None
            }
        }
    }

    fn request(&self, url: &str, message: &Self::Message) -> RequestBuilder {
        delivery::request(self.http.post(url), message)
    }

    fn attempt(message: &Self::Message, at: OffsetDateTime, by_hand: bool, result: AttemptResult) -> Attempt {
        let serial = |(name, id): &(&str, String)| (*name == "wechatpay-serial").then(|| id.clone());
        Attempt { at, key_id: message.headers.iter().find_map(serial), by_hand, result }
    }

    fn is_acknowledged(result: &AttemptResult) -> bool {
        delivery::is_acknowledged(result)
    }
}
