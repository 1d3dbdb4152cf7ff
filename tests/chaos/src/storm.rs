//! What goes wrong by the clock rather than by the request: deaths, stops, clocks, troubles of channels, forgers.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use payment_sandbox::wechat::AttemptResult;

use crate::{
    channels::{Claim, Misbehaviour},
    faults::{Fault, Weather},
    pause::{instant, pause},
    stage::{REPLICAS, Stage},
    told::Told,
};

/// How far clocks are apart, in seconds of everybody's time. WeChat Pay takes 300 for too old.
const APART: u64 = 120;

/// A clock that is so far from the others' counts as minutes apart.
const MINUTES: i64 = 60;

/// How often it is looked whether a fault is behind its plan.
const LOOK: Duration = Duration::from_millis(100);

/// Blows until the weather calms, and leaves every process running.
pub(crate) async fn blow(stage: Arc<Stage>, told: Arc<Told>) {
    let storm = Storm { stage, told };
    tokio::join!(
        storm.kill_replicas(),
        storm.stop_the_database(),
        storm.move_clocks(),
        storm.trouble_channels(),
        storm.lie(),
        storm.delay_callbacks(),
        storm.claim(),
        storm.forge(),
        storm.rotate_keys(),
    );
}

struct Storm {
    stage: Arc<Stage>,
    told: Arc<Told>,
}

impl Storm {
    fn weather(&self) -> &Weather {
        &self.stage.weather
    }

    /// Waits between these many milliseconds; whether it still storms then.
    async fn still_blows_after(&self, least: u64, most: u64) -> bool {
        let time = self.weather().between(Duration::from_millis(least), Duration::from_millis(most));
        pause(time).await;
        self.weather().is_stormy()
    }

    /// Waits between these many milliseconds, but not while one of these faults is behind its plan; whether it still storms
    /// then.
    async fn strikes_after(&self, faults: &[Fault], least: u64, most: u64) -> bool {
        let time = self.weather().between(Duration::from_millis(least), Duration::from_millis(most));
        let since = instant();
        let is_behind = || faults.iter().any(|fault| self.weather().is_behind(*fault));
        loop {
            pause(LOOK.min(time.saturating_sub(since.elapsed()))).await;
            if since.elapsed() >= time || is_behind() || !self.weather().is_stormy() {
                return self.weather().is_stormy();
            }
        }
    }

    fn any_replica(&self) -> usize {
        usize::try_from(self.weather().below(u64::try_from(REPLICAS).unwrap())).unwrap()
    }

    fn any_lead(&self) -> i64 {
        i64::try_from(self.weather().below(2 * APART + 1)).unwrap() - i64::try_from(APART).unwrap()
    }

    fn count_clock(&self, ahead: i64) {
        if ahead.abs() >= MINUTES {
            self.weather().count(Fault::ClockApart);
        }
    }

    async fn kill_replicas(&self) {
        while self.strikes_after(&[Fault::ReplicaKilled], 2000, 6000).await {
            let replica = &self.stage.replicas[self.any_replica()];
            replica.kill();
            self.weather().count(Fault::ReplicaKilled);
            self.still_blows_after(0, 1500).await;
            let ahead = self.any_lead();
            replica.start(ahead).await;
            self.count_clock(ahead);
        }
    }

    async fn stop_the_database(&self) {
        while self.strikes_after(&[Fault::DatabaseStopped], 4000, 10_000).await {
            self.stage.database.stop_immediately().await;
            self.weather().count(Fault::DatabaseStopped);
            self.still_blows_after(0, 500).await;
            self.stage.database.run().await;
        }
    }

    async fn move_clocks(&self) {
        while self.strikes_after(&[Fault::ClockApart], 3000, 9000).await {
            let ahead = self.any_lead();
            self.stage.replicas[self.any_replica()].set_ahead(ahead);
            self.count_clock(ahead);
        }
    }

    async fn trouble_channels(&self) {
        let faults = Misbehaviour::ALL.map(Misbehaviour::fault);
        while self.strikes_after(&faults, 100, 500).await {
            let behind = Misbehaviour::ALL.into_iter().find(|how| self.weather().is_behind(how.fault()));
            let any = Misbehaviour::ALL[usize::try_from(self.weather().below(4)).unwrap()];
            let how = behind.unwrap_or(any);
            let channel = usize::try_from(self.weather().below(4)).unwrap();
            self.stage.channels[channel].channel.misbehave(how, self.weather().below(1000));
            self.weather().count(how.fault());
        }
    }

    /// One of the payments that came to be last.
    fn any_payment(&self) -> Option<(usize, usize, String)> {
        let memory = self.told.memory();
        let recent = memory.known.len().min(100);
        let back = usize::try_from(self.weather().below(u64::try_from(recent).unwrap())).unwrap();
        memory.known.iter().rev().nth(back).cloned()
    }

    async fn lie(&self) {
        while self.strikes_after(&[Fault::ChannelLied], 100, 500).await {
            let Some((channel, _, payment_no)) = self.any_payment() else { continue };
            self.stage.channels[channel].channel.lie(&payment_no, self.weather().below(1000));
            self.told.memory().slandered.insert(payment_no);
            self.weather().count(Fault::ChannelLied);
        }
    }

    /// Bad Pay calls nobody.
    async fn delay_callbacks(&self) {
        while self.strikes_after(&[Fault::CallbackDelayed], 500, 2500).await {
            let channel = usize::try_from(self.weather().below(3)).unwrap();
            self.stage.channels[channel].channel.delay_callback(60 + self.weather().below(7140));
            self.weather().count(Fault::CallbackDelayed);
        }
    }

    async fn claim(&self) {
        let faults = [Fault::CallbackWrongAmount, Fault::CallbackForeignAccount];
        while self.strikes_after(&faults, 300, 1500).await {
            let Some((channel, account, payment_no)) = self.any_payment() else { continue };
            let (claim, fault) = match self.weather().below(2) {
                0 => (Claim::WrongAmount, Fault::CallbackWrongAmount),
                _ if self.weather().is_behind(Fault::CallbackWrongAmount) => {
                    (Claim::WrongAmount, Fault::CallbackWrongAmount)
                }
                _ => (Claim::ForeignPayee, Fault::CallbackForeignAccount),
            };
            self.told.memory().slandered.insert(payment_no.clone());
            if self.stage.channels[channel].channel.claim(&payment_no, account, claim).await {
                self.weather().count(fault);
            }
        }
    }

    async fn forge(&self) {
        while self.strikes_after(&[Fault::CallbackForged], 500, 2000).await {
            let Some((channel, account, payment_no)) = self.any_payment() else { continue };
            let channel = &self.stage.channels[channel].channel;
            let results = self.stage.office.honestly(channel.forge(&payment_no, account)).await;
            for result in results {
                self.weather().count(Fault::CallbackForged);
                if matches!(result, AttemptResult::Answered { status: 200..=299, .. }) {
                    let wrong = format!("a forged callback about {payment_no} was acknowledged: {result:?}");
                    self.told.memory().wrong.push(wrong);
                }
            }
        }
    }

    async fn rotate_keys(&self) {
        while self.strikes_after(&[Fault::KeysRotated], 3000, 9000).await {
            let all = self.stage.channels.iter().map(|reached| reached.channel.rotate_keys());
            for rotated in join_all(all).await {
                if rotated {
                    self.weather().count(Fault::KeysRotated);
                }
            }
        }
    }
}
