//! The feed: each merchant's events in one order, numbered after their commit, read from a cursor.
//!
//! An event's id is older than its commit, so whoever read by id would pass over a transaction that commits late. Numbers are
//! given to what is committed, under the lock of the merchant's feed row: what has a lower number was committed, numbered
//! and visible before. Within one look, an event of a payment is preceded by every earlier one of that payment: they share
//! a row lock, so whoever sees the later one sees the earlier, and both are sorted by revision.

use std::collections::BTreeSet;

use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::{FutureExt as _, future::BoxFuture};
use payment_core::{identifiers::MerchantId, merchant_event::MerchantEvent};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Store,
    cached::Cached,
    error::StoreError,
    schema::event_feed,
    snapshot::Snapshot,
    transaction::{self, Abort},
    words::Word as _,
};

/// An event in its merchant's feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEvent {
    /// Its id.
    pub event_id: Uuid,
    /// Whose.
    pub merchant_id: MerchantId,
    /// Its place in the feed.
    pub feed_no: i64,
    /// What is told.
    pub event: MerchantEvent,
    /// The payment, ours or one that a channel named.
    pub payment_no: String,
    /// The refund.
    pub refund_no: Option<String>,
    /// The case.
    pub case_id: Option<Uuid>,
    /// The revision of the payment, or of the refund where it is about one.
    pub revision: i32,
    /// When it became true.
    pub create_time: OffsetDateTime,
    /// What was true then. Absent where an older version wrote it.
    pub snapshot: Option<Snapshot>,
}

/// What to read of a feed.
#[derive(Debug, Clone)]
pub struct FeedQuery {
    /// Whose.
    pub merchant_id: MerchantId,
    /// Only events after this number.
    pub after: i64,
    /// Only events of this payment.
    pub payment_no: Option<String>,
    /// At most this many.
    pub limit: u16,
}

/// How far a feed reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedReach {
    /// The number given last; 0 before the first.
    pub last_no: i64,
    /// Events up to this number were deleted.
    pub trimmed_no: i64,
}

/// What one look for events without a number did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered {
    /// Events that got one.
    pub count: i64,
    /// The number given last, by this look or an earlier one.
    pub last_no: i64,
}

/// A stretch of a feed, read in one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedWindow {
    /// The events, in their order.
    pub events: Vec<FeedEvent>,
    /// How far the feed reached then: every event up to its end was visible, and none begins below it.
    pub reach: FeedReach,
}

/// A feed's reach with one of its events, or with none.
#[derive(QueryableByName)]
struct WindowRow {
    #[diesel(sql_type = BigInt)]
    last_no: i64,
    #[diesel(sql_type = BigInt)]
    trimmed_no: i64,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    event_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    feed_no: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    event: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    payment_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    refund_no: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    case_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    revision: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    create_time: Option<OffsetDateTime>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    snapshot: Option<Value>,
}

#[derive(QueryableByName)]
struct NumberedRow {
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    last_no: i64,
}

/// A merchant's name.
#[derive(QueryableByName)]
pub(crate) struct MerchantRow {
    #[diesel(sql_type = Text)]
    merchant_id: String,
}

impl MerchantRow {
    pub(crate) fn into_merchant(self) -> Result<MerchantId, StoreError> {
        merchant(self.merchant_id)
    }
}

// `$1` being the merchant, `$2` the number given last and `$3` the most events. It runs after the lock was waited for, so
// it sees all that the holder before numbered.
const NUMBER: &str = "\
    WITH chosen AS MATERIALIZED ( \
        SELECT event_id, payment_no, refund_no, revision, position FROM outbox_event \
        WHERE merchant_id = $1 AND feed_no IS NULL \
        ORDER BY payment_no, refund_no NULLS FIRST, revision, position, event_id LIMIT $3), \
    placed AS MATERIALIZED ( \
        SELECT event_id, row_number() OVER ( \
            ORDER BY payment_no, refund_no NULLS FIRST, revision, position, event_id) AS place FROM chosen), \
    numbered AS ( \
        UPDATE outbox_event SET feed_no = $2 + placed.place FROM placed \
        WHERE outbox_event.event_id = placed.event_id RETURNING outbox_event.feed_no) \
    UPDATE event_feed SET last_no = last_no + (SELECT count(*) FROM numbered) WHERE merchant_id = $1 \
    RETURNING (SELECT count(*) FROM numbered) AS count, last_no";

