//! The running half: memory behind one lock, its clock, and the task that does what is due.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::{Channel, Outgoing, World, delivery};
use crate::clock::{ClockIsReal, SimulatorClock};

/// What happens by itself, in order.
pub(crate) type Agenda<T> = BTreeSet<(OffsetDateTime, T)>;

/// Shared by a channel's API, its control API, its pages and its deliveries.
pub(crate) struct Core<W> {
    world: Mutex<W>,
    pub(crate) clock: SimulatorClock,
    /// The client for notifications.
    pub(crate) http: reqwest::Client,
    agenda_changed: Notify,
    /// Counts changes of the world, for those who wait for one.
    changes: watch::Sender<u64>,
    pub(crate) stop: CancellationToken,
}

impl<W: World> Core<W> {
    /// A world in which nothing happens before [`run`].
    pub(crate) fn new(world: W, clock: SimulatorClock, http: reqwest::Client) -> Self {
        Self {
            world: Mutex::new(world),
            clock,
            http,
            agenda_changed: Notify::new(),
            changes: watch::Sender::new(0),
            stop: CancellationToken::new(),
        }
    }

    /// Does something with the channel's memory; nothing else happens meanwhile.
    pub(crate) fn with_world<T>(&self, act: impl FnOnce(&mut W, OffsetDateTime) -> T) -> T {
        let result = self.locked(act);
        self.agenda_changed.notify_one();
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        result
    }

    fn locked<T>(&self, act: impl FnOnce(&mut W, OffsetDateTime) -> T) -> T {
        // A panic elsewhere leaves a world that is still good enough to look at.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut world, self.clock.now())
    }

    /// Waits until the world is as `done` wants it, or the simulator stops.
    pub(crate) async fn wait_until(&self, done: impl Fn(&mut W, OffsetDateTime) -> bool) {
        let mut changes = self.changes.subscribe();
        while !self.locked(|world, now| done(world, now)) {
            tokio::select! {
                _ = changes.changed() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Waits until nothing is due and nothing is on the wire.
    pub(crate) async fn settled(&self) {
        self.wait_until(|world, now| {
            let due = world.agenda().first().is_some_and(|(instant, _)| *instant <= now);
            !due && !world.is_delivering()
        })
        .await;
    }

    /// Moves a manual clock forward, stopping at each instant at which something happens by itself until that has
    /// happened, or until `patience` is over: an answer may itself need the clock to move.
    pub(crate) async fn advance(
        &self,
        step: Duration,
        patience: Duration,
    ) -> Result<OffsetDateTime, ClockIsReal> {
        let target = self.clock.now() + step;
        let rest = async || drop(tokio::time::timeout(patience, self.settled()).await);
        loop {
            rest().await;
            let now = self.clock.now();
            let next = self.next_instant().map_or(target, |instant| instant.clamp(now, target));
            let stride = Duration::try_from(next - now).unwrap_or(Duration::ZERO);
            self.clock.advance(stride)?;
            if next >= target {
                rest().await;
                return Ok(target);
            }
        }
    }

    /// The instant of the next thing that happens by itself.
    fn next_instant(&self) -> Option<OffsetDateTime> {
        self.locked(|world, _| world.agenda().first().map(|(instant, _)| *instant))
    }

    /// Does what is due by `carry_out`.
    fn do_due<M>(
        &self,
        carry_out: impl Fn(&mut W, W::Task, OffsetDateTime) -> Option<Outgoing<M>>,
    ) -> Vec<Outgoing<M>> {
        let (any, outgoing) = self.locked(|world, now| {
            let due = take_due(world.agenda(), now);
            (!due.is_empty(), due.into_iter().filter_map(|task| carry_out(world, task, now)).collect())
        });
        if any {
            self.changes.send_modify(|count| *count = count.wrapping_add(1));
        }
        outgoing
    }
}

/// Takes the tasks whose instant has come off the agenda.
fn take_due<T: Ord>(agenda: &mut Agenda<T>, now: OffsetDateTime) -> Vec<T> {
    let mut due = Vec::new();
    while agenda.first().is_some_and(|(instant, _)| *instant <= now) {
        due.extend(agenda.pop_first().map(|(_, task)| task));
    }
    due
}

/// Does what is due, then sleeps until the next instant or until the agenda changes; ends with the simulator.
pub(crate) async fn run<C: Channel>(channel: Arc<C>) {
    loop {
        let core = channel.core();
        for outgoing in core.do_due(|world, task, now| channel.carry_out(world, task, now)) {
            tokio::spawn(delivery::run_attempt(Arc::clone(&channel), outgoing));
        }
        let next = core.next_instant();
        tokio::select! {
            () = core.stop.cancelled() => return,
            () = core.agenda_changed.notified() => {}
            () = sleep_until(&core.clock, next) => {}
        }
    }
}

async fn sleep_until(clock: &SimulatorClock, instant: Option<OffsetDateTime>) {
    match instant {
        Some(instant) => clock.sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Waits so many seconds of the simulator's clock, or until it stops: an answer that is slow by order.
pub(crate) async fn wait_by_clock<W>(core: &Core<W>, seconds: u64) {
    let until = core.clock.now() + Duration::from_secs(seconds);
    tokio::select! {
        () = core.clock.sleep_until(until) => {}
        () = core.stop.cancelled() => {}
    }
}
