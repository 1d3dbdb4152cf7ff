//! Replay: events of a range are delivered again, delivered or not, kept in the log or not: the feed has them.

use diesel::{
    QueryableByName,
    pg::Pg,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::merchant_event::MerchantEvent;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{EndpointId, event_words, record::first_due_in_txn, row::endpoint_lock_in_txn};
use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    transaction::{self, Abort},
};

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayRange {
    /// These.
    Events(Vec<Uuid>),
    /// From the first to the last number of the feed, both included.
    Numbers {
        /// The first.
        first: i64,
        /// The last.
        last: i64,
    },
    /// Those that became true from one time on and before another.
    Times {
        /// From then on.
        from: OffsetDateTime,
        /// Before then.
        before: OffsetDateTime,
    },
}

/// What to deliver again.
#[derive(Debug, Clone)]
pub struct ReplayRequest {
    /// To which endpoint.
    pub endpoint: EndpointId,
    /// Which events it wants; none: all of them.
    pub events: Vec<MerchantEvent>,
    /// Which of them.
    pub range: ReplayRange,
    /// At most this many, from the first on.
    pub limit: u16,
    /// The time.
    pub now: OffsetDateTime,
}

/// What was put in line again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replay {
    /// How many events.
    pub count: usize,
    /// The number of the last of them.
    pub last_no: Option<i64>,
}

#[derive(QueryableByName)]
struct ReplayedRow {
    #[diesel(sql_type = BigInt)]
    event_no: i64,
    #[diesel(sql_type = Text)]
    payment_no: String,
}

// `$1` merchant, `$2` endpoint, `$3` words of the wanted events, `$4` the number fanned out, `$5` the most; of the range `$6`
// ids, `$7` and `$8` numbers, `$9` and `$10` times, of which those that are absent do not count. What was fanned out is
// replayed; what was not comes anyway.
const REPLAY: &str = "\
    INSERT INTO webhook_delivery (merchant_id, endpoint, event_no, payment_no, event_time, attempts, failures) \
    SELECT $1, $2, feed_no, payment_no, create_time, 0, 0 FROM outbox_event \
    WHERE merchant_id = $1 AND feed_no <= $4 AND (cardinality($3) = 0 OR event = ANY ($3)) \
    AND ($6 IS NULL OR event_id = ANY ($6)) AND ($7 IS NULL OR feed_no >= $7) AND ($8 IS NULL OR feed_no <= $8) \
    AND ($9 IS NULL OR create_time >= $9) AND ($10 IS NULL OR create_time < $10) \
    ORDER BY feed_no LIMIT $5 \
    ON CONFLICT (merchant_id, endpoint, event_no) DO UPDATE \
    SET deliver_time = NULL, next_attempt_time = NULL, claim_end = NULL, failures = 0 \
    RETURNING event_no, payment_no";

// `$1` merchant, `$2` endpoint, `$3` payments: whatever of them was due waits, and what is on its way counts no more.
const STOP: &str = "\
    UPDATE webhook_delivery SET next_attempt_time = NULL, claim_end = NULL \
    WHERE merchant_id = $1 AND endpoint = $2 AND payment_no = ANY ($3) AND next_attempt_time IS NOT NULL";

impl Store {
    /// Puts events in line again. Of each payment the replayed ones go before whatever of it was not delivered yet, in their
    /// order; each keeps its id. Nothing, if the endpoint was never seen.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is replayed then.
    pub async fn webhook_replay(&self, request: &ReplayRequest) -> Result<Option<Replay>, StoreError> {
        transaction::run(&self.connections, request, replay_in_txn).await
    }
}

fn replay_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c ReplayRequest,
) -> BoxFuture<'c, Result<Option<Replay>, Abort>> {
    async move {
        let id = &request.endpoint;
        let Some(endpoint) = endpoint_lock_in_txn(connection, id).await? else { return Ok(None) };
        let rows = replayed_in_txn(connection, request, endpoint.fanned_out_no).await?;
        let mut payments: Vec<&str> = rows.iter().map(|row| row.payment_no.as_str()).collect();
        payments.sort_unstable();
        payments.dedup();
        let (merchant_id, name) = (id.merchant_id.as_str(), id.name.as_str());
        let stop = diesel::sql_query(STOP)
            .bind::<Text, _>(merchant_id)
            .bind::<Text, _>(name)
            .bind::<Array<Text>, _>(&payments);
        Cached(stop).execute(connection).await?;
        first_due_in_txn(connection, merchant_id, name, &payments, request.now).await?;
        Ok(Some(Replay { count: rows.len(), last_no: rows.iter().map(|row| row.event_no).max() }))
    }
    .boxed()
}

async fn replayed_in_txn(
    connection: &mut AsyncPgConnection,
    request: &ReplayRequest,
    fanned_out_no: i64,
) -> Result<Vec<ReplayedRow>, Abort> {
    let (ids, numbers, times) = match &request.range {
        ReplayRange::Events(ids) => (Some(ids.clone()), None, None),
        ReplayRange::Numbers { first, last } => (None, Some((*first, *last)), None),
        ReplayRange::Times { from, before } => (None, None, Some((*from, *before))),
    };
    let replay = diesel::sql_query(REPLAY)
        .into_boxed::<Pg>()
        .bind::<Text, _>(request.endpoint.merchant_id.as_str())
        .bind::<Text, _>(request.endpoint.name.as_str())
        .bind::<Array<Text>, _>(event_words(&request.events))
        .bind::<BigInt, _>(fanned_out_no)
        .bind::<BigInt, _>(i64::from(request.limit))
        .bind::<Nullable<Array<SqlUuid>>, _>(ids)
        .bind::<Nullable<BigInt>, _>(numbers.map(|(first, _)| first))
        .bind::<Nullable<BigInt>, _>(numbers.map(|(_, last)| last))
        .bind::<Nullable<Timestamptz>, _>(times.map(|(from, _)| from))
        .bind::<Nullable<Timestamptz>, _>(times.map(|(_, before)| before));
    Ok(Cached(replay).load(connection).await?)
}