// From merchant to merchant through the index of what has no number, so that it costs what waits and not what is kept.
const WAITING: &str = "\
    WITH RECURSIVE waiting AS ( \
        (SELECT merchant_id FROM outbox_event WHERE feed_no IS NULL ORDER BY merchant_id LIMIT 1) \
        UNION ALL \
        SELECT (SELECT merchant_id FROM outbox_event WHERE feed_no IS NULL AND merchant_id > waiting.merchant_id \
                ORDER BY merchant_id LIMIT 1) \
        FROM waiting WHERE waiting.merchant_id IS NOT NULL) \
    SELECT merchant_id FROM waiting WHERE merchant_id IS NOT NULL LIMIT $1";

// `$1` being the merchant, `$2` the number to go on after, `$3` the most events, `$4` the payment or nothing. One statement, so
// reach and events are of one snapshot. Each of the two is written out, for a plan that fits its index.
const WINDOW: &str = "\
    SELECT feed.last_no, feed.trimmed_no, told.* FROM event_feed AS feed LEFT JOIN LATERAL ( \
        SELECT event_id, feed_no, event, payment_no, refund_no, case_id, revision, create_time, snapshot \
        FROM outbox_event WHERE merchant_id = feed.merchant_id AND feed_no > $2 \
        ORDER BY feed_no LIMIT $3) AS told ON true \
    WHERE feed.merchant_id = $1 ORDER BY told.feed_no";
const WINDOW_OF_PAYMENT: &str = "\
    SELECT feed.last_no, feed.trimmed_no, told.* FROM event_feed AS feed LEFT JOIN LATERAL ( \
        SELECT event_id, feed_no, event, payment_no, refund_no, case_id, revision, create_time, snapshot \
        FROM outbox_event WHERE payment_no = $4 AND merchant_id = feed.merchant_id AND feed_no > $2 \
        ORDER BY feed_no LIMIT $3) AS told ON true \
    WHERE feed.merchant_id = $1 ORDER BY told.feed_no";

const OF_NUMBERS: &str = "\
    SELECT feed.last_no, feed.trimmed_no, \
        event_id, feed_no, event, payment_no, refund_no, case_id, revision, create_time, snapshot \
    FROM outbox_event JOIN event_feed AS feed USING (merchant_id) \
    WHERE merchant_id = $1 AND feed_no = ANY ($2) ORDER BY feed_no";

const REACHES: &str = "\
    SELECT merchant_id, last_no, trimmed_no FROM event_feed WHERE merchant_id = ANY ($1)";

#[derive(QueryableByName)]
struct ReachRow {
    #[diesel(sql_type = Text)]
    merchant_id: String,
    #[diesel(sql_type = BigInt)]
    last_no: i64,
    #[diesel(sql_type = BigInt)]
    trimmed_no: i64,
}

impl Store {
    /// Waits until transactions of this process were committed that appended events, and says whose. For one waiter.
    pub async fn events_appended(&self) -> BTreeSet<MerchantId> {
        self.connections.appended().taken().await
    }

    /// Numbers a merchant's committed events, at most `limit` of them. Safe from any number of replicas at once: they take
    /// turns at the lock of the merchant's feed row, for one statement each.
    ///
    /// # Errors
    /// [`StoreError`]; no number is given then.
    pub async fn feed_number(&self, merchant_id: &MerchantId, limit: u16) -> Result<Numbered, StoreError> {
        let request = (merchant_id.clone(), limit);
        transaction::run(&self.connections, &request, number_in_txn).await
    }

