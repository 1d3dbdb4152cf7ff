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
}

impl Weather {
    /// Calm at first.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            storm: AtomicBool::new(false),
            counts: [const { AtomicU64::new(0) }; Fault::ALL.len()],
        }
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

    /// Whether this goes wrong here, as it does so many times in a thousand. It is counted.
    pub(crate) fn strikes(&self, fault: Fault, per_mille: u32) -> bool {
        let struck = self.is_stormy() && self.below(1000) < u64::from(per_mille);
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
