//! The running simulator: what it runs on, its keys, and what happens by itself.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use reqwest::RequestBuilder;
use time::OffsetDateTime;

use super::certificates::Authority;
use super::delivery::{self, Attempt, DELIVERY_DEADLINE};
use super::payer::{self, PayOptions};
use super::refund;
use super::world::{Settings, Task, World};
use crate::clock::SimulatorClock;
use crate::rsa::{KeyError, KeyRing, RsaKey};
use crate::simulator::{self, AttemptResult, Core, Outgoing};

/// Shared by the gateway, the control API, the cashier and the deliveries.
pub(crate) struct Engine {
    core: Core<World>,
    pub(super) settings: Settings,
    pub(super) keys: KeyRing,
    pub(super) authority: Authority,
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
        let authority = Authority::new(&keys, clock.now())?;
        let world = World::new(authority.root_sn.clone());
        Ok(Self { core: Core::new(world, clock, http), authority, foreign_key: keys.draw()?, keys, settings })
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
    type Message = String;

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
            Task::SettleRefund(key, number) => {
                let trade = world.orders.get(&key)?.trade.as_ref()?;
                let outcome = trade.refunds.iter().find(|refund| refund.out_request_no == number)?.outcome;
                // Refused only when the control API was faster, which is no error.
                let _ = refund::settle(world, &key, &number, outcome, now, &self.settings);
                None
            }
            Task::EnterPassword(key) => {
                // Refused only when the order has ended meanwhile.
                let _ = payer::pay(world, &key, &PayOptions::default(), now, &self.settings);
                None
            }
            Task::Expire(key) => {
                payer::expire(world, &key, now, &self.settings);
                None
            }
        }
    }

    fn request(&self, url: &str, message: &Self::Message) -> RequestBuilder {
        delivery::request(self.http.post(url), message)
    }

    fn attempt(_: &Self::Message, at: OffsetDateTime, by_hand: bool, result: AttemptResult) -> Attempt {
        Attempt { at, by_hand, result }
    }

    fn is_acknowledged(result: &AttemptResult) -> bool {
        delivery::is_acknowledged(result)
    }
}
