//! Floor and service in turn, so that both have the same machine; each operation with each number of clients, beside each
//! number of finished payments.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    arguments::Arguments,
    background::{self, Background},
    cost::{Cost, Counted},
    failure::Failure,
    floor::Script,
    load::Speed,
    operations::Operation,
    process, rows, signature,
    stage::Stage,
    targets::{self, Verdict},
};

/// How many payments one COPY makes.
const GROWN_AT_ONCE: usize = 500_000;

/// Everything that was measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Figures {
    /// PostgreSQL's settings that decide whether a commit survives a power cut.
    pub(crate) durability: String,
    /// How busy the machine was before anything was measured: the load of the last minute, and its processors.
    pub(crate) load: String,
    /// What one RSA-2048 signature takes on one core.
    pub(crate) signature: Duration,
    /// From the start of the server's process to its first answer; nothing to migrate.
    pub(crate) start_time: Duration,
    /// The server's memory before the first request, in KiB.
    pub(crate) idle_memory: Option<u64>,
    /// The most memory that it had in use while operations were measured, in KiB.
    pub(crate) peak_memory: Option<u64>,
    /// Operations beside so many finished payments, fewest first.
    pub(crate) grown: Vec<Grown>,
    /// What happens without a caller.
    pub(crate) background: Option<Background>,
    /// Figures beside their targets.
    pub(crate) verdicts: Vec<Verdict>,
}

/// What was measured beside a number of finished payments.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Grown {
    pub(crate) finished_payments: usize,
    /// A look of all four jobs with nothing due.
    pub(crate) tick: Duration,
    /// Each operation with each number of clients.
    pub(crate) measured: Vec<Measured>,
}

/// One operation with one number of clients, over all rounds.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Measured {
    pub(crate) operation: Operation,
    pub(crate) clients: usize,
    pub(crate) rounds: Vec<Round>,
}

/// One round.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Round {
    pub(crate) floor: Speed,
    pub(crate) ours: Speed,
    pub(crate) cost: Cost,
}

impl Measured {
    /// Of one figure of each round.
    pub(crate) fn spread(&self, of: impl Fn(&Round) -> f64) -> Spread {
        let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |position: usize| values.get(position).copied().unwrap_or_default();
        Spread { lowest: at(0), median: at(values.len() / 2), highest: at(values.len().saturating_sub(1)) }
    }
}

impl Round {
    /// Which share of its floor's speed it reached.
    pub(crate) fn share_of_floor(&self) -> f64 {
        self.ours.per_second / self.floor.per_second
    }

    /// How many times as long as its floor's the slowest of a hundred took.
    pub(crate) fn p99_of_floor(&self) -> f64 {
        self.ours.p99.as_secs_f64() / self.floor.p99.as_secs_f64()
    }
}

/// The middle of a few rounds, and how far they are apart.
pub(crate) struct Spread {
    pub(crate) lowest: f64,
    pub(crate) median: f64,
    pub(crate) highest: f64,
}

/// Measures everything that is asked for.
pub(crate) async fn all(arguments: &Arguments) -> Result<Figures, Failure> {
    let load = process::load();
    let signature = signature::measure()?;
    let stage = Stage::set().await?;
    let idle_memory = process::memory(stage.server.process_id(), "VmRSS:");
    let mut grown: Vec<Grown> = Vec::new();
    for finished in arguments.levels() {
        let before = grown.last().map_or(0, |grown| grown.finished_payments);
        grow(&stage, before, finished).await?;
        grown.push(beside(&stage, arguments, finished).await?);
    }
    let mut figures = Figures {
        durability: stage.durability.clone(),
        load,
        signature,
        start_time: stage.server.start_time,
        idle_memory,
        peak_memory: process::memory(stage.server.process_id(), "VmHWM:"),
        grown,
        background: None,
        verdicts: Vec::new(),
    };
    if arguments.measures_background() {
        let stage = stage.with_background().await?;
        figures.background = Some(background::measure(&stage, arguments.rows()).await?);
    }
    figures.verdicts = targets::verdicts(&figures);
    Ok(figures)
}

async fn grow(stage: &Stage, before: usize, after: usize) -> Result<(), Failure> {
    let mut begin = before;
    while begin < after {
        let end = after.min(begin + GROWN_AT_ONCE);
        rows::finished_payments(&stage.observer, begin..end).await?;
        begin = end;
    }
    if before < after {
        // Otherwise autovacuum would do it beside what is measured. One at a time: VACUUM is no part of a transaction.
        for settle in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
            stage.observer.batch_execute(settle).await.map_err(Failure::new)?;
        }
    }
    Ok(())
}

async fn beside(stage: &Stage, arguments: &Arguments, finished: usize) -> Result<Grown, Failure> {
    let mut measured: Vec<Measured> = Vec::new();
    for operation in arguments.operations() {
        for clients in &arguments.clients {
            measured.push(Measured { operation, clients: *clients, rounds: Vec::new() });
        }
    }
    let time = Duration::from_secs(arguments.seconds);
    for round in 0..arguments.rounds {
        // Operations with the same floor share its measurement of the round.
        let mut floors: BTreeMap<(Script, usize), Speed> = BTreeMap::new();
        for one in &mut measured {
            let script = one.operation.floor();
            let floor = match floors.get(&(script, one.clients)) {
                Some(floor) => floor.clone(),
                None => stage.pgbench.run(script, one.clients, time).await?,
            };
            floors.insert((script, one.clients), floor.clone());
            let name = format!("{:?}-{}-{finished}-{round}", one.operation, one.clients);
            let measured = one.operation.measure(stage, &name, one.clients, time).await?;
            let Counted { speed, cost } = measured;
            one.rounds.push(Round { floor, ours: speed, cost });
        }
    }
    rows::nothing_due(&stage.observer).await?;
    Ok(Grown { finished_payments: finished, tick: background::tick(stage).await?, measured })
}
