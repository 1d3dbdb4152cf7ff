//! What a run tells: each fault with its count, each of the nine points with its verdict, and how to do it again.

use std::{sync::Arc, time::Duration};

use crate::{
    faults::{Fault, Weather},
    judge::Verdict,
};

/// How many findings of a point are shown.
const SHOWN: usize = 12;

/// One run.
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) orders: usize,
    pub(crate) callers: usize,
    pub(crate) speed: u32,
    pub(crate) least: u64,
    pub(crate) stormed: Duration,
    pub(crate) took: Duration,
    pub(crate) weather: Arc<Weather>,
    pub(crate) figures: Vec<(&'static str, u64)>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Report {
    /// Whether everything held, and enough went wrong.
    pub(crate) fn holds(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.findings.is_empty()) && self.too_rare().is_empty()
    }

    fn too_rare(&self) -> Vec<&'static str> {
        let rare = Fault::ALL.into_iter().filter(|fault| self.weather.counted(*fault) < self.least);
        rare.map(Fault::words).collect()
    }

    /// Says it.
    pub(crate) fn tell(&self) {
        say("");
        for fault in Fault::ALL {
            say(&format!("{:>8}  {}", self.weather.counted(fault), fault.words()));
        }
        say("");
        for (what, figure) in &self.figures {
            say(&format!("{figure:>8}  {what}"));
        }
        say("");
        for (index, verdict) in self.verdicts.iter().enumerate() {
            let mark = if verdict.findings.is_empty() { "holds " } else { "BROKEN" };
            say(&format!("{}. {mark}  {}", index + 1, verdict.promise));
            verdict.findings.iter().take(SHOWN).for_each(|finding| say(&format!("             {finding}")));
            if verdict.findings.len() > SHOWN {
                say(&format!("             and {} more", verdict.findings.len() - SHOWN));
            }
        }
        let too_rare = self.too_rare();
        if !too_rare.is_empty() {
            say(&format!("injected less than {} times: {}", self.least, too_rare.join(", ")));
        }
        let (stormed, took) = (self.stormed.as_secs(), self.took.as_secs());
        say(&format!(
            "\n{} orders in {stormed} s of storm, {took} s in all; seed {}",
            self.orders, self.seed
        ));
        if !self.holds() {
            let Self { seed, orders, callers, speed, .. } = self;
            say(&format!(
                "Again, with everything kept: cargo run --release -p payment-chaos -- --seed {seed} --orders {orders} \
                 --callers {callers} --speed {speed} --keep /tmp/chaos-{seed}"
            ));
        }
    }
}

/// Writes a line for whoever watches.
#[expect(clippy::print_stdout, reason = "a report is read at the terminal")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
