//! What one operation costs beside time: commits, statements, WAL, forced writes, and processor time of all three sides.

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
    // The floor's tables were analyzed after they were filled. What was made here since is known to the planner within a minute, too
    // late for what takes seconds.
    stage.observer.batch_execute("ANALYZE").await.map_err(Failure::new)?;
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
    forced_writes: i64,
    statements: Option<i64>,
    server: Duration,
    postgres: Duration,
    client: Duration,
}

/// What one operation cost on average.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Cost {
    /// Transactions that wrote something.
    pub(crate) commits: f64,
    /// Statements, BEGIN and COMMIT included; unknown where PostgreSQL came without `pg_stat_statements`.
    pub(crate) statements: Option<f64>,
    /// Bytes of the write-ahead log.
    pub(crate) wal_bytes: f64,
    /// Times that the write-ahead log was forced to the disk: commits that come together share one. Sessions report theirs
    /// about once a second.
    pub(crate) forced_writes: f64,
    /// Processor time of the server.
    pub(crate) server: Duration,
    /// Processor time of PostgreSQL, all its processes.
    pub(crate) postgres: Duration,
    /// Processor time of the load, which shares its process with the simulated channels.
    pub(crate) client: Duration,
}

impl Counters {
    /// Reads them.
    async fn read(stage: &Stage) -> Result<Self, Failure> {
        let (transactions, wal_bytes, forced_writes) = written(stage).await?;
        Ok(Self {
            transactions,
            wal_bytes,
            forced_writes,
            statements: statements(stage).await?,
            client: process::processor_time(std::process::id()).unwrap_or_default(),
            server: process::processor_time(stage.server.process_id()).unwrap_or_default(),
            postgres: process::processor_time_of_tree(stage.postgres.process_group()).unwrap_or_default(),
        })
    }

    /// The cost of each of `count` operations since `self`.
    fn cost(self, since: Self, count: usize) -> Cost {
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        let each = |now: i64, before: i64| (now - before) as f64 / f64::from(count);
        Cost {
            // Reading the counters takes a transaction number itself.
            commits: each(self.transactions, since.transactions + 1),
            statements: self.statements.zip(since.statements).map(|(now, before)| each(now, before)),
            wal_bytes: each(self.wal_bytes, since.wal_bytes),
            forced_writes: each(self.forced_writes, since.forced_writes),
            client: self.client.saturating_sub(since.client) / count,
            server: self.server.saturating_sub(since.server) / count,
            postgres: self.postgres.saturating_sub(since.postgres) / count,
        }
    }
}

/// A transaction gets a number when it writes first, so numbers count those that wrote.
async fn written(stage: &Stage) -> Result<(i64, i64, i64), Failure> {
    let sql = format!(
        "SELECT pg_current_xact_id()::text::bigint, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, ({})",
        stage.forced_writes
    );
    let row = stage.observer.query_one(&sql, &[]).await.map_err(Failure::new)?;
    Ok((row.get(0), row.get(1), row.get(2)))
}

/// The statement that tells how often the write-ahead log was forced to the disk, as this version of PostgreSQL has it.
pub(crate) async fn forced_writes(observer: &Client) -> Result<&'static str, Failure> {
    let sql = "SELECT current_setting('server_version_num')::int >= 180000";
    let is_counted_with_all_io = observer.query_one(sql, &[]).await.map_err(Failure::new)?.get(0);
    Ok(if is_counted_with_all_io {
        "SELECT coalesce(sum(fsyncs), 0)::bigint FROM pg_stat_io WHERE object = 'wal'"
    } else {
        "SELECT wal_sync FROM pg_stat_wal"
    })
}

async fn statements(stage: &Stage) -> Result<Option<i64>, Failure> {
    if !stage.counts_statements {
        return Ok(None);
    }
    let sql = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements";
    Ok(Some(stage.observer.query_one(sql, &[]).await.map_err(Failure::new)?.get(0)))
}
