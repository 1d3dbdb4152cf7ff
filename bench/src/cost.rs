//! What one operation costs beside time: commits, WAL, forced writes, and processor time of both processes.

use std::{future::Future, time::Duration};

use tokio_postgres::Client;

use crate::{failure::Failure, load::Speed, process, stage::Stage};

/// A measurement with what each operation of it cost.
pub(crate) struct Counted {
    pub(crate) speed: Speed,
    pub(crate) cost: Cost,
}

/// Counts what a measurement costs; nothing else may happen meanwhile.
pub(crate) async fn counted(
    stage: &Stage,
    measurement: impl Future<Output = Result<Speed, Failure>>,
) -> Result<Counted, Failure> {
    let before = Counters::read(stage).await?;
    let speed = measurement.await?;
    let cost = Counters::read(stage).await?.cost(before, speed.count);
    Ok(Counted { speed, cost })
}

/// Counters at one moment.
#[derive(Debug, Clone, Copy)]
struct Counters {
    transactions: i64,
    wal_bytes: i64,
    server: Duration,
    postgres: Duration,
}

/// What one operation cost on average.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Cost {
    /// Transactions that wrote something.
    pub(crate) commits: f64,
    /// Bytes of the write-ahead log.
    pub(crate) wal_bytes: f64,
    /// Processor time of the server.
    pub(crate) server: Duration,
    /// Processor time of PostgreSQL, all its processes.
    pub(crate) postgres: Duration,
}

impl Counters {
    /// Reads them.
    async fn read(stage: &Stage) -> Result<Self, Failure> {
        let (transactions, wal_bytes) = written(&stage.observer).await?;
        Ok(Self {
            transactions,
            wal_bytes,
            server: process::processor_time(stage.server.process_id()).unwrap_or_default(),
            postgres: process::processor_time_of_group(stage.postgres.process_group()).unwrap_or_default(),
        })
    }

    /// The cost of each of `count` operations since `self`.
    fn cost(self, since: Self, count: usize) -> Cost {
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        // Reading the counters takes a transaction number itself.
        let commits = self.transactions - since.transactions - 1;
        Cost {
            commits: commits as f64 / f64::from(count),
            wal_bytes: (self.wal_bytes - since.wal_bytes) as f64 / f64::from(count),
            server: self.server.saturating_sub(since.server) / count,
            postgres: self.postgres.saturating_sub(since.postgres) / count,
        }
    }
}

/// A transaction gets a number when it writes first, so numbers count those that wrote.
async fn written(observer: &Client) -> Result<(i64, i64), Failure> {
    let sql = "SELECT pg_current_xact_id()::text::bigint, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint";
    let row = observer.query_one(sql, &[]).await.map_err(Failure::new)?;
    Ok((row.get(0), row.get(1)))
}
