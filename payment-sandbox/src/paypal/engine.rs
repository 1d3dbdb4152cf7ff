//! The running simulator: its memory behind one lock, its clock, and the task that does what is due.

use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::authorization;
use super::certificates::CertificateStore;
use super::delivery::{self, DeliveryState, Outgoing};
use super::world::{Settings, Task, World};
use crate::clock::SimulatorClock;
use crate::rsa::{KeyError, KeyRing};

/// Shared by the API, the control API, the buyer's pages and the deliveries.
pub(super) struct Engine {
    world: Mutex<World>,
    pub(super) clock: SimulatorClock,
    pub(super) settings: Settings,
    pub(super) keys: KeyRing,
    pub(super) http: reqwest::Client,
    agenda_changed: Notify,
    /// Counts changes of the world, for those who wait for one.
    changes: watch::Sender<u64>,
    pub(super) stop: CancellationToken,
}

impl Engine {
    pub(super) fn new(
        clock: SimulatorClock,
        settings: Settings,
        http: reqwest::Client,
    ) -> Result<Self, KeyError> {
        let keys = KeyRing::new();
        let certificates = CertificateStore::new(&keys, clock.now())?;
        Ok(Self {
            world: Mutex::new(World::new(certificates)),
            keys,
            clock,
            settings,
            http,
            agenda_changed: Notify::new(),
            changes: watch::Sender::new(0),
            stop: CancellationToken::new(),
        })
    }

    /// Does something with the channel's memory; nothing else happens meanwhile.
    pub(super) fn with_world<T>(&self, act: impl FnOnce(&mut World, OffsetDateTime) -> T) -> T {
        let result = self.locked(act);
        self.agenda_changed.notify_one();
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        result
    }

    fn locked<T>(&self, act: impl FnOnce(&mut World, OffsetDateTime) -> T) -> T {
        // A panic elsewhere leaves a world that is still good enough to look at.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut world, self.clock.now())
    }

    /// Waits until the world is as `done` wants it, or the simulator stops.
    pub(super) async fn wait_until(&self, done: impl Fn(&World, OffsetDateTime) -> bool) {
        let mut changes = self.changes.subscribe();
        while !self.locked(|world, now| done(world, now)) {
            tokio::select! {
                _ = changes.changed() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Waits until nothing is due and nothing is on the wire.
    pub(super) async fn settled(&self) {
        self.wait_until(|world, now| {
            let due = world.agenda.first().is_some_and(|(instant, _)| *instant <= now);
            !due && world.deliveries.iter().all(|delivery| delivery.state != DeliveryState::InFlight)
        })
        .await;
    }

    /// The instant of the next thing that happens by itself.
    pub(super) fn next_instant(&self) -> Option<OffsetDateTime> {
        self.locked(|world, _| world.agenda.first().map(|(instant, _)| *instant))
    }

    /// Does what is due, then sleeps until the next instant or until the agenda changes; ends with the simulator.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            for outgoing in self.do_due() {
                tokio::spawn(delivery::run_attempt(Arc::clone(&self), outgoing));
            }
            let next = self.next_instant();
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.agenda_changed.notified() => {}
                () = sleep_until(&self.clock, next) => {}
            }
        }
    }

    fn do_due(&self) -> Vec<Outgoing> {
        let (any, outgoing) = self.locked(|world, now| {
            let due = world.take_due(now);
            (!due.is_empty(), due.into_iter().filter_map(|task| self.do_task(world, task, now)).collect())
        });
        if any {
            self.changes.send_modify(|count| *count = count.wrapping_add(1));
        }
        outgoing
    }

    fn do_task(&self, world: &mut World, task: Task, now: OffsetDateTime) -> Option<Outgoing> {
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
}

async fn sleep_until(clock: &SimulatorClock, instant: Option<OffsetDateTime>) {
    match instant {
        Some(instant) => clock.sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
