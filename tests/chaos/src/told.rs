//! What callers were told and rely on, and what was injected that explains cases: the judge's third witness.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};

/// What callers were told.
#[derive(Default)]
pub(crate) struct Told {
    memory: Mutex<Memory>,
}

/// All of it.
#[derive(Default)]
pub(crate) struct Memory {
    /// Payments that a caller was given, with their amounts.
    pub(crate) created: BTreeMap<String, i64>,
    /// Payments that a caller was told to be paid.
    pub(crate) succeeded: BTreeSet<String>,
    /// Refunds that a caller was told to be accepted, with their amounts.
    pub(crate) refunds: BTreeMap<String, i64>,
    /// Payments about which something untrue was said by a channel.
    pub(crate) slandered: BTreeSet<String>,
    /// Payments with their account, newest last: what the storm aims at.
    pub(crate) known: Vec<(usize, usize, String)>,
    /// Forged callbacks that were believed, defects that were answered, calls that nobody answered: in words.
    pub(crate) wrong: Vec<String>,
    /// Calls that were answered, and tries that were not.
    pub(crate) answered: u64,
    pub(crate) unanswered: u64,
}

impl Told {
    /// What is remembered now.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap()
    }
}