    /// The merchants whose events wait for a number, at most `limit` of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feeds_waiting(&self, limit: u16) -> Result<Vec<MerchantId>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let waiting = diesel::sql_query(WAITING).bind::<BigInt, _>(i64::from(limit));
        let rows: Vec<MerchantRow> = Cached(waiting).load(&mut connection).await?;
        rows.into_iter().map(MerchantRow::into_merchant).collect()
    }

    /// How far merchants' feeds reach. A merchant that has none yet is left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feeds_reach(
        &self,
        merchants: &[MerchantId],
    ) -> Result<Vec<(MerchantId, FeedReach)>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let names: Vec<&str> = merchants.iter().map(MerchantId::as_str).collect();
        let reaches = diesel::sql_query(REACHES).bind::<Array<Text>, _>(names);
        let rows: Vec<ReachRow> = Cached(reaches).load(&mut connection).await?;
        let reach = |row: ReachRow| {
            let reach = FeedReach { last_no: row.last_no, trimmed_no: row.trimmed_no };
            Ok((merchant(row.merchant_id)?, reach))
        };
        rows.into_iter().map(reach).collect()
    }

    /// How far a merchant's feed reaches.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feed_reach(&self, merchant_id: &MerchantId) -> Result<FeedReach, StoreError> {
        let mut reaches = self.feeds_reach(std::slice::from_ref(merchant_id)).await?;
        Ok(reaches.pop().map(|(_, reach)| reach).unwrap_or_default())
    }

    /// Reads events by their numbers, in their order. Those that are not kept any more are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feed_events(
        &self,
        merchant_id: &MerchantId,
        numbers: &[i64],
    ) -> Result<Vec<FeedEvent>, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let events = diesel::sql_query(OF_NUMBERS)
            .bind::<Text, _>(merchant_id.as_str())
            .bind::<Array<BigInt>, _>(numbers);
        let rows: Vec<WindowRow> = Cached(events).load(&mut connection).await?;
        rows.into_iter().filter_map(|row| row.into_event(merchant_id)).collect()
    }

    /// Reads events after a number, in their order, with how far the feed reaches.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn feed_window(&self, query: &FeedQuery) -> Result<FeedWindow, StoreError> {
        let mut connection = self.connections.acquire().await?;
        let statement = query.payment_no.as_ref().map_or(WINDOW, |_| WINDOW_OF_PAYMENT);
        let window = diesel::sql_query(statement)
            .bind::<Text, _>(query.merchant_id.as_str())
            .bind::<BigInt, _>(query.after)
            .bind::<BigInt, _>(i64::from(query.limit));
        let rows: Vec<WindowRow> = match &query.payment_no {
            None => Cached(window).load(&mut connection).await?,
            Some(payment_no) => Cached(window.bind::<Text, _>(payment_no)).load(&mut connection).await?,
        };
        let reach = |row: &WindowRow| FeedReach { last_no: row.last_no, trimmed_no: row.trimmed_no };
        let reach = rows.split_first().map(|(row, _)| reach(row)).unwrap_or_default();
        let events = rows.into_iter().filter_map(|row| row.into_event(&query.merchant_id));
        Ok(FeedWindow { events: events.collect::<Result<_, _>>()?, reach })
    }
}

fn number_in_txn<'c>(
    connection: &'c mut AsyncPgConnection,
    request: &'c (MerchantId, u16),
) -> BoxFuture<'c, Result<Numbered, Abort>> {
    async move {
        let (merchant_id, limit) = request;
        let last_no = feed_lock_in_txn(connection, merchant_id).await?.last_no;
        let number = diesel::sql_query(NUMBER)
            .bind::<Text, _>(merchant_id.as_str())
            .bind::<BigInt, _>(last_no)
            .bind::<BigInt, _>(i64::from(*limit));
        let row: NumberedRow = Cached(number).get_result(connection).await?;
        Ok(Numbered { count: row.count, last_no: row.last_no })
    }
    .boxed()
}

/// Locks a merchant's feed row, which is made when it is first needed.
async fn feed_lock_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
) -> Result<FeedReach, Abort> {
    if let Some(reach) = feed_lock_if_there_in_txn(connection, merchant_id).await? {
        return Ok(reach);
    }
    diesel::insert_into(event_feed::table)
        .values((
            event_feed::merchant_id.eq(merchant_id.as_str()),
            event_feed::last_no.eq(0),
            event_feed::trimmed_no.eq(0),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    let made = feed_lock_if_there_in_txn(connection, merchant_id).await?;
    Ok(made.ok_or(StoreError::Corrupt("event_feed"))?)
}

/// Locks a merchant's feed row.
pub(crate) async fn feed_lock_if_there_in_txn(
    connection: &mut AsyncPgConnection,
    merchant_id: &MerchantId,
) -> Result<Option<FeedReach>, Abort> {
    let locked = event_feed::table
        .find(merchant_id.as_str())
        .select((event_feed::last_no, event_feed::trimmed_no))
        .for_update();
    let mut rows: Vec<(i64, i64)> = Cached(locked).load(connection).await?;
    Ok(rows.pop().map(|(last_no, trimmed_no)| FeedReach { last_no, trimmed_no }))
}

fn merchant(name: String) -> Result<MerchantId, StoreError> {
    MerchantId::parse(name).map_err(|_| StoreError::Corrupt("outbox_event"))
}

impl WindowRow {
    /// `None`: the row of a stretch without events.
    fn into_event(self, merchant_id: &MerchantId) -> Option<Result<FeedEvent, StoreError>> {
        let event_id = self.event_id?;
        Some(self.into_event_of(event_id, merchant_id).ok_or(StoreError::Corrupt("outbox_event")))
    }

    fn into_event_of(self, event_id: Uuid, merchant_id: &MerchantId) -> Option<FeedEvent> {
        Some(FeedEvent {
            event_id,
            merchant_id: merchant_id.clone(),
            feed_no: self.feed_no?,
            event: MerchantEvent::of_word(&self.event?).ok()?,
            payment_no: self.payment_no?,
            refund_no: self.refund_no,
            case_id: self.case_id,
            revision: self.revision?,
            create_time: self.create_time?,
            snapshot: self.snapshot.map(serde_json::from_value).transpose().ok()?,
        })
    }
}
