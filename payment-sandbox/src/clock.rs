//! The simulators' clock: the machine's own, one that stands still until a test moves it, or one that runs faster.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

/// Where a simulator takes every instant from, timestamps in signatures included. Clones share the same time.
#[derive(Clone, Debug)]
pub struct SimulatorClock {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Real,
    Manual(Arc<watch::Sender<OffsetDateTime>>),
    /// So many times as fast as the machine's since this instant, and ahead by so much more.
    Hastened {
        since: OffsetDateTime,
        speed: u32,
        ahead: Arc<watch::Sender<Duration>>,
    },
}

/// Somebody wanted to move the machine's clock.
#[derive(Debug, thiserror::Error)]
#[error("this simulator runs on the machine's clock; start it with a manual clock to move time")]
pub struct ClockIsReal;

impl SimulatorClock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self { kind: Kind::Real }
    }

    /// A clock that shows `start` until [`SimulatorClock::advance`] moves it.
    pub fn manual(start: OffsetDateTime) -> Self {
        Self { kind: Kind::Manual(Arc::new(watch::Sender::new(start))) }
    }

    /// A clock that shows the machine's time at `since` and runs `speed` times as fast. [`SimulatorClock::advance`] makes it
    /// jump. Clocks of several processes that are made alike show the same.
    pub fn hastened(since: OffsetDateTime, speed: u32) -> Self {
        let ahead = Arc::new(watch::Sender::new(Duration::ZERO));
        Self { kind: Kind::Hastened { since, speed: speed.max(1), ahead } }
    }

    /// The time now.
    pub fn now(&self) -> OffsetDateTime {
        match &self.kind {
            Kind::Real => machine_time(),
            Kind::Manual(time) => *time.borrow(),
            Kind::Hastened { since, speed, ahead } => {
                *since + (machine_time() - *since) * *speed + *ahead.borrow()
            }
        }
    }

    /// Moves a manual or a hastened clock forward by `step` in one jump and wakes everybody whose instant has come.
    ///
    /// # Errors
    /// [`ClockIsReal`] for the machine's clock.
    pub fn advance(&self, step: Duration) -> Result<OffsetDateTime, ClockIsReal> {
        match &self.kind {
            Kind::Real => Err(ClockIsReal),
            Kind::Manual(time) => {
                time.send_modify(|now| *now += step);
                Ok(self.now())
            }
            Kind::Hastened { ahead, .. } => {
                ahead.send_modify(|ahead| *ahead += step);
                Ok(self.now())
            }
        }
    }

    /// Waits until the clock shows `instant` or later.
    pub async fn sleep_until(&self, instant: OffsetDateTime) {
        match &self.kind {
            Kind::Real => real_sleep(instant - machine_time()).await,
            Kind::Manual(time) => {
                // The sender lives in `self`, so the channel cannot close while this waits.
                let _ = time.subscribe().wait_for(|now| *now >= instant).await;
            }
            Kind::Hastened { speed, ahead, .. } => {
                let mut jumps = ahead.subscribe();
                while self.now() < instant {
                    let left = (instant - self.now()) / *speed;
                    tokio::select! {
                        () = real_sleep(left) => {}
                        // The sender lives in `self`, as above.
                        _ = jumps.changed() => {}
                    }
                }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the room where the sandbox meets the machine's clock")]
fn machine_time() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[expect(clippy::disallowed_methods, reason = "this is the room where the sandbox meets the machine's clock")]
async fn real_sleep(step: time::Duration) {
    tokio::time::sleep(Duration::try_from(step).unwrap_or(Duration::ZERO)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = time::macros::datetime!(2025-10-09 16:54:19 +8);

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_passes_its_instant() {
        let clock = SimulatorClock::manual(START);
        let sleeper = clock.clone();
        let task = tokio::spawn(async move {
            sleeper.sleep_until(START + Duration::from_secs(15)).await;
            sleeper.now()
        });
        clock.advance(Duration::from_secs(14)).unwrap();
        tokio::task::yield_now().await;
        assert!(!task.is_finished());
        clock.advance(Duration::from_secs(1)).unwrap();
        assert_eq!(task.await.unwrap(), START + Duration::from_secs(15));
    }

    #[tokio::test]
    async fn a_sleeper_by_a_hastened_clock_wakes_early_and_when_it_jumps() {
        let clock = SimulatorClock::hastened(machine_time(), 1000);
        clock.sleep_until(clock.now() + Duration::from_secs(2)).await;
        let distant = clock.now() + Duration::from_secs(86_400);
        let sleeper = clock.clone();
        let task = tokio::spawn(async move { sleeper.sleep_until(distant).await });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(86_400)).unwrap();
        task.await.unwrap();
        assert!(clock.now() >= distant);
    }

    #[test]
    fn the_machines_clock_cannot_be_moved() {
        assert!(SimulatorClock::real().advance(Duration::from_secs(1)).is_err());
    }
}
