//! Floor and service in turn, so that both have the same machine; each operation with each number of clients.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    arguments::Arguments,
    cost::{Cost, Counted},
    failure::Failure,
    floor::Script,
    load::Speed,
    operations::Operation,
    process, signature,
    stage::Stage,
};

/// Everything that was measured.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Figures {
    /// PostgreSQL's settings that decide whether a commit survives a power cut.
    pub(crate) durability: String,
    /// What one RSA-2048 signature takes on one core.
    pub(crate) signature: Duration,
    /// From the start of the server's process until it served; nothing to migrate.
    pub(crate) start_time: Duration,
    /// The server's memory before the first request, in KiB.
    pub(crate) idle_memory: Option<u64>,
    /// The most memory that it had in use, in KiB.
    pub(crate) peak_memory: Option<u64>,
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

/// Measures everything that is asked for.
pub(crate) async fn all(arguments: &Arguments) -> Result<Figures, Failure> {
    let signature = signature::measure()?;
    let stage = Stage::set().await?;
    let idle_memory = process::memory(stage.server.process_id(), "VmRSS:");
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
            one.rounds.push(measure(&stage, one, round, floor, time).await?);
        }
    }
    Ok(Figures {
        durability: stage.durability.clone(),
        signature,
        start_time: stage.server.start_time,
        idle_memory,
        peak_memory: process::memory(stage.server.process_id(), "VmHWM:"),
        measured,
    })
}

async fn measure(
    stage: &Stage,
    one: &Measured,
    round: u32,
    floor: Speed,
    time: Duration,
) -> Result<Round, Failure> {
    let name = format!("{:?}-{}-{round}", one.operation, one.clients);
    let Counted { speed, cost } = one.operation.measure(stage, &name, one.clients, time).await?;
    Ok(Round { floor, ours: speed, cost })
}
