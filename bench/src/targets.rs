//! What the service is to reach, and whether it did. Ratios are of medians of one run, where floor and service took turns.

use crate::{
    operations::Operation,
    round::{Figures, Grown, Measured, Round},
};

/// A figure beside its target.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Verdict {
    /// What was measured.
    pub(crate) what: String,
    /// What it came to.
    pub(crate) figure: f64,
    /// What it is to come to.
    pub(crate) target: Target,
    /// Whether it did.
    pub(crate) met: bool,
}

/// What a figure is to come to.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Target {
    fn verdict(self, what: impl Into<String>, figure: f64) -> Verdict {
        let met = match self {
            Self::AtLeast(bound) => figure >= bound,
            Self::AtMost(bound) => figure <= bound,
        };
        Verdict { what: what.into(), figure, target: self, met }
    }
}

/// The share of its floor's speed that an operation is to reach at 32 clients.
const fn share(operation: Operation) -> Option<f64> {
    match operation {
        // One RSA-2048 signature; the floor has none.
        Operation::CreateAlipayApp => Some(0.3),
        Operation::NotifyWechat | Operation::NotifyAlipay | Operation::GetPayment => Some(0.8),
        Operation::Refund => Some(0.7),
        // Each waits for calls to its channel, which the floor knows nothing of; or reads what no floor reads.
        Operation::CreateWechatApp | Operation::NotifyPaypal | Operation::GetOrder => None,
    }
}

/// Whether growth must leave an operation as fast as it was.
const fn outgrows_nothing(operation: Operation) -> bool {
    match operation {
        Operation::CreateAlipayApp
        | Operation::CreateWechatApp
        | Operation::NotifyWechat
        | Operation::NotifyAlipay
        | Operation::NotifyPaypal => true,
        Operation::Refund | Operation::GetPayment | Operation::GetOrder => false,
    }
}

/// All that can be judged of what was measured.
pub(crate) fn verdicts(figures: &Figures) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let start = figures.start_time.as_secs_f64();
    verdicts.push(Target::AtMost(0.3).verdict("seconds from exec to the first answer", start));
    let mebibytes = |memory: Option<u64>| memory.map(|kibibytes| kibibytes as f64 / 1024.0);
    if let Some(idle) = mebibytes(figures.idle_memory) {
        verdicts.push(Target::AtMost(25.0).verdict("MiB idle", idle));
    }
    let is_loaded = figures.grown.iter().any(|grown| !grown.measured.is_empty());
    if let Some(peak) = mebibytes(figures.peak_memory).filter(|_| is_loaded) {
        verdicts.push(Target::AtMost(64.0).verdict("MiB under load", peak));
    }
    if let Some(fewest) = figures.grown.first() {
        verdicts.extend(fewest.measured.iter().filter_map(of_floor));
        verdicts.extend(fewest.measured.iter().filter_map(slowest));
        verdicts.extend(figures.grown.iter().skip(1).flat_map(|grown| growth(fewest, grown)));
    }
    if let Some(background) = &figures.background {
        let attempt = background.first_attempt.p99.as_secs_f64() * 1000.0;
        verdicts.push(Target::AtLeast(2000.0).verdict("due rows a second", background.due_rows_per_second));
        verdicts.push(Target::AtLeast(10_000.0).verdict("events a second", background.events_per_second));
        verdicts.push(Target::AtMost(50.0).verdict("ms to the first attempt, p99", attempt));
    }
    verdicts
}

fn of_floor(one: &Measured) -> Option<Verdict> {
    let target = Target::AtLeast(share(one.operation).filter(|_| one.clients == 32)?);
    let ratio = one.spread(Round::share_of_floor).median;
    Some(target.verdict(format!("{:?} at 32, of its floor", one.operation), ratio))
}

fn slowest(one: &Measured) -> Option<Verdict> {
    share(one.operation).filter(|_| one.clients == 8)?;
    let ratio = one.spread(Round::p99_of_floor).median;
    Some(Target::AtMost(3.0).verdict(format!("{:?} at 8, p99 in p99s of its floor", one.operation), ratio))
}

fn growth(fewest: &Grown, grown: &Grown) -> Vec<Verdict> {
    let payments = grown.finished_payments;
    let ticks = grown.tick.as_secs_f64() / fewest.tick.as_secs_f64();
    let what = format!("a tick beside {payments}, of one beside {}", fewest.finished_payments);
    let mut verdicts = vec![Target::AtMost(1.3).verdict(what, ticks)];
    for one in grown.measured.iter().filter(|one| outgrows_nothing(one.operation)) {
        let same = |other: &&Measured| other.operation == one.operation && other.clients == one.clients;
        let Some(before) = fewest.measured.iter().find(same) else { continue };
        let speed = |measured: &Measured| measured.spread(|round| round.ours.per_second).median;
        let what = format!("{:?} at {} beside {payments}, times slower", one.operation, one.clients);
        verdicts.push(Target::AtMost(1.15).verdict(what, speed(before) / speed(one)));
    }
    verdicts
}
