//! Every kind of fault, how often each was injected, and the dice that decide when.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// What goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    ReplicaKilled,
    ClockApart,
    DatabaseStopped,
    CutBeforeCommit,
    CutAfterCommit,
    DatabaseConnectionCut,
    ChannelReset,
    ChannelStalled,
    ChannelCutAfterExecution,
    ChannelFailed,
    ChannelThrottled,
    ChannelAnsweredHtml,
    ChannelSilent,
    ChannelLied,
    CallbackLost,
    CallbackTenfold,
    CallbackReordered,
    CallbackDelayed,
    CallbackForged,
    CallbackReplayed,
    CallbackWrongAmount,
    CallbackForeignAccount,
    KeysRotated,
}

impl Fault {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 23] = [
        Self::ReplicaKilled,
        Self::ClockApart,
        Self::DatabaseStopped,
        Self::CutBeforeCommit,
        Self::CutAfterCommit,
        Self::DatabaseConnectionCut,
        Self::ChannelReset,
        Self::ChannelStalled,
        Self::ChannelCutAfterExecution,
        Self::ChannelFailed,
        Self::ChannelThrottled,
        Self::ChannelAnsweredHtml,
        Self::ChannelSilent,
        Self::ChannelLied,
        Self::CallbackLost,
        Self::CallbackTenfold,
        Self::CallbackReordered,
        Self::CallbackDelayed,
        Self::CallbackForged,
        Self::CallbackReplayed,
        Self::CallbackWrongAmount,
        Self::CallbackForeignAccount,
        Self::KeysRotated,
    ];

    /// What the table calls it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::ReplicaKilled => "replica killed by -9 and started again",
            Self::ClockApart => "replica whose clock is minutes from the others'",
            Self::DatabaseStopped => "PostgreSQL stopped in immediate mode and started again",
            Self::CutBeforeCommit => "connection cut before PostgreSQL heard COMMIT",
            Self::CutAfterCommit => "connection cut after COMMIT, before the answer",
            Self::DatabaseConnectionCut => "connection to PostgreSQL cut in a transaction",
            Self::ChannelReset => "connection to a channel reset before the request",
            Self::ChannelStalled => "connection to a channel stalled",
            Self::ChannelCutAfterExecution => "connection cut after the channel acted",
            Self::ChannelFailed => "channel answered 5xx, having acted or not",
            Self::ChannelThrottled => "channel answered 429",
            Self::ChannelAnsweredHtml => "channel answered HTML",
            Self::ChannelSilent => "channel answered nothing",
            Self::ChannelLied => "channel told something untrue, or signed wrongly",
            Self::CallbackLost => "callback lost for good",
            Self::CallbackTenfold => "callback delivered ten times at once",
            Self::CallbackReordered => "callback overtaken by later ones",
            Self::CallbackDelayed => "callback delayed by up to two hours of their time",
            Self::CallbackForged => "callback forged",
            Self::CallbackReplayed => "callback replayed",
            Self::CallbackWrongAmount => "callback over another amount, rightly signed",
            Self::CallbackForeignAccount => "callback of a foreign account or payee",
            Self::KeysRotated => "keys of a channel rotated",
        }
    }
}

/// Decides what goes wrong, by chance from a seed, and counts it.
pub(crate) struct Weather {
    dice: Mutex<StdRng>,
    storm: AtomicBool,
    counts: [AtomicU64; Fault::ALL.len()],
    /// How often each fault is to strike at least, before [`PLANNED`] of a thousand orders are done.
    least: u64,
    /// How many of a thousand orders are done.
    done: AtomicU64,
}

/// After so many of a thousand orders nothing more is planned: what came too late for its turn comes before the end.
const PLANNED: u64 = 900;

impl Weather {
    /// Calm at first. Later each fault strikes by chance, and where chance is behind the plan, without it.
    pub(crate) fn new(seed: u64, least: u64) -> Self {
        Self {
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            storm: AtomicBool::new(false),
            counts: [const { AtomicU64::new(0) }; Fault::ALL.len()],
            least,
            done: AtomicU64::new(0),
        }
    }

    /// So many of all orders are done.
    pub(crate) fn progressed(&self, done: usize, total: usize) {
        let per_mille = u64::try_from(1000 * done / total.max(1)).unwrap();
        self.done.fetch_max(per_mille, Ordering::Relaxed);
    }

    /// Whether a fault struck less often than it should have by now, if it is to strike as often as planned before the end.
    pub(crate) fn is_behind(&self, fault: Fault) -> bool {
        let done = self.done.load(Ordering::Relaxed).min(PLANNED);
        self.counted(fault) < self.least * done / PLANNED
    }

    /// From now on things go wrong.
    pub(crate) fn begin_storm(&self) {
        self.storm.store(true, Ordering::SeqCst);
    }

    /// From now on nothing does.
    pub(crate) fn end_storm(&self) {
        self.storm.store(false, Ordering::SeqCst);
    }

    /// Whether things go wrong now.
    pub(crate) fn is_stormy(&self) -> bool {
        self.storm.load(Ordering::SeqCst)
    }

    /// Whether this goes wrong here, as it does so many times in a thousand, or more often if the plan wants it. It is counted.
    pub(crate) fn strikes(&self, fault: Fault, per_mille: u32) -> bool {
        let struck = self.is_stormy() && (self.below(1000) < u64::from(per_mille) || self.is_behind(fault));
        if struck {
            self.count(fault);
        }
        struck
    }

    /// Counts one.
    pub(crate) fn count(&self, fault: Fault) {
        self.counts[fault as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was injected.
    pub(crate) fn counted(&self, fault: Fault) -> u64 {
        self.counts[fault as usize].load(Ordering::Relaxed)
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(0..end.max(1))
    }

    /// A time between these.
    pub(crate) fn between(&self, least: Duration, most: Duration) -> Duration {
        let span = u64::try_from((most - least).as_millis()).unwrap();
        least + Duration::from_millis(self.below(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: usize = 1000;

    /// How often a fault struck that has one occasion with each order, and chance in its favour so many times in a thousand.
    fn struck(least: u64, per_mille: u32) -> u64 {
        let weather = Weather::new(1, least);
        weather.begin_storm();
        for done in 0..=ORDERS {
            weather.progressed(done, ORDERS);
            weather.strikes(Fault::CutAfterCommit, per_mille);
        }
        weather.counted(Fault::CutAfterCommit)
    }

    #[test]
    fn a_fault_that_chance_forgets_strikes_as_often_as_planned() {
        assert_eq!([struck(0, 0), struck(30, 0)], [0, 30]);
        assert!(struck(30, 200) > 100, "chance is not held back by the plan");
    }

    #[test]
    fn what_is_planned_is_spread_over_the_orders() {
        let weather = Weather::new(1, 30);
        weather.progressed(ORDERS * 3 / 10, ORDERS);
        for _ in 0..10 {
            assert!(weather.is_behind(Fault::DatabaseStopped));
            weather.count(Fault::DatabaseStopped);
        }
        assert!(!weather.is_behind(Fault::DatabaseStopped));
    }
}
